//! All points of a device at an instant.

use std::collections::BTreeMap;
use std::time::Duration;

use gridos_model::Timestamp;

use super::scan::{Direction, Found, Micros, Place, Sink};
use super::{ReadingRow, TextRow};

/// What a device's points were at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstantQuery {
    /// The device's name.
    pub device: String,
    /// The instant; what is of this very instant counts.
    pub at: Timestamp,
    /// How much older the last reading of a point may be. Texts come when they change, so they may
    /// be of any age.
    pub look_back: Duration,
}

/// What a device's points were at an instant, in the order of their names; points that had no
/// reading are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instant {
    /// The last reading of each point, at the instant or before.
    pub readings: Vec<ReadingRow>,
    /// The same of points that have texts.
    pub texts: Vec<TextRow>,
}

impl InstantQuery {
    /// The stored times at which readings may be.
    pub(crate) fn range(&self) -> Micros {
        Micros {
            from: self.at.saturating_sub(self.look_back).as_micros(),
            until: self.at.as_micros().saturating_add(1),
        }
    }
}

/// The youngest text of each point, by name.
pub(crate) fn youngest_texts(rows: impl IntoIterator<Item = TextRow>) -> Vec<TextRow> {
    let mut youngest: BTreeMap<String, TextRow> = BTreeMap::new();
    for row in rows {
        match youngest.get_mut(&row.point) {
            Some(known) if known.time >= row.time => {}
            Some(known) => *known = row,
            None => {
                youngest.insert(row.point.clone(), row);
            }
        }
    }
    youngest.into_values().collect()
}

/// Keeps the youngest reading of each point.
#[derive(Debug)]
pub(crate) struct Youngest {
    points: Vec<Option<Found>>,
}

impl Youngest {
    pub(crate) fn of(points: usize) -> Self {
        Self {
            points: vec![None; points],
        }
    }

    /// The time of that point of a place whose youngest reading is the oldest, if all have one.
    fn oldest(&self, place: &Place) -> Option<i64> {
        let known = |point: u32| self.points.get(point as usize).copied().flatten();
        let times = place.picks.iter();
        let times = times.map(|pick| known(pick.point).map_or(i64::MIN, |found| found.at.time));
        times.min().filter(|time| *time > i64::MIN)
    }

    /// The readings, with the points' `names`.
    pub(crate) fn rows(self, names: Vec<String>) -> Vec<ReadingRow> {
        let rows = names.into_iter().zip(self.points);
        let row = |(point, found): (String, Option<Found>)| {
            found.map(|found| ReadingRow {
                point,
                time: found.at.time(),
                value: found.value,
                quality: found.quality,
            })
        };
        let mut rows: Vec<_> = rows.filter_map(row).collect();
        rows.sort_by(|a, b| a.point.cmp(&b.point));
        rows
    }
}

impl Sink for Youngest {
    fn direction(&self) -> Direction {
        Direction::YoungestFirst
    }

    fn rows_at_once(&self) -> u16 {
        2
    }

    fn take(&mut self, found: &Found) {
        if let Some(place) = self.points.get_mut(found.point as usize)
            && place.is_none_or(|known| known.at < found.at)
        {
            *place = Some(*found);
        }
    }

    fn rest(&self, place: &Place, range: Micros) -> Micros {
        self.oldest(place).map_or(range, |time| range.since(time))
    }

    fn wants(&self, place: &Place, time: i64) -> bool {
        self.oldest(place).is_none_or(|oldest| oldest <= time)
    }
}
