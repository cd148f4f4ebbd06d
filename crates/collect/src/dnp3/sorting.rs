//! What a fragment carries, sorted into what becomes a batch of each shape.

use std::collections::HashMap;
use std::sync::Arc;

use gridos_dnp3::app::{CommonTime, FlagSet, ObjectHeader, Range, Reading, TimeQuality};
use gridos_dnp3::master::Delivery;
use gridos_model::{Batch, Layout, Quality, TimeQuality as SweepTime, Timestamp};
use gridos_ring::Intake;

use super::begun::Begun;
use super::point_map::Block;
use super::recent::Key;
use super::unmapped::Unmapped;
use super::{PointKind, PointMap, quality};

/// An event of a number, or a present value that is told like one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) position: u32,
    pub(super) quality: Quality,
    pub(super) time: Timestamp,
    pub(super) value: f64,
    /// [`Key::NONE`] for a present value: it may come as often as it likes.
    pub(super) key: Key,
}

/// A text, or an event of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextRow<'a> {
    pub(super) position: u32,
    pub(super) octets: &'a [u8],
    /// As of a [`Row`].
    pub(super) key: Key,
}

/// Where the points of an outstation go.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) map: &'a PointMap,
    pub(super) groups: &'a [Arc<Layout>],
    pub(super) intake: &'a Intake,
    /// The texts that were told last.
    pub(super) texts: &'a HashMap<u32, Key>,
}

/// What a fragment carries.
#[derive(Debug, Default)]
pub(super) struct Sorted<'a> {
    /// Groups of which all present values came.
    #[expect(clippy::vec_box, reason = "the batches of the pool are boxed")]
    pub(super) sweeps: Vec<Box<Batch>>,
    /// A group that may go on in the next fragment of the answer.
    pub(super) begun: Option<Box<Begun>>,
    pub(super) texts: Vec<TextRow<'a>>,
    /// Events, also those of points that are not mapped.
    pub(super) events: u64,
    /// Present values, also those of points that are not mapped.
    pub(super) static_values: u64,
    /// Values of points that are not mapped.
    pub(super) unmapped: u64,
    /// Values for which there was no batch: the fragment cannot be taken.
    pub(super) without_batch: usize,
}

impl<'a> Sorted<'a> {
    /// Sorts what `delivery` carries, which was received then; numbers that are told one by one go
    /// to `rows`, and points that are not mapped are noted in `unmapped`. A group may have `begun` in
    /// the fragment before.
    pub(super) fn of(
        delivery: &Delivery<'a>,
        received: Timestamp,
        place: Place<'_>,
        begun: Option<Box<Begun>>,
        rows: &mut Vec<Row>,
        unmapped: &mut Unmapped,
    ) -> Self {
        let control = delivery.response.control;
        let mut sorted = Self {
            begun,
            ..Self::default()
        };
        if control.uns || control.fir {
            sorted.give_up(place.map, rows);
        }
        let mut common = CommonTime::NONE;
        // What cannot be read ends the headers; the delivery has it as its dead letter.
        for header in delivery.response.headers().map_while(Result::ok) {
            if common.observe(&header) {
                continue;
            }
            let Some(kind) = header.kind() else {
                continue;
            };
            let count = header.count().unwrap_or(0);
            if header.is_event() {
                sorted.events += count;
            } else {
                sorted.static_values += count;
            }
            let Some(kind) = PointKind::of(kind) else {
                sorted.unmapped += count;
                continue;
            };
            let part = Part {
                header,
                kind,
                is_event: header.is_event(),
                flag_set: header.flag_set(),
                common,
                received,
                time_flags: quality::of_time(header.time_quality(common), delivery.is_synchronised),
            };
            if kind.is_text() {
                sorted.take_texts(&part, place, unmapped);
            } else if part.is_swept() {
                sorted.sweep(&part, place, rows, unmapped);
            } else {
                // An event may be younger than what waits.
                sorted.give_up(place.map, rows);
                sorted.unmapped += part.take_rows(place.map, rows, unmapped);
            }
        }
        if control.uns || control.fin {
            sorted.give_up(place.map, rows);
        }
        sorted
    }

    fn take_texts(&mut self, part: &Part<'a>, place: Place<'_>, unmapped: &mut Unmapped) {
        let is_event = part.is_event;
        for object in part.header.objects() {
            let position = object.index.and_then(|i| place.map.position(part.kind, i));
            let Some(position) = position else {
                self.unmapped += 1;
                if let Some(index) = object.index {
                    unmapped.note(part.kind, index);
                }
                continue;
            };
            let key = Key::of_octets(position, object.octets);
            let is_old = place.texts.get(&position) == Some(&key);
            if is_event || !is_old {
                self.texts.push(TextRow {
                    position,
                    octets: object.octets,
                    key: if is_event { key } else { Key::NONE },
                });
            }
        }
    }

    /// Present values, one after the other: groups that are all there become sweeps, also those
    /// that began in the header before.
    fn sweep(
        &mut self,
        part: &Part<'a>,
        place: Place<'_>,
        rows: &mut Vec<Row>,
        unmapped: &mut Unmapped,
    ) {
        let Range::Span { start, stop } = part.header.range() else {
            return;
        };
        let goes_on = |begun: &Begun| begun.goes_on_at(part.kind, start);
        if !self.begun.as_deref().is_some_and(goes_on) {
            self.give_up(place.map, rows);
        }
        let cut = place.map.block_cut_at(part.kind, start, stop);
        let mut blocks = place.map.blocks_within(part.kind, start, stop).iter();
        let mut block = blocks.next();
        let mut batch: Option<Box<Batch>> = None;
        part.for_each(|reading| {
            while block.is_some_and(|block| block.last < reading.index) {
                block = blocks.next();
            }
            let Some(within) = block.filter(|block| block.first <= reading.index) else {
                self.take_loose((part, &reading), cut, place, rows, unmapped);
                return;
            };
            if reading.index == within.first {
                batch = self.begin(within, part.received, place);
            }
            if let Some(batch) = &mut batch {
                let value = part.scaled(place.map, &reading);
                batch.push(value, quality::of_flags(reading.flags, part.flag_set));
            }
            if reading.index == within.last {
                self.sweeps.extend(batch.take());
            }
        });
    }

    /// A value of a group of which another header has the rest, or of none. The header ends within
    /// the group `cut`.
    fn take_loose(
        &mut self,
        (part, reading): (&Part<'a>, &Reading),
        cut: Option<Block>,
        place: Place<'_>,
        rows: &mut Vec<Row>,
        unmapped: &mut Unmapped,
    ) {
        if let Some(cut) = cut.filter(|cut| cut.first == reading.index) {
            let begun = Begun::new(part.kind, cut, part.received, part.time_flags);
            self.begun = Some(Box::new(begun));
        }
        let goes_on = |begun: &&mut Box<Begun>| begun.goes_on_at(part.kind, reading.index);
        let Some(begun) = self.begun.as_mut().filter(goes_on) else {
            self.unmapped += part.take_row(place.map, reading, rows, unmapped);
            return;
        };
        let flags = quality::of_flags(reading.flags, part.header.flag_set());
        begun.push(part.scaled(place.map, reading), flags);
        if begun.is_whole() {
            self.complete(part.received, place);
        }
    }

    /// The group that had begun is whole.
    fn complete(&mut self, received: Timestamp, place: Place<'_>) {
        let Some(begun) = self.begun.take() else {
            return;
        };
        let Some(layout) = place.groups.get(begun.group()) else {
            return;
        };
        match place.intake.take() {
            Some(mut batch) => {
                begun.fill(layout, received, &mut batch);
                self.sweeps.push(batch);
            }
            None => self.without_batch += begun.len(),
        }
    }

    /// The group that had begun does not go on: what is there is told one by one.
    fn give_up(&mut self, map: &PointMap, rows: &mut Vec<Row>) {
        if let Some(begun) = self.begun.take() {
            rows.extend(begun.rows(map));
        }
    }

    /// A sweep of the group at `block`, if there is a batch for it.
    fn begin(
        &mut self,
        block: &Block,
        received: Timestamp,
        place: Place<'_>,
    ) -> Option<Box<Batch>> {
        let layout = place.groups.get(block.group)?;
        let Some(mut batch) = place.intake.take() else {
            self.without_batch += layout.len();
            return None;
        };
        // The outstation gives present values no time.
        batch.start_sweep(layout, received, SweepTime::None, received);
        Some(batch)
    }
}

/// One object header with what is known of it.
struct Part<'a> {
    header: ObjectHeader<'a>,
    kind: PointKind,
    is_event: bool,
    flag_set: FlagSet,
    common: CommonTime,
    received: Timestamp,
    time_flags: Quality,
}

impl Part<'_> {
    /// Whether it carries present values without times, one after the other.
    fn is_swept(&self) -> bool {
        let has_times = self.header.time_quality(self.common) != TimeQuality::None;
        !self.is_event && !has_times && matches!(self.header.range(), Range::Span { .. })
    }

    fn for_each(&self, take_reading: impl FnMut(Reading)) {
        self.header.for_each_reading(self.common, take_reading);
    }

    /// The value of a point that there is.
    #[inline]
    fn scaled(&self, map: &PointMap, reading: &Reading) -> f64 {
        let position = map.position(self.kind, reading.index).unwrap_or(0);
        map.scaled(position, reading.value)
    }

    /// Adds all values to `rows`; returns how many have no point.
    fn take_rows(&self, map: &PointMap, rows: &mut Vec<Row>, unmapped: &mut Unmapped) -> u64 {
        let mut count = 0;
        self.for_each(|reading| count += self.take_row(map, &reading, rows, unmapped));
        count
    }

    #[inline]
    fn take_row(
        &self,
        map: &PointMap,
        reading: &Reading,
        rows: &mut Vec<Row>,
        unmapped: &mut Unmapped,
    ) -> u64 {
        let Some(position) = map.position(self.kind, reading.index) else {
            unmapped.note(self.kind, reading.index);
            return 1;
        };
        let time = reading.time.map(timestamp);
        let value = map.scaled(position, reading.value);
        let flags = quality::of_flags(reading.flags, self.flag_set);
        let key = if self.is_event {
            Key::of_number(position, time, value, flags)
        } else {
            Key::NONE
        };
        rows.push(Row {
            position,
            quality: flags | self.time_flags,
            time: time.unwrap_or(self.received),
            value,
            key,
        });
        0
    }
}

/// The time of an outstation; those of years that nobody can mean are the last one.
fn timestamp(milliseconds: u64) -> Timestamp {
    i64::try_from(milliseconds).map_or(Timestamp::MAX, Timestamp::from_millis)
}
