//! What a body of readings says, reading by reading, before it is held against the configuration: for
//! tools that check bodies, and for fuzzers.

use super::format::Format;
use super::mapping::LineMapping;

/// A format that has lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFormat {
    /// A JSON object a line.
    NdJson,
    /// InfluxDB line protocol, with timestamps in nanoseconds and points by the default mapping.
    Influx,
}

/// One reading of a body, or what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenReading {
    /// The line where it begins, from 1.
    pub line: usize,
    /// The full name of its point, or why it is no reading.
    pub point: Result<String, String>,
}

/// The readings of `body`, in order.
///
/// # Errors
/// If there is none, or if there are more than one post may have.
pub fn see_readings(format: LineFormat, body: &[u8]) -> Result<Vec<SeenReading>, String> {
    let format = match format {
        LineFormat::NdJson => Format::NdJson,
        LineFormat::Influx => Format::Line(1),
    };
    let seen = format.read(body, &LineMapping::default(), |items| {
        let seen = items.map(|item| SeenReading {
            line: item.line.unwrap_or_default(),
            point: match item.reading {
                Ok(posted) => Ok(posted.point.into_owned()),
                Err(wrong) => Err(wrong.detail),
            },
        });
        seen.collect()
    });
    seen.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(format: LineFormat, body: &[u8]) -> Vec<SeenReading> {
        see_readings(format, body).unwrap_or_default()
    }

    /// A line, which holds no line break, and how many readings it has; `None` if it is refused.
    fn written(format: LineFormat) -> BoxedStrategy<(String, Option<usize>)> {
        let pair = |text: &str, count: Option<usize>| Just((text.to_owned(), count));
        match format {
            LineFormat::Influx => prop_oneof![
                pair("d a=1,b=2i 7", Some(2)),
                pair("d,t=\\ x a=\"µ\\\"\"", Some(1)),
                pair("# nothing", Some(0)),
                pair("", Some(0)),
                pair("d a=", None),
                pair("d a=1 2 3", None),
                pair("d a=nan\r", None),
            ]
            .boxed(),
            LineFormat::NdJson => prop_oneof![
                pair("{\"point\":\"d.a\",\"value\":1}", Some(1)),
                pair(" {\"point\":\"d.µ\"}\r", Some(1)),
                pair("", Some(0)),
                pair("{\"point\":\"d.a\"", None),
                pair("{\"pint\":\"d.a\"}", None),
                pair("[]", None),
            ]
            .boxed(),
        }
    }

    fn bodies() -> impl Strategy<Value = (LineFormat, Vec<(String, Option<usize>)>)> {
        prop_oneof![Just(LineFormat::Influx), Just(LineFormat::NdJson)].prop_flat_map(|format| {
            let lines = proptest::collection::vec(written(format), 0..8);
            (Just(format), lines)
        })
    }

    proptest! {
        /// Each line is what it is alone, and those that are refused say which they are.
        #[test]
        fn every_line_is_told_by_its_number((format, written) in bodies()) {
            let body: Vec<&str> = written.iter().map(|(line, _)| &**line).collect();
            let body = body.join("\n");
            let mut expected = Vec::new();
            for (number, (_, count)) in (1..).zip(&written) {
                expected.extend((0..count.unwrap_or(1)).map(|_| (number, count.is_some())));
            }
            let seen = lines(format, body.as_bytes());
            let told: Vec<_> = seen.iter().map(|one| (one.line, one.point.is_ok())).collect();
            prop_assert_eq!(&told, &expected, "{}", body);
            // Cut at any byte, the lines before the cut are what they were.
            for end in 0..body.len() {
                let cut = &body.as_bytes()[..end];
                let at = 1 + cut.iter().filter(|byte| **byte == b'\n').count();
                let part = lines(format, cut);
                let before = |all: &[SeenReading]| -> Vec<SeenReading> {
                    all.iter().filter(|one| one.line < at).cloned().collect()
                };
                prop_assert_eq!(before(&part), before(&seen), "{} of {}", end, &body);
                prop_assert!(part.iter().all(|one| one.line <= at));
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            lines(LineFormat::Influx, &bytes);
            lines(LineFormat::NdJson, &bytes);
        }
    }
}
