//! Runs of registers against a naive loop over the points.

#![cfg(test)]

use std::sync::Arc;

use gridos_modbus::{Kind, Order, Plan, PlanLimits, RegisterPoint, Request, Table};
use gridos_model::{Batch, DirectoryBuilder, Layout, Point, Quality, TimeQuality, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

const KINDS: [Kind; 14] = [
    Kind::Bit(3),
    Kind::U8Low,
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
    Kind::Bcd48,
    Kind::Unix32,
];

/// Points of one kind and order with `gap` registers between them, the first of them judged.
#[derive(Clone, Debug)]
struct Neighbours {
    kind: Kind,
    order: Order,
    gap: u16,
    judged: usize,
    scalings: Vec<(f64, f64)>,
}

fn neighbours() -> impl Strategy<Value = Neighbours> {
    let factor = || prop_oneof![Just(1.0), Just(-0.1), Just(1e300)];
    let addend = || prop_oneof![Just(0.0), Just(-0.0), Just(-40.0)];
    let scaling = prop_oneof![Just((1.0, 0.0)), (factor(), addend())];
    let gap = prop_oneof![4 => Just(0), 1 => 1..3_u16];
    let judged = prop_oneof![4 => Just(0), 1 => 0..4_usize];
    let scalings = prop::collection::vec(scaling, 1..30);
    (select(&KINDS), select(&Order::ALL), gap, judged, scalings).prop_map(
        |(kind, order, gap, judged, scalings)| Neighbours {
            kind,
            order,
            gap,
            judged,
            scalings,
        },
    )
}

/// Any word, and often those of zeros of either sign.
fn word() -> impl Strategy<Value = u16> {
    prop_oneof![4 => any::<u16>(), 2 => Just(0), 1 => Just(0x8000)]
}

/// The points of all of `parts`, one behind the other.
fn points(parts: &[Neighbours]) -> Vec<RegisterPoint> {
    let mut points = Vec::new();
    let mut address = 0;
    for part in parts {
        for (nth, (scale, offset)) in part.scalings.iter().enumerate() {
            let is_judged = nth < part.judged && part.kind != Kind::Bit(3);
            let name = format!("p{}", points.len());
            points.push(RegisterPoint {
                order: part.order,
                scale: *scale,
                offset: *offset,
                invalid: if is_judged {
                    vec![0xdead_beef_dead_beef]
                } else {
                    vec![]
                },
                ..RegisterPoint::new(&name, Table::HoldingRegister, address, part.kind)
            });
            address += part.kind.registers() + part.gap;
        }
    }
    points
}

fn layout(points: usize) -> Arc<Layout> {
    let points = (0..points)
        .map(|n| Point::new(&format!("p{n}"), ""))
        .collect();
    let mut builder = DirectoryBuilder::default();
    let device = builder.add("d", points, &[]).unwrap();
    Arc::clone(builder.build().device(device).whole())
}

/// The bits and the quality of what `fill` makes of a batch of the points of `request`.
fn columns(request: &Request, fill: impl FnOnce(&mut Batch)) -> Vec<(u64, Quality)> {
    let (mut batch, now) = (Batch::default(), Timestamp::EPOCH);
    let layout = layout(request.points().len());
    batch.start_sweep(&layout, now, TimeQuality::Synchronised, now);
    fill(&mut batch);
    batch.check().unwrap();
    let readings = batch.readings().unwrap();
    let values = readings.values().iter().enumerate();
    let quality = |nth| readings.qualities().get(nth).copied().unwrap_or_default();
    values
        .map(|(nth, value)| (value.to_bits(), quality(nth)))
        .collect()
}

/// The value of `point` from its own words, by the meaning of its kind.
fn naive(point: &RegisterPoint, words: &[u16]) -> (f64, Quality) {
    match point.kind.number(words, point.order) {
        None => (f64::NAN, Quality::DEVICE_ERROR),
        Some((raw, quality)) if point.scale == 1.0 && point.offset == 0.0 => (raw, quality),
        Some((raw, quality)) => (raw * point.scale + point.offset, quality),
    }
}

proptest! {
    #[test]
    fn runs_are_decoded_as_their_points_one_by_one(
        parts in prop::collection::vec(neighbours(), 1..6),
        words in prop::collection::vec(word(), 125),
    ) {
        let plan = Plan::new(points(&parts), &PlanLimits::default()).unwrap();
        for request in plan.requests() {
            let words = &words[..usize::from(request.count())];
            let decoded = columns(request, |batch| {
                request.decode_registers(words, batch).unwrap();
            });
            let expected = columns(request, |batch| {
                for point in &plan.points()[request.points()] {
                    let at = usize::from(point.address - request.start());
                    let (value, quality) = naive(point, &words[at..]);
                    batch.push(value, quality);
                }
            });
            prop_assert_eq!(decoded, expected);
        }
    }
}
