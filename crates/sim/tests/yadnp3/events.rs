//! Events.

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::{EventCapacities, OutstationConfig, PointDefinition, PointKind};
use gridos_sim::dnp3::FleetConfig;

use crate::master::{Master, Told};
use crate::station::{
    Put, asked_only, listen, points, port, put, some_of_each, still, until_confirmed,
};

/// What is to be told of events in the usual variations.
fn usual(puts: &[Put], is_unsolicited: bool) -> Vec<Told> {
    let told = |put: &Put| {
        let variation = put.kind.event_variation();
        let is_text = put.kind == PointKind::OctetString;
        Told {
            is_unsolicited,
            ..put.told((variation.group, variation.number), !is_text)
        }
    };
    puts.iter().map(told).collect()
}

/// Events of one class.
const CLASSES: [(u8, u8); 3] = [(60, 2), (60, 3), (60, 4)];

#[tokio::test]
async fn events_of_every_kind_are_told_unasked_once_and_confirmed() {
    let fleet = listen(still(points())).await;
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    master.until_started().await;
    let puts = some_of_each();
    let mut expected = Vec::new();
    master.told.clear();
    for round in 1..=3 {
        put(&fleet.units()[0], &puts, true);
        assert_eq!(until_confirmed(&fleet, round * puts.len()).await, 0);
        expected.extend(usual(&puts, true));
        master
            .until(|master| master.told.len() >= expected.len())
            .await;
        assert_eq!(master.told, expected);
    }
}

#[tokio::test]
async fn events_of_each_class_are_told_when_it_is_polled() {
    let fleet = listen(asked_only(still(points()))).await;
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    // That events be told unasked is refused.
    master
        .until(|master| master.has_done("STARTUP_INTEGRITY_POLL"))
        .await;
    let puts = some_of_each();
    put(&fleet.units()[0], &puts, true);
    let mut confirmed = 0;
    for (n, class) in (0..3).zip(CLASSES) {
        let of_class: Vec<_> = puts
            .iter()
            .filter(|put| put.index % 3 == n)
            .copied()
            .collect();
        confirmed += of_class.len();
        let told = master.read_alone(&[class]).await;
        assert_eq!(told, usual(&of_class, false));
        let left = puts.len() - confirmed;
        assert_eq!(until_confirmed(&fleet, confirmed).await, left as u64);
        assert_eq!(master.read_alone(&[class]).await, []);
    }
}

#[tokio::test]
async fn events_are_told_in_the_variation_that_is_asked_for() {
    use PointKind::{
        AnalogInput, AnalogOutput, BinaryInput, BinaryOutput, Counter, DoubleBitInput,
        FrozenCounter,
    };
    let fleet = listen(asked_only(still(points()))).await;
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    master
        .until(|master| master.has_done("STARTUP_INTEGRITY_POLL"))
        .await;
    let double_bit = |bits| Value::DoubleBit(gridos_dnp3::app::DoubleBit::from_bits(bits));
    let values = [
        (BinaryInput, Value::Binary(true), Value::Binary(false)),
        (DoubleBitInput, double_bit(2), double_bit(3)),
        (BinaryOutput, Value::Binary(false), Value::Binary(true)),
        (Counter, Value::Uint32(40_000), Value::Uint32(0)),
        (FrozenCounter, Value::Uint32(3), Value::Uint32(65_535)),
        (AnalogInput, Value::Float32(-32_768.0), Value::Float32(7.0)),
        (AnalogOutput, Value::Float32(5.0), Value::Float32(32_767.0)),
    ];
    let without_time = [
        (2, 1),
        (4, 1),
        (11, 1),
        (22, 1),
        (22, 2),
        (23, 1),
        (23, 2),
        (32, 1),
        (32, 2),
        (32, 5),
        (32, 6),
        (42, 1),
        (42, 2),
        (42, 5),
        (42, 6),
    ];
    let with_time = [
        (2, 2),
        (2, 3),
        (4, 2),
        (4, 3),
        (11, 2),
        (22, 5),
        (22, 6),
        (23, 5),
        (23, 6),
        (32, 3),
        (32, 4),
        (32, 7),
        (32, 8),
        (42, 3),
        (42, 4),
        (42, 7),
        (42, 8),
    ];
    let mut confirmed = 0;
    for variation in [&without_time[..], &with_time].concat() {
        let is_it = |(kind, _, _): &&(PointKind, _, _)| kind.event_group() == variation.0;
        let (kind, one, other) = *values.iter().find(is_it).unwrap();
        let first = Put::new(kind, 4, one).flagged(0x21);
        let second = Put {
            // Farther away than a relative time can tell.
            millis: first.millis + 70_001,
            ..Put::new(kind, 3, other)
        };
        let puts = [first, Put::new(kind, 0, other), second];
        put(&fleet.units()[0], &puts, true);
        let has_time = with_time.contains(&variation);
        let expected = puts.map(|put| put.told(variation, has_time));
        let told = master.read_alone(&[variation]).await;
        assert_eq!(told, expected, "{variation:?}");
        confirmed += puts.len();
        assert_eq!(until_confirmed(&fleet, confirmed).await, 0);
    }
}

/// Many points, told in short fragments.
fn many() -> FleetConfig {
    let of_kind = |kind| (0..400).map(move |index| PointDefinition::new(kind, index, Class::Two));
    let kinds = [PointKind::AnalogInput, PointKind::BinaryInput];
    let config = still(kinds.into_iter().flat_map(of_kind).collect());
    let outstation = OutstationConfig {
        fragment_bytes: 300,
        ..config.outstation
    };
    FleetConfig {
        outstation,
        ..config
    }
}

fn thousand() -> Vec<Put> {
    let puts = (0..1_000_u16).map(|n| match n % 2 {
        0 => Put::new(
            PointKind::AnalogInput,
            n % 400,
            Value::Float32(f32::from(n)),
        ),
        _ => Put::new(PointKind::BinaryInput, n % 400, Value::Binary(n % 3 == 0)),
    });
    puts.collect()
}

#[tokio::test]
async fn values_in_many_fragments_arrive_whole() {
    let fleet = listen(many()).await;
    let puts = &thousand()[..400];
    put(&fleet.units()[0], puts, false);
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    master.until_started().await;
    assert_eq!(master.told.len(), 800);
    for each in puts {
        let variation = each.kind.static_variation();
        let expected = each.told((variation.group, variation.number), false);
        assert!(master.told.contains(&expected), "{expected:?}");
    }
}

#[tokio::test]
async fn events_in_many_fragments_arrive_once() {
    for is_unsolicited in [true, false] {
        let config = if is_unsolicited {
            many()
        } else {
            asked_only(many())
        };
        let fleet = listen(config).await;
        let Some(mut master) = Master::connect(port(&fleet)) else {
            return;
        };
        master
            .until(|master| master.has_done("STARTUP_INTEGRITY_POLL"))
            .await;
        if is_unsolicited {
            master.until_started().await;
        }
        let puts = thousand();
        master.told.clear();
        put(&fleet.units()[0], &puts, true);
        if !is_unsolicited {
            master.read(&CLASSES);
        }
        assert_eq!(until_confirmed(&fleet, puts.len()).await, 0);
        master.until(|master| master.told.len() >= puts.len()).await;
        let expected = usual(&puts, is_unsolicited);
        for (n, (told, expected)) in master.told.iter().zip(&expected).enumerate() {
            assert_eq!(told, expected, "event {n}");
        }
        assert_eq!(master.told.len(), puts.len());
        // More than 16 numbers of fragments.
        let counters = fleet.report().outstations[0].counters;
        assert!(counters.confirms > 20, "{counters:?}");
    }
}

#[tokio::test]
async fn events_that_find_no_room_are_indicated_and_everything_is_read() {
    let config = asked_only(still(points()));
    let outstation = OutstationConfig {
        capacities: EventCapacities::all(10),
        ..config.outstation
    };
    let config = FleetConfig {
        outstation,
        ..config
    };
    let fleet = listen(config).await;
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    master
        .until(|master| master.has_done("STARTUP_INTEGRITY_POLL"))
        .await;
    let puts = (0..25_u16).map(|n| Put::new(PointKind::Counter, 0, Value::Uint32(n.into())));
    let puts: Vec<_> = puts.collect();
    put(&fleet.units()[0], &puts, true);
    master.told.clear();
    master.tasks.clear();
    master.read(&CLASSES);
    master
        .until(|master| master.has_done("STARTUP_INTEGRITY_POLL"))
        .await;
    let events = master.told.iter().filter(|told| told.variation.0 == 22);
    let events: Vec<_> = events.cloned().collect();
    assert_eq!(events, usual(&puts[15..], false));
    assert_eq!(until_confirmed(&fleet, 10).await, 0);
    assert_eq!(fleet.report().overflowed(), 15);
    master.read_alone(&[(1, 0)]).await;
    assert_eq!(master.indications, [0, 0]);
}
