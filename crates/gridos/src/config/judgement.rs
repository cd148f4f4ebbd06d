//! What the value of a Modbus point is judged by: `invalid`, `states`, `range`, `raw`, `clamp`, `sf`.

use std::sync::Arc;

use gridos_modbus::{Kind, Span};

use super::name::Name;
use super::section::{Section, shown};

/// What the raw numbers of a point are called.
pub type StateTexts = Arc<[(i64, Box<str>)]>;

/// What the value of a point is judged by.
#[derive(Clone, Debug, Default)]
pub(super) struct Judgement {
    pub(super) invalid: Vec<u64>,
    pub(super) states: Option<StateTexts>,
    pub(super) span: Option<Span>,
    pub(super) exponent: Option<String>,
}

impl Judgement {
    /// Reads the keys of a point of `kind`.
    pub(super) fn read(point: &Section<'_>, kind: Kind) -> Self {
        let exponent = point.word("sf", Name::plain);
        Self {
            invalid: read_invalid(point, kind),
            states: read_states(point),
            span: read_span(point),
            exponent: exponent.map(|found| found.value.as_str().to_owned()),
        }
    }

    /// The raw numbers that are states.
    pub(super) fn state_numbers(&self) -> Vec<i64> {
        let states = self.states.iter().flat_map(|states| states.iter());
        states.map(|(number, _)| *number).collect()
    }
}

/// Codes as the manual prints them, `0x8000` or `-32768`, are the bits of the point's kind.
fn read_invalid(point: &Section<'_>, kind: Kind) -> Vec<u64> {
    let what = "a list of whole numbers, such as [0x8000, 0xffff]";
    let Some(codes) = point.list("invalid", what, |given| given.whole()) else {
        return Vec::new();
    };
    let is_byte = matches!(
        kind,
        Kind::U8Low | Kind::U8High | Kind::I8Low | Kind::I8High
    );
    let bits = if is_byte {
        8
    } else {
        16 * u32::from(kind.registers())
    };
    let limit = 1_i128 << bits;
    let as_bits = |code: &i128| {
        let unsigned = if *code < 0 {
            code.checked_add(limit)
        } else {
            Some(*code)
        };
        let fits = (-limit / 2..limit).contains(code);
        unsigned
            .filter(|_| fits)
            .and_then(|code| u64::try_from(code).ok())
    };
    let known: Option<Vec<u64>> = codes.value.iter().map(as_bits).collect();
    known.unwrap_or_else(|| {
        point.fault(
            "invalid",
            format_args!("has a code of more than the {bits} bits of {kind}"),
        );
        Vec::new()
    })
}

/// What the numbers of a point are called, if they are.
pub(super) fn read_states(point: &Section<'_>) -> Option<StateTexts> {
    let title = format!("{} states", point.title());
    let section = point.table("states", &[], title)?;
    let mut states: Vec<(i64, Box<str>)> = Vec::new();
    for key in section.names() {
        let Ok(number) = key.value.parse::<i64>() else {
            let what = "is no whole number; write for example states = { 0 = \"open\" }";
            section.fault(key.value, what);
            continue;
        };
        if let Some(text) = section.word(key.value, checked_text) {
            states.push((number, text.value));
        }
    }
    states.sort_by_key(|(number, _)| *number);
    let is_twice = states.windows(2).any(|pair| pair[0].0 == pair[1].0);
    if is_twice || states.is_empty() {
        let what = if is_twice {
            "one number has two texts; remove one"
        } else {
            "there is none; write for example states = { 0 = \"open\", 1 = \"closed\" }"
        };
        section.report(what);
        return None;
    }
    Some(states.into())
}

fn checked_text(text: &str) -> Result<Box<str>, String> {
    let is_short = (1..=TEXT_CHARS_MAX).contains(&text.chars().count());
    if !is_short || text.contains(char::is_control) {
        return Err(format!("is no text of 1 to {TEXT_CHARS_MAX} letters"));
    }
    Ok(text.into())
}

fn read_span(point: &Section<'_>) -> Option<Span> {
    let range = ends(point, "range");
    let raw = ends(point, "raw");
    let clamp = point.flag("clamp");
    if !point.has("range") {
        for key in ["raw", "clamp"].iter().filter(|key| point.has(key)) {
            point.fault(
                key,
                "needs a range beside it; write for example range = [0, 500]",
            );
        }
    }
    let (low, high) = range?;
    Some(Span {
        raw,
        clamp: clamp.unwrap_or(false),
        ..Span::new(low, high)
    })
}

/// The two numbers under `key`.
fn ends(point: &Section<'_>, key: &str) -> Option<(f64, f64)> {
    let what = "a list of two numbers, such as [0, 500]";
    let numbers = point.list(key, what, |given| given.number())?;
    match numbers.value[..] {
        [low, high] => Some((low, high)),
        _ => {
            point.fault(key, format_args!("must be {what}"));
            None
        }
    }
}

/// The names of the bits of a register, from bit 0 on; a bit without a name is not a point.
pub(super) fn read_bits(point: &Section<'_>) -> Option<Vec<Option<Name>>> {
    let what = "a list of names, such as [\"trip\", \"\", \"earth_fault\"]";
    let texts = point.list("bits", what, |given| given.text())?;
    let mut names = Vec::new();
    for text in &texts.value {
        if text.is_empty() {
            names.push(None);
            continue;
        }
        match Name::plain(text) {
            Ok(name) => names.push(Some(name)),
            Err(error) => point.fault("bits", format_args!("{} {error}", shown(text))),
        }
    }
    Some(names)
}

const TEXT_CHARS_MAX: usize = 64;
