//! What outstations ask of the engine.

use std::time::Duration;

use gridos_collect::dnp3::{Dnp3Device, Recent};

use super::super::device::Device;
use super::super::dnp3::{OutstationMap, Treatment};
use super::super::footprint::{self, Values};
use super::super::load::Config;
use super::super::profile::Protocol;
use super::super::store::Store;
use super::{Rate, bytes, count, quantity};

/// Bytes of an association beside its fragments and events: its link, its agenda, its counters.
const ASSOCIATION_BYTES: u64 = 4 << 10;

/// Bytes of an event that is remembered: its key, and a place in a table that is half empty.
const RECENT_BYTES_PER_EVENT: u64 = 8 + 34;

/// The smallest event in a fragment: an index of one octet, and one of flags (g2v1).
const EVENT_BYTES_LEAST: usize = 2;

/// The points that one octet can hold (g1v1).
const POINTS_PER_BYTE: usize = 8;

/// The outstations of a configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outstations {
    pub(super) count: usize,
    /// What they may take at most.
    pub(super) bytes: u64,
    /// Batches that they may fill at one time.
    pub(super) batches: usize,
}

impl Outstations {
    /// Those among `devices`.
    ///
    /// After a switch came back, each sends one fragment and waits until it is durable, and as many
    /// as may read everything at one time do so; what is beyond that is held back.
    pub(super) fn of<'a>(devices: impl Iterator<Item = &'a Device>, config: &Config) -> Self {
        let mut sum = Self::default();
        let mut integrity_batches = 0;
        for device in devices {
            let Protocol::Dnp3(map) = &device.profile.protocol else {
                continue;
            };
            sum.count += 1;
            sum.bytes += association_bytes(&map.treatment);
            sum.batches += fragment_batches(&map.treatment);
            integrity_batches = integrity_batches.max(map.integrity_batches());
        }
        let at_once = sum.count.min(config.dnp3.integrity_polls_at_once);
        sum.batches += at_once * integrity_batches;
        sum
    }
}

/// An outstation may be in the middle of an answer and of what it sends unasked.
fn association_bytes(treatment: &Treatment) -> u64 {
    let fragments = 2 * count(treatment.fragment_max.bytes());
    ASSOCIATION_BYTES + fragments + count(Recent::EVENTS_MAX) * RECENT_BYTES_PER_EVENT
}

/// The batches of the events of one fragment, and of its texts.
fn fragment_batches(treatment: &Treatment) -> usize {
    let events = treatment.fragment_max.bytes() / EVENT_BYTES_LEAST;
    events.div_ceil(Dnp3Device::EVENTS_PER_BATCH_MAX) + 1
}

/// The most readings of one batch: the events of a fragment, or a group that comes in one.
pub(super) fn batch_readings(map: &OutstationMap) -> usize {
    let fragment = map.treatment.fragment_max.bytes();
    let events = (fragment / EVENT_BYTES_LEAST).min(Dnp3Device::EVENTS_PER_BATCH_MAX);
    let groups = map.map.groups().iter().map(std::ops::Range::len);
    let swept = groups.max().unwrap_or(0).min(fragment * POINTS_PER_BYTE);
    events.max(swept)
}

/// What one outstation is asked a second, and what its integrity polls bring; its events are not
/// known.
pub(super) fn rate(map: &OutstationMap, store: &Store) -> Rate {
    let mut sum = Rate::default();
    let config = &map.treatment.config;
    for poll in &config.polls {
        let once = Rate {
            requests: 1.0,
            batches: 1.0,
            ..Rate::default()
        };
        sum.add(once, poll.period().as_secs_f64());
    }
    if let Some(period) = config.integrity_period {
        sum.add(integrity(map, store, period), period.as_secs_f64());
    }
    sum
}

fn integrity(map: &OutstationMap, store: &Store, period: Duration) -> Rate {
    let database = &store.database;
    let points = map.map.points();
    let mut once = Rate {
        requests: 1.0,
        batches: quantity(map.integrity_batches()),
        ..Rate::default()
    };
    let mut behind = 0;
    let mut alone = Vec::new();
    for group in map.map.groups() {
        let swept = points.get(group.clone()).unwrap_or_default();
        alone.extend_from_slice(points.get(behind..group.start).unwrap_or_default());
        behind = group.end;
        let values = Values::of_outstation(swept);
        let kept = footprint::store_sweep_bytes(database, values);
        once.store_bytes += footprint::store_minute_bytes(store, values, period);
        once.journal_bytes += bytes(footprint::journal_sweep_bytes(swept.len()));
        once.store_bytes += bytes(kept);
        once.readings += quantity(swept.len());
    }
    alone.extend_from_slice(points.get(behind..).unwrap_or_default());
    // Texts are told when they change: next to nothing.
    alone.retain(|point| !point.is_text());
    if !alone.is_empty() {
        let values = Values::of_outstation(&alone);
        let kept = footprint::store_event_bytes(database, values);
        once.store_bytes += footprint::store_minute_bytes(store, values, period);
        once.journal_bytes += bytes(footprint::journal_event_bytes(alone.len()));
        once.store_bytes += bytes(kept);
        once.readings += quantity(alone.len());
    }
    once
}
