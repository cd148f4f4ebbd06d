//! Present values in the variation that is asked for.

use std::time::Duration;

use gridos_collect::dnp3::PointKind;
use gridos_dnp3::app::{EventClasses, Selection, Variation};
use gridos_dnp3::master::{Config, Poll};
use gridos_model::{Quality, Timestamp};

use crate::outstation::{Mode, Outstation, POINTS, Put, WHOLE, brisk};
use crate::rig::Rig;
use crate::takings::{Told, all_of, next, present};
use crate::times::unix_ms;

/// A master that reads these points again and again.
fn reading(selection: Selection) -> Config {
    Config {
        polls: vec![Poll::new(vec![selection], Duration::from_millis(20)).unwrap()],
        enables_unsolicited: EventClasses::empty(),
        ..brisk()
    }
}

/// What a poll of `selection` tells that begins with `point`.
async fn read(outstation: &Outstation, selection: Selection, point: &str) -> Vec<Told> {
    read_until(outstation, selection, |told| told[0].point == point).await
}

/// What a poll of `selection` tells that `is_it`.
async fn read_until(
    outstation: &Outstation,
    selection: Selection,
    is_it: impl Fn(&[Told]) -> bool,
) -> Vec<Told> {
    let mut rig = Rig::start(vec![outstation.setup(reading(selection))]);
    present(&mut rig, WHOLE).await;
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    // What is there by now may be of the integrity poll, what comes then is not.
    while let Some(mut batch) = rig.try_next() {
        batch.keep();
    }
    loop {
        let told = all_of(&next(&mut rig).await);
        if is_it(&told) {
            rig.stop().await;
            return told;
        }
    }
}

/// A value for every point that fits all variations.
fn small() -> Vec<Put> {
    use PointKind::{Analog, AnalogOutput, Binary, BinaryOutput, Counter, DoubleBit};
    let of_index = |index: u16| {
        let number = f64::from(index);
        [
            Put::new(Binary, index, f64::from(index % 2)),
            Put::new(DoubleBit, index, f64::from(index % 4)),
            Put::new(BinaryOutput, index, f64::from(index / 3)),
            Put::new(Counter, index, 40_000.0 + number),
            Put::new(Analog, index, -20_000.0 - number),
            Put::new(AnalogOutput, index, 20_000.0 + number),
        ]
    };
    (0..POINTS).flat_map(of_index).collect()
}

#[tokio::test]
async fn present_values_are_read_in_every_variation() {
    use PointKind::{Analog, AnalogOutput, Binary, BinaryOutput, Counter, DoubleBit};
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    let puts = small();
    outstation.put(&puts, Mode::Never);
    for (kind, group, numbers) in [
        (Binary, 1, &[1, 2][..]),
        (DoubleBit, 3, &[2]),
        (BinaryOutput, 10, &[2]),
        (Counter, 20, &[1, 2, 5, 6]),
        (Analog, 30, &[1, 2, 3, 4, 5, 6]),
        (AnalogOutput, 40, &[1, 2, 3, 4]),
    ] {
        let expected = puts.iter().filter(|put| put.kind == kind);
        let expected: Vec<_> = expected.map(Told::untimed).collect();
        for number in numbers {
            let selection = Selection::all(Variation::new(group, *number));
            let told = read(&outstation, selection, &expected[0].point).await;
            assert_eq!(told, expected, "g{group}v{number}");
        }
    }
}

#[tokio::test]
async fn present_values_of_a_span_are_read() {
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    // A value that the variation cannot tell is the nearest that it can.
    let analog = |index, value| Put::new(PointKind::Analog, index, value);
    let puts = [analog(2, 70_000.0), analog(3, 0.75), analog(4, 7.0)];
    outstation.put(&puts, Mode::Never);
    let selection = Selection::span(Variation::new(30, 2), 2, 3);
    let nearest = analog(2, 32_767.0).flagged(0x21, Quality::OVER_RANGE);
    let expected = [nearest, analog(3, 0.0)].map(|put| Told::untimed(&put));
    let is_it = |told: &[Told]| told.len() == 2;
    assert_eq!(read_until(&outstation, selection, is_it).await, expected);
}

#[tokio::test]
async fn frozen_counters_tell_when_they_were_frozen() {
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    let counters: Vec<_> = small()
        .into_iter()
        .filter(|put| put.kind == PointKind::Counter)
        .collect();
    outstation.put(&counters, Mode::Never);
    let before = unix_ms();
    outstation.freeze(&[0, 1, 2, 3, 4, 5]);
    let frozen = counters.iter().map(|put| Put {
        kind: PointKind::FrozenCounter,
        ..*put
    });
    let frozen: Vec<_> = frozen.collect();
    for number in [1, 2, 5, 6, 9, 10] {
        let selection = Selection::all(Variation::new(21, number));
        let told = read(&outstation, selection, "fc0").await;
        let times = told.iter().map(|told| told.time.map(Timestamp::as_millis));
        let expected = frozen.iter().zip(times).map(|(put, time)| {
            assert_eq!(time.is_some(), [5, 6].contains(&number));
            time.map_or(Told::untimed(put), |time| {
                assert!((before..=unix_ms()).contains(&time));
                Told::timed(&put.at(time))
            })
        });
        assert_eq!(told, expected.collect::<Vec<_>>(), "g21v{number}");
    }
}
