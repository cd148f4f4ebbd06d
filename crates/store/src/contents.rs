//! What a chunk holds, sorted by the table it goes to, and what must not go there.

use std::collections::HashMap;
use std::ops::Range;

use gridos_journal::{
    Chunk, LayoutBook, LayoutDefinition, Position, Record, RecordError, StreamId, Tail,
};
use gridos_model::{
    AlarmRecord, AuditRecord, DeadLetter, DeviceId, Epoch, Events, Gap, LayoutId, Readings, Sweep,
    Texts, Transition,
};
use gridos_rows::clock::{self, StoredEvents, StoredTexts};

use crate::fence::{self, Claims, Fences};
use crate::introduction::find;
use crate::minutes::turn::Marks;
use crate::share::{Lot, Share};
use crate::{Loss, StoreError, json};

/// Layouts that the database has for certain.
pub(crate) type KnownLayouts = HashMap<LayoutId, KnownLayout>;

/// What of a layout must be at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownLayout {
    /// How many points it has.
    points: u32,
    lot: Lot,
    device: DeviceId,
}

impl KnownLayout {
    fn of(layout: &LayoutDefinition) -> Self {
        Self {
            // A record holds 32 MiB at most.
            points: u32::try_from(layout.points.len()).unwrap_or(u32::MAX),
            lot: Lot::of(layout),
            device: DeviceId::of(&layout.device),
        }
    }
}

/// The records of a chunk by kind; the columns are still borrowed from it.
#[derive(Debug, Default)]
pub(crate) struct Contents<'a> {
    pub(crate) sweeps: Vec<Sweep<'a>>,
    events: Vec<StoredEvents<'a>>,
    texts: Vec<StoredTexts<'a>>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) letters: Vec<DeadLetter>,
    pub(crate) alarms: Vec<AlarmRecord>,
    pub(crate) deeds: Vec<AuditRecord>,
    pub(crate) quarantined: Vec<Quarantined<'a>>,
    /// Epochs of devices that the database does not know.
    pub(crate) claims: Claims,
    /// Where the minute of reception changes.
    pub(crate) marks: Marks,
    /// Layouts that the database may not have yet.
    fresh: KnownLayouts,
    /// Layouts that only other connections write.
    foreign: KnownLayouts,
    /// The readings in it; not counted if there is one connection.
    pub(crate) readings: u64,
}

/// A record that cannot be stored as what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quarantined<'a> {
    pub(crate) position: Position,
    pub(crate) readings: u64,
    pub(crate) reason: String,
    /// The readings as JSON, if they could be decoded.
    pub(crate) record: Option<String>,
    /// The record as it stands in the journal, header and all, or what stands there instead, if anything does.
    pub(crate) frame: Option<&'a [u8]>,
}

impl<'a> Contents<'a> {
    /// Sorts those records of `chunk` that are in `share`, checking each batch against its layout:
    /// one of `known`, or else what `book` says.
    pub(crate) fn sort(
        chunk: &'a Chunk,
        book: &LayoutBook,
        known: &KnownLayouts,
        fences: &Fences,
        share: &Share,
    ) -> Result<Self, StoreError> {
        let mut contents = Self::default();
        for (position, record) in chunk.records() {
            if !share.is_whole()
                && !contents.takes((chunk, position, &record), book, known, share)?
            {
                continue;
            }
            match record {
                Ok(Record::Readings(readings)) => {
                    let layout = contents.layout(readings.layout(), book, known, share)?;
                    let points = layout.map(|layout| layout.points as usize);
                    let judged = judge(&readings, points);
                    let held = layout.and_then(|layout| Some((layout, chunk.epoch(position)?)));
                    let judged = judged.and_then(|()| match held {
                        Some((layout, epoch)) => contents.pass(&readings, layout, epoch, fences),
                        None => Ok(()),
                    });
                    if judged.is_ok() {
                        contents.mark(chunk, position, &readings);
                    }
                    match (judged, readings) {
                        (Ok(()), Readings::Sweep(sweep)) => contents.sweeps.push(sweep),
                        (Ok(()), Readings::Events(events)) => {
                            contents.events.push(StoredEvents::of(events));
                        }
                        (Ok(()), Readings::Texts(texts)) => {
                            contents.texts.push(StoredTexts::of(texts));
                        }
                        (Err(reason), readings) => contents.quarantined.push(Quarantined {
                            record: Some(json::readings(&readings)),
                            ..Quarantined::of(chunk, position, reason)
                        }),
                    }
                }
                Ok(Record::Transitions(transitions)) => {
                    let stored = transitions.into_iter().map(clock::of_transition);
                    contents.transitions.extend(stored);
                }
                Ok(Record::Gap(gap)) => contents.gaps.push(gap),
                Ok(Record::Letter(letter)) => contents.letters.push(letter),
                Ok(Record::Alarms(records)) => {
                    let stored = records.into_iter().map(clock::of_alarm);
                    contents.alarms.extend(stored);
                }
                Ok(Record::Audit(records)) => contents.deeds.extend(records),
                Err(error) => {
                    let row = Quarantined::of(chunk, position, error.to_string());
                    contents.quarantined.push(row);
                }
            }
        }
        Ok(contents)
    }

    /// What of `chunk` is in `share`, as what cannot be stored for `reason`.
    pub(crate) fn condemn(
        chunk: &'a Chunk,
        reason: &str,
        book: &LayoutBook,
        share: &Share,
    ) -> Result<Self, StoreError> {
        let (mut contents, known) = (Self::default(), KnownLayouts::new());
        for (position, record) in chunk.records() {
            if share.is_whole()
                || contents.takes((chunk, position, &record), book, &known, share)?
            {
                contents.quarantined.push(Quarantined {
                    record: record.ok().map(|record| json::record(&record)),
                    ..Quarantined::of(chunk, position, reason.to_owned())
                });
            }
        }
        contents.fresh.clear();
        contents.marks = Marks::default();
        Ok(contents)
    }

    /// Whether a batch may be stored that was received while its device was held under `epoch`.
    fn pass(
        &mut self,
        readings: &Readings<'_>,
        layout: KnownLayout,
        epoch: Epoch,
        fences: &Fences,
    ) -> Result<(), String> {
        let (device, received) = (layout.device, readings.received());
        if let Some(later) = fences.later(device, epoch, received) {
            return Err(format!(
                "fenced: when it was received under epoch {epoch}, another engine had the device \
                 under epoch {later}"
            ));
        }
        if !fences.knows(device, epoch) {
            fence::claim(&mut self.claims, device, epoch, received);
        }
        Ok(())
    }

    /// Whether a record of a chunk is in `share`, one of several. Of the others only the minute is
    /// noted, so that all connections turn at the same places.
    fn takes(
        &mut self,
        (chunk, position, record): (&Chunk, Position, &Result<Record<'_>, RecordError>),
        book: &LayoutBook,
        known: &KnownLayouts,
        share: &Share,
    ) -> Result<bool, StoreError> {
        if !share.spans(position) {
            return Ok(false);
        }
        let lot = match record {
            Ok(Record::Readings(readings)) => {
                let layout = self.layout(readings.layout(), book, known, share)?;
                layout.map(|layout| layout.lot)
            }
            Ok(
                Record::Transitions(_)
                | Record::Gap(_)
                | Record::Letter(_)
                | Record::Alarms(_)
                | Record::Audit(_),
            )
            | Err(_) => None,
        };
        let header = chunk.header(position);
        match record {
            _ if share.has(lot) => {
                self.readings += header.map_or(0, |header| u64::from(header.readings));
                return Ok(true);
            }
            Ok(Record::Readings(readings)) => self.mark(chunk, position, readings),
            _ => {}
        }
        Ok(false)
    }

    /// The layouts that were met and are not known yet.
    pub(crate) fn met(&self) -> impl Iterator<Item = (LayoutId, KnownLayout)> {
        let met = self.fresh.iter().chain(&self.foreign);
        met.map(|(id, layout)| (*id, *layout))
    }

    /// The layouts to make known.
    pub(crate) fn fresh(&self) -> Vec<LayoutId> {
        self.fresh.keys().copied().collect()
    }

    /// The events, with the times and qualities to store.
    pub(crate) fn events(&self) -> Vec<Events<'_>> {
        self.events.iter().map(StoredEvents::columns).collect()
    }

    /// How many batches of events there are.
    pub(crate) fn event_batches(&self) -> usize {
        self.events.len()
    }

    /// Some of [`Self::events`].
    pub(crate) fn events_in(&self, batches: Range<usize>) -> impl Iterator<Item = Events<'_>> {
        self.events[batches].iter().map(StoredEvents::columns)
    }

    /// Some of the sweeps, with the times to store.
    pub(crate) fn sweeps_in(&self, sweeps: Range<usize>) -> impl Iterator<Item = Sweep<'_>> {
        self.sweeps[sweeps].iter().map(|sweep| Sweep {
            time: clock::of_sweep(sweep).0,
            ..*sweep
        })
    }

    /// The texts, with the times and qualities to store.
    pub(crate) fn texts(&self) -> Vec<Texts<'_>> {
        self.texts.iter().map(StoredTexts::columns).collect()
    }

    /// Says aloud that something went to quarantine: once per chunk, with the first reason.
    pub(crate) fn report_quarantined(&self, stream: StreamId) {
        if let Some(first) = self.quarantined.first() {
            let (records, reason) = (self.quarantined.len(), &first.reason);
            tracing::error!(%stream, records, reason, "records went to the table quarantine");
        }
    }

    /// Notes when the record of `chunk` at `position`, the next of its kind, was received.
    fn mark(&mut self, chunk: &Chunk, position: Position, readings: &Readings<'_>) {
        let before = || {
            let header = chunk.header(position);
            header.map_or(0, |header| header.readings_before)
        };
        let place = (self.sweeps.len(), self.events.len());
        self.marks
            .note(readings.received(), position, before, place);
    }

    /// What there is to know of a layout; `None` if nobody knows it.
    fn layout(
        &mut self,
        id: LayoutId,
        book: &LayoutBook,
        known: &KnownLayouts,
        share: &Share,
    ) -> Result<Option<KnownLayout>, StoreError> {
        let met = known.get(&id).or_else(|| self.foreign.get(&id));
        if let Some(layout) = met.or_else(|| self.fresh.get(&id)) {
            return Ok(Some(*layout));
        }
        let found = find(book, id)?.map(|definition| KnownLayout::of(&definition));
        if let Some(layout) = found {
            let is_own = share.has(Some(layout.lot));
            let met = [&mut self.foreign, &mut self.fresh];
            met[usize::from(is_own)].insert(id, layout);
        }
        Ok(found)
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

    /// A span that cannot be read any more.
    pub(crate) fn lost(loss: &'a Loss) -> Self {
        Self {
            position: loss.from.position,
            readings: loss.readings(),
            reason: loss.reason.clone(),
            record: None,
            frame: (!loss.octets.is_empty()).then_some(&loss.octets),
        }
    }
}

/// Whether `chunk` has no more than one record.
pub(crate) fn is_single(chunk: &Chunk) -> bool {
    chunk.records().nth(1).is_none()
}

/// Where in `chunk` the record begins whose values these are, borrowed from it.
pub(crate) fn place_of(chunk: &Chunk, values: &[f64]) -> Option<Tail> {
    let is_it = |readings: &Readings<'_>| std::ptr::eq(readings.values(), values);
    let (position, _) = chunk
        .records()
        .find(|(_, record)| matches!(record, Ok(Record::Readings(readings)) if is_it(readings)))?;
    let header = chunk.header(position)?;
    Some(Tail {
        position,
        readings: header.readings_before,
    })
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
