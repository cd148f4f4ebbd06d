//! What a comparison found, for people and as JSON.

use std::fmt;

use serde_json::{Value, json};

use super::capture::Seen;
use super::compare::{Difference, Found};
use super::line::{At, Counts, SourceKind, What};

/// What a replay came to.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) source: SourceKind,
    pub(crate) counts: Counts,
    /// What was compared, if anything was.
    pub(crate) found: Option<Found>,
    /// What captures had.
    pub(crate) seen: Option<Seen>,
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(crate) fn json(&self) -> Value {
        let mut value = json!({
            "source": self.source,
            "candidate": { "version": env!("CARGO_PKG_VERSION"), "counts": self.counts },
            "notes": self.notes,
        });
        if let Some(seen) = &self.seen {
            value["capture"] = json!({
                "packets": seen.packets,
                "devices": seen.devices,
                "devices_without_address": seen.without_address,
                "modbus_answers": seen.modbus.decoded,
                "modbus_answers_to_others": seen.modbus.others,
                "modbus_exceptions": seen.modbus.exceptions,
                "dnp3_fragments": seen.dnp3.fragments,
                "dnp3_unmapped_values": seen.dnp3.unmapped,
            });
        }
        if let Some(found) = &self.found {
            value["stable"] = json!({ "version": found.stable_version, "counts": found.stable });
            value["parity"] = json!(found.is_parity());
            value["same"] = json!(found.same);
            let kinds = found.kinds.iter();
            let kinds = kinds.map(|(kind, count)| {
                let counts = json!({
                    "changed": count.changed,
                    "only_stable": count.only_stable,
                    "only_candidate": count.only_candidate,
                });
                ((*kind).to_owned(), counts)
            });
            value["differences"] = Value::Object(kinds.collect());
            value["shown"] = found.shown.iter().map(|one| self.difference(one)).collect();
        }
        value
    }

    fn difference(&self, difference: &Difference) -> Value {
        json!({
            "at": self.place(difference.at),
            "stable": difference.stable,
            "candidate": difference.candidate,
        })
    }

    fn place(&self, At(first, second): At) -> String {
        match self.source {
            SourceKind::Journal => format!("stream {first}, position {second}"),
            SourceKind::Capture => format!("capture {first}, packet {second}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(found) = &self.found {
            side(f, "stable", &found.stable_version, &found.stable)?;
        }
        side(f, "candidate", env!("CARGO_PKG_VERSION"), &self.counts)?;
        if let Some(seen) = &self.seen {
            writeln!(
                f,
                "captures    {} packets; {} Modbus answers decoded, {} with nothing that is asked for, {} \
                 exceptions; {} DNP3 fragments, {} values without a point",
                seen.packets,
                seen.modbus.decoded,
                seen.modbus.others,
                seen.modbus.exceptions,
                seen.dnp3.fragments,
                seen.dnp3.unmapped
            )?;
        }
        for note in &self.notes {
            writeln!(f, "note        {note}")?;
        }
        let Some(found) = &self.found else {
            return Ok(());
        };
        if found.is_parity() {
            return writeln!(f, "parity: all {} lines are the same", found.same);
        }
        writeln!(f, "\nthe two differ; {} lines are the same", found.same)?;
        for (kind, count) in &found.kinds {
            writeln!(
                f,
                "  {kind:<8} {} changed, {} only of stable, {} only of the candidate",
                count.changed, count.only_stable, count.only_candidate
            )?;
        }
        writeln!(f, "\nthe first of them:")?;
        found.shown.iter().try_for_each(|one| self.show(one, f))
    }
}

impl Report {
    fn show(&self, difference: &Difference, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(either) = difference.either() else {
            return Ok(());
        };
        let (kind, subject) = either.subject();
        let time = either.time().unwrap_or("no time");
        writeln!(
            f,
            "  {kind} {subject}, {time} ({})",
            self.place(difference.at)
        )?;
        match (&difference.stable, &difference.candidate) {
            (Some(_), Some(_)) => {
                for (name, stable, candidate) in difference.fields() {
                    writeln!(
                        f,
                        "    {name}: stable {}, candidate {}",
                        short(&stable),
                        short(&candidate)
                    )?;
                }
                Ok(())
            }
            (Some(what), None) => writeln!(f, "    only stable: {}", summary(what)),
            (None, Some(what)) => writeln!(f, "    only the candidate: {}", summary(what)),
            (None, None) => Ok(()),
        }
    }
}

fn side(f: &mut fmt::Formatter<'_>, name: &str, version: &str, counts: &Counts) -> fmt::Result {
    let Counts {
        readings,
        texts,
        alarms,
        gaps,
        letters,
        faults,
    } = counts;
    writeln!(
        f,
        "{name:<11} {version}: {readings} readings, {texts} texts, {alarms} records of alarms, {gaps} gaps, \
         {letters} dead letters, {faults} faults"
    )
}

/// A value; of a double the number, and the bits beside it.
fn short(value: &Value) -> String {
    match value {
        Value::Array(pair) => match pair.as_slice() {
            [Value::String(number), Value::String(bits)] if bits.len() == 16 => {
                format!("{number} ({bits})")
            }
            _ => value.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

fn summary(what: &What) -> String {
    match what {
        What::Reading { value, .. } => value.to_string(),
        What::Text { text, .. } => format!("{text:?}"),
        What::Alarm {
            action, from, to, ..
        } => format!("{action}, from {from} to {to}"),
        What::Gap { from, reason, .. } => format!("since {from}, {reason}"),
        What::Letter { reason, .. } => reason.clone(),
        What::Fault { what } => what.clone(),
    }
}
