//! Register maps and what devices answer to their requests.

use std::time::{Duration, Instant};

use gridos_modbus::{
    Answer, Forbidden, Kind, Order, Plan, PlanLimits, RegisterPoint, Report, Span, Table,
};
use gridos_model::{Batch, DirectoryBuilder, Point, TimeQuality, Timestamp};

use super::bytes::Bytes;

const KINDS: [Kind; 26] = [
    Kind::Bool,
    Kind::Bit(0),
    Kind::Bit(15),
    Kind::Bit(16),
    Kind::U8Low,
    Kind::U8High,
    Kind::I8Low,
    Kind::I8High,
    Kind::U16,
    Kind::I16,
    Kind::U32,
    Kind::I32,
    Kind::U64,
    Kind::I64,
    Kind::F16,
    Kind::F32,
    Kind::F64,
    Kind::Bcd16,
    Kind::Bcd32,
    Kind::Bcd48,
    Kind::Bcd64,
    Kind::Unix32,
    Kind::Unix64,
    Kind::Unix64Ms,
    Kind::Cp56,
    Kind::Text(16),
];
const POINTS_MAX: usize = 200;

/// Any map is planned or refused; what is planned reads every point once and stays within the
/// limits.
pub fn plan(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let limits = limits(&mut bytes);
    let points = points(&mut bytes);
    let count = points.len();
    let Ok(plan) = Plan::new(points, &limits) else {
        return;
    };
    assert_eq!(plan.points().len(), count);
    let mut next = 0;
    for request in plan.requests() {
        assert_eq!(request.points().start, next);
        next = request.points().end;
        assert!(request.sweep_points().end == request.reported_points().start);
        assert!(request.reported_points().end == request.text_points().start);
        assert_eq!(request.text_points().end, next);
        let addresses = u32::from(request.start())..end(request.start(), request.count());
        let most = match request.table().is_bits() {
            true => limits.max_bits,
            false => limits.max_registers,
        };
        assert!((1..=most).contains(&request.count()) && addresses.end <= 1 << 16);
        for point in &plan.points()[request.points()] {
            assert_eq!((point.table, point.scan), (request.table(), request.scan()));
            assert!(u32::from(point.address) >= addresses.start && point.end() <= addresses.end);
        }
        let is_touched = |range: &Forbidden| range.touches(request.table(), &addresses);
        assert!(!limits.forbidden.iter().any(is_touched));
    }
    assert_eq!(next, count);
}

/// Any answer to any planned request is decoded into one value per point, or refused whole.
pub fn decode(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let points = points(&mut bytes);
    let Ok(plan) = Plan::new(points, &PlanLimits::default()) else {
        return;
    };
    let named = |point: &RegisterPoint| Point::new(&point.name, "");
    let named = plan.points().iter().map(named).collect();
    let sweeps: Vec<_> = plan.requests().iter().map(|r| r.sweep_points()).collect();
    let sweeps: Vec<_> = sweeps
        .into_iter()
        .filter(|sweep| !sweep.is_empty())
        .collect();
    let mut builder = DirectoryBuilder::default();
    let Ok(device) = builder.add("d", named, &sweeps) else {
        return;
    };
    let directory = builder.build();
    let device = directory.device(device);
    let mut groups = device.groups().iter();
    let mut memory = plan.memory();
    let now = Timestamp::EPOCH;
    for request in plan.requests() {
        let count = usize::from(request.count()) + usize::from(bytes.byte() == 0xff);
        let words: Vec<u16> = (0..count).map(|_| bytes.word()).collect();
        let bits: Vec<bool> = words.iter().map(|word| word & 1 == 1).collect();
        let answer = match request.table().is_bits() {
            true => Answer::bits(&bits),
            false => Answer::registers(&words),
        };
        let fits = count == usize::from(request.count());
        let mut batch = Batch::default();
        let swept = request.sweep_points().len();
        if swept > 0
            && let Some(layout) = groups.next()
        {
            batch.start_sweep(layout, now, TimeQuality::Synchronised, now);
            assert_eq!(request.sweep(answer, &mut memory, &mut batch).is_ok(), fits);
            assert_eq!(batch.len(), if fits { swept } else { 0 });
        }
        let stamp = request.stamp(answer, now);
        batch.start_events(device.whole(), now);
        let told = request.report(answer, &mut memory, &stamp, Instant::now(), &mut batch);
        assert_eq!(told.is_ok(), fits);
        assert!(batch.len() <= request.reported_points().len());
        assert!(batch.is_empty() || batch.check().is_ok());
        batch.start_texts(device.whole(), now);
        let told = request.tell_texts(answer, &mut memory, &stamp, &mut batch);
        assert_eq!(told.is_ok(), fits);
        // Nothing was told before, so every text is news, and after that none.
        let texts = request.text_points().len();
        assert_eq!(batch.len(), if fits { texts } else { 0 });
        if fits {
            assert_eq!(request.has_new_text(answer, &memory, &stamp), Ok(false));
        }
    }
}

fn end(start: u16, count: u16) -> u32 {
    u32::from(start) + u32::from(count)
}

fn limits(bytes: &mut Bytes<'_>) -> PlanLimits {
    let forbidden = (0..bytes.byte() % 4).map(|_| {
        let (table, first, more) = (bytes.choose(&Table::ALL), bytes.word(), bytes.byte());
        Forbidden {
            table,
            first,
            last: first.saturating_add(more.into()),
        }
    });
    let forbidden = forbidden.collect();
    let small = |bytes: &mut Bytes<'_>| u16::from(bytes.byte()).saturating_sub(100);
    PlanLimits {
        max_gap_registers: small(bytes),
        max_gap_bits: bytes.word() % 4_096,
        max_registers: small(bytes),
        max_bits: bytes.word() % 2_048,
        forbidden,
    }
}

fn points(bytes: &mut Bytes<'_>) -> Vec<RegisterPoint> {
    let mut points = Vec::new();
    let mut address = 0_u16;
    let count = usize::from(bytes.byte()).min(POINTS_MAX);
    while points.len() < count && !bytes.is_empty() {
        let how = bytes.byte();
        address = match how & 3 {
            0 => bytes.word(),
            _ => address.wrapping_add(u16::from(bytes.byte() % 16)),
        };
        points.push(point(bytes, how, points.len(), address));
    }
    points
}

fn point(bytes: &mut Bytes<'_>, how: u8, number: usize, address: u16) -> RegisterPoint {
    let (table, kind) = (bytes.choose(&Table::ALL), bytes.choose(&KINDS));
    let mut point = RegisterPoint::new(&format!("p{number}"), table, address, kind);
    point.order = bytes.choose(&Order::ALL);
    if how & 4 != 0 {
        (point.scale, point.offset) = (bytes.double(), bytes.double());
    }
    if how & 8 != 0 {
        point.scan = usize::from(bytes.byte() % 3);
    }
    if how & 16 != 0 {
        point.invalid = vec![u64::from_be_bytes(bytes.array())];
        point.states = vec![i64::from_be_bytes(bytes.array())];
    }
    if how & 32 != 0 {
        let raw = (how & 1 != 0).then(|| (bytes.double(), bytes.double()));
        point.span = Some(Span {
            raw,
            clamp: how & 2 != 0,
            ..Span::new(bytes.double(), bytes.double())
        });
    }
    if how & 64 != 0 {
        point.exponent = Some(format!("p{}", bytes.byte() % 8));
    }
    if how & 128 != 0 {
        point.report = Some(Report {
            deadband: bytes.double().abs(),
            at_least: Duration::from_secs(1),
            edges: Default::default(),
        });
    }
    point
}
