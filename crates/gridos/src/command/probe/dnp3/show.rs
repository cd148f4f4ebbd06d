//! What an outstation told, for people and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use gridos_dnp3::app::{
    AttributeValue, CommonTime, FlagSet, Flags, Iin, ObjectError, ObjectHeader, Response, Role,
};
use gridos_dnp3::explain::Utc;
use serde_json::{Value, json};

use super::answered::Unread;
use super::{Answered, Probed};
use crate::cli::OutstationAt;

/// The answer to one READ.
pub(super) struct Answer {
    iin: Iin,
    fragments: usize,
    took: Duration,
    points: Vec<Row>,
    attributes: Vec<(u8, &'static str, String)>,
    /// What could not be read.
    errors: Vec<ObjectError>,
    unread: Option<Unread>,
}

/// One point.
struct Row {
    kind: &'static str,
    index: u16,
    value: String,
    number: Option<f64>,
    flags: String,
    time: Option<u64>,
}

impl Answer {
    pub(super) fn new(answered: &Answered) -> Self {
        let mut answer = Self {
            iin: Iin::empty(),
            fragments: answered.fragments.len(),
            took: answered.took,
            points: Vec::new(),
            attributes: Vec::new(),
            errors: Vec::new(),
            unread: answered.unread,
        };
        for fragment in &answered.fragments {
            if let Ok(response) = Response::parse(fragment) {
                answer.take(&response);
            }
        }
        answer
    }

    fn take(&mut self, response: &Response<'_>) {
        self.iin |= response.iin;
        let mut common = CommonTime::NONE;
        for header in response.headers() {
            let header = match header {
                Ok(header) => header,
                Err(error) => {
                    self.errors.push(error);
                    continue;
                }
            };
            common.observe(&header);
            if let Some(kind) = header.kind() {
                let set = header.flag_set();
                self.points.extend(header.points(common).map(|point| Row {
                    kind: kind.name(),
                    index: point.index,
                    value: point.value.to_string(),
                    number: point.value.number(),
                    flags: match set == FlagSet::None {
                        true => String::new(),
                        false => {
                            let flags = Flags::new(point.flags.quality(set));
                            flags.display(set).to_string()
                        }
                    },
                    time: point.time.map(|time| time.milliseconds),
                }));
            }
            self.attributes.extend(attributes(&header));
        }
    }
}

/// The device attributes behind `header`: their numbers, names and values.
pub(in crate::command) fn attributes(
    header: &ObjectHeader<'_>,
) -> impl Iterator<Item = (u8, &'static str, String)> {
    let number = header.variation().number;
    let known = header.description();
    let known = known.filter(|known| known.role() == Role::Attribute);
    let objects = known
        .into_iter()
        .flat_map(|known| header.objects().map(move |object| (known.name(), object)));
    objects.filter_map(move |(name, object)| {
        let value = AttributeValue::read(object)?;
        Some((number, name, attribute(&value)))
    })
}

fn attribute(value: &AttributeValue<'_>) -> String {
    match value {
        AttributeValue::Text(text) => text.escape_ascii().to_string(),
        AttributeValue::Unsigned(number) => number.to_string(),
        AttributeValue::Signed(number) => number.to_string(),
        AttributeValue::Float(number) => number.to_string(),
        AttributeValue::Octets(octets) | AttributeValue::Other { data: octets, .. } => {
            octets.iter().map(|octet| format!("{octet:02x}")).collect()
        }
    }
}

/// For people.
pub(super) fn text(at: &OutstationAt, probed: &Probed) -> String {
    let mut out = String::new();
    let values = &probed.values;
    let mut line = |text: String| out.extend([&text, "\n"]);
    line(format!(
        "outstation {} at {}, asked by the master {}",
        at.outstation, at.address, at.master
    ));
    line(match probed.link_status {
        Some(took) => format!("link status: answered in {}", milliseconds(took)),
        None => "link status: no answer; some outstations leave that out".to_owned(),
    });
    line(format!(
        "class 0: answered in {}; points: {}; fragments: {}",
        milliseconds(values.took),
        values.points.len(),
        values.fragments
    ));
    line(format!("indications: {}", values.iin));
    if probed.unasked_events > 0 {
        line(format!(
            "events that came unasked, left to their master: {}",
            probed.unasked_events
        ));
    }
    match &probed.attributes {
        Some(answer) if !answer.attributes.is_empty() => {
            for (number, name, text) in &answer.attributes {
                line(format!("attribute {number} {name}: {text}"));
            }
        }
        Some(_) | None => line("attributes: it tells none".to_owned()),
    }
    let answers = [Some(values), probed.events.as_ref()];
    for answer in answers.into_iter().flatten() {
        for error in &answer.errors {
            line(format!("not read: {error}"));
        }
    }
    if let Some(why) = values.unread {
        line(format!("not read to the end: {why}"));
    }
    table(&values.points, &mut out);
    if let Some(events) = &probed.events {
        let _ = writeln!(out, "events, the first that wait:");
        table(&events.points, &mut out);
    }
    out
}

fn table(rows: &[Row], out: &mut String) {
    let width = |length: fn(&Row) -> usize, least: usize| {
        let widest = rows.iter().map(length).max();
        widest.unwrap_or(0).max(least)
    };
    let kinds = width(|row| row.kind.len(), 4);
    let values = width(|row| row.value.chars().count(), 5);
    let flags = width(|row| row.flags.len(), 5);
    for row in rows {
        let time = row.time.map(|time| Utc(time).to_string());
        let line = format!(
            "{:kinds$}  {:>5}  {:>values$}  {:flags$}  {}",
            row.kind,
            row.index,
            row.value,
            row.flags,
            time.unwrap_or_default()
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// Everything.
pub(super) fn json(at: &OutstationAt, probed: &Probed) -> Value {
    let attributes = probed.attributes.iter();
    let attributes = attributes.flat_map(|answer| &answer.attributes);
    let attributes = attributes
        .map(|(number, name, text)| json!({ "number": number, "name": name, "value": text }));
    json!({
        "master": at.master,
        "outstation": at.outstation,
        "link_status_us": probed.link_status.map(|time| time.as_secs_f64() * 1e6),
        "round_trip_us": probed.values.took.as_secs_f64() * 1e6,
        "fragments": probed.values.fragments,
        "unread": probed.values.unread.map(|why| why.to_string()),
        "indications": probed.values.iin.to_string(),
        "attributes": attributes.collect::<Vec<_>>(),
        "points": rows(&probed.values),
        "events": probed.events.as_ref().map(rows),
        "unasked_events": probed.unasked_events,
    })
}

fn rows(answer: &Answer) -> Vec<Value> {
    let row = |row: &Row| {
        json!({
            "kind": row.kind,
            "index": row.index,
            "value": row.number.map_or_else(|| json!(row.value), |number| json!(number)),
            "flags": row.flags,
            "time": row.time.map(|time| Utc(time).to_string()),
        })
    };
    answer.points.iter().map(row).collect()
}
