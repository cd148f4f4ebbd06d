//! The body of a post: a list of readings, of which one that is wrong spoils no other.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::posted::Posted;

/// The most readings one post may hold; also bounds the memory to decode one and to answer it.
pub(super) const READINGS_PER_POST_MAX: usize = 50_000;

/// Why a body is no list of readings.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error(
        "the body is empty; send {{\"readings\":[{{\"point\":\"DEVICE.POINT\",\"value\":1.5}}]}}"
    )]
    Empty,
    #[error("the body is no JSON list of readings: {what}; nothing was taken")]
    Malformed {
        /// With the line and the column where reading stopped.
        what: String,
        line: usize,
        column: usize,
    },
    #[error(
        "the body has {readings} readings; one post may have {READINGS_PER_POST_MAX}; send them in \
         several"
    )]
    TooMany { readings: usize },
    #[error("the body cannot be unpacked: {what}; nothing was taken")]
    Packed { what: String },
    #[error("the body has more than {bytes_max} bytes when it is unpacked; nothing was taken")]
    Unpacked { bytes_max: usize },
}

/// The readings of a body, each still as it was written.
pub(super) fn read_body(body: &[u8]) -> Result<Vec<&RawValue>, BodyError> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let list = match first {
        None => return Err(BodyError::Empty),
        Some(b'[') => serde_json::from_slice(body)?,
        Some(_) => serde_json::from_slice::<Envelope<'_>>(body)?.readings,
    };
    if list.count > list.readings.len() {
        return Err(BodyError::TooMany {
            readings: list.count,
        });
    }
    Ok(list.readings)
}

/// The readings of a post: a list, or an object that holds one.
#[derive(ToSchema)]
#[schema(as = Post)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape of what is read element by element")]
pub(super) enum Body<'a> {
    List(Vec<Posted<'a>>),
    Object { readings: Vec<Posted<'a>> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(borrow)]
    readings: List<'a>,
}

/// Counts all elements but keeps no more than are allowed.
struct List<'a> {
    readings: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of readings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<List<'de>, A::Error> {
        let mut readings = Vec::new();
        while readings.len() < READINGS_PER_POST_MAX
            && let Some(reading) = elements.next_element()?
        {
            readings.push(reading);
        }
        let mut count = readings.len();
        while count >= READINGS_PER_POST_MAX && elements.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(List { readings, count })
    }
}

impl From<serde_json::Error> for BodyError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::Malformed {
            what: error.to_string(),
            line,
            column,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_shapes_hold_the_same_readings() {
        let list = |text: &str| {
            let readings = read_body(text.as_bytes()).unwrap();
            readings
                .iter()
                .map(|raw| raw.get().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(list(" [ {\"point\":1} , 7]"), ["{\"point\":1}", "7"]);
        assert_eq!(
            list("\n{\"readings\": [{\"point\":1},7]}"),
            ["{\"point\":1}", "7"]
        );
        assert!(list("[]").is_empty());
    }

    #[test]
    fn the_place_of_an_error_is_told() {
        for (text, at) in [
            ("[1,\n 2,,3]", (2, 4)),
            ("{\"reading\":[]}", (1, 10)),
            ("{\"readings\":7}", (1, 13)),
            ("[1] 2", (1, 5)),
            ("\"text\"", (1, 6)),
            ("[1e", (1, 3)),
        ] {
            let error = read_body(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("line"), "{error}");
            let BodyError::Malformed { line, column, .. } = error else {
                panic!("{text}: {error}");
            };
            assert_eq!((line, column), at, "{text}");
        }
        assert!(matches!(read_body(b" \n"), Err(BodyError::Empty)));
    }

    #[test]
    fn a_body_cut_anywhere_is_malformed() {
        let body =
            r#"{"readings":[{"point":"d.a","value":-1.5e3,"time":null},{"point":"µ\u00e9"}]}"#;
        assert_eq!(read_body(body.as_bytes()).unwrap().len(), 2);
        for end in 0..body.len() {
            assert!(read_body(&body.as_bytes()[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn too_many_readings_are_counted_but_not_kept() {
        let body = |n: usize| format!("[{}7]", "7,".repeat(n - 1));
        let most = body(READINGS_PER_POST_MAX);
        assert_eq!(
            read_body(most.as_bytes()).unwrap().len(),
            READINGS_PER_POST_MAX
        );
        let more = body(READINGS_PER_POST_MAX + 3);
        let Err(BodyError::TooMany { readings }) = read_body(more.as_bytes()) else {
            panic!("taken");
        };
        assert_eq!(readings, READINGS_PER_POST_MAX + 3);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read_body(&bytes);
        }
    }
}
