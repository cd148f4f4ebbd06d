//! Deeds: who changed something of the engine from outside, or was refused.

use crate::Timestamp;

/// A deed, or an attempt at one. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who it was; empty if that is not known.
    pub principal: String,
    /// How they are known: `open`, `user`, `token`, `oidc`, `certificate`, `engine`, or empty.
    pub kind: String,
    /// From where, without the port; empty if from the machine itself.
    pub address: String,
    /// What was to be done, such as `PUT /api/v1/config`.
    pub action: String,
    /// To what; empty if to the engine as a whole.
    pub target: String,
    /// What became of it.
    pub outcome: DeedOutcome,
    /// The status that was answered; 0 if nobody waited for an answer.
    pub status: u16,
    /// More about it, for people.
    pub detail: String,
}

/// What became of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DeedOutcome {
    /// It was done.
    Allowed = 1,
    /// It was not, because of who wanted it.
    Refused = 2,
    /// It was not, for another reason.
    Failed = 3,
}

/// A deed as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Counts the deeds of one life of the engine, from 1.
    pub sequence: u64,
    /// When it happened.
    pub time: Timestamp,
    /// What happened; no text of it is longer than [`AuditRecord::TEXT_BYTES_MAX`].
    pub deed: Deed,
}

impl DeedOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Refused, Self::Failed];

    /// As it is shown and stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The outcome called `name`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// The outcome with this number.
    pub fn from_raw(raw: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| *outcome as u8 == raw)
    }
}

impl AuditRecord {
    /// The longest text of a deed; what is longer is cut.
    pub const TEXT_BYTES_MAX: usize = 512;

    /// Records `deed`, the `sequence`-th of this life, which happened at `time`.
    pub fn new(sequence: u64, time: Timestamp, mut deed: Deed) -> Self {
        let texts = [
            &mut deed.principal,
            &mut deed.kind,
            &mut deed.address,
            &mut deed.action,
            &mut deed.target,
            &mut deed.detail,
        ];
        for text in texts {
            cut(text);
        }
        Self {
            sequence,
            time,
            deed,
        }
    }
}

/// Cuts what is too long, at the end of a character.
fn cut(text: &mut String) {
    if text.len() > AuditRecord::TEXT_BYTES_MAX {
        let end = text.floor_char_boundary(AuditRecord::TEXT_BYTES_MAX);
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_read_back() {
        for outcome in DeedOutcome::ALL {
            assert_eq!(DeedOutcome::of_name(outcome.name()), Some(outcome));
            assert_eq!(DeedOutcome::from_raw(outcome as u8), Some(outcome));
        }
        assert_eq!(DeedOutcome::from_raw(0), None);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let deed = Deed {
            principal: "anna".to_owned(),
            kind: "user".to_owned(),
            address: String::new(),
            action: format!("x{}", "ä".repeat(1_000)),
            target: String::new(),
            outcome: DeedOutcome::Failed,
            status: 422,
            detail: "y".repeat(512),
        };
        let record = AuditRecord::new(1, Timestamp::EPOCH, deed.clone());
        assert_eq!(record.deed.action.len(), 511);
        assert_eq!(record.deed.detail, deed.detail);
    }
}
