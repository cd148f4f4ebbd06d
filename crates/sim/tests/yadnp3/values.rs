//! Present values.

use gridos_dnp3::app::Value;
use gridos_dnp3::outstation::PointKind;

use crate::master::{Master, Told};
use crate::station::{KINDS, Put, listen, points, port, put, some_of_each, still};

/// What was told of a point.
fn of(told: &[Told], variation: (u8, u8), index: u16) -> Vec<Told> {
    let is_it = |each: &&Told| each.variation.0 == variation.0 && each.index == index;
    told.iter().filter(is_it).cloned().collect()
}

/// The usual variation; an octet string is told as 0.
fn usual(kind: PointKind) -> (u8, u8) {
    let variation = kind.static_variation();
    (variation.group, variation.number)
}

#[tokio::test]
async fn an_integrity_poll_tells_every_point_and_the_restart_is_cleared() {
    let fleet = listen(still(points())).await;
    let puts = some_of_each();
    put(&fleet.units()[0], &puts, false);
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    master.until_started().await;
    assert!(master.has_done("CLEAR_RESTART"));
    assert_eq!(master.count_done("STARTUP_INTEGRITY_POLL"), 1);
    assert_eq!(master.told.len(), KINDS.len() * 6);
    for each in &puts {
        let variation = usual(each.kind);
        let has_time = each.kind == PointKind::FrozenCounter;
        let told = each.told(variation, has_time);
        assert_eq!(of(&master.told, variation, each.index), [told]);
    }
    // Nobody has updated the others.
    let others = KINDS
        .into_iter()
        .filter(|kind| *kind != PointKind::OctetString);
    for kind in others {
        // A double-bit that nobody has updated is indeterminate.
        let is_double_bit = kind == PointKind::DoubleBitInput;
        let flags = if is_double_bit { 0xC2 } else { 0x02 };
        let all = (0..6).filter(|index| {
            let is_put = |put: &Put| (put.kind, put.index) == (kind, *index);
            !puts.iter().any(is_put)
        });
        for index in all {
            assert_eq!(of(&master.told, usual(kind), index)[0].flags, Some(flags));
        }
    }
    master.read_alone(&[(1, 0)]).await;
    assert_eq!(master.indications, [0, 0]);
    assert_eq!(fleet.report().outstations[0].counters.refused, 0);
}

#[tokio::test]
async fn present_values_are_told_in_the_variation_that_is_asked_for() {
    use PointKind::{AnalogInput, AnalogOutput, BinaryInput, BinaryOutput, Counter, FrozenCounter};
    let fleet = listen(still(points())).await;
    let short = [
        (BinaryInput, Value::Binary(true)),
        (BinaryOutput, Value::Binary(true)),
        (Counter, Value::Uint32(40_000)),
        (FrozenCounter, Value::Uint32(40_000)),
        (AnalogInput, Value::Float32(-20_000.0)),
        (AnalogOutput, Value::Float32(-20_000.0)),
    ];
    // Points without a quality of their own can be told without flags.
    let puts = short.map(|(kind, value)| (0..6).map(move |index| Put::new(kind, index, value)));
    let puts: Vec<_> = puts.into_iter().flatten().collect();
    put(&fleet.units()[0], &puts, false);
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    master.until_started().await;
    let with_time = [(21, 5), (21, 6)];
    let without_flags = [
        (1, 1),
        (20, 5),
        (20, 6),
        (21, 9),
        (21, 10),
        (30, 3),
        (30, 4),
    ];
    let others = [
        (1, 2),
        (10, 2),
        (20, 1),
        (20, 2),
        (21, 1),
        (21, 2),
        (30, 1),
        (30, 2),
        (30, 5),
        (30, 6),
        (40, 1),
        (40, 2),
        (40, 3),
        (40, 4),
    ];
    for variation in [&with_time[..], &without_flags, &others].concat() {
        let told = master.read_alone(&[variation]).await;
        let expected = puts
            .iter()
            .filter(|put| put.kind.static_group() == variation.0);
        let has_time = with_time.contains(&variation);
        let mut expected: Vec<_> = expected.map(|put| put.told(variation, has_time)).collect();
        if without_flags.contains(&variation) {
            expected.iter_mut().for_each(|told| told.flags = None);
        }
        assert_eq!(expected.len(), 6);
        assert_eq!(told, expected, "{variation:?}");
    }
}
