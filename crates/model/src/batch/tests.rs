use proptest::prelude::*;

use super::*;
use crate::{DirectoryBuilder, Point};

fn layout(points: usize) -> Arc<Layout> {
    let points = (0..points)
        .map(|n| Point::new(&format!("p{n}"), ""))
        .collect();
    let mut builder = DirectoryBuilder::default();
    let device = builder.add("d", points, &[]).unwrap();
    Arc::clone(builder.build().device(device).whole())
}

#[test]
fn events_are_added_at_once_as_one_by_one() {
    let layout = layout(3);
    let at = Timestamp::from_millis;
    let good = [
        (0, at(1), 1.0, Quality::GOOD),
        (2, at(2), 2.0, Quality::GOOD),
    ];
    let bad = [
        (1, at(3), f64::NAN, Quality::GOOD),
        (1, at(4), 4.0, Quality::LATE),
    ];
    for fragments in [vec![good], vec![bad], vec![good, bad], vec![bad, good]] {
        let (mut at_once, mut one_by_one) = (Batch::default(), Batch::default());
        for batch in [&mut at_once, &mut one_by_one] {
            batch.start_events(&layout, at(9));
        }
        for events in fragments {
            assert!(at_once.push_events(events.into_iter()));
            for (position, time, value, quality) in events {
                assert!(one_by_one.push_event(position, time, value, quality));
            }
        }
        assert!(!at_once.push_events([good[0], (3, at(5), 5.0, Quality::GOOD)].into_iter()));
        assert_eq!(
            format!("{:?}", at_once.readings()),
            format!("{:?}", one_by_one.readings())
        );
    }
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![60 => -1e3..1e3_f64, 1 => any::<f64>(), 1 => Just(f64::NAN)];
    prop::collection::vec(value, 0..40)
}

proptest! {
    #[test]
    fn values_are_added_at_once_as_one_by_one(parts in prop::collection::vec(values(), 0..4)) {
        let count: usize = parts.iter().map(Vec::len).sum();
        let layout = layout(count.max(1));
        let [mut at_once, mut judged, mut one_by_one] = [(); 3].map(|()| {
            let (mut batch, time) = (Batch::default(), Timestamp::EPOCH);
            batch.start_sweep(&layout, time, TimeQuality::None, time);
            batch
        });
        for part in parts {
            at_once.extend(part.iter().copied());
            judged.push_all(part.iter().map(|value| (*value, Quality::GOOD)));
            part.iter().for_each(|value| one_by_one.push(*value, Quality::GOOD));
        }
        let columns = |batch: &Batch| {
            let readings = batch.readings().unwrap();
            let bits: Vec<_> = readings.values().iter().map(|value| value.to_bits()).collect();
            (bits, readings.qualities().to_vec())
        };
        prop_assert_eq!(columns(&at_once), columns(&one_by_one));
        prop_assert_eq!(columns(&judged), columns(&one_by_one));
    }
}

#[test]
fn good_values_need_no_quality_column() {
    let mut batch = Batch::default();
    batch.start_sweep(
        &layout(2),
        Timestamp::EPOCH,
        TimeQuality::None,
        Timestamp::EPOCH,
    );
    batch.extend([1.0, 2.0]);
    assert_eq!(batch.readings().unwrap().qualities(), []);
    assert_eq!(batch.check(), Ok(()));
}

#[test]
fn first_bad_value_fills_the_quality_column() {
    let mut batch = Batch::default();
    batch.start_sweep(
        &layout(3),
        Timestamp::EPOCH,
        TimeQuality::None,
        Timestamp::EPOCH,
    );
    batch.extend([1.0, f64::NAN, 3.0]);
    let qualities = [Quality::GOOD, Quality::NOT_FINITE, Quality::GOOD];
    assert_eq!(batch.readings().unwrap().qualities(), qualities);
}

#[test]
fn a_sweep_of_another_length_is_refused() {
    let mut batch = Batch::default();
    assert_eq!(batch.check(), Err(BatchError::NotStarted));
    batch.start_sweep(
        &layout(3),
        Timestamp::EPOCH,
        TimeQuality::None,
        Timestamp::EPOCH,
    );
    assert_eq!(batch.check(), Err(BatchError::Empty));
    batch.extend([1.0, 2.0]);
    assert_eq!(
        batch.check(),
        Err(BatchError::SweepLength {
            values: 2,
            points: 3
        })
    );
}

#[test]
fn an_event_of_an_unknown_point_is_not_taken() {
    let mut batch = Batch::default();
    batch.start_events(&layout(2), Timestamp::EPOCH);
    assert!(batch.push_event(1, Timestamp::EPOCH, 5.0, Quality::GOOD));
    assert!(!batch.push_event(2, Timestamp::EPOCH, 5.0, Quality::GOOD));
    assert_eq!(batch.len(), 1);
}

#[test]
fn flags_are_added_to_the_events_they_are_about() {
    let mut batch = Batch::default();
    batch.start_events(&layout(2), Timestamp::EPOCH);
    for millis in [5, 3, 8] {
        batch.push_event(1, Timestamp::from_millis(millis), 1.0, Quality::GOOD);
    }
    batch.flag_events(|_, time, _| {
        if time < Timestamp::from_millis(5) {
            Quality::LATE
        } else {
            Quality::GOOD
        }
    });
    let qualities = [Quality::GOOD, Quality::LATE, Quality::GOOD];
    assert_eq!(batch.readings().unwrap().qualities(), qualities);
}

#[test]
fn texts_are_readings_with_bounded_bytes() {
    let mut batch = Batch::default();
    let layout = layout(3);
    batch.start_events(&layout, Timestamp::EPOCH);
    assert!(!batch.push_text(0, Timestamp::EPOCH, "no events", Quality::GOOD));
    batch.start_texts(&layout, Timestamp::from_millis(9));
    assert_eq!(batch.check(), Err(BatchError::Empty));
    assert!(batch.push_text(2, Timestamp::from_millis(5), "SN 42", Quality::GOOD));
    assert!(batch.push_text(0, Timestamp::from_millis(6), b"\xff", Quality::LATE));
    assert!(batch.push_text(1, Timestamp::from_millis(7), "", Quality::GOOD));
    assert!(!batch.push_text(3, Timestamp::EPOCH, "beyond", Quality::GOOD));
    batch.flag_events(|position, _, _| {
        if position == 1 {
            Quality::LATE
        } else {
            Quality::GOOD
        }
    });
    assert_eq!((batch.len(), batch.check()), (3, Ok(())));
    let readings = batch.readings().unwrap();
    assert_eq!((readings.len(), readings.values()), (3, &[][..]));
    let Readings::Texts(texts) = readings else {
        panic!("{readings:?}");
    };
    assert_eq!(texts.points, [2, 0, 1]);
    let times = [5, 6, 7].map(Timestamp::from_millis);
    assert_eq!(texts.times, times);
    let kept: Vec<_> = texts.texts.iter().collect();
    assert_eq!(kept, ["SN 42", "\\xff", ""]);
    let escaped = Quality::LATE | Quality::TEXT_ESCAPED;
    assert_eq!(texts.qualities, [Quality::GOOD, escaped, Quality::LATE]);
    let column = TextColumn::new(texts.texts.bytes(), texts.texts.ends());
    assert_eq!(column, Some(texts.texts));
}

#[test]
fn a_batch_of_texts_is_full_at_its_bound() {
    let mut batch = Batch::default();
    batch.start_texts(&layout(1), Timestamp::EPOCH);
    let long = "x".repeat(crate::TEXT_BYTES_MAX);
    let mut push = || batch.push_text(0, Timestamp::EPOCH, &long, Quality::GOOD);
    for _ in 0..TEXTS_BYTES_MAX / crate::TEXT_BYTES_MAX {
        assert!(push());
    }
    assert!(!push());
    assert_eq!(batch.len(), 1_024);
    batch.clear();
    assert_eq!((batch.len(), batch.capacity_bytes() < 20_000), (0, true));
}

#[test]
fn a_recycled_batch_keeps_its_memory_and_nothing_else() {
    let mut batch = Batch::with_capacity(100);
    assert_eq!(batch.capacity_bytes(), 0);
    let fill = |batch: &mut Batch| {
        batch.start_events(&layout(1), Timestamp::EPOCH);
        batch.push_event(0, Timestamp::EPOCH, f64::NAN, Quality::GOOD);
        batch.clear();
        batch.capacity_bytes()
    };
    let bytes = fill(&mut batch);
    assert!(bytes >= 100 * (8 + 4 + 8));
    assert_eq!(fill(&mut batch), bytes);
    assert!(batch.is_empty() && batch.readings().is_none());
}

#[test]
fn a_sweep_takes_room_for_its_layout_alone() {
    let mut batch = Batch::with_capacity(100);
    let (time, quality) = (Timestamp::EPOCH, TimeQuality::Synchronised);
    batch.start_sweep(&layout(3), time, quality, time);
    batch.extend([1.0, 2.0, 3.0]);
    assert_eq!(batch.capacity_bytes(), 3 * 8);
}
