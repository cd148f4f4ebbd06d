//! What a master has to tell about an outstation, beside its values.

use super::Task;
use crate::app::Iin;

/// Something that a master has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The outstation answers: for the first time on this connection, or again.
    Online,
    /// The outstation does not answer.
    Offline(Offline),
    /// Events of the outstation may be lost. This belongs into the record of its values, before
    /// those of the fragment that tells it.
    Gap(Gap),
    /// One of BROADCAST, LOCAL_CONTROL, DEVICE_TROUBLE and CONFIG_CORRUPT has changed.
    Indication {
        /// Which one.
        bit: Iin,
        /// Whether it is set now.
        is_set: bool,
    },
    /// An integrity poll waits for [`super::Association::grant_integrity`]. The wish ends with the
    /// connection.
    WantsIntegrity,
    /// The integrity poll that was granted is over, or has not come about.
    IntegrityEnded {
        /// Whether everything was read.
        succeeded: bool,
    },
    /// The clock of the outstation has been set.
    ClockSet,
    /// A task has failed. It is tried again later, on the next connection at the latest; the
    /// others go on.
    TaskFailed {
        /// The task.
        task: Task,
        /// Why.
        failure: Failure,
        /// How often it has failed since it last succeeded, this time included: up to 255.
        failures: u8,
    },
}

/// Why an outstation does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offline {
    /// The connection has ended.
    Disconnected,
    /// Requests have not been answered.
    Unresponsive {
        /// How many, one after the other.
        timeouts: u32,
    },
}

/// Why events may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The outstation has restarted: events may be lost and counters may begin anew. An outstation
    /// that does not let the indication be cleared tells so on each connection.
    Restart,
    /// The outstation had no room for events.
    Overflow,
}

/// Why a task has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No answer came in time, or not all of it.
    #[error("no answer in time")]
    Timeout,
    /// The outstation will not do it: some of [`Iin::REFUSED`].
    #[error("the outstation refuses it: {0}")]
    Refused(Iin),
    /// The outstation is doing it already.
    #[error("the outstation is still at it")]
    Busy,
    /// The outstation has not cleared the indication that it was to clear.
    #[error("the outstation has done it and still indicates {0}")]
    StillSet(Iin),
    /// The outstation did not say how long it takes to answer.
    #[error("the answer tells no delay")]
    NoDelay,
    /// No receipt came in time to confirm a part of the answer, so the rest was not sent.
    #[error("a part of the answer was not kept in time to confirm it")]
    NotConfirmed,
    /// A part of the answer could not be kept.
    #[error("a part of the answer could not be kept")]
    NotKept,
    /// The answer does not end.
    #[error(
        "the answer has more than {} fragments",
        super::exchange::FRAGMENTS_MAX
    )]
    Endless,
}
