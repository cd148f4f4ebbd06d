//! The parser against lines as they are written, and against whatever comes.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

fn all(body: &[u8]) -> Vec<(usize, Result<Line<'_>, LineError>)> {
    Lines::new(body).collect()
}

fn one(line: &str) -> Line<'_> {
    let mut lines = all(line.as_bytes());
    assert_eq!(lines.len(), 1, "{line}");
    lines.remove(0).1.unwrap()
}

fn error(line: &str) -> String {
    let (_, found) = all(line.as_bytes()).remove(0);
    found.unwrap_err().to_string()
}

/// The examples of InfluxDB's reference.
#[test]
fn the_examples_of_the_reference_are_read() {
    let line =
        one("myMeasurement,tag1=value1,tag2=value2 fieldKey=\"fieldValue\" 1556813561098000000");
    assert_eq!(line.measurement, "myMeasurement");
    assert_eq!(line.tags[1], ("tag2".into(), "value2".into()));
    assert_eq!(
        line.fields,
        [("fieldKey".into(), FieldValue::Text("fieldValue".into()))]
    );
    assert_eq!(line.timestamp, Some(1_556_813_561_098_000_000));
    for (text, number) in [
        ("1", 1.0),
        ("1.0", 1.0),
        ("-1.234456e+78", -1.234_456e78),
        ("1i", 1.0),
        ("-12485903i", -12_485_903.0),
        ("12485903u", 12_485_903.0),
        ("true", 1.0),
        ("F", 0.0),
    ] {
        let line = format!("m f={text}");
        assert_eq!(one(&line).fields[0].1, FieldValue::Number(number), "{text}");
    }
    let line = one("my\\ Measurement,tag\\ Key1=tag\\ Value1 fieldKey=\"string \\\"value\\\"\"");
    assert_eq!(line.measurement, "my Measurement");
    assert_eq!(line.tags, [("tag Key1".into(), "tag Value1".into())]);
    assert_eq!(
        line.fields[0].1,
        FieldValue::Text("string \"value\"".into())
    );
    let line = one("myMeasurement fieldKey=\"first\nsecond \\ \\\\\" 7\n");
    assert_eq!(
        line.fields[0].1,
        FieldValue::Text("first\nsecond \\ \\".into())
    );
}

#[test]
fn lines_are_numbered_and_a_wrong_one_spoils_no_other() {
    let body = b"# comment\n\na f=1\r\nb f=\nc f=\"x\ny\"\n  d f=2 1 2\ne f=3 ";
    let shape: Vec<_> = all(body)
        .into_iter()
        .map(|(number, line)| (number, line.map(|line| line.measurement.into_owned()).ok()))
        .collect();
    let some = |text: &str| Some(text.to_owned());
    let expected = [
        (3, some("a")),
        (4, None),
        (5, some("c")),
        (7, None),
        (8, some("e")),
    ];
    assert_eq!(shape, expected);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (line, told) in [
        (
            "m",
            "column 2: a space and fields must follow the measurement and its tags",
        ),
        (",a=b f=1", "column 1: the measurement is missing"),
        ("m,a f=1", "column 4: a space in a name is written '\\ '"),
        ("m,a= f=1", "column 5: a tag's value is missing"),
        ("m =1", "column 3: a field's name is missing"),
        ("m f=1 x", "column 7: a timestamp is a whole number"),
        ("m f=\"x", "column 5: the text has no closing quote"),
        ("m f=1,", "column 7: a field's name is missing"),
        ("m f=1 2 3", "column 9: the line should end here"),
    ] {
        assert_eq!(error(line), told, "{line}");
    }
    for text in [
        "nan", "inf", "infinity", "1_0", "0x1", "1e999", "ui", "+u", "tru", "'a'", "--1",
    ] {
        assert!(
            error(&format!("m f={text}")).contains("a value is"),
            "{text}"
        );
    }
    let (_, found) = all(b"m f=\"\xff\"").remove(0);
    assert_eq!(found.unwrap_err().to_string(), "column 6: this is no UTF-8");
}

/// A value as somebody writes it, and as it is to be understood.
#[derive(Clone, Debug)]
enum Written {
    Float(f64),
    Integer(i64),
    Boolean(bool),
    Text(String),
}

impl Written {
    fn line(&self) -> String {
        match self {
            Self::Float(number) => number.to_string(),
            Self::Integer(number) => format!("{number}i"),
            Self::Boolean(is_true) => is_true.to_string(),
            Self::Text(text) => {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"");
                format!("\"{text}\"")
            }
        }
    }

    fn value(&self) -> FieldValue<'_> {
        match self {
            Self::Float(number) => FieldValue::Number(*number),
            Self::Integer(number) => FieldValue::Number(*number as f64),
            Self::Boolean(is_true) => FieldValue::Number(f64::from(u8::from(*is_true))),
            Self::Text(text) => FieldValue::Text(text.into()),
        }
    }
}

fn escaped(name: &str) -> String {
    let plain = |letter| match letter {
        ',' | '=' | ' ' => format!("\\{letter}"),
        _ => letter.to_string(),
    };
    name.chars().map(plain).collect()
}

/// No backslash: whether it escapes depends on what follows it, also behind the name.
fn any_name() -> impl Strategy<Value = String> {
    "[a-zµ][a-zA-Z0-9_µ,= \"#.-]{0,8}"
}

fn any_value() -> impl Strategy<Value = Written> {
    prop_oneof![
        proptest::num::f64::NORMAL.prop_map(Written::Float),
        any::<i64>().prop_map(Written::Integer),
        any::<bool>().prop_map(Written::Boolean),
        "[a-z\\\\\"\n, =µ]{0,8}".prop_map(Written::Text),
    ]
}

type Whole = (
    String,
    Vec<(String, String)>,
    Vec<(String, Written)>,
    Option<i64>,
);

fn any_line() -> impl Strategy<Value = Whole> {
    let tags = proptest::collection::vec((any_name(), any_name()), 0..3);
    let fields = proptest::collection::vec((any_name(), any_value()), 1..4);
    (any_name(), tags, fields, any::<Option<i64>>())
}

fn written((measurement, tags, fields, timestamp): &Whole) -> String {
    let mut text = escaped(measurement);
    for (key, value) in tags {
        text += &format!(",{}={}", escaped(key), escaped(value));
    }
    let fields = fields.iter();
    let fields = fields.map(|(key, value)| format!("{}={}", escaped(key), value.line()));
    text += &format!(" {}", fields.collect::<Vec<_>>().join(","));
    if let Some(timestamp) = timestamp {
        text += &format!(" {timestamp}");
    }
    text
}

fn understood((measurement, tags, fields, timestamp): &Whole) -> Line<'_> {
    let pair = |(key, value): &'_ (String, String)| -> (Cow<'static, str>, Cow<'static, str>) {
        (key.clone().into(), value.clone().into())
    };
    Line {
        measurement: measurement.into(),
        tags: tags.iter().map(pair).collect(),
        fields: fields
            .iter()
            .map(|(key, value)| (key.into(), value.value()))
            .collect(),
        timestamp: *timestamp,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(lines in proptest::collection::vec(any_line(), 0..6)) {
        let text: Vec<_> = lines.iter().map(written).collect();
        let text = text.join("\n");
        let found = all(text.as_bytes());
        let found: Vec<_> = found.into_iter().map(|(_, line)| line.unwrap()).collect();
        let expected: Vec<_> = lines.iter().map(understood).collect();
        prop_assert_eq!(found, expected);
    }

    /// Wherever a body breaks off, all lines before that are read as they are.
    #[test]
    fn a_body_cut_at_any_byte_keeps_what_was_whole(
        lines in proptest::collection::vec(any_line(), 1..4)
    ) {
        let mut text = String::new();
        let mut ends = Vec::new();
        for line in &lines {
            text += &written(line);
            text.push('\n');
            ends.push(text.len());
        }
        let whole = all(text.as_bytes());
        for cut in 0..=text.len() {
            let found = all(&text.as_bytes()[..cut]);
            let complete = ends.iter().filter(|end| **end <= cut).count();
            // A text that is cut off is as many lines as it has.
            let start = complete.checked_sub(1).map_or(0, |last| ends[last]);
            let rest = text.as_bytes()[start..cut].split(|byte| *byte == b'\n').count();
            prop_assert!((complete..=complete + rest).contains(&found.len()));
            prop_assert_eq!(&found[..complete], &whole[..complete]);
        }
    }

    #[test]
    fn no_bytes_panic_and_all_are_looked_at(
        bytes in proptest::collection::vec(prop_oneof![
            proptest::sample::select(b"a,= \\\"\n#1i".to_vec()), any::<u8>()
        ], 0..60)
    ) {
        let lines = all(&bytes);
        let breaks = bytes.iter().filter(|byte| **byte == b'\n').count();
        prop_assert!(lines.len() <= breaks + 1);
        prop_assert!(lines.iter().all(|(number, _)| (1..=breaks + 1).contains(number)));
    }
}
