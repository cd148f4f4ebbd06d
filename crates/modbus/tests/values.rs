//! What is made of numbers: codes, states, ranges, exponents of the device, and its clock.

#![cfg(test)]

use std::time::Duration;

use gridos_modbus::{
    Answer, Clock, Kind, Memory, Order, Plan, PlanErrors, PlanLimits, RegisterPoint, Span, Table,
};
use gridos_model::{Batch, Directory, DirectoryBuilder, Point, Quality, TimeQuality, Timestamp};

const EXACT: Quality = Quality::GOOD;
const OUTSIDE: Quality = Quality::OUT_OF_RANGE;
const NO_VALUE: Quality = Quality::DEVICE_ERROR.union(Quality::NOT_FINITE);

fn holding(name: &str, address: u16, kind: Kind) -> RegisterPoint {
    RegisterPoint::new(name, Table::HoldingRegister, address, kind)
}

/// One device of a plan, with its layouts.
struct Device {
    plan: Plan,
    memory: Memory,
    directory: Directory,
}

impl Device {
    fn new(points: Vec<RegisterPoint>) -> Self {
        Self::of(Plan::new(points, &PlanLimits::default()).unwrap())
    }

    fn of(plan: Plan) -> Self {
        let point = |point: &RegisterPoint| Point::new(&point.name, "");
        let points = plan.points().iter().map(point).collect();
        let groups: Vec<_> = plan.requests().iter().map(|r| r.points()).collect();
        let mut builder = DirectoryBuilder::default();
        builder.add("d", points, &groups).unwrap();
        Self {
            memory: plan.memory(),
            directory: builder.build(),
            plan,
        }
    }

    /// What the request at `position` reads from `answer`.
    fn sweep(&mut self, position: usize, answer: Answer<'_>) -> Vec<(f64, Quality)> {
        let layout = &self.directory.devices()[0].groups()[position];
        let mut batch = Batch::default();
        let now = Timestamp::EPOCH;
        batch.start_sweep(layout, now, TimeQuality::Synchronised, now);
        let request = &self.plan.requests()[position];
        request.sweep(answer, &mut self.memory, &mut batch).unwrap();
        batch.check().unwrap();
        let readings = batch.readings().unwrap();
        let quality = |at| readings.qualities().get(at).copied().unwrap_or_default();
        let values = readings.values().iter().enumerate();
        values.map(|(at, value)| (*value, quality(at))).collect()
    }

    /// The request at `position` has no answer any more.
    fn forget_exponents(&mut self, position: usize) {
        self.plan.requests()[position].forget_exponents(&mut self.memory);
    }

    fn registers(&mut self, words: &[u16]) -> Vec<(f64, Quality)> {
        self.sweep(0, Answer::registers(words))
    }
}

fn one(point: RegisterPoint, words: &[u16]) -> (f64, Quality) {
    Device::new(vec![point]).registers(words)[0]
}

fn error(points: Vec<RegisterPoint>) -> String {
    let errors: PlanErrors = Plan::new(points, &PlanLimits::default()).unwrap_err();
    errors.to_string()
}

#[test]
fn a_code_for_not_available_is_no_value() {
    let coded = |kind, code| RegisterPoint {
        invalid: vec![code, 0x1234],
        scale: 0.1,
        ..holding("p", 0, kind)
    };
    for (kind, code, words) in [
        (Kind::U16, 0xffff, &[0xffff][..]),
        (Kind::I16, 0x8000, &[0x8000]),
        (Kind::I16, 0x8000, &[0x1234]),
        (Kind::U32, 0xffff_ffff, &[0xffff, 0xffff]),
        (Kind::I32, 0x8000_0000, &[0x8000, 0]),
        (Kind::U64, u64::MAX, &[0xffff; 4]),
        (Kind::F32, 0x7f7f_ffff, &[0x7f7f, 0xffff]),
        (Kind::I8High, 0x80, &[0x8000]),
        (Kind::Bcd16, 0xffff, &[0xffff]),
    ] {
        let (value, quality) = one(coded(kind, code), words);
        assert!(value.is_nan() && quality == NO_VALUE, "{kind}");
    }
    assert_eq!(
        one(coded(Kind::I16, 0x8000), &[0x7fff]),
        (32_767.0 * 0.1, EXACT)
    );
    let swapped = RegisterPoint {
        order: Order::DCBA,
        ..coded(Kind::U32, 0x8000_0000)
    };
    assert!(one(swapped, &[0x0000, 0x0080]).0.is_nan());
}

#[test]
fn a_number_that_is_no_state_is_flagged() {
    let breaker = RegisterPoint {
        states: vec![0, 1, 2, -1],
        ..holding("breaker", 0, Kind::I16)
    };
    assert_eq!(one(breaker.clone(), &[2]), (2.0, EXACT));
    assert_eq!(one(breaker.clone(), &[0xffff]), (-1.0, EXACT));
    assert_eq!(one(breaker, &[3]), (3.0, OUTSIDE));
    let coil = RegisterPoint {
        states: vec![1],
        ..RegisterPoint::new("coil", Table::Coil, 0, Kind::Bool)
    };
    let mut device = Device::new(vec![
        coil,
        RegisterPoint::new("b", Table::Coil, 1, Kind::Bool),
    ]);
    let read = device.sweep(0, Answer::bits(&[false, true]));
    assert_eq!(read, [(0.0, OUTSIDE), (1.0, EXACT)]);
}

#[test]
fn ranges_judge_the_value_in_its_unit() {
    let ranged = |span| RegisterPoint {
        span: Some(span),
        ..holding("p", 0, Kind::U16)
    };
    let plain = Span::new(0.0, 100.0);
    assert_eq!(one(ranged(plain), &[100]), (100.0, EXACT));
    assert_eq!(one(ranged(plain), &[101]), (101.0, OUTSIDE));
    let clamp = Span {
        clamp: true,
        ..plain
    };
    assert_eq!(one(ranged(clamp), &[101]), (100.0, OUTSIDE));
    let mapped = Span {
        raw: Some((0.0, 32_767.0)),
        ..Span::new(0.0, 500.0)
    };
    assert_eq!(one(ranged(mapped), &[32_767]), (500.0, EXACT));
    assert_eq!(one(ranged(mapped), &[32_768]).1, OUTSIDE);
}

fn with_exponent(point: RegisterPoint, exponent: &str) -> RegisterPoint {
    RegisterPoint {
        exponent: Some(exponent.to_owned()),
        ..point
    }
}

#[test]
fn an_exponent_in_the_same_answer_applies_to_it() {
    let mut device = Device::new(vec![
        with_exponent(holding("v", 0, Kind::U16), "v_sf"),
        holding("v_sf", 1, Kind::I16),
        with_exponent(holding("w", 2, Kind::I32), "w_sf"),
        holding("w_sf", 4, Kind::I16),
    ]);
    let read = device.registers(&[2_301, 0xffff, 0xffff, 0xfffe, 3]);
    assert_eq!(
        read,
        [
            (230.1, EXACT),
            (-1.0, EXACT),
            (-2_000.0, EXACT),
            (3.0, EXACT)
        ]
    );
    // Not implemented: then its points have no value, whatever it was before.
    let read = device.registers(&[2_301, 0x8000, 0, 1, 0]);
    assert!(read[0].0.is_nan() && read[0].1 == NO_VALUE);
    assert_eq!(read[2], (1.0, EXACT));
}

#[test]
fn what_was_refused_is_no_value_and_no_exponent() {
    let points = vec![
        with_exponent(holding("v", 0, Kind::U16), "sf"),
        holding("gone", 1, Kind::U16),
        holding("sf", 2, Kind::I16),
    ];
    let mut device = Device::new(points);
    let words = [2_301, 0, 0];
    device.memory.refuse(&(5..6), &[0]);
    device.memory.refuse(&(0..3), &[1]);
    let read = device.registers(&words);
    assert_eq!((read[0], read[2]), ((2_301.0, EXACT), (0.0, EXACT)));
    assert!(read[1].0.is_nan() && read[1].1 == NO_VALUE);
    device.memory.refuse(&(0..3), &[2, 1]);
    let read = device.registers(&words);
    assert!(
        read.iter()
            .all(|(value, quality)| value.is_nan() && *quality == NO_VALUE)
    );
    device.memory.refuse(&(0..3), &[]);
    assert_eq!(
        device.registers(&words),
        [(2_301.0, EXACT), (0.0, EXACT), (0.0, EXACT)]
    );
}

#[test]
fn an_exponent_of_another_answer_is_remembered() {
    let points = vec![
        with_exponent(holding("v", 0, Kind::U16), "sf"),
        RegisterPoint {
            scan: 1,
            ..holding("sf", 500, Kind::I16)
        },
    ];
    let mut device = Device::new(points);
    let (value, quality) = device.registers(&[2_301])[0];
    assert!(value.is_nan() && quality == NO_VALUE, "not known yet");
    device.sweep(1, Answer::registers(&[0xfffe]));
    assert_eq!(device.registers(&[2_301]), [(23.01, EXACT)]);
    assert!(device.registers(&[2_301])[0].1.is_good());
    device.sweep(1, Answer::registers(&[0x8000]));
    assert_eq!(device.registers(&[2_301])[0].1, NO_VALUE);
    device.sweep(1, Answer::registers(&[0xffff]));
    assert_eq!(device.registers(&[2_301]), [(230.1, EXACT)]);
    // The device was away, and may have come back with another one.
    device.forget_exponents(1);
    assert_eq!(device.registers(&[2_301])[0].1, NO_VALUE);
}

#[test]
fn a_map_that_makes_no_sense_is_refused_with_what_to_do() {
    let sf = |exponent: &str| with_exponent(holding("p", 0, Kind::U16), exponent);
    let scaled = RegisterPoint {
        scale: 0.1,
        ..holding("sf", 1, Kind::I16)
    };
    let text = "point 'p' takes its power of ten from 'sf', which is no unscaled whole number";
    assert!(error(vec![sf("sf")]).starts_with(text));
    assert!(error(vec![sf("sf"), scaled]).starts_with(text));
    assert!(error(vec![sf("sf"), holding("sf", 1, Kind::F32)]).starts_with(text));
    assert!(error(vec![sf("p")]).contains("from 'p'"));
    let span = |low, high, raw| {
        Some(Span {
            raw,
            ..Span::new(low, high)
        })
    };
    for (kind, span, states, hint) in [
        (Kind::U16, span(1.0, 1.0, None), vec![], "ends are equal"),
        (
            Kind::U16,
            span(2.0, 1.0, None),
            vec![],
            "the wrong way round",
        ),
        (
            Kind::U16,
            span(0.0, 1.0, Some((3.0, 3.0))),
            vec![],
            "ends are equal",
        ),
        (Kind::U16, span(0.0, f64::NAN, None), vec![], "not finite"),
        (
            Kind::Bit(1),
            span(0.0, 1.0, None),
            vec![],
            "is a single bit",
        ),
        (
            Kind::U16,
            span(0.0, 1.0, None),
            vec![1],
            "remove scale, offset",
        ),
        (Kind::F32, None, vec![1], "is no whole number"),
    ] {
        let point = RegisterPoint {
            span,
            states,
            ..holding("p", 0, kind)
        };
        let text = error(vec![point]);
        assert!(text.contains(hint), "{hint} not in {text}");
    }
}

fn clock(address: u16, scan: usize) -> Clock {
    Clock {
        table: Table::HoldingRegister,
        address,
        kind: Kind::Unix32,
        order: Order::CDAB,
        scan,
        is_synchronised: true,
        tolerance: Duration::from_secs(5),
    }
}

#[test]
fn the_clock_is_read_with_its_neighbours_and_is_no_point() {
    let polled = Timestamp::from_millis(1_795_414_346_000);
    for (clock_at, points, span, words) in [
        (0, [4, 5], (0, 6), [0xd949, 0x6b03, 0, 0, 7, 8]),
        (4, [0, 1], (0, 6), [7, 8, 0, 0, 0xd949, 0x6b03]),
        (1, [0, 5], (0, 6), [7, 0xd949, 0x6b03, 0, 0, 8]),
    ] {
        let points = points.map(|at| holding(&format!("p{at}"), at, Kind::U16));
        let limits = PlanLimits::default();
        let plan = Plan::with_clock(points.into(), Some(clock(clock_at, 0)), &limits).unwrap();
        let request = &plan.requests()[0];
        assert_eq!((request.start(), request.count()), span);
        assert_eq!((request.points(), request.has_clock()), (0..2, true));
        let stamp = request.stamp(Answer::registers(&words), polled);
        assert_eq!(stamp.time, Timestamp::from_millis(1_795_414_345_000));
        assert_eq!(stamp.time_quality, TimeQuality::Synchronised);
        let values = Device::of(plan).registers(&words);
        assert_eq!(values, [(7.0, EXACT), (8.0, EXACT)]);
    }
}

#[test]
fn only_the_request_with_the_clock_has_its_time() {
    let points = vec![holding("a", 0, Kind::U16), holding("b", 1_000, Kind::U16)];
    let limits = PlanLimits::default();
    let plan = Plan::with_clock(points.clone(), Some(clock(1, 0)), &limits).unwrap();
    let forbidden = PlanLimits {
        forbidden: vec!["holding 2".parse().unwrap()],
        ..PlanLimits::default()
    };
    let error = Plan::with_clock(points.clone(), Some(clock(1, 0)), &forbidden).unwrap_err();
    assert!(
        error.to_string().contains("lies in a forbidden range"),
        "{error}"
    );
    let has_clock: Vec<_> = plan.requests().iter().map(|r| r.has_clock()).collect();
    assert_eq!(has_clock, [true, false]);
    let other = plan.requests()[1].stamp(Answer::registers(&[1]), Timestamp::EPOCH);
    assert_eq!(other.time_quality, TimeQuality::Synchronised);
    for (alone, hint) in [
        (clock(500, 0), "too far from every point"),
        (clock(1, 1), "too far from every point"),
        (clock(65_535, 0), "reaches past address"),
        (
            Clock {
                kind: Kind::U32,
                ..clock(1, 0)
            },
            "no kind of time",
        ),
        (
            Clock {
                table: Table::Coil,
                ..clock(1, 0)
            },
            "a table of bits",
        ),
    ] {
        let error = Plan::with_clock(points.clone(), Some(alone), &limits).unwrap_err();
        assert!(error.to_string().contains(hint), "{error}");
    }
}
