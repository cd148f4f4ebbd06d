//! Columns as JSON arrays: how SQLite keeps them and how the quarantine shows them.

use std::fmt::{Display, Write as _};

use gridos_model::{Quality, Readings};

/// Appends `[231.4,12.03,null]`: the shortest numbers that read back as the same doubles; a value
/// that is not finite is `null`, because JSON has no such number.
pub(crate) fn values(values: &[f64], out: &mut String) {
    let mut buffer = zmij::Buffer::new();
    array(values, out, |value, out| {
        if value.is_finite() {
            out.push_str(buffer.format_finite(*value));
        } else {
            out.push_str("null");
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

/// Appends `"SN-0042"`.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            _ if letter.is_control() => push(format_args!("\\u{:04x}", u32::from(letter)), out),
            _ => out.push(letter),
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
    use gridos_model::{Events, LayoutId, TextColumn, Texts, Timestamp};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_finite_double_reads_back(value in any::<f64>()) {
            let mut out = String::new();
            values(&[value], &mut out);
            let text = &out[1..out.len() - 1];
            if value.is_finite() {
                prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
            } else {
                prop_assert_eq!(text, "null");
            }
        }
    }

    #[test]
    fn arrays_are_json() {
        let mut out = String::new();
        values(&[231.4, 12.03, f64::NAN, 1.0, 1e300], &mut out);
        qualities(&[Quality::GOOD, Quality::STALE], &mut out);
        integers::<u32>(&[], &mut out);
        assert_eq!(out, "[231.4,12.03,null,1.0,1e+300][0,65536][]");
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
            texts: TextColumn::new("\"µ\\\nSN", &[5, 7]).unwrap(),
            qualities: &[],
        };
        assert_eq!(
            readings(&Readings::Texts(texts)),
            r#"{"layout":7,"received_ns":5,"points":[3,0],"times_ns":[-4,0],"texts":["\"µ\\\u000a","SN"],"qualities":[]}"#
        );
    }
}
