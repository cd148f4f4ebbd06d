//! The planner against a naive reader that asks for one point at a time.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use gridos_modbus::{Kind, Order, Plan, PlanError, PlanLimits, RegisterPoint, Table};
use gridos_model::{Batch, DirectoryBuilder, Layout, Point, Quality, TimeQuality, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

const REGISTER_KINDS: [Kind; 12] = [
    Kind::Bit(0),
    Kind::Bit(15),
    Kind::U16,
    Kind::I16,
    Kind::U32,
    Kind::I32,
    Kind::U64,
    Kind::I64,
    Kind::F32,
    Kind::F64,
    Kind::Bcd16,
    Kind::Bcd32,
];

/// The contents of a device: any address of any table, without a copy of 65,536 registers.
fn register(seed: u16, table: Table, address: u32) -> u16 {
    let mixed = address
        .wrapping_mul(0x9e37_79b1)
        .wrapping_add(u32::from(table.function_code()) * 7_919 + u32::from(seed));
    let [_, high, low, _] = mixed.to_be_bytes();
    u16::from_be_bytes([high, low])
}

fn point() -> impl Strategy<Value = RegisterPoint> {
    let near = prop_oneof![0..300_u16, 65_300..=65_535_u16, any::<u16>()];
    let kind = select(&REGISTER_KINDS);
    let order = select(&Order::ALL);
    (select(&Table::ALL), near, kind, order, 0..3_usize).prop_map(
        |(table, address, kind, order, scan)| {
            let kind = if table.is_bits() { Kind::Bool } else { kind };
            let address = address.min(u16::MAX - (kind.registers() - 1));
            RegisterPoint {
                order,
                scan,
                ..RegisterPoint::new("", table, address, kind)
            }
        },
    )
}

fn points() -> impl Strategy<Value = Vec<RegisterPoint>> {
    proptest::collection::vec(point(), 0..200).prop_map(|mut points| {
        for (n, point) in points.iter_mut().enumerate() {
            point.name = format!("p{n}");
        }
        points
    })
}

fn limits() -> impl Strategy<Value = PlanLimits> {
    let gap = || prop_oneof![0..20_u16, any::<u16>()];
    (gap(), gap(), 4..=125_u16, 1..=2_000_u16).prop_map(|(registers, bits, words, coils)| {
        PlanLimits {
            max_gap_registers: registers,
            max_gap_bits: bits,
            max_registers: words,
            max_bits: coils,
            ..PlanLimits::default()
        }
    })
}

fn layout(points: usize) -> Arc<Layout> {
    let points = (0..points)
        .map(|n| Point::new(&format!("p{n}"), ""))
        .collect();
    let mut builder = DirectoryBuilder::default();
    let device = builder.add("d", points, &[]).unwrap();
    Arc::clone(builder.build().device(device).whole())
}

/// The bits of all values that `plan` reads, in the order of its points.
fn read(plan: &Plan, seed: u16) -> Vec<u64> {
    let mut values = Vec::new();
    for request in plan.requests() {
        let mut batch = Batch::default();
        let layout = layout(request.points().len());
        let now = Timestamp::EPOCH;
        batch.start_sweep(&layout, now, TimeQuality::Synchronised, now);
        let start = u32::from(request.start());
        let answer = (start..start + u32::from(request.count()))
            .map(|address| register(seed, request.table(), address));
        if request.table().is_bits() {
            let bits: Vec<_> = answer.map(|word| word & 1 == 1).collect();
            request.decode_bits(&bits, &mut batch).unwrap();
        } else {
            let words: Vec<_> = answer.collect();
            request.decode_registers(&words, &mut batch).unwrap();
        }
        batch.check().unwrap();
        let readings = batch.readings().unwrap();
        values.extend(readings.values().iter().map(|value| value.to_bits()));
    }
    values
}

proptest! {
    #[test]
    fn a_plan_reads_what_one_request_per_point_reads(
        points in points(), limits in limits(), seed: u16,
    ) {
        let plan = Plan::new(points, &limits).unwrap();
        let single = |point: &RegisterPoint| {
            let alone = Plan::new(vec![point.clone()], &PlanLimits::default()).unwrap();
            read(&alone, seed)
        };
        let one_by_one: Vec<u64> = plan.points().iter().flat_map(single).collect();
        prop_assert_eq!(read(&plan, seed), one_by_one);
    }

    #[test]
    fn every_point_is_in_one_request_and_limits_hold(points in points(), limits in limits()) {
        let plan = Plan::new(points.clone(), &limits).unwrap();
        let mut names: Vec<_> = plan.points().iter().map(|point| &point.name).collect();
        let mut given: Vec<_> = points.iter().map(|point| &point.name).collect();
        names.sort();
        given.sort();
        prop_assert_eq!(names, given);
        let mut next = 0;
        for request in plan.requests() {
            prop_assert_eq!(request.points().start, next);
            next = request.points().end;
            let bits = request.table().is_bits();
            let (most, gap) = if bits {
                (limits.max_bits, limits.max_gap_bits)
            } else {
                (limits.max_registers, limits.max_gap_registers)
            };
            prop_assert!((1..=most).contains(&request.count()));
            let start = u32::from(request.start());
            prop_assert!(start + u32::from(request.count()) <= 65_536);
            let mut end = start;
            for point in &plan.points()[request.points()] {
                prop_assert_eq!((point.table, point.scan), (request.table(), request.scan()));
                prop_assert!(u32::from(point.address) <= end + u32::from(gap));
                prop_assert!(u32::from(point.address) >= start);
                end = end.max(point.end());
            }
            prop_assert_eq!(end, start + u32::from(request.count()));
        }
        prop_assert_eq!(next, points.len());
    }

    #[test]
    fn neighbouring_requests_could_not_be_one(points in points(), limits in limits()) {
        let plan = Plan::new(points, &limits).unwrap();
        for pair in plan.requests().windows(2) {
            let (left, right) = (&pair[0], &pair[1]);
            if (left.table(), left.scan()) != (right.table(), right.scan()) {
                continue;
            }
            let bits = left.table().is_bits();
            let (most, gap) = if bits {
                (limits.max_bits, limits.max_gap_bits)
            } else {
                (limits.max_registers, limits.max_gap_registers)
            };
            let end = u32::from(left.start()) + u32::from(left.count());
            let joined = &plan.points()[right.points()][0];
            let reach = joined.end().max(end) - u32::from(left.start());
            let is_far = u32::from(right.start()) > end + u32::from(gap);
            prop_assert!(is_far || reach > u32::from(most));
        }
    }

    #[test]
    fn the_columns_do_not_depend_on_the_limits(points in points(), limits in limits()) {
        let plan = Plan::new(points.clone(), &limits).unwrap();
        let other = Plan::new(points, &PlanLimits::default()).unwrap();
        prop_assert_eq!(plan.points(), other.points());
    }
}

fn holding(name: &str, address: u16, kind: Kind) -> RegisterPoint {
    RegisterPoint::new(name, Table::HoldingRegister, address, kind)
}

fn spans(points: Vec<RegisterPoint>, limits: &PlanLimits) -> Vec<(u16, u16)> {
    let plan = Plan::new(points, limits).unwrap();
    plan.requests()
        .iter()
        .map(|request| (request.start(), request.count()))
        .collect()
}

#[test]
fn a_wide_point_is_never_split() {
    let limits = PlanLimits {
        max_gap_registers: 0,
        max_registers: 5,
        ..PlanLimits::default()
    };
    let points = vec![holding("a", 0, Kind::F64), holding("b", 4, Kind::F32)];
    assert_eq!(spans(points, &limits), [(0, 4), (4, 2)]);
}

#[test]
fn views_of_the_same_registers_share_a_request() {
    let points = vec![
        holding("wide", 100, Kind::U64),
        holding("low", 103, Kind::U16),
        holding("alarm", 100, Kind::Bit(7)),
    ];
    assert_eq!(spans(points, &PlanLimits::default()), [(100, 4)]);
}

#[test]
fn a_gap_is_read_only_up_to_the_limit() {
    let points = || vec![holding("a", 0, Kind::U16), holding("b", 6, Kind::U16)];
    let gap = |max_gap_registers| PlanLimits {
        max_gap_registers,
        ..PlanLimits::default()
    };
    assert_eq!(spans(points(), &gap(5)), [(0, 7)]);
    assert_eq!(spans(points(), &gap(4)), [(0, 1), (6, 1)]);
}

#[test]
fn a_forbidden_range_is_never_read() {
    let points = || vec![holding("a", 0, Kind::U16), holding("b", 6, Kind::U32)];
    let forbid = |range: &str| PlanLimits {
        forbidden: vec![range.parse().unwrap()],
        ..PlanLimits::default()
    };
    assert_eq!(spans(points(), &forbid("holding 3")), [(0, 1), (6, 2)]);
    assert_eq!(spans(points(), &forbid("holding 8..99")), [(0, 8)]);
    assert_eq!(spans(points(), &forbid("input 3")), [(0, 8)]);
    let errors = Plan::new(points(), &forbid("holding 7..9")).unwrap_err();
    let expected =
        "point 'b' lies in the forbidden range holding_register 7..9; remove one of them";
    assert_eq!(errors.to_string(), expected);
}

#[test]
fn the_last_address_can_be_read() {
    let points = vec![holding("a", 65_532, Kind::F64)];
    assert_eq!(spans(points, &PlanLimits::default()), [(65_532, 4)]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let points = vec![
        holding("past", 65_535, Kind::U32),
        holding("wide", 0, Kind::F64),
        holding("coil", 0, Kind::Bool),
        RegisterPoint::new("word", Table::Coil, 0, Kind::U16),
        holding("bit", 0, Kind::Bit(16)),
        RegisterPoint {
            scale: 0.0,
            ..holding("flat", 0, Kind::U16)
        },
        RegisterPoint {
            offset: f64::NAN,
            ..holding("nan", 0, Kind::U16)
        },
        holding("fine", 0, Kind::U16),
    ];
    let limits = PlanLimits {
        max_registers: 3,
        max_bits: 2_001,
        ..PlanLimits::default()
    };
    let errors = Plan::new(points, &limits).unwrap_err();
    assert_eq!(errors.0.len(), 8);
    assert!(matches!(errors.0[0], PlanError::Limits { .. }));
    let text = errors.to_string();
    for line in [
        "max_bits is 2001 (allowed: 1 to 2,000)",
        "point 'past' at address 65535 of kind u32 reaches past address 65535",
        "point 'wide' of kind f64 is longer than a request; max_registers is 3",
        "point 'coil' cannot be of kind bool in the table holding_register; use bit0 to bit15",
        "point 'word' cannot be of kind u16 in the table coil; use bool",
        "point 'flat' has scale 0 and offset 0",
    ] {
        assert!(text.contains(line), "{line} not in:\n{text}");
    }
}

#[test]
fn an_empty_map_needs_no_request() {
    let plan = Plan::new(Vec::new(), &PlanLimits::default()).unwrap();
    assert!(plan.requests().is_empty() && plan.points().is_empty());
}

fn scaled(name: &str, address: u16, exponent: &str) -> RegisterPoint {
    RegisterPoint {
        exponent: Some(exponent.to_owned()),
        ..holding(name, address, Kind::U16)
    }
}

#[test]
fn a_value_and_its_exponent_share_a_request_over_any_gap() {
    let limits = PlanLimits::default();
    let points = || {
        vec![
            scaled("w", 0, "sf"),
            holding("between", 50, Kind::U16),
            holding("sf", 100, Kind::I16),
        ]
    };
    assert_eq!(spans(points(), &limits), [(0, 101)]);
    assert!(Plan::new(points(), &limits).unwrap().apart().is_empty());
    // What goes together only by neighbourhood does not tear it apart.
    let many = vec![
        holding("first", 0, Kind::U16),
        scaled("w", 8, "sf"),
        holding("sf", 130, Kind::I16),
    ];
    assert_eq!(spans(many, &limits), [(0, 1), (8, 123)]);
}

#[test]
fn a_value_that_is_read_apart_from_its_exponent_is_named() {
    let apart = |points: Vec<RegisterPoint>, limits: &PlanLimits| {
        let plan = Plan::new(points, limits).unwrap();
        let apart = plan.apart().into_iter();
        apart
            .map(|apart| format!("{} {} {}", apart.point.name, apart.exponent.name, apart.why))
            .collect::<Vec<_>>()
    };
    let limits = PlanLimits::default();
    let far = vec![scaled("w", 0, "sf"), holding("sf", 125, Kind::I16)];
    let too_far = "w sf is too far away, or has forbidden addresses between, for one request";
    assert_eq!(apart(far, &limits), [too_far]);
    let near = || vec![scaled("w", 0, "sf"), holding("sf", 2, Kind::I16)];
    let forbidding = PlanLimits {
        forbidden: vec!["holding 1".parse().unwrap()],
        ..PlanLimits::default()
    };
    assert_eq!(apart(near(), &forbidding), [too_far]);
    let mut slow = near();
    slow[1].scan = 1;
    assert_eq!(
        apart(slow, &limits),
        ["w sf is of another scan class; choose the same one"]
    );
    let mut input = near();
    input[1].table = Table::InputRegister;
    assert_eq!(apart(input, &limits), ["w sf is in another table"]);
}

#[test]
fn a_value_is_doubted_while_its_exponent_of_another_request_has_just_changed() {
    let mut points = vec![
        scaled("w", 0, "sf"),
        holding("sf", 1, Kind::I16),
        scaled("v", 2, "sf"),
    ];
    points[1].scan = 1;
    points[1].report = Some(gridos_modbus::Report {
        at_least: std::time::Duration::from_secs(60),
        deadband: 0.0,
        edges: [].into(),
    });
    let plan = Plan::new(points, &PlanLimits::default()).unwrap();
    let (values, exponent) = (&plan.requests()[0], &plan.requests()[1]);
    let mut memory = plan.memory();
    let whole = layout(plan.points().len());
    let tell = |memory: &mut gridos_modbus::Memory, sf: u16| {
        let mut batch = Batch::default();
        let now = std::time::Instant::now();
        batch.start_events(&whole, Timestamp::EPOCH);
        let answer = gridos_modbus::Answer::registers(std::slice::from_ref(&sf));
        let stamp = exponent.stamp(answer, Timestamp::EPOCH);
        exponent
            .report(answer, memory, &stamp, now, &mut batch)
            .unwrap();
    };
    let two = layout(2);
    let read = |memory: &mut gridos_modbus::Memory| {
        let mut batch = Batch::default();
        batch.start_sweep(&two, Timestamp::EPOCH, TimeQuality::None, Timestamp::EPOCH);
        let answer = gridos_modbus::Answer::registers(&[25, 0, 7]);
        values.sweep(answer, memory, &mut batch).unwrap();
        let readings = batch.readings().unwrap();
        (
            readings.values()[0],
            readings.qualities().first().copied().unwrap_or_default(),
        )
    };
    assert!(read(&mut memory).0.is_nan());
    tell(&mut memory, 0);
    assert_eq!(read(&mut memory), (25.0, Quality::GOOD));
    tell(&mut memory, 1);
    assert_eq!(read(&mut memory), (250.0, Quality::EXPONENT_APART));
    assert_eq!(read(&mut memory), (250.0, Quality::EXPONENT_APART));
    tell(&mut memory, 1);
    assert_eq!(read(&mut memory), (250.0, Quality::GOOD));
}
