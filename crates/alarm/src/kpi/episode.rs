//! What one alarm did in the time that is measured.

use std::time::Duration;

use gridos_model::{AlarmAction, AlarmId, Timestamp};

use super::{Occurred, Targets};

/// An alarm that stood already when the first record that is measured came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The alarm.
    pub alarm: AlarmId,
    /// When its condition became true, as the engine learned of it; `None` if it is over and only
    /// waits for its acknowledgement.
    pub raised: Option<Timestamp>,
    /// When it was annunciated, if that waits for an acknowledgement.
    pub waiting: Option<Timestamp>,
    /// Whether operators were not shown it.
    pub is_hidden: bool,
}

/// How often one alarm did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlarmCounts {
    /// Operators were told.
    pub annunciations: u64,
    /// It became active.
    pub activations: u64,
    /// It began to chatter.
    pub chatters: u64,
    /// It returned to normal within a moment.
    pub fleeting: u64,
}

/// What one alarm did.
#[derive(Clone, Debug, Default)]
pub(super) struct Episode {
    pub(super) annunciations: u64,
    pub(super) activations: u64,
    pub(super) chatters: u64,
    pub(super) fleeting: u64,
    /// Since when it is active: as the engine learned of it, and at the source.
    raised: Option<(Timestamp, Timestamp)>,
    /// Since when an annunciation waits.
    pub(super) waiting: Option<Timestamp>,
    is_hidden: bool,
}

impl Episode {
    pub(super) fn standing(standing: &Standing) -> Self {
        Self {
            raised: standing.raised.map(|received| (received, received)),
            waiting: standing.waiting,
            is_hidden: standing.is_hidden,
            ..Self::default()
        }
    }

    /// Adds what occurred, and counts it if it `counts`; returns how long an annunciation had
    /// waited, if it was acknowledged.
    pub(super) fn add(
        &mut self,
        occurred: &Occurred,
        targets: &Targets,
        counts: bool,
    ) -> Option<Duration> {
        if occurred.action == AlarmAction::Raised && !self.is_active() {
            self.activations += u64::from(counts);
            self.raised = Some((occurred.received, occurred.time));
        } else if !occurred.is_active {
            let is_fleeting = self.end(occurred, targets);
            self.fleeting += u64::from(is_fleeting && counts);
        }
        self.is_hidden = occurred.is_hidden;
        if occurred.is_annunciated {
            self.annunciations += u64::from(counts);
            self.waiting.get_or_insert(occurred.received);
        }
        let since = self.waiting.filter(|_| !occurred.is_unacknowledged)?;
        self.waiting = None;
        let is_answer = occurred.action == AlarmAction::Acknowledged;
        is_answer.then(|| occurred.received.since(since))
    }

    pub(super) fn counts(&self) -> AlarmCounts {
        AlarmCounts {
            annunciations: self.annunciations,
            activations: self.activations,
            chatters: self.chatters,
            fleeting: self.fleeting,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.raised.is_some()
    }

    /// Since when it stands before operators, as the engine learned of it.
    pub(super) fn shown_since(&self) -> Option<Timestamp> {
        let (received, _) = self.raised.filter(|_| !self.is_hidden)?;
        Some(received)
    }

    /// It is not active any more; returns whether it hardly was.
    fn end(&mut self, occurred: &Occurred, targets: &Targets) -> bool {
        let is_return = occurred.action == AlarmAction::Returned;
        let is_short = |(_, time): (Timestamp, Timestamp)| {
            occurred.time.since(time) <= targets.fleeting_within
        };
        self.raised.take().is_some_and(is_short) && is_return
    }
}
