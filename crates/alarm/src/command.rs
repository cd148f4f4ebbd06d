//! What operators and engineers may command, and why it may be refused.

use std::sync::Arc;
use std::time::Duration;

use gridos_model::{AlarmId, Level, Note};

use crate::{Case, Definition, DefinitionError};

/// The longest an alarm may be shelved at a time.
pub const SHELF_MAX: Duration = Duration::from_secs(24 * 3_600);

/// The longest comment, name or key, in bytes.
pub const NOTE_BYTES_MAX: usize = 1_000;

/// A command about one alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The alarm.
    pub alarm: AlarmId,
    /// The occurrence that whoever commands has seen. Acknowledge, reset and silence need it.
    pub occurrence: Option<u64>,
    /// The worst level of it that they have seen, if they say so: what became worse since was not
    /// seen.
    pub worst: Option<Level>,
    /// What to do.
    pub order: Order,
    /// Who, why, and by which key it is known when it comes again.
    pub note: Note,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// The occurrence was seen, at its present level.
    Acknowledge,
    /// Release the latch; the condition must have returned to normal and be acknowledged.
    Reset,
    /// Silence the horn; the flash stays.
    Silence,
    /// Put away for a time; a comment is needed.
    Shelve {
        /// How long: up to [`SHELF_MAX`].
        period: Duration,
        /// Whether it comes back as soon as the condition returns to normal.
        is_one_shot: bool,
    },
    /// Take from the shelf.
    Unshelve,
    /// Suppress until told otherwise; a comment is needed.
    Suppress,
    /// End that.
    Unsuppress,
    /// Take out of service until told otherwise; a comment is needed.
    TakeOutOfService,
    /// End that.
    PutInService,
    /// Give it another definition.
    Redefine {
        /// The new definition, of the same kind.
        definition: Arc<Definition>,
        /// Only if its version is still this one.
        if_version: Option<u32>,
    },
}

/// What a command led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The case after it.
    pub case: Case,
    /// The version of the definition after it: 1 for that of the configuration.
    pub version: u32,
    /// Whether anything changed; not if it was so already, or the command had come before.
    pub is_changed: bool,
}

/// Why a command is refused; nothing has changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no such alarm.
    #[error("there is no such alarm")]
    Unknown,
    /// It needs the occurrence.
    #[error("say which occurrence is meant; the present one is {present}")]
    NoOccurrence {
        /// The present or last occurrence.
        present: u64,
    },
    /// Another occurrence than that which was seen.
    #[error("occurrence {seen} is over; the present one is {present}: look at it first")]
    Moved {
        /// Which one was seen.
        seen: u64,
        /// The present or last occurrence.
        present: u64,
    },
    /// It became worse than what was seen.
    #[error("it became {present}, which is worse than the {seen} that was seen: look at it first")]
    Worse {
        /// The worst level that was seen.
        seen: Level,
        /// The worst level of the occurrence by now.
        present: Level,
    },
    /// It never was active.
    #[error("it never was active")]
    NeverRaised,
    /// It does not latch, or has not.
    #[error("it is not latched: there is nothing to reset")]
    NotLatched,
    /// The condition is still there.
    #[error("the condition is still there; it can be reset when it has returned to normal")]
    StillActive,
    /// It must be acknowledged first.
    #[error("acknowledge it first, then reset it")]
    NotAcknowledged,
    /// The time on the shelf is too long or nothing.
    #[error("it can be shelved for 1 s to {most:?}, not for {given:?}")]
    Period {
        /// How long was asked for.
        given: Duration,
        /// The longest.
        most: Duration,
    },
    /// A reason is needed.
    #[error("say why, in a comment")]
    NoComment,
    /// A text of the note is too long.
    #[error("'{key}' has {given} bytes; allowed are {NOTE_BYTES_MAX}")]
    TooLong {
        /// Which text.
        key: &'static str,
        /// Its bytes.
        given: usize,
    },
    /// The definition was changed by somebody else meanwhile.
    #[error("the definition is at version {present}, not {expected}: look at it again")]
    Version {
        /// The version that was expected.
        expected: u32,
        /// The version it is at.
        present: u32,
    },
    /// The new definition is of another kind.
    #[error("an alarm cannot become one of another kind")]
    OtherKind,
    /// The new definition cannot be used.
    #[error("the definition cannot be used: {}", listed(.0))]
    Definition(Vec<DefinitionError>),
    /// A point that the definition refers to is not there, or is no number.
    #[error("no point '{0}' to measure the deviation from is configured")]
    NoReference(String),
    /// The key belongs to another command.
    #[error("the key was used for another command")]
    KeyReused,
}

fn listed(errors: &[DefinitionError]) -> String {
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
