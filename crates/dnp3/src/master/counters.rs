//! What a master has seen of an outstation.

use super::confirms::{Side, Withheld};
use super::{Failure, Ignored};
use crate::app::Iin;

/// What a master has seen and done since the association was made.
///
/// Every fragment is accounted for: `fragments` is the sum of [`Counters::delivered`], `null`,
/// `repeated` and [`Counters::ignored`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Fragments that arrived.
    pub fragments: u64,
    /// Fragments of answers that were delivered.
    pub delivered_solicited: u64,
    /// Unsolicited responses that were delivered.
    pub delivered_unsolicited: u64,
    /// Fragments with nothing to keep.
    pub null: u64,
    /// Unsolicited responses that had been delivered before.
    pub repeated: u64,
    /// Fragments ignored as [`Ignored::Malformed`].
    pub malformed: u64,
    /// Fragments ignored as [`Ignored::Control`].
    pub bad_control: u64,
    /// Fragments ignored as [`Ignored::Authentication`].
    pub authentication: u64,
    /// Fragments ignored as [`Ignored::Unasked`].
    pub unasked: u64,
    /// Fragments ignored as [`Ignored::Sequence`].
    pub out_of_sequence: u64,
    /// Fragments ignored as [`Ignored::Order`].
    pub out_of_order: u64,
    /// Fragments ignored as [`Ignored::Paused`].
    pub paused: u64,
    /// Fragments ignored as [`Ignored::Early`].
    pub early: u64,
    /// Fragments ignored as [`Ignored::Disconnected`].
    pub disconnected: u64,
    /// Delivered fragments that cannot be read to their end.
    pub dead_letters: u64,
    /// Unsolicited responses that ask for no confirm. They are taken all the same.
    pub without_con: u64,
    /// Requests sent, confirms not included.
    pub requests: u64,
    /// Requests that were not answered in time, or not to the end.
    pub timeouts: u64,
    /// Requests that were answered as they should be.
    pub answered: u64,
    /// Requests that were answered with a refusal of all or some of it.
    pub refused: u64,
    /// Requests whose answer does not do, or does not end.
    pub faulty: u64,
    /// Requests whose answer could not be kept, or not in time.
    pub not_kept: u64,
    /// Requests that were given up because the connection ended.
    pub cut_off: u64,
    /// Tasks that failed, for whatever reason.
    pub tasks_failed: u64,
    /// Confirms of answers sent.
    pub confirms_solicited: u64,
    /// Confirms of unsolicited responses sent.
    pub confirms_unsolicited: u64,
    /// From the arrival of fragments to their confirms, all together, in microseconds.
    pub confirm_wait_us: u64,
    /// Confirms not sent because their time was over.
    pub confirms_late: u64,
    /// Confirms not sent because another fragment had arrived.
    pub confirms_superseded: u64,
    /// Confirms not sent because the connection had ended.
    pub confirms_disconnected: u64,
    /// Confirms not sent because the fragment could not be kept.
    pub confirms_refused: u64,
    /// How often [`Iin::DEVICE_RESTART`] was newly set.
    pub restarts: u64,
    /// How often [`Iin::EVENT_BUFFER_OVERFLOW`] was newly set.
    pub overflows: u64,
    /// How often [`Iin::NEED_TIME`] was newly set.
    pub time_needs: u64,
    /// Fragments with a reserved indication set.
    pub reserved_indications: u64,
    /// Integrity polls done.
    pub integrity_polls: u64,
    /// How often the clock was set.
    pub clocks_set: u64,
    /// Events that [`super::Association::poll_event`] was not asked for in time.
    pub events_dropped: u64,
}

impl Counters {
    /// Fragments delivered.
    pub fn delivered(&self) -> u64 {
        self.delivered_solicited + self.delivered_unsolicited
    }

    /// Fragments ignored, whatever the reason.
    pub fn ignored(&self) -> u64 {
        self.malformed
            + self.bad_control
            + self.authentication
            + self.unasked
            + self.out_of_sequence
            + self.out_of_order
            + self.paused
            + self.early
            + self.disconnected
    }

    /// Confirms sent.
    pub fn confirms(&self) -> u64 {
        self.confirms_solicited + self.confirms_unsolicited
    }

    /// Confirms that were owed and not sent, whatever the reason.
    pub fn confirms_withheld(&self) -> u64 {
        self.confirms_late
            + self.confirms_superseded
            + self.confirms_disconnected
            + self.confirms_refused
    }

    /// A request ended, as `judged`: each one exactly once, or else it timed out.
    pub(super) fn on_ended(&mut self, judged: Result<(), Failure>) {
        let counter = match judged {
            Ok(()) => &mut self.answered,
            // Counted where the time is over.
            Err(Failure::Timeout) => return,
            Err(Failure::Refused(_) | Failure::Busy) => &mut self.refused,
            Err(Failure::StillSet(_) | Failure::NoDelay | Failure::Endless) => &mut self.faulty,
            Err(Failure::NotConfirmed | Failure::NotKept) => &mut self.not_kept,
        };
        *counter += 1;
    }

    pub(super) fn on_ignored(&mut self, ignored: Ignored) {
        let counter = match ignored {
            Ignored::Malformed(_) => &mut self.malformed,
            Ignored::Control(_) => &mut self.bad_control,
            Ignored::Authentication => &mut self.authentication,
            Ignored::Unasked => &mut self.unasked,
            Ignored::Sequence { .. } => &mut self.out_of_sequence,
            Ignored::Order => &mut self.out_of_order,
            Ignored::Paused => &mut self.paused,
            Ignored::Early => &mut self.early,
            Ignored::Disconnected => &mut self.disconnected,
        };
        *counter += 1;
    }

    pub(super) fn on_delivered(&mut self, is_unsolicited: bool, has_dead_letter: bool) {
        if is_unsolicited {
            self.delivered_unsolicited += 1;
        } else {
            self.delivered_solicited += 1;
        }
        self.dead_letters += u64::from(has_dead_letter);
    }

    pub(super) fn on_confirm(&mut self, side: Side, wait_us: u64) {
        match side {
            Side::Solicited => self.confirms_solicited += 1,
            Side::Unsolicited => self.confirms_unsolicited += 1,
        }
        self.confirm_wait_us = self.confirm_wait_us.saturating_add(wait_us);
    }

    pub(super) fn on_withheld(&mut self, why: Withheld) {
        let counter = match why {
            Withheld::Late => &mut self.confirms_late,
            Withheld::Superseded => &mut self.confirms_superseded,
            Withheld::Disconnected => &mut self.confirms_disconnected,
            Withheld::Refused => &mut self.confirms_refused,
        };
        *counter += 1;
    }

    /// Counts what is newly set.
    pub(super) fn on_indications(&mut self, rising: Iin, iin: Iin) {
        self.restarts += u64::from(rising.contains(Iin::DEVICE_RESTART));
        self.overflows += u64::from(rising.contains(Iin::EVENT_BUFFER_OVERFLOW));
        self.time_needs += u64::from(rising.contains(Iin::NEED_TIME));
        self.reserved_indications += u64::from(iin.reserved() != 0);
    }
}
