//! What a chunk holds, sorted by the table it goes to, and what must not go there.

use std::collections::HashMap;

use gridos_journal::{Chunk, LayoutBook, LayoutDefinition, Position, Record, StreamId};
use gridos_model::{Events, Gap, LayoutId, Readings, Sweep, Transition};

use crate::{StoreError, json};

/// Layouts that the database has for certain, with their number of points.
pub(crate) type KnownLayouts = HashMap<LayoutId, usize>;

/// The records of a chunk by kind; the columns are still borrowed from it.
#[derive(Debug, Default)]
pub(crate) struct Contents<'a> {
    pub(crate) sweeps: Vec<Sweep<'a>>,
    pub(crate) events: Vec<Events<'a>>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) quarantined: Vec<Quarantined>,
    /// Layouts that the database may not have yet.
    pub(crate) fresh: HashMap<LayoutId, LayoutDefinition>,
}

/// A record that cannot be stored as what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quarantined {
    pub(crate) position: Position,
    pub(crate) readings: u64,
    pub(crate) reason: String,
    /// The readings as JSON, if they could be decoded.
    pub(crate) record: Option<String>,
}

impl<'a> Contents<'a> {
    /// Sorts the records of `chunk`, checking each batch against its layout: one of `known`, or
    /// else what `book` says.
    pub(crate) fn sort(
        chunk: &'a Chunk,
        book: &LayoutBook,
        known: &KnownLayouts,
    ) -> Result<Self, StoreError> {
        let mut contents = Self::default();
        for (position, record) in chunk.records() {
            match record {
                Ok(Record::Readings(readings)) => {
                    contents.take_readings(position, readings, book, known)?;
                }
                Ok(Record::Transitions(transitions)) => contents.transitions.extend(transitions),
                Ok(Record::Gap(gap)) => contents.gaps.push(gap),
                Err(error) => contents.quarantined.push(Quarantined {
                    position,
                    readings: 0,
                    reason: error.to_string(),
                    record: None,
                }),
            }
        }
        Ok(contents)
    }

    /// Says aloud that something went to quarantine: once per chunk, with the first reason.
    pub(crate) fn report_quarantined(&self, stream: StreamId) {
        if let Some(first) = self.quarantined.first() {
            let (records, reason) = (self.quarantined.len(), &first.reason);
            tracing::error!(%stream, records, reason, "records went to the table quarantine");
        }
    }

    fn take_readings(
        &mut self,
        position: Position,
        readings: Readings<'a>,
        book: &LayoutBook,
        known: &KnownLayouts,
    ) -> Result<(), StoreError> {
        let points = self.points_of(readings.layout(), book, known)?;
        match (judge(&readings, points), readings) {
            (Ok(()), Readings::Sweep(sweep)) => self.sweeps.push(sweep),
            (Ok(()), Readings::Events(events)) => self.events.push(events),
            (Err(reason), readings) => self.quarantined.push(Quarantined {
                position,
                readings: readings.len() as u64,
                reason,
                record: Some(json::readings(&readings)),
            }),
        }
        Ok(())
    }

    /// How many points the layout has; `None` if nobody knows it.
    fn points_of(
        &mut self,
        layout: LayoutId,
        book: &LayoutBook,
        known: &KnownLayouts,
    ) -> Result<Option<usize>, StoreError> {
        if let Some(points) = known.get(&layout) {
            return Ok(Some(*points));
        }
        if let Some(definition) = self.fresh.get(&layout) {
            return Ok(Some(definition.points.len()));
        }
        let found = book.find(layout).map_err(|error| StoreError::Refused {
            reason: format!("the layout book cannot be read: {error}"),
        })?;
        Ok(found.map(|definition| {
            let points = definition.points.len();
            self.fresh.insert(layout, definition);
            points
        }))
    }
}

/// Whether the columns fit a layout of so many points.
fn judge(readings: &Readings<'_>, points: Option<usize>) -> Result<(), String> {
    let Some(points) = points else {
        let layout = readings.layout();
        return Err(format!("layout {layout} is not in the layout book"));
    };
    match readings {
        Readings::Sweep(sweep) if sweep.values.len() != points => Err(format!(
            "the sweep has {} values for a layout of {points} points",
            sweep.values.len()
        )),
        Readings::Events(events) if events.points.iter().any(|p| *p as usize >= points) => Err(
            format!("an event is of a point beyond the {points} of its layout"),
        ),
        Readings::Sweep(_) | Readings::Events(_) => Ok(()),
    }
}
