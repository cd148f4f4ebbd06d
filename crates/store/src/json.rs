//! Columns as JSON arrays: how SQLite keeps them and how the quarantine shows them.

use std::fmt::{Display, Write as _};

use gridos_journal::Record;
use gridos_model::{
    AlarmFacts, AlarmRecord, AuditRecord, DeadLetter, Gap, Note, Quality, Readings, Shelf,
    Transition,
};

/// Appends `[231.4,12.03,null]`: the shortest numbers that read back as the same doubles. JSON has
/// neither NaN, which is `null`, nor infinities, which are `9e999` and `-9e999`: SQLite and whoever
/// else reads a number too large for a double take them as infinite.
pub(crate) fn values(values: &[f64], out: &mut String) {
    let mut buffer = zmij::Buffer::new();
    array(values, out, |value, out| {
        if value.is_finite() {
            out.push_str(buffer.format_finite(*value));
        } else if value.is_nan() {
            out.push_str("null");
        } else {
            out.push_str(if *value > 0.0 { "9e999" } else { "-9e999" });
        }
    });
}

/// Appends `[0,65536]`.
pub(crate) fn qualities(qualities: &[Quality], out: &mut String) {
    array(qualities, out, |quality, out| push(quality.bits(), out));
}

/// Appends `[0,1,2]`.
pub(crate) fn integers<T: Display>(integers: &[T], out: &mut String) {
    array(integers, out, |integer, out| push(integer, out));
}

/// Appends an array whose elements `push` appends.
pub(crate) fn array<T>(elements: &[T], out: &mut String, mut push: impl FnMut(&T, &mut String)) {
    out.push('[');
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(element, out);
    }
    out.push(']');
}

/// A batch as a JSON object, all of its columns and times in nanoseconds since 1970.
pub(crate) fn readings(readings: &Readings<'_>) -> String {
    let mut out = String::new();
    let (layout, received) = (readings.layout(), readings.received().as_nanos());
    push(
        format_args!(r#"{{"layout":{layout},"received_ns":{received}"#),
        &mut out,
    );
    match readings {
        Readings::Sweep(sweep) => {
            push(
                format_args!(r#","time_ns":{}"#, sweep.time.as_nanos()),
                &mut out,
            );
        }
        Readings::Events(events) => {
            out.push_str(r#","points":"#);
            integers(events.points, &mut out);
            out.push_str(r#","times_ns":"#);
            array(events.times, &mut out, |time, out| {
                push(time.as_nanos(), out);
            });
        }
        Readings::Texts(texts) => {
            out.push_str(r#","points":"#);
            integers(texts.points, &mut out);
            out.push_str(r#","times_ns":"#);
            array(texts.times, &mut out, |time, out| {
                push(time.as_nanos(), out);
            });
            out.push_str(r#","texts":"#);
            let all: Vec<_> = texts.texts.iter().collect();
            array(&all, &mut out, |text, out| string(text, out));
        }
    }
    if !matches!(readings, Readings::Texts(_)) {
        out.push_str(r#","values":"#);
        values(readings.values(), &mut out);
    }
    out.push_str(r#","qualities":"#);
    qualities(readings.qualities(), &mut out);
    out.push('}');
    out
}

/// `["sub1.f1","sub1.f2"]`.
pub(crate) fn strings(texts: &[String]) -> String {
    let mut out = String::new();
    array(texts, &mut out, |text, out| string(text, out));
    out
}

/// Any record as JSON, for the quarantine.
pub(crate) fn record(record: &Record<'_>) -> String {
    match record {
        Record::Readings(batch) => readings(batch),
        Record::Transitions(transitions) => {
            let mut out = String::new();
            array(transitions, &mut out, transition);
            out
        }
        Record::Gap(gap) => self::gap(gap),
        Record::Letter(letter) => self::letter(letter),
        Record::Alarms(records) => {
            let mut out = String::new();
            array(records, &mut out, alarm);
            out
        }
        Record::Audit(records) => {
            let mut out = String::new();
            array(records, &mut out, deed);
            out
        }
    }
}

fn transition(transition: &Transition, out: &mut String) {
    let Transition {
        point, occurrence, ..
    } = transition;
    let (from, to) = (transition.from.name(), transition.to.name());
    let (time, received) = (transition.time.as_nanos(), transition.received.as_nanos());
    push(
        format_args!(
            r#"{{"point":{point},"occurrence":{occurrence},"time_ns":{time},"received_ns":{received},"from":"{from}","to":"{to}","value":"#
        ),
        out,
    );
    number(transition.value, out);
    push(
        format_args!(r#","quality":{}}}"#, transition.quality.bits()),
        out,
    );
}

fn deed(record: &AuditRecord, out: &mut String) {
    let AuditRecord {
        sequence,
        time,
        deed,
    } = record;
    let (time, status, outcome) = (time.as_nanos(), deed.status, deed.outcome.name());
    push(
        format_args!(
            r#"{{"sequence":{sequence},"time_ns":{time},"status":{status},"outcome":"{outcome}""#
        ),
        out,
    );
    for (name, text) in [
        ("principal", &deed.principal),
        ("kind", &deed.kind),
        ("address", &deed.address),
        ("action", &deed.action),
        ("target", &deed.target),
        ("detail", &deed.detail),
    ] {
        push(format_args!(r#","{name}":"#), out);
        string(text, out);
    }
    out.push('}');
}

fn alarm(record: &AlarmRecord, out: &mut String) {
    let AlarmRecord {
        sequence,
        alarm,
        occurrence,
        action,
        is_annunciated,
        ..
    } = record;
    let (from, quality) = (record.from.name(), record.quality.bits());
    let (time, received) = (record.time.as_nanos(), record.received.as_nanos());
    push(
        format_args!(
            r#"{{"sequence":{sequence},"alarm":{alarm},"occurrence":{occurrence},"action":"{action}","annunciated":{is_annunciated},"from":"{from}","time_ns":{time},"received_ns":{received},"quality":{quality},"value":"#
        ),
        out,
    );
    number(record.value, out);
    facts(&record.after, out);
    if let Some(note) = &record.note {
        let Note {
            by,
            comment,
            key,
            definition,
        } = &**note;
        let texts = [
            ("by", by),
            ("comment", comment),
            ("key", key),
            ("definition", definition),
        ];
        for (name, text) in texts {
            push(format_args!(r#","{name}":"#), out);
            string(text, out);
        }
    }
    out.push('}');
}

fn facts(facts: &AlarmFacts, out: &mut String) {
    let (level, worst, priority) = (facts.level, facts.worst, facts.priority);
    let (flags, suppression) = (facts.flags.bits(), facts.suppression.bits());
    push(
        format_args!(
            r#","level":"{level}","worst":"{worst}","priority":"{priority}","flags":{flags},"suppression":{suppression}"#
        ),
        out,
    );
    if let Some(Shelf { until, is_one_shot }) = facts.shelf {
        let until = until.as_nanos();
        push(
            format_args!(r#","shelf_until_ns":{until},"shelf_one_shot":{is_one_shot}"#),
            out,
        );
    }
}

fn number(value: f64, out: &mut String) {
    let mut array = String::new();
    values(&[value], &mut array);
    out.push_str(array.trim_matches(['[', ']']));
}

fn gap(gap: &Gap) -> String {
    let (from, until) = (gap.from.as_nanos(), gap.until.as_nanos());
    let (device, reason) = (gap.device, gap.reason.name());
    format!(r#"{{"device":{device},"from_ns":{from},"until_ns":{until},"reason":"{reason}"}}"#)
}

fn letter(letter: &DeadLetter) -> String {
    let (device, received) = (letter.device(), letter.received().as_nanos());
    let mut out = format!(r#"{{"device":{device},"received_ns":{received},"reason":"#);
    string(letter.reason(), &mut out);
    let length = letter.length();
    push(format_args!(r#","length":{length},"octets":""#), &mut out);
    for octet in letter.octets() {
        push(format_args!("{octet:02x}"), &mut out);
    }
    out.push_str("\"}");
    out
}

/// Appends `"SN-0042"`, in ASCII: a database of another encoding must be able to keep it.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            _ if letter.is_ascii() && !letter.is_control() => out.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    push(format_args!("\\u{unit:04x}"), out);
                }
            }
        }
    }
    out.push('"');
}

fn push(text: impl Display, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use gridos_model::{
        DeviceId, Events, GapReason, LayoutId, Level, PointId, TextColumn, Texts, Timestamp,
    };
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_double_reads_back(value in any::<f64>()) {
            let mut out = String::new();
            values(&[value], &mut out);
            let text = &out[1..out.len() - 1];
            if !value.is_nan() {
                prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
            } else {
                prop_assert_eq!(text, "null");
            }
        }
    }

    #[test]
    fn arrays_are_json() {
        let mut out = String::new();
        let infinite = [f64::INFINITY, f64::NEG_INFINITY];
        values(&[231.4, 12.03, f64::NAN, 1.0, 1e300], &mut out);
        values(&infinite, &mut out);
        qualities(&[Quality::GOOD, Quality::STALE], &mut out);
        integers::<u32>(&[], &mut out);
        assert_eq!(
            out,
            "[231.4,12.03,null,1.0,1e+300][9e999,-9e999][0,65536][]"
        );
    }

    #[test]
    fn whatever_a_record_is_it_can_be_shown() {
        let device = DeviceId::from_raw(7);
        let gap = Gap {
            device,
            from: Timestamp::EPOCH,
            until: Timestamp::from_nanos(5),
            reason: GapReason::DeviceDown,
        };
        let at = Timestamp::from_nanos(3);
        let letter = DeadLetter::kept(device, at, "half", &[0, 0xff], 2).unwrap();
        let change = Transition {
            point: PointId::from_raw(8),
            from: Level::Normal,
            to: Level::High,
            time: at,
            received: at,
            value: f64::NAN,
            quality: Quality::STALE,
            occurrence: 2,
        };
        assert_eq!(
            record(&Record::Gap(gap)),
            r#"{"device":7,"from_ns":0,"until_ns":5,"reason":"device_down"}"#
        );
        assert_eq!(
            record(&Record::Letter(letter)),
            r#"{"device":7,"received_ns":3,"reason":"half","length":2,"octets":"00ff"}"#
        );
        assert_eq!(
            record(&Record::Transitions(vec![change])),
            r#"[{"point":8,"occurrence":2,"time_ns":3,"received_ns":3,"from":"normal","to":"high","value":null,"quality":65536}]"#
        );
    }

    #[test]
    fn a_batch_is_one_object() {
        let events = Events {
            layout: LayoutId::from_raw(7),
            received: Timestamp::from_nanos(5),
            points: &[3],
            times: &[Timestamp::from_nanos(-4)],
            values: &[0.5],
            qualities: &[],
        };
        assert_eq!(
            readings(&Readings::Events(events)),
            r#"{"layout":7,"received_ns":5,"points":[3],"times_ns":[-4],"values":[0.5],"qualities":[]}"#
        );
        let texts = Texts {
            layout: LayoutId::from_raw(7),
            received: Timestamp::from_nanos(5),
            points: &[3, 0],
            times: &[Timestamp::from_nanos(-4), Timestamp::EPOCH],
            texts: TextColumn::new("\"µ\\\nSN🗲", &[5, 11]).unwrap(),
            qualities: &[],
        };
        assert_eq!(
            readings(&Readings::Texts(texts)),
            r#"{"layout":7,"received_ns":5,"points":[3,0],"times_ns":[-4,0],"texts":["\"\u00b5\\\u000a","SN\ud83d\uddf2"],"qualities":[]}"#
        );
    }
}
