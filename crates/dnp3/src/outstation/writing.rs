//! Responses as they are sent.

use std::mem::take;

use super::machine::Broadcast;
use super::selection::{Run, Series};
use super::solicited::{Pending, Wait};
use super::{Every, Moment, Outstation};
use crate::app::{
    Control, EventClasses, Iin, Qualifier, Response, ResponseWriter, Variation, WriteError,
};

/// An object that no master knows, with its header: a fault.
const UNKNOWN_OBJECT: [u8; 6] = [199, 1, 0x07, 1, 0xAA, 0xAA];

impl Outstation {
    /// Makes the next fragment of the answer to the master, if it is time for one.
    pub(super) fn respond(&mut self, at: Moment) -> bool {
        let deadline = at.now.checked_add(self.config.confirm_timeout);
        if take(&mut self.solicited.is_again) {
            if let (Some(wait), Some(deadline)) = (&mut self.solicited.wait, deadline) {
                wait.deadline = deadline;
            }
            return true;
        }
        if let Some(pending) = self.take_pending(at) {
            self.answer(at, &pending);
            self.solicited.request = pending.octets;
            return true;
        }
        if self.solicited.wait.is_some() {
            return false;
        }
        let series = self.solicited.series.take();
        series.is_some_and(|series| {
            self.go_on(at, series);
            true
        })
    }

    fn take_pending(&mut self, at: Moment) -> Option<Pending> {
        let awaits_unsolicited = self.unsolicited.wait.is_some();
        let pending = &mut self.solicited.pending;
        pending
            .take_if(|pending| at.now >= pending.due && !(awaits_unsolicited && pending.is_read()))
    }

    /// Makes the next fragment of a response to READ: events, present values, the time,
    /// attributes. It ends with the first that has no room.
    pub(super) fn go_on(&mut self, at: Moment, mut series: Box<Series>) {
        let mut writer = self.writer();
        let width = self.config.event_index_width;
        let events = self.events.write_selected(&self.points, width, &mut writer);
        let mut is_full = events.is_full || !self.write_runs(&mut series, &mut writer);
        if !is_full && series.wants_time {
            is_full = writer.time(self.clock.time(at)).is_err();
            series.wants_time = is_full;
        }
        let mut tail = Vec::new();
        let room = self.room().saturating_sub(writer.len());
        while let Some((variation, object)) = series.attributes.pop_front_if(|(_, object)| {
            !is_full && tail.len() + ATTRIBUTE_HEADER_BYTES + object.len() <= room
        }) {
            tail.extend(attribute_header(variation));
            tail.extend(object);
        }
        is_full |= !series.attributes.is_empty();
        let control = Control {
            fir: series.is_first,
            fin: !is_full && !self.faults.never_final,
            con: false,
            uns: false,
            sequence: series.sequence,
        };
        let control = Control {
            con: events.has_events || !control.fin,
            ..control
        };
        self.finish(at, writer, &tail, control, series.iin);
        if !control.fin {
            series.is_first = false;
            series.sequence = series.sequence.next();
            self.solicited.series = Some(series);
        }
    }

    /// Writes present values; whether all of them had room.
    fn write_runs(&self, series: &mut Series, writer: &mut ResponseWriter) -> bool {
        while let Some(run) = series.runs.front_mut() {
            match self.write_run(run, writer) {
                Ok(count) => run.places.start += count,
                Err(WriteError::Full) => return false,
                // Selections are checked before, so this is a mistake of this module.
                Err(error) => {
                    debug_assert!(false, "{error}");
                    run.places.start += 1;
                }
            }
            if run.places.is_empty() {
                series.runs.pop_front();
            }
        }
        true
    }

    /// Writes the first points of a run, as many as are told alike and have room; how many.
    fn write_run(&self, run: &Run, writer: &mut ResponseWriter) -> Result<usize, WriteError> {
        let definitions = self.points.definitions().get(run.places.clone());
        let values = self.values.slice(run.places.clone());
        let points = definitions.unwrap_or_default().iter().zip(values);
        let mut variations = points
            .clone()
            .map(|(definition, present)| present.variation(definition, run.number));
        let Some(variation) = variations.next() else {
            return Ok(run.places.len());
        };
        let count = 1 + variations.take_while(|other| *other == variation).count();
        let alike = points.take(count);
        writer.static_points(
            variation,
            alike.map(|(definition, present)| present.point(definition)),
        )
    }

    /// Puts the header before the objects, and the objects of `tail` behind them. If the response
    /// is to be confirmed, that is awaited from now on.
    pub(super) fn finish(
        &mut self,
        at: Moment,
        mut writer: ResponseWriter,
        tail: &[u8],
        mut control: Control,
        iin: Iin,
    ) {
        control.con |= self.broadcast == Some(Broadcast::TellUntilConfirmed);
        if self.faults.wrong_sequence.hits(self.counters.responses + 1) {
            control.sequence = control.sequence.next();
        }
        let iin = iin | self.indications(at);
        self.counters.refused += u64::from(iin.intersects(Iin::REFUSED) && control.fir);
        let octets = [writer.finish(control, iin), tail].concat();
        self.solicited.response = self.spoiled(octets, self.counters.responses + 1);
        self.broadcast
            .take_if(|broadcast| *broadcast == Broadcast::Tell);
        if control.con {
            let deadline = at.now.checked_add(self.config.confirm_timeout);
            self.solicited.wait = Some(Wait {
                sequence: control.sequence,
                deadline: deadline.unwrap_or(at.now),
            });
        }
    }

    /// What every fragment says of the device.
    pub(super) fn indications(&self, at: Moment) -> Iin {
        let unwritten = self.events.unwritten();
        let bits = [
            (self.broadcast.is_some(), Iin::BROADCAST),
            (unwritten.contains(EventClasses::ONE), Iin::CLASS_1_EVENTS),
            (unwritten.contains(EventClasses::TWO), Iin::CLASS_2_EVENTS),
            (unwritten.contains(EventClasses::THREE), Iin::CLASS_3_EVENTS),
            (self.clock.needs_time(at.now), Iin::NEED_TIME),
            (self.has_restarted, Iin::DEVICE_RESTART),
            (self.events.is_overflown(), Iin::EVENT_BUFFER_OVERFLOW),
        ];
        let set = bits.into_iter().filter(|(is_set, _)| *is_set);
        set.fold(self.faults.stuck, |iin, (_, bit)| iin | bit)
    }

    /// An empty fragment.
    pub(super) fn writer(&self) -> ResponseWriter {
        ResponseWriter::new(self.room())
    }

    /// The octets of a fragment at most, before faults.
    pub(super) fn room(&self) -> usize {
        let spared = if self.faults.unknown_object == Every::NEVER {
            0
        } else {
            UNKNOWN_OBJECT.len()
        };
        let room = self.config.limit() - spared;
        room.max(ResponseWriter::BYTES_MIN)
    }

    /// The fragment with what faults put into it; it is the one with that number.
    pub(super) fn spoiled(&self, mut octets: Vec<u8>, count: u64) -> Vec<u8> {
        let has_room = octets.len() + UNKNOWN_OBJECT.len() <= self.config.limit();
        let is_hit = self.faults.unknown_object.hits(count);
        if !(is_hit && has_room && octets.len() > Response::HEADER_BYTES) {
            return octets;
        }
        let place = Response::parse(&octets).ok().and_then(|response| {
            let mut headers = response.headers().flatten();
            let first = headers.next()?;
            Some(headers.next().unwrap_or(first).offset())
        });
        let place = place.unwrap_or(Response::HEADER_BYTES);
        octets.splice(place..place, UNKNOWN_OBJECT);
        octets
    }
}

/// The octets of a header with a range of two octets.
const ATTRIBUTE_HEADER_BYTES: usize = 5;

/// The header of an attribute of set 0.
fn attribute_header(variation: Variation) -> [u8; ATTRIBUTE_HEADER_BYTES] {
    let qualifier = Qualifier::SPAN_8.octet();
    [variation.group, variation.number, qualifier, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Group;

    #[test]
    fn no_table_has_the_unknown_object() {
        assert!(Group::find(UNKNOWN_OBJECT[0]).is_none());
    }
}
