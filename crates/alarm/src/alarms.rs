//! All alarms of an engine: readings, changes of links, commands and time go in, records come out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gridos_model::{AlarmId, AlarmRecord, Directory, LinkChange, PointIndex, Readings};

use crate::desk::Desk;
use crate::{Case, Command, Deed, Defined, Definition, Generation, Memory, Now, Outcome, Refusal};

/// An alarm's present definition.
#[derive(Clone, Copy, Debug)]
pub struct Current<'a> {
    /// The definition.
    pub definition: &'a Arc<Definition>,
    /// Counts its changes: 1 for that of the configuration.
    pub version: u32,
    /// Who changed it last at run time, if anybody did.
    pub edited: Option<&'a Deed>,
}

/// All alarms of an engine.
///
/// It knows no clock: `now` is an argument, and its monotonic time must not go back. What happened
/// is in [`Self::records`], in order, until [`Self::clear_records`].
#[derive(Debug)]
pub struct Alarms {
    desk: Desk,
}

impl Alarms {
    /// The alarms `defined` over the points of `directory`, all at rest; no two have one id.
    pub fn new(directory: Arc<Directory>, defined: &[Defined]) -> Self {
        Self {
            desk: Desk::new(directory, defined),
        }
    }

    /// Goes on with what an earlier process left, before any reading came. Nothing is annunciated;
    /// there are records only of what the configuration ended or changed meanwhile.
    ///
    /// What was active stays so and is marked as unconfirmed until a good reading of its point. What is
    /// `elsewhere`, with another engine, is only in [`Self::take_handed_over`].
    pub fn restore(&mut self, memory: Memory, elsewhere: &HashSet<AlarmId>, now: Now) {
        self.desk.restore(memory, elsewhere, now);
    }

    /// What is known of the alarms that another engine goes on with since it was asked for last.
    pub fn take_handed_over(&mut self) -> Vec<Case> {
        std::mem::take(&mut self.desk.handed_over)
    }

    /// Goes on with the alarms of another generation.
    ///
    /// What is the same goes on with all that is known of it, delays included. A definition that is
    /// another one judges the last value anew; one that was changed at run time counts on if that of
    /// the configuration, which it replaced, is the same. What is gone is retired, with a record.
    pub fn renew(&mut self, generation: Generation, now: Now) {
        self.desk.renew(generation, now);
    }

    /// The alarms whose definitions were changed at run time.
    pub fn edited(&self) -> impl Iterator<Item = AlarmId> {
        self.desk.edited()
    }

    /// Judges the readings of a layout whose first point is at `first`, in their order. Late ones
    /// must be flagged.
    pub fn on_readings(&mut self, first: PointIndex, readings: &Readings<'_>, now: Now) {
        self.desk.on_readings(first, readings, now);
    }

    /// Takes in that the communication with a device was lost or is whole again.
    pub fn on_link(&mut self, change: &LinkChange, now: Now) {
        self.desk.on_link(change, now);
    }

    /// Does what somebody commands.
    ///
    /// # Errors
    /// If it is refused; nothing has changed then.
    pub fn on_command(&mut self, command: &Command, now: Now) -> Result<Outcome, Refusal> {
        self.desk.on_command(command, now)
    }

    /// Does what is due: delays, ages, shelves that end, alarms that are told again.
    pub fn on_time(&mut self, now: Now) {
        self.desk.on_time(now);
    }

    /// When [`Self::on_time`] has something to do next, by the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.desk.next_deadline()
    }

    /// What happened since they were last cleared, in order.
    pub fn records(&self) -> &[AlarmRecord] {
        &self.desk.records
    }

    /// Active alarms of an earlier process that were found to be still so since
    /// [`Self::clear_records`]: their cases are unconfirmed no more. It is no record, for nothing
    /// happened to them; to be taken in after the records.
    pub fn confirmed(&self) -> &[AlarmId] {
        self.desk.confirmed()
    }

    /// Forgets the records, and what was confirmed.
    pub fn clear_records(&mut self) {
        self.desk.records.clear();
        self.desk.forget_confirmed();
    }

    /// What must outlive the process, for a snapshot.
    pub fn memory(&self) -> Memory {
        self.desk.memory()
    }

    /// The sequence of the last record.
    pub fn sequence(&self) -> u64 {
        self.desk.sequence()
    }

    /// The cases of the alarms that are not at rest, in no order.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.desk.cases().filter(|case| !case.facts.is_at_rest())
    }

    /// The case of an alarm; `None` if there is no such alarm.
    pub fn case(&self, alarm: AlarmId) -> Option<Case> {
        self.desk.case(alarm)
    }

    /// The present definition of an alarm; `None` if there is no such alarm.
    pub fn definition(&self, alarm: AlarmId) -> Option<Current<'_>> {
        self.desk.current(alarm)
    }
}
