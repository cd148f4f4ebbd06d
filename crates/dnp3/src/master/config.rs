//! How a master treats an outstation.

use std::time::Duration;

use super::{Assignments, Poll};
use crate::app::EventClasses;

/// How a master treats one outstation, or many alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How long an outstation may take for each fragment of an answer. Default 5 s. Too short, and
    /// slow answers are asked for again and again; too long, and a dead outstation is noticed late.
    pub response_timeout: Duration,
    /// How long the outstation waits for a confirm, as it is configured there. Default 5 s. If the
    /// outstation is less patient than this says, confirms come too late and events twice.
    pub outstation_confirm_timeout: Duration,
    /// How long after its arrival a fragment is still confirmed. Default `None`, which is 60 % of
    /// [`Config::outstation_confirm_timeout`]: a later one might be taken for that of another
    /// fragment, as there are only 16 numbers.
    pub confirm_within: Option<Duration>,
    /// When fragments with events are confirmed. Default [`Confirm::Durable`].
    pub confirm: Confirm,
    /// Whether events are kept from coming unasked until the first integrity poll is done. Only
    /// done once, not for each connection (IEEE 1815-2012, 5.1.1.1.2). Default `true`.
    pub disables_unsolicited: bool,
    /// What goes into which class, told to the outstation after each of its restarts. Default
    /// nothing: the outstation knows by itself.
    pub assignments: Assignments,
    /// Events of which classes may come unasked. Default all; with none, nothing is enabled.
    pub enables_unsolicited: EventClasses,
    /// What becomes of events that come unasked before the first integrity poll is done. Default
    /// [`EarlyEvents::Take`].
    pub early_events: EarlyEvents,
    /// How often everything is read, beside the first time and after losses. Default 1 h; `None`
    /// only then.
    pub integrity_period: Option<Duration>,
    /// How long after an integrity poll the next one may follow at the earliest. Default 10 s. An
    /// outstation that loses events all the time must not be read all the time.
    pub integrity_interval_min: Duration,
    /// Whether everything is read after each connect, not only the events. Default `false`.
    pub integrity_on_reconnect: bool,
    /// How soon events are asked for again if the outstation says that some wait and gives none.
    /// It doubles each time, up to the longest of [`Config::retry`]. Default 1 s.
    pub scan_interval_min: Duration,
    /// What else is read, and how often. Default nothing.
    pub polls: Vec<Poll>,
    /// How the clock is set when the outstation asks for it, or restarted. Default
    /// [`TimeSync::Never`].
    pub time_sync: TimeSync,
    /// How long after it was set the clock is set again at the earliest. Default 60 s.
    pub time_sync_interval_min: Duration,
    /// When a task that failed is tried again. Default from 5 s to 60 s.
    pub retry: Retry,
    /// The longest of these times for what the outstation refuses: an object it does not have. A
    /// function that it does not have is not tried again on the same connection. Default 1 h.
    pub refused_retry_longest: Duration,
    /// After how many requests without an answer, one after the other, the outstation counts as
    /// unresponsive. Default 3.
    pub unresponsive_after: u32,
    /// Within what time after a connect, and after a pause, requests begin; when exactly is left
    /// to chance, so that many outstations do not answer at once. Default 1 s.
    pub spread: Duration,
}

/// When a fragment with events is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// When a receipt says that it is kept: [`super::Association::handle_durable`].
    Durable,
    /// When it has arrived. A crash then loses what the outstation has already forgotten.
    Received,
}

/// What becomes of events that come unasked before the first integrity poll is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyEvents {
    /// They are taken: their times put them in order.
    Take,
    /// They are ignored and not confirmed, so that they come again.
    Ignore,
}

/// How the clock of an outstation is set (IEEE 1815-2012, clause 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSync {
    /// Not at all: the outstation has a clock of its own to go by.
    Never,
    /// By RECORD_CURRENT_TIME and g50v3, for networks without constant delays.
    Lan,
    /// By DELAY_MEASURE and g50v1, for serial lines.
    Serial,
}

/// Waits that double from failure to failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The wait after the first failure; below 10 ms counts as that.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            response_timeout: Duration::from_secs(5),
            outstation_confirm_timeout: Duration::from_secs(5),
            confirm_within: None,
            confirm: Confirm::Durable,
            disables_unsolicited: true,
            assignments: Assignments::default(),
            enables_unsolicited: EventClasses::all(),
            early_events: EarlyEvents::Take,
            integrity_period: Some(Duration::from_secs(3_600)),
            integrity_interval_min: Duration::from_secs(10),
            integrity_on_reconnect: false,
            scan_interval_min: Duration::from_secs(1),
            polls: Vec::new(),
            time_sync: TimeSync::Never,
            time_sync_interval_min: Duration::from_secs(60),
            retry: Retry {
                first: Duration::from_secs(5),
                longest: Duration::from_secs(60),
            },
            refused_retry_longest: Duration::from_secs(3_600),
            unresponsive_after: 3,
            spread: Duration::from_secs(1),
        }
    }
}

impl Config {
    /// How long after its arrival a fragment is still confirmed.
    pub fn confirm_within(&self) -> Duration {
        self.confirm_within
            .unwrap_or(self.outstation_confirm_timeout * 3 / 5)
    }
}

impl Retry {
    /// The wait after so many failures, one after the other, but not longer than `longest`.
    pub(super) fn delay(self, failures: u8, longest: Duration) -> Duration {
        let doublings = u32::from(failures.saturating_sub(1)).min(31);
        let delay = self.first.max(DELAY_MIN).saturating_mul(1 << doublings);
        delay.min(longest).max(DELAY_MIN)
    }
}

/// Below this, trying again would keep the outstation from everything else.
const DELAY_MIN: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirms_leave_room_for_the_way() {
        let mut config = Config::default();
        assert_eq!(config.confirm_within(), Duration::from_secs(3));
        config.confirm_within = Some(Duration::from_secs(1));
        assert_eq!(config.confirm_within(), Duration::from_secs(1));
    }

    #[test]
    fn waits_double() {
        let retry = Config::default().retry;
        let seconds = |failures| retry.delay(failures, retry.longest).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 255].map(seconds), [5, 10, 20, 40, 60, 60]);
        let none = Retry {
            first: Duration::ZERO,
            longest: Duration::ZERO,
        };
        assert_eq!(none.delay(0, none.longest), DELAY_MIN);
        assert_eq!(none.delay(9, Duration::MAX), DELAY_MIN * 256);
    }
}
