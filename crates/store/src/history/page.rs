//! Readings of points as they are, page by page.

use std::collections::BTreeMap;

use gridos_model::{Quality, Timestamp};

use super::order::Cursor;
use super::scan::{Direction, Found, Micros, Place, Sink};
use super::{HistoryQuery, ReadingRow};

/// A page of the readings of points over a time range.
///
/// Pages are told apart by a place in the order of readings, not by a number: what arrives
/// meanwhile moves nothing, and the last page costs no more than the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingsQuery {
    /// The points' full names, `device.point`, each once.
    pub points: Vec<String>,
    /// The first instant wanted.
    pub from: Timestamp,
    /// The first instant no longer wanted.
    pub until: Timestamp,
    /// The most readings of a page, of all points together.
    pub limit: usize,
    /// Whether pages begin with the youngest readings; within a page the oldest comes first all
    /// the same.
    pub youngest: bool,
    /// Where the page before ended, of the same points and direction.
    pub after: Option<Cursor>,
}

/// A page of readings, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadingsPage {
    /// The readings.
    pub readings: Vec<PointReading>,
    /// Where the next page goes on; `None` if this one is the last.
    pub next: Option<Cursor>,
}

/// One reading of one of several points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointReading {
    /// Which of the points asked for, from 0.
    pub point: usize,
    /// Its time: the source's, or that of reception where the quality says so.
    pub time: Timestamp,
    /// Its value; `None` if it was NaN.
    pub value: Option<f64>,
    /// What is known against it.
    pub quality: Quality,
}

impl ReadingsQuery {
    /// The first page of one point.
    pub(crate) fn of(query: &HistoryQuery) -> Self {
        Self {
            points: vec![query.point.clone()],
            from: query.from,
            until: query.until,
            limit: query.limit,
            youngest: query.youngest,
            after: None,
        }
    }

    /// The stored times at which readings of the page may be.
    pub(crate) fn range(&self) -> Micros {
        let range = Micros::of(self.from, self.until);
        match self.after {
            Some(after) if self.youngest => range.up_to(after.time),
            Some(after) => range.since(after.time),
            None => range,
        }
    }
}

impl ReadingsPage {
    /// The readings of the only point asked for, which is `point`.
    pub(crate) fn rows(self, point: &str) -> Vec<ReadingRow> {
        let row = |reading: PointReading| ReadingRow {
            point: point.to_owned(),
            time: reading.time,
            value: reading.value,
            quality: reading.quality,
        };
        self.readings.into_iter().map(row).collect()
    }
}

/// Gathers a page: never more readings than it has, and one to know whether there are more.
#[derive(Debug)]
pub(crate) struct Gatherer {
    direction: Direction,
    after: Option<Cursor>,
    limit: usize,
    readings: BTreeMap<Cursor, (u32, Option<f64>, Quality)>,
}

impl Gatherer {
    pub(crate) fn new(query: &ReadingsQuery) -> Self {
        Self {
            direction: match query.youngest {
                true => Direction::YoungestFirst,
                false => Direction::OldestFirst,
            },
            after: query.after,
            limit: query.limit,
            readings: BTreeMap::new(),
        }
    }

    /// The page of everything taken.
    pub(crate) fn page(mut self) -> ReadingsPage {
        let mut next = None;
        if self.is_full() {
            self.drop_last();
            next = self.last();
        }
        let readings = self.readings.into_iter();
        let reading = |(at, (point, value, quality)): (Cursor, _)| PointReading {
            point: point as usize,
            time: at.time(),
            value,
            quality,
        };
        ReadingsPage {
            readings: readings.map(reading).collect(),
            next,
        }
    }

    fn is_full(&self) -> bool {
        self.readings.len() > self.limit
    }

    /// The last one in the direction of the pages.
    fn last(&self) -> Option<Cursor> {
        let last = match self.direction {
            Direction::OldestFirst => self.readings.last_key_value(),
            Direction::YoungestFirst => self.readings.first_key_value(),
        };
        last.map(|(at, _)| *at)
    }

    fn drop_last(&mut self) {
        match self.direction {
            Direction::OldestFirst => self.readings.pop_last(),
            Direction::YoungestFirst => self.readings.pop_first(),
        };
    }

    /// Whether `a` comes before `b` in the direction of the pages.
    fn is_before<T: Ord>(&self, a: T, b: T) -> bool {
        match self.direction {
            Direction::OldestFirst => a < b,
            Direction::YoungestFirst => a > b,
        }
    }
}

impl Sink for Gatherer {
    fn direction(&self) -> Direction {
        self.direction
    }

    fn rows_at_once(&self) -> u16 {
        u16::try_from(self.limit).map_or(1_000, |limit| limit.saturating_add(1).clamp(8, 1_000))
    }

    fn take(&mut self, found: &Found) {
        let is_given = self
            .after
            .is_some_and(|after| !self.is_before(after, found.at));
        let is_beyond = self.is_full()
            && self
                .last()
                .is_some_and(|last| !self.is_before(found.at, last));
        if is_given || is_beyond {
            return;
        }
        let reading = (found.point, found.value, found.quality);
        self.readings.insert(found.at, reading);
        if self.readings.len() > self.limit.saturating_add(1) {
            self.drop_last();
        }
    }

    fn rest(&self, _: &Place, range: Micros) -> Micros {
        match (self.last().filter(|_| self.is_full()), self.direction) {
            (Some(last), Direction::OldestFirst) => range.up_to(last.time),
            (Some(last), Direction::YoungestFirst) => range.since(last.time),
            (None, _) => range,
        }
    }

    fn wants(&self, _: &Place, time: i64) -> bool {
        !self.is_full()
            || self
                .last()
                .is_some_and(|last| !self.is_before(last.time, time))
    }
}
