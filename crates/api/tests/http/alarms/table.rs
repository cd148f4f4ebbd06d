//! What a client of the alarms' stream has, made of the events alone.

use std::collections::BTreeMap;

use gridos_alarm::{Case, Deed, Moment, Withheld};
use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmRecord, Level, Note, Priority, Quality,
    Shelf, Suppression, Timestamp,
};
use serde_json::Value;

use crate::sse::{Event, Follower};

/// What a client has.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) cases: BTreeMap<AlarmId, Case>,
    /// The record it is at.
    pub(crate) sequence: u64,
    /// Whether it has all parts of a snapshot.
    pub(crate) is_whole: bool,
    /// To be said when it comes again.
    pub(crate) last_id: Option<String>,
    /// How many snapshots it was begun from.
    pub(crate) snapshots: usize,
    pub(crate) records: usize,
    pub(crate) confirmations: usize,
    /// An event of which not all has come yet.
    rest: Vec<u8>,
}

impl Follower for Table {
    fn rest(&mut self) -> &mut Vec<u8> {
        &mut self.rest
    }

    fn event(&mut self, event: Event) {
        let Event { id, name, data } = event;
        if id.is_some() {
            self.last_id = id;
        }
        match &*name {
            "snapshot" => self.snapshot(&data),
            "record" => self.record(&data),
            "confirmed" => self.confirmed(&data),
            other => panic!("{other}"),
        }
    }
}

impl Table {
    /// Forgets the event that was cut off with the connection.
    pub(crate) fn cut(&mut self) {
        self.rest.clear();
    }

    fn snapshot(&mut self, data: &Value) {
        if data["part"] == 0 {
            self.cases.clear();
            self.snapshots += 1;
        }
        self.sequence = data["sequence"].as_u64().unwrap();
        self.is_whole = data["complete"].as_bool().unwrap();
        let cases = data["alarms"].as_array().unwrap().iter().map(case);
        self.cases.extend(cases.map(|case| (case.alarm, case)));
    }

    fn record(&mut self, data: &Value) {
        let record = record(data);
        assert!(self.is_whole);
        assert_eq!(record.sequence, self.sequence + 1, "a gap");
        self.sequence = record.sequence;
        self.records += 1;
        let case = self.cases.entry(record.alarm);
        let case = case.or_insert_with(|| Case::new(record.alarm));
        case.apply(&record);
        if case.facts.is_at_rest() {
            self.cases.remove(&record.alarm);
        }
    }
}

impl Table {
    fn confirmed(&mut self, data: &Value) {
        assert_eq!(data["sequence"], self.sequence);
        for alarm in data["alarms"].as_array().unwrap() {
            self.confirmations += 1;
            if let Some(case) = self.cases.get_mut(&id(&alarm["id"])) {
                case.facts.flags.remove(AlarmFlags::UNCONFIRMED);
            }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn time(value: &Value) -> Timestamp {
    text(value).parse().unwrap()
}

fn some<T>(value: &Value, read: impl Fn(&Value) -> T) -> Option<T> {
    (!value.is_null()).then(|| read(value))
}

fn level(value: &Value) -> Level {
    let all = (0..=u8::MAX).map_while(Level::from_raw);
    all.into_iter()
        .find(|level| level.name() == text(value))
        .unwrap()
}

fn names(value: &Value) -> impl Iterator<Item = String> {
    let names = value.as_array().unwrap().iter();
    names.map(|name| text(name).to_ascii_uppercase())
}

fn facts(value: &Value) -> AlarmFacts {
    AlarmFacts {
        level: level(&value["level"]),
        worst: level(&value["worst_level"]),
        priority: Priority::of_name(text(&value["priority"])).unwrap(),
        flags: names(&value["flags"])
            .map(|name| AlarmFlags::from_name(&name).unwrap())
            .collect(),
        suppression: names(&value["suppressed_by"])
            .map(|name| Suppression::from_name(&name).unwrap())
            .collect(),
        shelf: some(&value["shelf"], |shelf| Shelf {
            until: time(&shelf["until"]),
            is_one_shot: shelf["one_shot"].as_bool().unwrap(),
        }),
    }
}

fn moment(value: &Value) -> Moment {
    let quality = names(&value["quality"]);
    Moment {
        time: time(&value["time"]),
        received: time(&value["received"]),
        value: value["value"].as_f64().unwrap_or(f64::NAN),
        quality: quality
            .map(|name| Quality::from_name(&name).unwrap())
            .collect(),
    }
}

fn deed(value: &Value) -> Deed {
    Deed {
        by: text(&value["by"]).into(),
        at: time(&value["at"]),
        comment: text(&value["comment"]).into(),
    }
}

fn id(value: &Value) -> AlarmId {
    AlarmId::from_raw(text(value).parse().unwrap())
}

fn case(value: &Value) -> Case {
    Case {
        alarm: id(&value["id"]),
        occurrence: value["occurrence"].as_u64().unwrap(),
        sequence: value["sequence"].as_u64().unwrap(),
        facts: facts(value),
        raised: some(&value["raised"], moment),
        changed: some(&value["changed"], moment),
        worst: some(&value["worst"], moment),
        returned: some(&value["returned"], moment),
        annunciated: some(&value["annunciated"], time),
        annunciations: value["annunciations"].as_u64().unwrap().try_into().unwrap(),
        withheld: match text(&value["withheld"]) {
            "nothing" => Withheld::Nothing,
            "more" => Withheld::More,
            "all" => Withheld::All,
            other => panic!("{other}"),
        },
        acknowledged: some(&value["acknowledged"], deed),
        hidden: some(&value["hidden"], deed),
    }
}

fn record(value: &Value) -> AlarmRecord {
    let Moment {
        time,
        received,
        value: number,
        quality,
    } = moment(value);
    AlarmRecord {
        sequence: value["sequence"].as_u64().unwrap(),
        alarm: id(&value["id"]),
        occurrence: value["occurrence"].as_u64().unwrap(),
        action: AlarmAction::of_name(text(&value["action"])).unwrap(),
        is_annunciated: value["annunciated"].as_bool().unwrap(),
        from: level(&value["from"]),
        time,
        received,
        value: number,
        quality,
        after: facts(&value["after"]),
        note: Some(Box::new(Note {
            by: text(&value["by"]).into(),
            comment: text(&value["comment"]).into(),
            ..Note::default()
        })),
    }
}
