//! What is told to somebody whose command was not done.

use gridos_alarm::Refusal;
use gridos_pipeline::NotDone;

use crate::problem::{Kind, Problem};

impl From<NotDone> for Problem {
    fn from(not_done: NotDone) -> Self {
        let text = not_done.to_string();
        match not_done {
            NotDone::Refused(refusal) => refused(&refusal),
            NotDone::Busy => Self::new(Kind::Busy, text).retry_after_s(1),
            NotDone::NotDurable => Self::new(Kind::NotRecorded, text).retry_after_s(5),
        }
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let problem = Problem::new(kind(refusal), refusal.to_string());
    match refusal {
        Refusal::NoOccurrence { present } | Refusal::Moved { present, .. } => {
            problem.with("present_occurrence", present)
        }
        Refusal::Worse { present, .. } => problem.with("present_level", present.name()),
        Refusal::Version { present, .. } => problem.with("present_version", present),
        Refusal::Definition(errors) => {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            problem.with("errors", errors)
        }
        Refusal::Unknown
        | Refusal::NeverRaised
        | Refusal::NotLatched
        | Refusal::StillActive
        | Refusal::NotAcknowledged
        | Refusal::Period { .. }
        | Refusal::NoComment
        | Refusal::TooLong { .. }
        | Refusal::OtherKind
        | Refusal::NoReference(_)
        | Refusal::KeyReused => problem,
    }
}

/// What the client did: asked for what is not there, what the state does not allow now, what
/// somebody else was faster with, or what makes no sense at any time.
fn kind(refusal: &Refusal) -> Kind {
    match refusal {
        Refusal::Unknown => Kind::NotFound,
        Refusal::Moved { .. } => Kind::OccurrenceMoved,
        Refusal::NeverRaised
        | Refusal::Worse { .. }
        | Refusal::NotLatched
        | Refusal::StillActive
        | Refusal::NotAcknowledged => Kind::NotNow,
        Refusal::Version { .. } => Kind::VersionMoved,
        // draft-ietf-httpapi-idempotency-key-header §2.7 has 422 for a key that is reused.
        Refusal::KeyReused
        | Refusal::NoOccurrence { .. }
        | Refusal::Period { .. }
        | Refusal::NoComment
        | Refusal::TooLong { .. }
        | Refusal::OtherKind
        | Refusal::Definition(_)
        | Refusal::NoReference(_) => Kind::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gridos_alarm::DefinitionError;
    use gridos_model::Level;
    use serde_json::{Value, json};

    use super::*;

    fn told(not_done: NotDone) -> Value {
        serde_json::to_value(Problem::from(not_done)).unwrap()
    }

    #[test]
    fn every_refusal_has_its_status() {
        let table = [
            (Refusal::Unknown, 404, "not-found"),
            (Refusal::NoOccurrence { present: 7 }, 422, "invalid"),
            (
                Refusal::Moved {
                    seen: 3,
                    present: 7,
                },
                409,
                "occurrence-moved",
            ),
            (
                Refusal::Worse {
                    seen: Level::High,
                    present: Level::HighHigh,
                },
                409,
                "not-now",
            ),
            (Refusal::NeverRaised, 409, "not-now"),
            (Refusal::NotLatched, 409, "not-now"),
            (Refusal::StillActive, 409, "not-now"),
            (Refusal::NotAcknowledged, 409, "not-now"),
            (
                Refusal::Period {
                    given: Duration::ZERO,
                    most: Duration::from_secs(1),
                },
                422,
                "invalid",
            ),
            (Refusal::NoComment, 422, "invalid"),
            (
                Refusal::TooLong {
                    key: "by",
                    given: 9,
                },
                422,
                "invalid",
            ),
            (
                Refusal::Version {
                    expected: 1,
                    present: 2,
                },
                412,
                "version-moved",
            ),
            (Refusal::OtherKind, 422, "invalid"),
            (
                Refusal::Definition(vec![DefinitionError::NoStates { key: "abnormal" }]),
                422,
                "invalid",
            ),
            (Refusal::NoReference("x".to_owned()), 422, "invalid"),
            (Refusal::KeyReused, 422, "invalid"),
        ];
        for (refusal, status, kind) in table {
            let problem = told(refusal.clone().into());
            assert_eq!(problem["status"], status, "{refusal}");
            assert_eq!(problem["type"], format!("urn:gridos:problem:{kind}"));
            assert_eq!(problem["detail"], refusal.to_string());
        }
    }

    #[test]
    fn what_is_there_instead_is_told() {
        let moved = told(
            Refusal::Moved {
                seen: 3,
                present: 7,
            }
            .into(),
        );
        assert_eq!(moved["present_occurrence"], 7);
        let refusal = Refusal::Version {
            expected: 1,
            present: 2,
        };
        assert_eq!(told(refusal.into())["present_version"], 2);
        let errors = vec![
            DefinitionError::NoStates { key: "abnormal" },
            DefinitionError::Response(9_999),
        ];
        let problem = told(Refusal::Definition(errors.clone()).into());
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(problem["errors"], json!(texts));
    }

    #[test]
    fn what_was_not_done_may_be_given_again() {
        for (not_done, kind) in [
            (NotDone::Busy, "busy"),
            (NotDone::NotDurable, "not-recorded"),
        ] {
            let problem = told(not_done);
            assert_eq!(problem["status"], 503);
            assert_eq!(problem["type"], format!("urn:gridos:problem:{kind}"));
        }
    }
}
