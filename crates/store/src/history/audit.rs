//! The audit log: who changed something of the engine from outside, or was refused.

use std::fmt;
use std::str::FromStr;

use gridos_model::{AuditRecord, Deed, DeedOutcome, Timestamp};

use super::alarms::Value;
use super::order::{ParseCursorError, number};
use super::scan::Micros;

/// Deeds over a time range, by when they happened on the engine's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// The first instant wanted.
    pub from: Timestamp,
    /// The first instant no longer wanted.
    pub until: Timestamp,
    /// Only of this principal, if given.
    pub principal: Option<String>,
    /// Only with this outcome, if given.
    pub outcome: Option<DeedOutcome>,
    /// Only actions that begin with this, if given: `PUT` or `PUT /api/v1/config`.
    pub action: Option<String>,
    /// Only what comes behind this place, in the order that is asked for.
    pub after: Option<AuditPlace>,
    /// The most rows wanted.
    pub limit: usize,
    /// The earliest first; else the youngest.
    pub ascending: bool,
}

impl AuditQuery {
    /// All deeds of a time range, the youngest first.
    pub fn between(from: Timestamp, until: Timestamp, limit: usize) -> Self {
        Self {
            from,
            until,
            principal: None,
            outcome: None,
            action: None,
            after: None,
            limit,
            ascending: false,
        }
    }
}

/// A deed as it is stored: its time in whole microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place among all others.
    pub place: AuditPlace,
    /// What happened.
    pub record: AuditRecord,
}

/// A place in the order of deeds: by their time, then by the stream and the sequence. As text it means
/// nothing to anybody but a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditPlace {
    /// Microseconds since 1970.
    pub(crate) time: i64,
    pub(crate) stream: i64,
    pub(crate) sequence: i64,
}

impl fmt::Display for AuditPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            time,
            stream,
            sequence,
        } = self;
        write!(f, "{time:x}-{stream:x}-{sequence:x}")
    }
}

impl FromStr for AuditPlace {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '-');
        let mut next = || number(parts.next().ok_or(ParseCursorError)?);
        Ok(Self {
            time: next()?,
            stream: next()?,
            sequence: next()?,
        })
    }
}

/// What a question asks for, as SQL, with the values that it refers to. `mark` begins the number of
/// a value: `?` or `$`.
pub(crate) fn audit_sql(query: &AuditQuery, mark: char) -> (String, Vec<Value>) {
    let (order, behind) = match query.ascending {
        true => ("asc", ">"),
        false => ("desc", "<"),
    };
    let mut values = Vec::new();
    let mut value = |value: Value| {
        values.push(value);
        format!("{mark}{}", values.len())
    };
    let range = Micros::of(query.from, query.until);
    let from = value(Value::Time(range.from));
    let until = value(Value::Time(range.until));
    let mut only = format!("ts >= {from} and ts < {until}");
    if let Some(principal) = &query.principal {
        only += &format!(" and principal = {}", value(Value::Text(principal.clone())));
    }
    if let Some(outcome) = query.outcome {
        let outcome = value(Value::Text(outcome.name().to_owned()));
        only += &format!(" and outcome = {outcome}");
    }
    if let Some(action) = &query.action {
        let mut pattern = String::new();
        for letter in action.chars() {
            if matches!(letter, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        let pattern = value(Value::Text(pattern + "%"));
        only += &format!(" and action like {pattern} escape '\\'");
    }
    if let Some(place) = query.after {
        // A place that somebody made up must not be beyond what databases take.
        let (least, most) = (Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
        let time = value(Value::Time(place.time.clamp(least, most)));
        let stream = value(Value::Integer(place.stream));
        let sequence = value(Value::Integer(place.sequence));
        only += &format!(" and (ts, stream, sequence) {behind} ({time}, {stream}, {sequence})");
    }
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let limit = value(Value::Integer(limit));
    let sql = format!(
        "select ts, stream, sequence, principal, kind, address, action, target, outcome, status, \
         detail from audit where {only} \
         order by ts {order}, stream {order}, sequence {order} limit {limit}"
    );
    (sql, values)
}

/// A row as databases keep it, column by column.
pub(crate) struct StoredDeed<'a> {
    pub(crate) time: Timestamp,
    pub(crate) stream: i64,
    pub(crate) sequence: i64,
    /// Principal, kind, address, action, target.
    pub(crate) texts: [&'a str; 5],
    pub(crate) outcome: &'a str,
    pub(crate) status: i32,
    pub(crate) detail: &'a str,
}

impl StoredDeed<'_> {
    /// The row in our terms, or what in it only a later version knows.
    pub(crate) fn row(&self) -> Result<AuditRow, String> {
        let outcome = DeedOutcome::of_name(self.outcome).ok_or_else(|| {
            let outcome = self.outcome;
            format!("outcome '{outcome}' of a deed is unknown to this version of GridOS")
        })?;
        let [principal, kind, address, action, target] = self.texts.map(str::to_owned);
        let deed = Deed {
            principal,
            kind,
            address,
            action,
            target,
            outcome,
            status: u16::try_from(self.status).unwrap_or_default(),
            detail: self.detail.to_owned(),
        };
        Ok(AuditRow {
            place: AuditPlace {
                time: self.time.as_micros(),
                stream: self.stream,
                sequence: self.sequence,
            },
            record: AuditRecord::new(self.sequence.cast_unsigned(), self.time, deed),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_place_reads_back((time, stream, sequence) in any::<(i64, i64, i64)>()) {
            let place = AuditPlace { time, stream, sequence };
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }

        #[test]
        fn no_text_panics(text in "[0-9a-f-]{0,60}") {
            let _ = text.parse::<AuditPlace>();
        }
    }
}
