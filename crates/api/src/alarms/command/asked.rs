//! Commands as clients write them.

use std::time::Duration;

use gridos_alarm::{Order, SHELF_MAX};
use gridos_model::{Level, Note, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::{Kind, Problem};

/// What may be commanded, by the last part of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Ack,
    Reset,
    Silence,
    Shelve,
    Unshelve,
    Suppress,
    Unsuppress,
    OutOfService,
    InService,
}

impl Verb {
    #[cfg(test)]
    pub(super) const ALL: [Self; 9] = [
        Self::Ack,
        Self::Reset,
        Self::Silence,
        Self::Shelve,
        Self::Unshelve,
        Self::Suppress,
        Self::Unsuppress,
        Self::OutOfService,
        Self::InService,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Reset => "reset",
            Self::Silence => "silence",
            Self::Shelve => "shelve",
            Self::Unshelve => "unshelve",
            Self::Suppress => "suppress",
            Self::Unsuppress => "unsuppress",
            Self::OutOfService => "out-of-service",
            Self::InService => "in-service",
        }
    }
}

/// The body of a command.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = AlarmCommand)]
pub(super) struct Asked {
    /// The occurrence that was seen.
    pub(super) occurrence: Option<u64>,
    /// The worst level of it that was seen; not needed.
    worst_level: Option<String>,
    pub(super) by: String,
    pub(super) comment: String,
    /// How long to shelve it.
    seconds: Option<f64>,
    /// Until when to shelve it, instead.
    until: Option<String>,
    /// Whether it comes back as soon as it returns to normal.
    one_shot: Option<bool>,
}

impl Asked {
    /// What `verb` with this body means at `now`.
    pub(super) fn order(&self, verb: Verb, now: Timestamp) -> Result<Order, Problem> {
        let is_timed = self.seconds.is_some() || self.until.is_some() || self.one_shot.is_some();
        if verb != Verb::Shelve && is_timed {
            let detail = format!(
                "{} lasts until it is ended; 'seconds', 'until' and 'one_shot' are of shelve",
                verb.name()
            );
            return Err(Problem::new(Kind::Invalid, detail));
        }
        Ok(match verb {
            Verb::Ack => Order::Acknowledge,
            Verb::Reset => Order::Reset,
            Verb::Silence => Order::Silence,
            Verb::Shelve => Order::Shelve {
                period: self.period(now)?,
                is_one_shot: self.one_shot.unwrap_or(false),
            },
            Verb::Unshelve => Order::Unshelve,
            Verb::Suppress => Order::Suppress,
            Verb::Unsuppress => Order::Unsuppress,
            Verb::OutOfService => Order::TakeOutOfService,
            Verb::InService => Order::PutInService,
        })
    }

    /// The worst level that was seen, if that is said.
    pub(super) fn worst(&self) -> Result<Option<Level>, Problem> {
        self.worst_level.as_deref().map(level).transpose()
    }

    fn period(&self, now: Timestamp) -> Result<Duration, Problem> {
        let invalid = |detail: String| Problem::new(Kind::Invalid, detail);
        match (self.seconds, &self.until) {
            (Some(seconds), None) => Duration::try_from_secs_f64(seconds)
                .map_err(|_| invalid(format!("{seconds} is no number of seconds to shelve for"))),
            (None, Some(until)) => {
                let until: Timestamp = until
                    .parse()
                    .map_err(|error| invalid(format!("until: {error}")))?;
                let left = u64::try_from(until.as_nanos().saturating_sub(now.as_nanos()));
                left.map(Duration::from_nanos)
                    .map_err(|_| invalid(format!("until: {until} is over")))
            }
            (None, None) if self.one_shot == Some(true) => Ok(SHELF_MAX),
            (None, None) => Err(invalid(
                "say for how long, in 'seconds', or 'until' when, or \"one_shot\": true".to_owned(),
            )),
            (Some(_), Some(_)) => Err(invalid("give 'seconds' or 'until', not both".to_owned())),
        }
    }
}

/// The level called `name`.
pub(super) fn level(name: &str) -> Result<Level, Problem> {
    Level::of_name(name).ok_or_else(|| {
        let known = Level::ALL.map(Level::name).join(", ");
        let detail = format!("worst_level: must be one of {known}");
        Problem::new(Kind::Invalid, detail)
    })
}

/// Who commands it, why, and by which key it is known.
pub(in crate::alarms) fn note(by: &str, comment: &str, key: &str) -> Result<Note, Problem> {
    if by.trim().is_empty() {
        let detail = "say who commands it, in 'by'; it is recorded";
        return Err(Problem::new(Kind::Invalid, detail));
    }
    Ok(Note {
        by: by.trim().into(),
        comment: comment.trim().into(),
        key: key.into(),
        definition: Box::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_000_000)
    }

    fn order(verb: &str, body: &str) -> Result<Order, String> {
        let asked: Asked = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let mut all = Verb::ALL.into_iter();
        let verb = all.find(|own| own.name() == verb).unwrap();
        asked
            .order(verb, now())
            .map_err(|problem| serde_json::to_value(problem).unwrap()["detail"].to_string())
    }

    #[test]
    fn a_shelf_has_an_end() {
        let shelf = |seconds, is_one_shot| {
            Ok(Order::Shelve {
                period: Duration::from_secs(seconds),
                is_one_shot,
            })
        };
        assert_eq!(order("shelve", r#"{"seconds":60}"#), shelf(60, false));
        let until = r#"{"until":"1970-01-01T00:17:00Z","one_shot":true}"#;
        assert_eq!(order("shelve", until), shelf(20, true));
        assert_eq!(order("shelve", r#"{"one_shot":true}"#), shelf(86_400, true));
        for (body, why) in [
            ("{}", "for how long"),
            (r#"{"one_shot":false}"#, "for how long"),
            (r#"{"seconds":-1}"#, "-1 is no number of seconds"),
            (r#"{"seconds":1e300}"#, "no number of seconds"),
            (r#"{"until":"1970-01-01T00:16:39Z"}"#, "is over"),
            (r#"{"until":"soon"}"#, "RFC 3339"),
            (
                r#"{"seconds":1,"until":"1970-01-01T00:17:00Z"}"#,
                "not both",
            ),
        ] {
            let told = order("shelve", body).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn only_a_shelf_has_one() {
        for verb in Verb::ALL {
            let name = verb.name();
            let timed = order(name, r#"{"seconds":60}"#);
            assert_eq!(timed.is_ok(), verb == Verb::Shelve, "{name}");
            let plain = order(name, r#"{"occurrence":7,"by":"anna","comment":"seen"}"#);
            assert_eq!(plain.is_ok(), verb != Verb::Shelve, "{name}");
        }
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        let told = order("ack", r#"{"occurence":7}"#).unwrap_err();
        assert!(told.contains("occurence"), "{told}");
    }

    #[test]
    fn somebody_must_command() {
        assert!(note(" ", "why", "").is_err());
        let note = note(" anna ", " why ", "k").unwrap();
        assert_eq!(
            (&*note.by, &*note.comment, &*note.key),
            ("anna", "why", "k")
        );
    }
}
