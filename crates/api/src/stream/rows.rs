//! The rows of everything that anybody follows: each is written once, for all who follow it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use gridos_model::{DeviceIndex, Level, PointIndex, PointRef, Quality};
use gridos_telemetry::{DeviceState, DeviceStats};
use serde::Serialize;

use super::asked::Key;
use crate::devices::{Device, alarms_by_device};
use crate::state::{Api, ApiState};
use crate::status::Status;
use crate::value::{Known, Value, active_levels, lost_with_its_device};

/// What a device counts is told no more often, unless its state or its alarms change.
const COUNTS_EVERY: Duration = Duration::from_millis(500);
/// Nor the overview.
const OVERVIEW_EVERY: Duration = Duration::from_secs(1);

/// Something that can be followed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    Point(PointRef),
    Device(DeviceIndex),
    Overview,
}

impl Subject {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Point(at) => Key::Point(at.index),
            Self::Device(at) => Key::Device(*at),
            Self::Overview => Key::Overview,
        }
    }
}

/// Everything that is followed, as it was when it was last looked at.
///
/// A row whose JSON changed gets the next version; who has seen the version `n` lacks the rows of
/// versions above `n`, however many changes there were.
#[derive(Debug, Default)]
pub(super) struct Rows {
    places: HashMap<Key, usize>,
    /// Apart from the rows, so that looking for what is new touches little memory.
    versions: Vec<u64>,
    rows: Vec<Row>,
    free: Vec<usize>,
    /// The version of the rows that changed last.
    version: u64,
    alarms: Alarms,
}

#[derive(Debug)]
struct Row {
    subject: Subject,
    followers: usize,
    json: Vec<u8>,
    seen: Seen,
}

/// What a row was made of, so that one that cannot have changed is passed over.
#[derive(Debug, Default)]
enum Seen {
    #[default]
    Nothing,
    Point {
        /// Of the live view of the device.
        version: u64,
        lost: Quality,
        alarms: u64,
        is_text: bool,
        known: Known,
    },
    Device {
        at: Instant,
        state: DeviceState,
        alarms: u64,
    },
    Overview(Instant),
}

/// What alarms mean for points and devices.
#[derive(Debug, Default)]
struct Alarms {
    /// The record that it is as of.
    sequence: u64,
    levels: HashMap<PointIndex, Level>,
    by_device: HashMap<DeviceIndex, usize>,
}

/// A point as a stream shows it.
#[derive(Serialize)]
struct ShownPoint<'a> {
    point: String,
    #[serde(flatten)]
    value: Value<'a>,
}

impl Rows {
    /// Makes sure that there is a row of `subject`, for one follower more; returns its place.
    pub(super) fn follow(&mut self, api: &Api, subject: Subject, now: Instant) -> usize {
        if let Some(place) = self.places.get(&subject.key()).copied() {
            self.rows[place].followers += 1;
            return place;
        }
        let row = Row {
            subject,
            followers: 1,
            json: Vec::new(),
            seen: Seen::Nothing,
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.rows[place] = row;
                place
            }
            None => {
                self.rows.push(row);
                self.versions.push(0);
                self.rows.len() - 1
            }
        };
        self.places.insert(subject.key(), place);
        self.rows[place].look(api, &self.alarms, now);
        self.version += 1;
        self.versions[place] = self.version;
        place
    }

    /// There is one follower less of the row at `place`.
    pub(super) fn leave(&mut self, place: usize) {
        let row = &mut self.rows[place];
        row.followers -= 1;
        if row.followers == 0 {
            row.json = Vec::new();
            row.seen = Seen::Nothing;
            self.places.remove(&row.subject.key());
            self.free.push(place);
        }
    }

    /// Takes over what alarms mean now.
    pub(super) fn look_at_alarms(&mut self, state: &ApiState) {
        // Before the look: a record that comes meanwhile is looked at again.
        let sequence = state.alarms.look(|table| table.sequence);
        if sequence != self.alarms.sequence {
            self.alarms = Alarms {
                sequence,
                levels: active_levels(state),
                by_device: alarms_by_device(state),
            };
        }
    }

    /// Looks at up to `count` rows from the place `from` on; returns whether there are more.
    pub(super) fn look(&mut self, api: &Api, from: usize, count: usize, now: Instant) -> bool {
        let until = self.rows.len().min(from + count);
        let next = self.version + 1;
        let rows = self.rows[from..until].iter_mut();
        for (row, version) in rows.zip(&mut self.versions[from..until]) {
            if row.followers > 0 && row.look(api, &self.alarms, now) {
                *version = next;
                self.version = next;
            }
        }
        until < self.rows.len()
    }

    /// The version of the rows that changed last.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Whether any of the rows at `places` is above `version`.
    pub(super) fn is_any_above(&self, version: u64, places: &[usize]) -> bool {
        self.version > version && places.iter().any(|place| self.versions[*place] > version)
    }

    /// The row at `place` as JSON, if it is above `version`.
    pub(super) fn above(&self, version: u64, place: usize) -> Option<&[u8]> {
        (self.versions[place] > version).then(|| &*self.rows[place].json)
    }
}

impl Row {
    /// Looks at the subject; returns whether it is shown otherwise than before.
    fn look(&mut self, api: &Api, alarms: &Alarms, now: Instant) -> bool {
        let state = &api.state;
        match self.subject {
            Subject::Point(at) => self.look_at_point(state, at, alarms),
            Subject::Device(at) => {
                let stats = state.telemetry.devices.get(at.get());
                stats.is_some_and(|stats| self.look_at_device(state, at, &stats, alarms, now))
            }
            Subject::Overview => {
                let age = |at: Instant| now.saturating_duration_since(at);
                if matches!(self.seen, Seen::Overview(at) if age(at) < OVERVIEW_EVERY) {
                    return false;
                }
                self.seen = Seen::Overview(now);
                self.put(&Status::now(api, now))
            }
        }
    }

    fn look_at_point(&mut self, state: &ApiState, at: PointRef, alarms: &Alarms) -> bool {
        let lost = lost_with_its_device(state, at.device);
        // Before the look: a batch that comes meanwhile is looked at again.
        let version = state.live.version(at.device.get());
        let (is_text, before) = match &mut self.seen {
            Seen::Point {
                version: own,
                lost: own_lost,
                alarms: own_alarms,
                is_text,
                known,
            } => {
                if (*own, *own_lost, *own_alarms) == (version, lost, alarms.sequence) {
                    return false;
                }
                (*is_text, Some(std::mem::take(known)))
            }
            Seen::Nothing | Seen::Device { .. } | Seen::Overview(_) => {
                let points = state.directory.device(at.device).whole().points();
                let point = points.get(at.position as usize);
                (point.is_some_and(|point| point.is_text()), None)
            }
        };
        let known = Known::now(state, at, is_text, &alarms.levels);
        let is_new = before.is_none_or(|before| before != known);
        if is_new {
            let point = state.directory.point_name(at.index);
            let shown = ShownPoint {
                point: point.unwrap_or_default(),
                value: known.shown(state, at.index),
            };
            self.put(&shown);
        }
        self.seen = Seen::Point {
            version,
            lost,
            alarms: alarms.sequence,
            is_text,
            known,
        };
        is_new
    }

    fn look_at_device(
        &mut self,
        state: &ApiState,
        at: DeviceIndex,
        stats: &DeviceStats,
        alarms: &Alarms,
        now: Instant,
    ) -> bool {
        let device_state = stats.state();
        let is_as_before = matches!(
            self.seen,
            Seen::Device { at, state, alarms: own }
                if state == device_state
                    && own == alarms.sequence
                    && now.saturating_duration_since(at) < COUNTS_EVERY
        );
        if is_as_before {
            return false;
        }
        self.seen = Seen::Device {
            at: now,
            state: device_state,
            alarms: alarms.sequence,
        };
        self.put(&Device::new(state, at, stats, &alarms.by_device, now))
    }

    /// Writes the JSON anew; returns whether it is another one.
    fn put(&mut self, shown: &impl Serialize) -> bool {
        let before = std::mem::take(&mut self.json);
        let mut json = Vec::with_capacity(before.len());
        // Texts, numbers and names: there is nothing that could fail.
        let _ = serde_json::to_writer(&mut json, shown);
        self.json = json;
        self.json != before
    }
}
