//! A reading as it is posted, whatever the format.

use std::borrow::Cow;

use gridos_model::Timestamp;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// One reading of a post, or what is wrong with it.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// The line that it is on, from 1; `None` if the format has no lines.
    pub(super) line: Option<usize>,
    pub(super) reading: Result<Posted<'a>, Wrong>,
}

/// Why something is no reading.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The point, if it can be found at all.
    pub(super) point: Option<String>,
    pub(super) detail: String,
}

/// A reading as it is posted; a name that is not known here refuses it, so that a misspelt "time"
/// does not silently become the time of reception.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PostedReading)]
pub(super) struct Posted<'a> {
    #[serde(borrow)]
    pub(super) point: Cow<'a, str>,
    #[serde(default)]
    pub(super) value: Option<f64>,
    #[serde(default)]
    pub(super) text: Option<Cow<'a, str>>,
    /// RFC 3339; the time of reception unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) time: Option<When>,
    #[serde(default)]
    pub(super) quality: Option<Vec<String>>,
}

/// When a reading was taken at its source.
#[derive(Debug)]
pub(super) enum When {
    Written(String),
    Known(Timestamp),
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::Written)
    }
}

impl When {
    /// The instant that is meant.
    pub(super) fn of(time: Option<&Self>) -> Result<Option<Timestamp>, String> {
        match time {
            None => Ok(None),
            Some(Self::Known(time)) => Ok(Some(*time)),
            Some(Self::Written(text)) => match text.parse() {
                Ok(time) => Ok(Some(time)),
                Err(error) => Err(format!("time: {error}")),
            },
        }
    }
}

impl<'a> Item<'a> {
    /// The reading that `json` is.
    pub(super) fn of_json(line: Option<usize>, json: &'a str) -> Self {
        let reading = serde_json::from_str(json).map_err(|error| Wrong {
            point: point_of(json),
            detail: what(&error),
        });
        Self { line, reading }
    }
}

/// The point of a reading that is otherwise wrong, if it can be found at all.
fn point_of(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        point: String,
    }
    serde_json::from_str(json).ok().map(|Named { point }| point)
}

/// What is wrong, without a line and column that would count from the reading's own beginning.
fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text.chars().take(200.min(end)).collect()
}
