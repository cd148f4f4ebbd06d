//! What arrives from the outstation.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gridos_model::{Quality, TimeQuality, Timestamp};
use gridos_telemetry::DeadLetterFate;

use crate::outstation::{PATIENCE, Put};
use crate::rig::{Arrived, Rig, Seen, point_name};

/// A reading, as far as the outstation says it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) point: String,
    pub(crate) value: f64,
    pub(crate) quality: Quality,
    /// Its own time.
    pub(crate) time: Option<Timestamp>,
}

impl Told {
    /// What is to arrive of `put` by an object without time.
    pub(crate) fn untimed(put: &Put) -> Self {
        Self {
            point: point_name(put.kind, put.index),
            value: put.value,
            quality: put.quality | Quality::NO_SOURCE_TIME,
            time: None,
        }
    }

    /// What is to arrive of `put` by an object with time.
    pub(crate) fn timed(put: &Put) -> Self {
        let mut quality = put.quality;
        if !put.is_synchronised {
            quality |= Quality::CLOCK_UNSYNCHRONISED;
        }
        Self {
            quality,
            time: Some(Timestamp::from_millis(put.millis)),
            ..Self::untimed(put)
        }
    }

    /// Whether it is of a counter that is not frozen.
    pub(crate) fn is_counter(&self) -> bool {
        self.point.starts_with('c')
    }

    /// What a sweep tells, whose readings have no time.
    fn of_present(seen: &Seen) -> Self {
        Self {
            point: seen.point.clone(),
            value: seen.value,
            quality: seen.quality | Quality::NO_SOURCE_TIME,
            time: None,
        }
    }

    fn of(seen: &Seen) -> Self {
        let has_time = !seen.quality.contains(Quality::NO_SOURCE_TIME);
        Self {
            point: seen.point.clone(),
            value: seen.value,
            quality: seen.quality,
            time: has_time.then_some(seen.time),
        }
    }
}

/// Waits until `is_so`.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The next batch that tells of values, which is made durable.
pub(crate) async fn next(rig: &mut Rig) -> Arrived {
    let mut next = None;
    until("a batch should arrive", || {
        next = rig.try_next();
        next.as_ref().is_some_and(|batch| !batch.is_void())
    })
    .await;
    let mut next = next.unwrap();
    next.keep();
    next
}

/// The next `count` events, in the order of their arrival.
pub(crate) async fn events(rig: &mut Rig, count: usize) -> Vec<Told> {
    let mut told = Vec::new();
    while told.len() < count {
        let batch = next(rig).await;
        if !batch.is_sweep {
            told.extend(all_of(&batch));
        }
    }
    told
}

/// What a batch tells.
pub(crate) fn all_of(batch: &Arrived) -> Vec<Told> {
    let is_timeless = batch.is_sweep && batch.time_quality == Some(TimeQuality::None);
    let told = |seen| {
        if is_timeless {
            Told::of_present(seen)
        } else {
            Told::of(seen)
        }
    };
    batch.readings.iter().map(told).collect()
}

/// Present values, until there are `count` of them: the last one of each point.
pub(crate) async fn present(rig: &mut Rig, count: usize) -> BTreeMap<String, Told> {
    let mut told = BTreeMap::new();
    while told.len() < count {
        let batch = next(rig).await;
        let readings = all_of(&batch).into_iter();
        told.extend(readings.map(|reading| (reading.point.clone(), reading)));
    }
    told
}

/// Keeps present values that have arrived; there must be nothing else.
pub(crate) fn keep_present(rig: &mut Rig) {
    while let Some(mut batch) = rig.try_next() {
        let is_gap_alone = batch.gap.is_some() && batch.readings.is_empty();
        assert!(batch.is_sweep || is_gap_alone, "{batch:?}");
        batch.keep();
    }
}

/// Makes sure that there is no event beside so many that were taken.
pub(crate) fn no_more_events(rig: &mut Rig, count: u64) {
    keep_present(rig);
    let cells = &rig.telemetry.dnp3;
    assert_eq!(cells.events.get() - cells.events_repeated.get(), count);
    assert_eq!(cells.dead_letters(DeadLetterFate::Taken), 0);
}
