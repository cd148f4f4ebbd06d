//! Questions about the past and their answers.
//!
//! What is the same for every store stands here: how readings are ordered, gathered into pages,
//! reduced to columns. The stores give their rows to it ([`scan`]).

use gridos_model::{Level, Quality, Timestamp};

mod alarms;
mod audit;
mod gaps;
mod instant;
mod minutes;
mod order;
mod page;
mod patience;
mod place;
pub(crate) mod scan;
mod standing;
mod trend;

pub use alarms::{AlarmEventRow, AlarmEventsQuery, AlarmPlace};
pub(crate) use alarms::{Asked, StoredEvent, Value};
pub use audit::{AuditPlace, AuditQuery, AuditRow};
pub(crate) use audit::{StoredDeed, audit_sql};
pub use gaps::{GapRow, GapsQuery};
pub use instant::{Instant, InstantQuery};
pub(crate) use instant::{Youngest, youngest_texts};
pub(crate) use minutes::{MinuteRow, Minutes};
pub use order::{Cursor, ParseCursorError};
pub(crate) use page::Gatherer;
pub use page::{PointReading, ReadingsPage, ReadingsQuery};
pub(crate) use patience::too_slow;
pub use place::DevicePlace;
pub use standing::StandingRow;
pub(crate) use standing::{StoredStanding, standing_sql};
pub(crate) use trend::Reducer;
pub use trend::{Column, ColumnValues, Grid, Sample, TrendQuery};

/// The readings of one point over a time range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The point's full name, `device.point`.
    pub point: String,
    /// The first instant wanted.
    pub from: Timestamp,
    /// The first instant no longer wanted.
    pub until: Timestamp,
    /// The most rows wanted.
    pub limit: usize,
    /// Whether the youngest rows are wanted if there are more than `limit`; rows come in
    /// ascending time order all the same.
    pub youngest: bool,
}

/// One reading.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadingRow {
    /// The point's full name, `device.point`.
    pub point: String,
    /// Its time: the source's, or that of reception where the quality says so.
    pub time: Timestamp,
    /// Its value; `None` if it was NaN.
    pub value: Option<f64>,
    /// What is known against it.
    pub quality: Quality,
}

/// One text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRow {
    /// The point's full name, `device.point`.
    pub point: String,
    /// Its time: the source's, or that of reception where the quality says so.
    pub time: Timestamp,
    /// The text; empty and of bad quality if there was none.
    pub text: String,
    /// What is known against it.
    pub quality: Quality,
}

/// Which points are to be told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PointsQuery {
    /// All points of these devices.
    pub devices: Vec<String>,
    /// And these, by their full names. If there are neither devices nor points: all there are.
    pub points: Vec<String>,
}

/// A point that the store knows: it was configured once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointRow {
    /// The device's name.
    pub device: String,
    /// The point's full name, `device.point`.
    pub point: String,
    /// Its engineering unit as last configured; empty if there is none.
    pub unit: String,
}

/// Alarm transitions over a time range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmsQuery {
    /// Only of this point, if given.
    pub point: Option<String>,
    /// The first instant wanted.
    pub from: Timestamp,
    /// The first instant no longer wanted.
    pub until: Timestamp,
    /// The most rows wanted.
    pub limit: usize,
}

/// One change of an alarm's level.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmRow {
    /// The point's full name, `device.point`.
    pub point: String,
    /// When it happened.
    pub time: Timestamp,
    /// The level before.
    pub from: Level,
    /// The level after.
    pub to: Level,
    /// The value that did it; `None` if it was NaN.
    pub value: Option<f64>,
    /// Which alarm of the point it belongs to.
    pub occurrence: u64,
}

/// Dead letters over a time range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LettersQuery {
    /// Only of this device, if given.
    pub device: Option<String>,
    /// The first instant wanted.
    pub from: Timestamp,
    /// The first instant no longer wanted.
    pub until: Timestamp,
    /// Only what comes behind this place.
    pub after: Option<DevicePlace>,
    /// The most rows wanted.
    pub limit: usize,
}

/// One dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterRow {
    /// The device's name.
    pub device: String,
    /// When its last byte was read.
    pub received: Timestamp,
    /// Why it cannot be read.
    pub reason: String,
    /// The octets that were kept, in hex.
    pub octets: String,
    /// How many octets came.
    pub length: u32,
}

impl LetterRow {
    /// Whether more octets came than were kept.
    pub fn is_cut(&self) -> bool {
        self.length as usize > self.octets.len() / 2
    }
}

/// The level that databases call `name`.
pub(crate) fn level(name: &str) -> Option<Level> {
    (0..=u8::MAX)
        .map_while(Level::from_raw)
        .find(|level| level.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_by_name() {
        for found in [Level::Normal, Level::High, Level::LowLow] {
            assert_eq!(level(found.name()), Some(found));
        }
        assert_eq!(level("purple"), None);
    }
}
