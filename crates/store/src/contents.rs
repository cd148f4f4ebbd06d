//! What a chunk holds, sorted by the table it goes to, and what must not go there.

use std::collections::HashMap;

use gridos_journal::{Chunk, LayoutBook, LayoutDefinition, Position, Record, StreamId};
use gridos_model::{DeadLetter, Events, Gap, LayoutId, Readings, Sweep, Texts, Transition};

use crate::introduction::find;
use crate::{Loss, StoreError, json};

/// Layouts that the database has for certain, with their number of points.
pub(crate) type KnownLayouts = HashMap<LayoutId, usize>;

/// The records of a chunk by kind; the columns are still borrowed from it.
#[derive(Debug, Default)]
pub(crate) struct Contents<'a> {
    pub(crate) sweeps: Vec<Sweep<'a>>,
    pub(crate) events: Vec<Events<'a>>,
    pub(crate) texts: Vec<Texts<'a>>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) letters: Vec<DeadLetter>,
    pub(crate) quarantined: Vec<Quarantined<'a>>,
    /// Layouts that the database may not have yet.
    pub(crate) fresh: HashMap<LayoutId, LayoutDefinition>,
}

/// A record that cannot be stored as what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quarantined<'a> {
    pub(crate) position: Position,
    pub(crate) readings: u64,
    pub(crate) reason: String,
    /// The readings as JSON, if they could be decoded.
    pub(crate) record: Option<String>,
    /// The record as it stands in the journal, header and all, if there is one.
    pub(crate) frame: Option<&'a [u8]>,
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
                    let points = contents.points_of(readings.layout(), book, known)?;
                    match (judge(&readings, points), readings) {
                        (Ok(()), Readings::Sweep(sweep)) => contents.sweeps.push(sweep),
                        (Ok(()), Readings::Events(events)) => contents.events.push(events),
                        (Ok(()), Readings::Texts(texts)) => contents.texts.push(texts),
                        (Err(reason), readings) => contents.quarantined.push(Quarantined {
                            record: Some(json::readings(&readings)),
                            ..Quarantined::of(chunk, position, reason)
                        }),
                    }
                }
                Ok(Record::Transitions(transitions)) => contents.transitions.extend(transitions),
                Ok(Record::Gap(gap)) => contents.gaps.push(gap),
                Ok(Record::Letter(letter)) => contents.letters.push(letter),
                Err(error) => {
                    let row = Quarantined::of(chunk, position, error.to_string());
                    contents.quarantined.push(row);
                }
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
        Ok(find(book, layout)?.map(|definition| {
            let points = definition.points.len();
            self.fresh.insert(layout, definition);
            points
        }))
    }
}

impl<'a> Quarantined<'a> {
    /// The record of `chunk` at `position`, which cannot be stored for `reason`.
    fn of(chunk: &'a Chunk, position: Position, reason: String) -> Self {
        let header = chunk.header(position);
        Self {
            position,
            readings: header.map_or(0, |header| u64::from(header.readings)),
            reason,
            record: None,
            frame: chunk.frame(position),
        }
    }

    /// A span of which nothing is left.
    pub(crate) fn lost(loss: &Loss) -> Self {
        Self {
            position: loss.from.position,
            readings: loss.readings(),
            reason: loss.reason.clone(),
            record: None,
            frame: None,
        }
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
        Readings::Texts(texts) if texts.points.iter().any(|p| *p as usize >= points) => Err(
            format!("a text is of a point beyond the {points} of its layout"),
        ),
        Readings::Sweep(_) | Readings::Events(_) | Readings::Texts(_) => Ok(()),
    }
}
