//! The formats in which readings are posted.

use std::borrow::Cow;
use std::io::Read;

use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use gridos_line::{FieldValue, Line, LineError, Lines};
use gridos_model::Timestamp;

use super::body::{BodyError, READINGS_PER_POST_MAX, read_body};
use super::mapping::LineMapping;
use super::posted::{Item, Posted, When, Wrong};
use crate::parameters::{Parameters, bad, cut};
use crate::problem::{Kind, Problem};
use crate::receive::essence;

/// How the readings of a body are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Format {
    Json,
    /// One reading a line.
    NdJson,
    /// InfluxDB line protocol, with the nanoseconds of a unit of its timestamps.
    Line(i64),
}

impl Format {
    /// The format that is named by the parameter `format`, or else by the Content-Type.
    pub(super) fn of(headers: &HeaderMap, parameters: &Parameters) -> Result<Self, Problem> {
        let essence = essence(headers);
        let format = match parameters.one("format")? {
            Some("json") => Self::Json,
            Some("ndjson") => Self::NdJson,
            Some("line") => Self::Line(1),
            Some(_) => return Err(bad("format", "must be json, ndjson or line")),
            None => of_type(&essence).ok_or_else(other_type)?,
        };
        // A page of another origin may post these types by a plain form, without being asked first;
        // only browsers say where they come from.
        let is_plain = essence.is_empty()
            || essence == "text/plain"
            || essence == "application/x-www-form-urlencoded"
            || essence == "multipart/form-data";
        if is_plain && headers.contains_key(header::ORIGIN) {
            let detail = "a web page must send the readings as application/json";
            return Err(Problem::new(Kind::MediaType, detail));
        }
        let precision = parameters.one("precision")?;
        match (format, precision) {
            (Self::Line(_), Some(unit)) => Ok(Self::Line(nanoseconds(unit)?)),
            (_, Some(_)) => Err(bad("precision", "is for line protocol alone")),
            (_, None) => Ok(format),
        }
    }

    /// The readings of `body`, given to `sort` one by one.
    pub(super) fn read<T>(
        self,
        body: &[u8],
        mapping: &LineMapping,
        sort: impl FnOnce(&mut dyn Iterator<Item = Item<'_>>) -> T,
    ) -> Result<T, BodyError> {
        match self {
            Self::Json => {
                let readings = read_body(body)?;
                let items = readings.iter().map(|raw| Item::of_json(None, raw.get()));
                Ok(sort(&mut { items }))
            }
            Self::NdJson => bounded(json_lines(body), sort),
            Self::Line(unit) => {
                let lines = Lines::new(body);
                bounded(
                    lines.flat_map(|(number, line)| fields(number, line, unit, mapping)),
                    sort,
                )
            }
        }
    }
}

fn of_type(essence: &str) -> Option<Format> {
    match essence {
        "application/json" => Some(Format::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(Format::NdJson),
        "text/plain" => Some(Format::Line(1)),
        other if other.starts_with("application/") && other.ends_with("+json") => {
            Some(Format::Json)
        }
        _ => None,
    }
}

fn other_type() -> Problem {
    let detail = "send the header Content-Type: application/json, application/x-ndjson, or \
                  text/plain for line protocol";
    Problem::new(Kind::MediaType, detail)
}

fn nanoseconds(unit: &str) -> Result<i64, Problem> {
    match unit {
        "ns" | "n" => Ok(1),
        "us" | "u" => Ok(1_000),
        "ms" => Ok(1_000_000),
        "s" => Ok(1_000_000_000),
        _ => Err(bad("precision", "must be ns, us, ms or s")),
    }
}

/// Gives the items to `sort`, unless they are too many.
fn bounded<'a, T>(
    items: impl Iterator<Item = Item<'a>>,
    sort: impl FnOnce(&mut dyn Iterator<Item = Item<'_>>) -> T,
) -> Result<T, BodyError> {
    let mut count = 0;
    let sorted = sort(
        &mut items
            .take(READINGS_PER_POST_MAX + 1)
            .inspect(|_| count += 1),
    );
    match count {
        0 => Err(BodyError::Empty),
        count if count > READINGS_PER_POST_MAX => Err(BodyError::TooMany { readings: count }),
        _ => Ok(sorted),
    }
}

fn json_lines(body: &[u8]) -> impl Iterator<Item = Item<'_>> {
    let lines = body.split(|byte| *byte == b'\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.iter().all(u8::is_ascii_whitespace));
    lines.map(|(line, number)| match std::str::from_utf8(line) {
        Ok(json) => Item::of_json(Some(number), json),
        Err(_) => wrong(number, None, "the line is no UTF-8".to_owned()),
    })
}

fn wrong<'a>(line: usize, point: Option<String>, detail: String) -> Item<'a> {
    Item {
        line: Some(line),
        reading: Err(Wrong { point, detail }),
    }
}

/// A reading for each field of a line.
fn fields<'a>(
    number: usize,
    line: Result<Line<'a>, LineError>,
    unit: i64,
    mapping: &LineMapping,
) -> impl Iterator<Item = Item<'a>> {
    let (line, error) = match line {
        Ok(line) => (Some(line), None),
        Err(error) => (None, Some(wrong(number, None, error.to_string()))),
    };
    let readings = line.into_iter().flat_map(move |mut line| {
        let fields = std::mem::take(&mut line.fields);
        let time = line.timestamp.map(|timestamp| timestamp.checked_mul(unit));
        let fields = fields.into_iter();
        fields.map(move |(field, value)| reading(number, &line, time, &field, value, mapping))
    });
    error.into_iter().chain(readings)
}

fn reading<'a>(
    number: usize,
    line: &Line<'a>,
    time: Option<Option<i64>>,
    field: &str,
    value: FieldValue<'a>,
    mapping: &LineMapping,
) -> Item<'a> {
    let point = match mapping.point(line, field) {
        Ok(point) => point,
        Err(tag) => {
            let detail = format!("the tag '{}' is missing, which names the point", cut(tag));
            return wrong(number, None, detail);
        }
    };
    let time = match time {
        None => None,
        Some(Some(nanos)) => Some(When::Known(Timestamp::from_nanos(nanos))),
        Some(None) => {
            let detail = "the timestamp is out of range; is the precision right?".to_owned();
            return wrong(number, Some(point), detail);
        }
    };
    let (value, text) = match value {
        FieldValue::Number(value) => (Some(value), None),
        FieldValue::Text(text) => (None, Some(text)),
    };
    let posted = Posted {
        point: Cow::Owned(point),
        value,
        text,
        time,
        quality: None,
    };
    Item {
        line: Some(number),
        reading: Ok(posted),
    }
}

/// Whether a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    /// What the Content-Encoding says.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(coding) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(Self::Identity);
        };
        match coding.to_str().unwrap_or_default().trim() {
            coding if coding.eq_ignore_ascii_case("gzip") => Ok(Self::Gzip),
            coding if coding.eq_ignore_ascii_case("identity") => Ok(Self::Identity),
            _ => {
                let detail = "send the body as it is, or with Content-Encoding: gzip";
                Err(Problem::new(Kind::MediaType, detail))
            }
        }
    }

    /// The body unpacked, which may have `bytes_max`: nothing beyond that is unpacked.
    pub(super) fn unpack(self, body: &[u8], bytes_max: usize) -> Result<Cow<'_, [u8]>, BodyError> {
        if self == Self::Identity {
            return Ok(Cow::Borrowed(body));
        }
        let mut plain = Vec::new();
        let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let mut unpacked = MultiGzDecoder::new(body).take(most.saturating_add(1));
        unpacked
            .read_to_end(&mut plain)
            .map_err(|error| BodyError::Packed {
                what: error.to_string(),
            })?;
        match plain.len() > bytes_max {
            true => Err(BodyError::Unpacked { bytes_max }),
            false => Ok(Cow::Owned(plain)),
        }
    }
}
