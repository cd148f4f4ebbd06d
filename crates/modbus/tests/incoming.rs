//! What a device writes: frames split anywhere, requests of every function, answers, values.

#![cfg(test)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_modbus::{
    Clock, Exception, Frame, FrameError, Image, Incoming, Kind, Order, Plan, PlanLimits,
    RegisterPoint, Reply, Table, Written,
};
use gridos_model::{DirectoryBuilder, Layout, Point, Quality, TimeQuality, Timestamp};
use proptest::prelude::*;

/// A frame of transaction 0x1234 for unit 7.
fn adu(pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap();
    let mut bytes = vec![0x12, 0x34, 0, 0];
    bytes.extend(length.to_be_bytes());
    bytes.push(7);
    bytes.extend(pdu);
    bytes
}

fn registers(start: u16, values: &[u16]) -> Vec<u8> {
    let count = u16::try_from(values.len()).unwrap();
    let mut pdu = vec![16];
    pdu.extend(start.to_be_bytes());
    pdu.extend(count.to_be_bytes());
    pdu.push(u8::try_from(2 * values.len()).unwrap());
    pdu.extend(values.iter().flat_map(|value| value.to_be_bytes()));
    pdu
}

fn written(pdu: &[u8]) -> Written<'_> {
    match Incoming::parse(pdu) {
        Ok(Incoming::Write(written) | Incoming::Exchange { written, .. }) => written,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_frame_is_found_behind_every_split_and_refused_at_its_first_wrong_byte() {
    let pdu = registers(3, &[1, 2, 3]);
    let bytes = adu(&pdu);
    for cut in 0..bytes.len() {
        assert_eq!(Frame::parse(&bytes[..cut]), Ok(None), "{cut}");
    }
    let mut more = bytes.clone();
    more.extend([0x12, 0x35]);
    let (frame, length) = Frame::parse(&more).unwrap().unwrap();
    assert_eq!(length, bytes.len());
    assert_eq!(
        (frame.transaction, frame.unit, frame.pdu),
        (0x1234, 7, &*pdu)
    );
    assert_eq!(Frame::parse(b"GET"), Err(FrameError::Protocol(0x5400)));
    assert_eq!(Frame::parse(&[0, 0, 0, 1]), Err(FrameError::Protocol(1)));
    assert_eq!(
        Frame::parse(&[0, 0, 0, 0, 0xff]),
        Err(FrameError::Length(0xff00))
    );
    for length in [0, 1, 255] {
        let header = [0, 0, 0, 0, 0, length];
        let found = Frame::parse(&header);
        assert_eq!(found, Err(FrameError::Length(length.into())));
    }
    let longest = adu(&[9; 253]);
    assert_eq!(longest.len(), gridos_modbus::FRAME_BYTES_MAX);
    assert!(Frame::parse(&longest).unwrap().is_some());
}

#[test]
fn every_function_that_writes_is_read() {
    for (pdu, table, start, values) in [
        (vec![5, 0, 9, 0xff, 0], Table::Coil, 9, vec![1]),
        (vec![5, 0, 9, 0, 0], Table::Coil, 9, vec![0]),
        (
            vec![6, 1, 0, 0xab, 0xcd],
            Table::HoldingRegister,
            256,
            vec![0xabcd],
        ),
        (
            vec![15, 0, 2, 0, 10, 2, 0xcd, 1],
            Table::Coil,
            2,
            vec![1, 0, 1, 1, 0, 0, 1, 1, 1, 0],
        ),
        (
            registers(4, &[7, 0x8000]),
            Table::HoldingRegister,
            4,
            vec![7, 0x8000],
        ),
        (
            vec![23, 0, 1, 0, 2, 0, 5, 0, 1, 2, 0, 0xff],
            Table::HoldingRegister,
            5,
            vec![255],
        ),
    ] {
        let found = written(&pdu);
        let addresses = found.addresses();
        assert_eq!(
            (addresses.table(), addresses.start()),
            (table, start),
            "{pdu:?}"
        );
        assert_eq!(found.values().collect::<Vec<_>>(), values, "{pdu:?}");
        // Every other length is refused.
        for cut in 1..pdu.len() {
            assert_eq!(
                Incoming::parse(&pdu[..cut]),
                Err(Exception::IllegalValue),
                "{pdu:?}"
            );
        }
        let mut longer = pdu.clone();
        longer.push(0);
        assert_eq!(
            Incoming::parse(&longer),
            Err(Exception::IllegalValue),
            "{pdu:?}"
        );
    }
}

#[test]
fn counts_and_addresses_are_bounded() {
    use Exception::{IllegalAddress, IllegalFunction, IllegalValue};
    let mut too_many = registers(0, &[0; 123]);
    assert!(Incoming::parse(&too_many).is_ok());
    too_many = vec![16, 0, 0, 0, 124, 248];
    too_many.extend([0; 248]);
    for (pdu, exception) in [
        (too_many, IllegalValue),
        (vec![3, 0, 0, 0, 126], IllegalValue),
        (vec![3, 0, 0, 0, 0], IllegalValue),
        (vec![1, 0, 0, 0x07, 0xd1], IllegalValue),
        (vec![5, 0, 0, 0xff, 1], IllegalValue),
        (vec![4, 0xff, 0xff, 0, 2], IllegalAddress),
        (registers(0xffff, &[1, 2]), IllegalAddress),
        (vec![], IllegalFunction),
        (vec![8, 0, 0, 0, 0], IllegalFunction),
        (vec![22, 0, 0, 0, 0, 0, 0], IllegalFunction),
        (vec![43, 14, 1, 0], IllegalFunction),
        (vec![0x90], IllegalFunction),
    ] {
        assert_eq!(Incoming::parse(&pdu), Err(exception), "{pdu:?}");
    }
}

#[test]
fn answers_repeat_transaction_and_unit() {
    let answer = |pdu: &[u8]| {
        let bytes = adu(pdu);
        let (frame, _) = Frame::parse(&bytes).unwrap().unwrap();
        match Incoming::parse(frame.pdu) {
            Ok(Incoming::Write(written)) => Reply::acknowledgement(&frame, &written),
            Ok(Incoming::Read(asked)) => Reply::values(&frame, asked, [1, 0, 1, 1, 0, 0, 1, 1, 1]),
            Ok(Incoming::Exchange { read, .. }) => Reply::values(&frame, read, [0xabcd, 2]),
            Err(exception) => Reply::exception(&frame, exception),
        }
    };
    for (request, expected) in [
        (vec![5, 0, 9, 0xff, 0], vec![5, 0, 9, 0xff, 0]),
        (vec![6, 0, 9, 1, 2], vec![6, 0, 9, 1, 2]),
        (registers(4, &[7, 8]), vec![16, 0, 4, 0, 2]),
        (vec![15, 0, 2, 0, 10, 2, 0xcd, 1], vec![15, 0, 2, 0, 10]),
        (vec![1, 0, 0, 0, 9], vec![1, 2, 0xcd, 1]),
        (
            vec![23, 0, 1, 0, 2, 0, 5, 0, 1, 2, 0, 0xff],
            vec![23, 4, 0xab, 0xcd, 0, 2],
        ),
        (vec![43, 14, 1, 0], vec![0xab, 1]),
    ] {
        assert_eq!(answer(&request).as_bytes(), adu(&expected), "{request:?}");
    }
}

/// A plan of `points` and the layout of all of them.
fn map(points: Vec<RegisterPoint>) -> (Arc<Plan>, Arc<Layout>) {
    let plan = Plan::new(points, &PlanLimits::default()).unwrap();
    let point = |point: &RegisterPoint| Point::new(&point.name, "");
    let mut builder = DirectoryBuilder::default();
    let device = builder
        .add("d", plan.points().iter().map(point).collect(), &[])
        .unwrap();
    let whole = Arc::clone(builder.build().device(device).whole());
    (Arc::new(plan), whole)
}

fn holding(name: &str, address: u16, kind: Kind) -> RegisterPoint {
    RegisterPoint::new(name, Table::HoldingRegister, address, kind)
}

/// The engine's clock.
const NOW: Timestamp = Timestamp::from_millis(1_795_414_346_500);
const WITHIN: Duration = Duration::from_secs(1);

fn image(points: Vec<RegisterPoint>) -> Image {
    let (plan, whole) = map(points);
    Image::new(plan, whole, WITHIN)
}

/// Positions and values completed, registers that no point covers, parts forgotten.
type Taken = (Vec<(u32, f64)>, usize, usize);

/// Takes a write; `None` if no point covers any of it.
fn take(image: &mut Image, pdu: &[u8], now: Instant) -> Option<Taken> {
    let staged = image.stage(written(pdu), now, NOW)?;
    let completed = staged.completed().iter().map(|c| (c.position, c.value));
    let found = (completed.collect(), staged.unmapped(), staged.forgotten());
    staged.keep();
    Some(found)
}

#[test]
fn a_value_waits_for_all_its_parts_and_never_mixes_moments() {
    let mut image = image(vec![
        holding("a", 10, Kind::U32),
        holding("b", 12, Kind::Bit(1)),
        holding("c", 12, Kind::U16),
    ]);
    let now = Instant::now();
    // One half, then the other with what follows it and one register of nobody.
    assert_eq!(
        take(&mut image, &[6, 0, 10, 0, 1], now),
        Some((vec![], 0, 0))
    );
    let rest = registers(11, &[2, 3, 4]);
    let all = vec![(0, 65_538.0), (1, 1.0), (2, 3.0)];
    assert_eq!(take(&mut image, &rest, now), Some((all, 1, 0)));
    // The lower half alone is no new value: it waits, however old the upper half is.
    assert_eq!(
        take(&mut image, &[6, 0, 11, 0, 9], now),
        Some((vec![], 0, 0))
    );
    // After too long it is forgotten, and the upper half waits alone.
    let later = now + WITHIN * 2;
    assert_eq!(
        take(&mut image, &[6, 0, 10, 0, 0], later),
        Some((vec![], 0, 1))
    );
    let value = vec![(0, 8.0)];
    assert_eq!(
        take(&mut image, &[6, 0, 11, 0, 8], later + WITHIN),
        Some((value, 0, 0))
    );
    assert_eq!(take(&mut image, &[6, 0, 9, 0, 8], later), None);
    assert_eq!(take(&mut image, &[5, 0, 10, 0, 0], later), None);
}

#[test]
fn what_was_refused_leaves_no_trace() {
    let mut image = image(vec![holding("a", 10, Kind::U32)]);
    let now = Instant::now();
    take(&mut image, &[6, 0, 10, 0, 1], now);
    let pdu = [6, 0, 11, 0, 2];
    // Staged but not kept, as when the ring is full.
    assert_eq!(
        image
            .stage(written(&pdu), now, NOW)
            .unwrap()
            .completed()
            .len(),
        1
    );
    assert!(!can_read(&image, &[3, 0, 10, 0, 2]));
    let value = vec![(0, 65_538.0)];
    assert_eq!(take(&mut image, &pdu, now), Some((value, 0, 0)));
    assert!(can_read(&image, &[3, 0, 10, 0, 2]));
}

fn can_read(image: &Image, pdu: &[u8]) -> bool {
    match Incoming::parse(pdu) {
        Ok(Incoming::Read(asked)) => image.can_read(asked, None),
        Ok(Incoming::Exchange { written, read }) => image.can_read(read, Some(&written)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_what_was_written_is_read_back() {
    let mut image = image(vec![
        holding("a", 10, Kind::U16),
        holding("b", 13, Kind::U16),
        RegisterPoint::new("c", Table::Coil, 10, Kind::Bool),
        RegisterPoint::new("d", Table::InputRegister, 10, Kind::U16),
    ]);
    let now = Instant::now();
    assert!(!can_read(&image, &[3, 0, 10, 0, 1]));
    take(&mut image, &registers(10, &[1, 2, 3]), now);
    take(&mut image, &[5, 0, 10, 0xff, 0], now);
    assert!(can_read(&image, &[3, 0, 10, 0, 3]) && can_read(&image, &[1, 0, 10, 0, 1]));
    for pdu in [
        [3, 0, 10, 0, 4],
        [3, 0, 9, 0, 2],
        [4, 0, 10, 0, 1],
        [2, 0, 10, 0, 1],
    ] {
        assert!(!can_read(&image, &pdu), "{pdu:?}");
    }
    // Function 23 reads what it writes.
    let exchange = [23, 0, 10, 0, 4, 0, 13, 0, 1, 2, 0, 9];
    assert!(can_read(&image, &exchange));
    take(&mut image, &exchange, now);
    let Ok(Incoming::Exchange { read, .. }) = Incoming::parse(&exchange) else {
        panic!("no exchange");
    };
    assert_eq!(image.values(read).collect::<Vec<_>>(), [1, 2, 3, 9]);
}

#[test]
fn a_value_without_its_exponent_is_none() {
    let mut image = image(vec![
        RegisterPoint {
            exponent: Some("sf".to_owned()),
            ..holding("w", 0, Kind::U16)
        },
        holding("sf", 1, Kind::I16),
    ]);
    let mut stage = |pdu: &[u8]| {
        let staged = image.stage(written(pdu), Instant::now(), NOW).unwrap();
        let completed = staged.completed()[0];
        staged.keep();
        (completed.value, completed.quality)
    };
    let (value, quality) = stage(&[6, 0, 0, 0, 25]);
    assert!(value.is_nan() && quality.contains(Quality::DEVICE_ERROR));
    assert_eq!(stage(&registers(0, &[25, 0xffff])), (2.5, Quality::GOOD));
    assert_eq!(stage(&[6, 0, 0, 0, 26]), (2.6, Quality::GOOD));
}

#[test]
fn a_value_is_told_again_with_the_exponent_that_is_written_behind_it() {
    let scaled = |name: &str, address| RegisterPoint {
        exponent: Some("sf".to_owned()),
        ..holding(name, address, Kind::U16)
    };
    // The second value lies in a request of its own, too far from the exponent.
    let points = vec![
        scaled("w", 0),
        holding("sf", 1, Kind::I16),
        scaled("v", 300),
    ];
    let mut image = image(points);
    let began = Instant::now();
    let mut stage = |pdu: &[u8], millis| {
        let now = began + Duration::from_millis(millis);
        let staged = image.stage(written(pdu), now, NOW).unwrap();
        let completed = staged.completed().iter();
        let completed: Vec<_> = completed.map(|c| (c.position, c.value)).collect();
        staged.keep();
        completed
    };
    assert_eq!(stage(&[6, 0, 1, 0, 0], 0), [(1, 0.0)]);
    assert_eq!(stage(&[6, 0, 0, 0, 25], 1), [(0, 25.0)]);
    assert_eq!(stage(&[6, 1, 44, 0, 7], 2), [(2, 7.0)]);
    // The same exponent says nothing new, another one does.
    assert_eq!(stage(&[6, 0, 1, 0, 0], 3), [(1, 0.0)]);
    let both = [(0, 250.0), (1, 1.0), (2, 70.0)];
    assert_eq!(stage(&[6, 0, 1, 0, 1], 4), both);
    // Long after the values it is only for those to come.
    let late = u64::try_from(WITHIN.as_millis()).unwrap() + 10;
    assert_eq!(stage(&[6, 0, 1, 0, 2], late), [(1, 2.0)]);
    assert_eq!(stage(&[6, 1, 44, 0, 7], late + 1), [(2, 700.0)]);
}

#[test]
fn a_clock_written_with_the_values_is_their_time() {
    let clock = Clock {
        table: Table::HoldingRegister,
        address: 2,
        kind: Kind::Unix32,
        order: Order::ABCD,
        scan: 0,
        is_synchronised: false,
        tolerance: Duration::from_secs(60),
    };
    let points = vec![holding("a", 0, Kind::U16)];
    let plan = Plan::with_clock(points, Some(clock), &PlanLimits::default()).unwrap();
    let (_, whole) = map(vec![holding("a", 0, Kind::U16)]);
    let mut image = Image::new(Arc::new(plan), whole, WITHIN);
    let mut stamp = |pdu: &[u8]| {
        let staged = image.stage(written(pdu), Instant::now(), NOW).unwrap();
        assert_eq!(staged.completed().len(), 1);
        staged.completed()[0].stamp
    };
    let found = stamp(&registers(0, &[1, 0, 0x6b03, 0xd94a])).unwrap();
    assert_eq!(found.time, Timestamp::from_millis(1_795_414_346_000));
    assert_eq!(found.time_quality, TimeQuality::Unsynchronised);
    // Not the clock's moment any more.
    assert_eq!(stamp(&registers(0, &[1, 0, 0x6b03])), None);
    assert_eq!(stamp(&[6, 0, 0, 0, 1]), None);
}

fn any_points() -> impl Strategy<Value = Vec<RegisterPoint>> {
    let kinds = prop_oneof![
        Just(Kind::U16),
        Just(Kind::I32),
        Just(Kind::F64),
        (0..16_u8).prop_map(Kind::Bit)
    ];
    let orders = prop::sample::select(&Order::ALL[..]);
    let point = (0..40_u16, kinds, orders, 0..2_usize);
    prop::collection::vec(point, 1..12).prop_map(|points| {
        let point = |(n, (address, kind, order, scan))| RegisterPoint {
            order,
            scan,
            ..holding(&format!("p{n}"), address, kind)
        };
        points.into_iter().enumerate().map(point).collect()
    })
}

proptest! {
    #[test]
    fn any_bytes_are_a_frame_a_fault_or_a_beginning(bytes: Vec<u8>, cut: prop::sample::Index) {
        let whole = Frame::parse(&bytes);
        let part = Frame::parse(&bytes[..cut.index(bytes.len() + 1)]);
        match (part, whole) {
            // A fault or a frame that is there stays what it is, whatever follows.
            (Ok(Some(part)), whole) => prop_assert_eq!(whole, Ok(Some(part))),
            (Err(_), whole) => prop_assert!(whole.is_err()),
            (Ok(None), _) => {}
        }
        if let Ok(Some((frame, length))) = whole {
            prop_assert!(length <= bytes.len() && length == frame.pdu.len() + 7);
        }
    }

    #[test]
    fn any_pdu_is_answered_by_one_whole_frame(
        function in prop::sample::select(vec![1_u8, 2, 3, 4, 5, 6, 15, 16, 23, 7]),
        rest in prop::collection::vec(any::<u8>(), 0..253),
    ) {
        let mut pdu = vec![function];
        pdu.extend(rest);
        pdu.truncate(253);
        let bytes = adu(&pdu);
        let (frame, _) = Frame::parse(&bytes).unwrap().unwrap();
        let reply = match Incoming::parse(frame.pdu) {
            Ok(Incoming::Read(read) | Incoming::Exchange { read, .. }) => {
                Reply::values(&frame, read, std::iter::repeat(1))
            }
            Ok(Incoming::Write(written)) => Reply::acknowledgement(&frame, &written),
            Err(exception) => Reply::exception(&frame, exception),
        };
        let (answer, length) = Frame::parse(reply.as_bytes()).unwrap().unwrap();
        prop_assert_eq!(length, reply.as_bytes().len());
        prop_assert_eq!((answer.transaction, answer.unit), (0x1234, 7));
        prop_assert_eq!(answer.function() & 0x7f, function);
    }

    /// However a device cuts its registers into writes, as long as it writes all of them, every
    /// point comes exactly once per round, with the value of that round.
    #[test]
    fn any_cuts_bring_every_point_once_with_its_value(
        points in any_points(),
        rounds in prop::collection::vec(prop::collection::vec(any::<u16>(), 44), 1..4),
        cuts in prop::collection::btree_set(1..44_usize, 0..12),
    ) {
        let (plan, whole) = map(points.clone());
        let mut parts = Image::new(Arc::clone(&plan), Arc::clone(&whole), WITHIN);
        let now = Instant::now();
        let mut edges: Vec<usize> = std::iter::once(0).chain(cuts).collect();
        edges.push(44);
        for words in rounds {
            let mut at_once = Image::new(Arc::clone(&plan), Arc::clone(&whole), WITHIN);
            let (mut expected, _, _) = take(&mut at_once, &registers(0, &words), now).unwrap();
            prop_assert_eq!(expected.len(), points.len());
            let mut found = Vec::new();
            for edge in edges.windows(2) {
                let pdu = registers(u16::try_from(edge[0]).unwrap(), &words[edge[0]..edge[1]]);
                let taken = take(&mut parts, &pdu, now);
                found.extend(taken.into_iter().flat_map(|(completed, _, _)| completed));
            }
            let bits = |values: &mut Vec<(u32, f64)>| {
                values.sort_by_key(|(position, _)| *position);
                values.iter().map(|(p, v)| (*p, v.to_bits())).collect::<Vec<_>>()
            };
            prop_assert_eq!(bits(&mut found), bits(&mut expected));
        }
    }
}
