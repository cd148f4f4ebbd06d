//! What happened to alarms, in the order in which engines learned of it.

use std::fmt;
use std::str::FromStr;

use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmRecord, Note, Priority, Quality, Shelf,
    Suppression, Timestamp,
};

use super::order::{ParseCursorError, number};
use super::scan::Micros;

/// What happened to alarms over a time range. Times are those at which the engine learned of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmEventsQuery {
    /// The first instant wanted.
    pub from: Timestamp,
    /// The first instant no longer wanted.
    pub until: Timestamp,
    /// Only of this alarm, if given.
    pub alarm: Option<AlarmId>,
    /// Only of alarms of this device and its points, if given.
    pub device: Option<String>,
    /// Only of alarms of this point, by its full name, if given.
    pub point: Option<String>,
    /// Only these actions; any if there are none.
    pub actions: Vec<AlarmAction>,
    /// Only what operators were told.
    pub annunciated_only: bool,
    /// Only what comes behind this place, in the order that is asked for.
    pub after: Option<AlarmPlace>,
    /// The most rows wanted.
    pub limit: usize,
    /// The earliest first; else the youngest.
    pub ascending: bool,
}

impl AlarmEventsQuery {
    /// All that happened in a time range, the youngest first.
    pub fn between(from: Timestamp, until: Timestamp, limit: usize) -> Self {
        Self {
            from,
            until,
            alarm: None,
            device: None,
            point: None,
            actions: Vec::new(),
            annunciated_only: false,
            after: None,
            limit,
            ascending: false,
        }
    }
}

/// One thing that happened to an alarm, as it is stored: times in whole microseconds, and a value
/// that is no number as NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmEventRow {
    /// Its place among all others.
    pub place: AlarmPlace,
    /// The alarm's name, `device.point:kind` or `device:link`; `None` if nobody knows it any more.
    pub name: Option<String>,
    /// The name of the device that it is of, or whose point it is of.
    pub device: Option<String>,
    /// The full name of the point that it is of; `None` too if it is of a device.
    pub point: Option<String>,
    /// What happened.
    pub record: AlarmRecord,
}

/// A place in the order of all that happened to alarms: by when the engine learned of it, then by
/// its stream and its sequence. As text it means nothing to anybody but a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmPlace {
    /// Microseconds since 1970.
    pub(crate) received: i64,
    pub(crate) stream: i64,
    pub(crate) sequence: i64,
}

impl fmt::Display for AlarmPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            received,
            stream,
            sequence,
        } = self;
        write!(f, "{received:x}-{stream:x}-{sequence:x}")
    }
}

impl FromStr for AlarmPlace {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '-');
        let mut next = || number(parts.next().ok_or(ParseCursorError)?);
        Ok(Self {
            received: next()?,
            stream: next()?,
            sequence: next()?,
        })
    }
}

/// What a question asks for, as SQL.
pub(crate) struct Asked {
    /// The columns of [`StoredEvent`] in order, from the tables, in order and limited.
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

/// A value that the SQL refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Integer(i64),
    Text(String),
    /// Microseconds since 1970.
    Time(i64),
}

impl Asked {
    /// `mark` begins the number of a value: `?` or `$`.
    pub(crate) fn of(query: &AlarmEventsQuery, mark: char) -> Self {
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
        let mut only = format!("event.received >= {from} and event.received < {until}");
        if let Some(alarm) = query.alarm {
            let alarm = value(Value::Integer(alarm.as_i64()));
            only += &format!(" and event.alarm = {alarm}");
        }
        let names = [("device", &query.device), ("point", &query.point)];
        for (owner, name) in names {
            if let Some(name) = name {
                let name = value(Value::Text(name.clone()));
                only +=
                    &format!(" and event.{owner} = (select id from {owner} where name = {name})");
            }
        }
        if !query.actions.is_empty() {
            let actions = query.actions.iter();
            let actions = actions.map(|action| value(Value::Text(action.name().to_owned())));
            let actions: Vec<_> = actions.collect();
            only += &format!(" and event.action in ({})", actions.join(", "));
        }
        if query.annunciated_only {
            only += " and event.annunciated";
        }
        if let Some(place) = query.after {
            // A place that somebody made up must not be beyond what databases take.
            let (least, most) = (Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
            let received = value(Value::Time(place.received.clamp(least, most)));
            let stream = value(Value::Integer(place.stream));
            let sequence = value(Value::Integer(place.sequence));
            only += &format!(
                " and (event.received, event.stream, event.sequence) {behind} \
                 ({received}, {stream}, {sequence})"
            );
        }
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let limit = value(Value::Integer(limit));
        let sql = format!(
            "select event.received, event.stream, event.sequence, event.alarm, event.occurrence, \
             event.action, event.annunciated, event.from_level, event.to_level, \
             event.worst_level, event.priority, event.flags, event.suppression, \
             event.shelf_until, event.shelf_one_shot, event.ts, event.value, event.quality, \
             event.actor, event.comment, event.command_key, event.definition, alarm_name.name, \
             device.name, point.name \
             from alarm_event as event \
             left join alarm_name on alarm_name.id = event.alarm \
             left join device on device.id = event.device \
             left join point on point.id = event.point \
             where {only} order by event.received {order}, event.stream {order}, \
             event.sequence {order} limit {limit}"
        );
        Self { sql, values }
    }
}

/// A row as databases keep it, column by column.
pub(crate) struct StoredEvent<'a> {
    pub(crate) received: Timestamp,
    pub(crate) stream: i64,
    pub(crate) sequence: i64,
    pub(crate) alarm: i64,
    pub(crate) occurrence: i64,
    pub(crate) action: &'a str,
    pub(crate) annunciated: bool,
    /// From, to, worst.
    pub(crate) levels: [&'a str; 3],
    pub(crate) priority: &'a str,
    pub(crate) flags: u16,
    pub(crate) suppression: u8,
    pub(crate) shelf: Option<(Timestamp, bool)>,
    pub(crate) time: Timestamp,
    pub(crate) value: Option<f64>,
    pub(crate) quality: u32,
    /// By whom, comment, key, definition; the first is there if anybody did it.
    pub(crate) note: [Option<&'a str>; 4],
    /// Of the alarm, the device, the point.
    pub(crate) names: [Option<&'a str>; 3],
}

impl StoredEvent<'_> {
    /// The row in our terms, or what in it only a later version knows.
    pub(crate) fn row(&self) -> Result<AlarmEventRow, String> {
        let unknown = |what: &str, name: &str| {
            format!("{what} '{name}' of a stored alarm is unknown to this version of GridOS")
        };
        let level = |name: &str| super::level(name).ok_or_else(|| unknown("level", name));
        let [from, to, worst] = self.levels;
        let action = AlarmAction::of_name(self.action);
        let priority = Priority::of_name(self.priority);
        let [name, device, point] = self.names.map(|name| name.map(str::to_owned));
        Ok(AlarmEventRow {
            place: AlarmPlace {
                received: self.received.as_micros(),
                stream: self.stream,
                sequence: self.sequence,
            },
            name,
            device,
            point,
            record: AlarmRecord {
                sequence: self.sequence.cast_unsigned(),
                alarm: AlarmId::from_raw(self.alarm.cast_unsigned()),
                occurrence: self.occurrence.cast_unsigned(),
                action: action.ok_or_else(|| unknown("action", self.action))?,
                is_annunciated: self.annunciated,
                from: level(from)?,
                time: self.time,
                received: self.received,
                value: self.value.unwrap_or(f64::NAN),
                quality: Quality::from_bits_retain(self.quality),
                after: AlarmFacts {
                    level: level(to)?,
                    worst: level(worst)?,
                    priority: priority.ok_or_else(|| unknown("priority", self.priority))?,
                    flags: AlarmFlags::from_bits_retain(self.flags),
                    suppression: Suppression::from_bits_retain(self.suppression),
                    shelf: self
                        .shelf
                        .map(|(until, is_one_shot)| Shelf { until, is_one_shot }),
                },
                note: self.note(),
            },
        })
    }

    fn note(&self) -> Option<Box<Note>> {
        let [by, comment, key, definition] = self.note;
        let text = |text: Option<&str>| text.unwrap_or_default().into();
        by.map(|by| {
            Box::new(Note {
                by: by.into(),
                comment: text(comment),
                key: text(key),
                definition: text(definition),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_place_reads_back(
            (received, stream, sequence) in any::<(i64, i64, i64)>(),
        ) {
            let place = AlarmPlace { received, stream, sequence };
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }

        #[test]
        fn no_text_panics(text in "[0-9a-f-]{0,60}") {
            let _ = text.parse::<AlarmPlace>();
        }
    }

    #[test]
    fn nonsense_is_no_place() {
        for text in [
            "",
            "0",
            "0-0",
            "0-0-",
            "0-0-0-0",
            "0-x-0",
            "0-0-10000000000000000",
        ] {
            assert_eq!(text.parse::<AlarmPlace>(), Err(ParseCursorError), "{text}");
        }
    }

    #[test]
    fn what_is_asked_for_is_numbered_in_order() {
        let query = AlarmEventsQuery {
            alarm: Some(AlarmId::from_raw(7)),
            device: Some("d".to_owned()),
            actions: vec![AlarmAction::Raised, AlarmAction::Returned],
            after: Some(AlarmPlace {
                received: 5,
                stream: 6,
                sequence: 8,
            }),
            ..AlarmEventsQuery::between(Timestamp::from_micros(1), Timestamp::from_micros(2), 3)
        };
        let Asked { sql, values } = Asked::of(&query, '$');
        for part in [
            "event.alarm = $3 and event.device = (select id from device where name = $4)",
            "event.action in ($5, $6)",
            "(event.received, event.stream, event.sequence) < ($7, $8, $9)",
            "event.sequence desc limit $10",
        ] {
            assert!(sql.contains(part), "{part}: {sql}");
        }
        let text = |text: &str| Value::Text(text.to_owned());
        let times = [Value::Time(1), Value::Time(2)];
        let asked = [
            Value::Integer(7),
            text("d"),
            text("raised"),
            text("returned"),
        ];
        let place = [Value::Time(5), Value::Integer(6), Value::Integer(8)];
        let expected = [&times[..], &asked, &place, &[Value::Integer(3)]].concat();
        assert_eq!(values, expected);
    }
}
