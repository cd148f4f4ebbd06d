//! Going through stored rows: what every question about readings is made of.
//!
//! A store gives the rows of one layout after the other, each in order of time, to a [`Sink`], and
//! stops when the sink wants no more. No range is ever held in memory.

use gridos_model::{Quality, Timestamp};
use gridos_rows::pack::SPAN_MAX_MICROS;

use super::order::{Cursor, Shape};

/// From where to where a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    OldestFirst,
    YoungestFirst,
}

impl Direction {
    /// The direction as SQL says it.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::OldestFirst => "asc",
            Self::YoungestFirst => "desc",
        }
    }
}

/// A point that is asked for, and where it stands in a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    /// The place in the layout.
    pub(crate) position: u32,
    /// Which of the points asked for it is.
    pub(crate) point: u32,
}

/// A layout and its points that are asked for, in the order of their positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) layout: i64,
    pub(crate) picks: Vec<Pick>,
}

impl Place {
    fn find(&self, position: u32) -> Option<Pick> {
        let picks = &self.picks;
        let found = picks.binary_search_by_key(&position, |pick| pick.position);
        found.ok().map(|at| picks[at])
    }
}

/// The places of rows of layout, position and point.
pub(crate) fn places(mut rows: Vec<(i64, u32, u32)>) -> Vec<Place> {
    rows.sort_unstable();
    let mut places: Vec<Place> = Vec::new();
    for (layout, position, point) in rows {
        let pick = Pick { position, point };
        match places.last_mut() {
            Some(place) if place.layout == layout => place.picks.push(pick),
            _ => places.push(Place {
                layout,
                picks: vec![pick],
            }),
        }
    }
    places
}

/// A range of stored time, in microseconds since 1970: stored times are rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Micros {
    pub(crate) from: i64,
    /// The first one no longer in it.
    pub(crate) until: i64,
}

impl Micros {
    /// The stored times from `from` to before `until`.
    pub(crate) fn of(from: Timestamp, until: Timestamp) -> Self {
        let whole = Timestamp::from_micros(until.as_micros()) == until;
        let until = until.as_micros();
        Self {
            from: from.as_micros(),
            until: if whole {
                until
            } else {
                until.saturating_add(1)
            },
        }
    }

    /// The part at `time` or after it.
    pub(crate) fn since(self, time: i64) -> Self {
        let from = self.from.max(time);
        Self { from, ..self }
    }

    /// The part at `time` or before it.
    pub(crate) fn up_to(self, time: i64) -> Self {
        let until = self.until.min(time.saturating_add(1));
        Self { until, ..self }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.from >= self.until
    }

    pub(crate) fn contains(self, time: i64) -> bool {
        (self.from..self.until).contains(&time)
    }

    /// Where the packs of events end that may reach into the range.
    pub(crate) fn packs_until(self) -> i64 {
        self.until.saturating_add(SPAN_MAX_MICROS)
    }
}

/// One reading as a scan finds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) at: Cursor,
    /// Which of the points asked for it is of.
    pub(crate) point: u32,
    /// `None` if it was NaN.
    pub(crate) value: Option<f64>,
    pub(crate) quality: Quality,
}

/// What takes the readings of a scan.
pub(crate) trait Sink: Send {
    /// From which end of the range it takes them.
    fn direction(&self) -> Direction;

    /// How many rows to ask for at once, since it may want no more.
    fn rows_at_once(&self) -> u16;

    /// Takes one reading of the range.
    fn take(&mut self, found: &Found);

    /// The part of `range` in which readings of `place`'s points may still count: for a statement that
    /// is about to begin, so that it does not search where nothing is wanted.
    fn rest(&self, place: &Place, range: Micros) -> Micros;

    /// Whether readings of `place`'s points that are at `time` or beyond it may still count.
    fn wants(&self, place: &Place, time: i64) -> bool;
}

/// What identifies a stored row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowId {
    pub(crate) received: i64,
    pub(crate) table: u32,
    pub(crate) row: i64,
}

/// Gives the values of a sweep to `sink`: those of the place's picks, in their order.
pub(crate) fn take_sweep(
    place: &Place,
    time: i64,
    id: RowId,
    time_quality: Option<i64>,
    values: impl Iterator<Item = (Option<f64>, u32)>,
    sink: &mut (impl Sink + ?Sized),
) {
    let doubt = doubt(time_quality);
    for (pick, (value, quality)) in place.picks.iter().zip(values) {
        sink.take(&Found {
            at: cursor(place, Shape::Sweep, time, id, pick.position),
            point: pick.point,
            value,
            quality: Quality::from_bits_retain(quality) | doubt,
        });
    }
}

/// Gives those events of a pack to `sink` that are of the place's points and in the range. Each is
/// its position in the layout, its time, its value and its quality.
pub(crate) fn take_pack(
    place: &Place,
    range: Micros,
    id: RowId,
    events: impl Iterator<Item = (u32, i64, Option<f64>, u32)>,
    sink: &mut (impl Sink + ?Sized),
) {
    for (ordinal, (position, time, value, quality)) in (0..).zip(events) {
        let Some(pick) = place.find(position).filter(|_| range.contains(time)) else {
            continue;
        };
        sink.take(&Found {
            at: cursor(place, Shape::Event, time, id, ordinal),
            point: pick.point,
            value,
            quality: Quality::from_bits_retain(quality),
        });
    }
}

/// Whether packs from the one that ends at `last` on, in the direction of `sink`, may still count.
pub(crate) fn wants_packs(place: &Place, last: i64, sink: &(impl Sink + ?Sized)) -> bool {
    let bound = match sink.direction() {
        Direction::OldestFirst => last.saturating_sub(SPAN_MAX_MICROS),
        Direction::YoungestFirst => last,
    };
    sink.wants(place, bound)
}

fn cursor(place: &Place, shape: Shape, time: i64, id: RowId, ordinal: u32) -> Cursor {
    let RowId {
        received,
        table,
        row,
    } = id;
    Cursor {
        time,
        received,
        layout: place.layout,
        shape,
        table,
        row,
        ordinal,
    }
}

/// What the column `time_quality` of a sweep says against its time.
fn doubt(time_quality: Option<i64>) -> Quality {
    match time_quality {
        Some(1) => Quality::CLOCK_UNSYNCHRONISED,
        Some(2) => Quality::NO_SOURCE_TIME,
        Some(3) => Quality::CLOCK_CLAMPED,
        _ => Quality::GOOD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_what_was_stored_rounded_down() {
        let nanos = Timestamp::from_nanos;
        let range = Micros::of(nanos(1_999), nanos(3_001));
        assert_eq!(range, Micros { from: 1, until: 4 });
        assert_eq!(Micros::of(nanos(0), nanos(3_000)).until, 3);
        assert_eq!(Micros::of(Timestamp::MIN, nanos(-1)).until, 0);
    }

    #[test]
    fn points_are_gathered_by_layout() {
        let places = places(vec![(7, 1, 0), (-3, 0, 0), (7, 0, 2)]);
        let pick = |position, point| Pick { position, point };
        let expected = [(-3, vec![pick(0, 0)]), (7, vec![pick(0, 2), pick(1, 0)])];
        let expected = expected.map(|(layout, picks)| Place { layout, picks });
        assert_eq!(places, expected);
        assert_eq!(places[1].find(1), Some(pick(1, 0)));
        assert_eq!(places[1].find(2), None);
    }
}
