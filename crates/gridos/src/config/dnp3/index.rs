//! Where a point lies in an outstation: `analog = 0`, or `binary = "0..31"` for many.

use std::ops::RangeInclusive;

use gridos_collect::dnp3::PointKind;

use super::super::given::Given;
use super::super::section::Section;

/// The keys of which a point has exactly one: the words of all kinds.
pub(in super::super) const KEYS: [&str; 9] = [
    PointKind::Binary.word(),
    PointKind::DoubleBit.word(),
    PointKind::BinaryOutput.word(),
    PointKind::Counter.word(),
    PointKind::FrozenCounter.word(),
    PointKind::Analog.word(),
    PointKind::FrozenAnalog.word(),
    PointKind::AnalogOutput.word(),
    PointKind::Octets.word(),
];

/// Which point of an outstation, or which ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Indexes {
    pub(super) key: &'static str,
    pub(super) kind: PointKind,
    pub(super) range: RangeInclusive<u16>,
    /// Whether it was written as a range, be it of one index.
    pub(super) is_range: bool,
}

/// The kind of points called `word`.
pub(super) fn kind_of(word: &str) -> Option<PointKind> {
    PointKind::ALL.into_iter().find(|kind| kind.word() == word)
}

/// The group of the present values of points of `kind`.
pub(super) const fn static_group(kind: PointKind) -> u8 {
    match kind {
        PointKind::Binary => 1,
        PointKind::DoubleBit => 3,
        PointKind::BinaryOutput => 10,
        PointKind::Counter => 20,
        PointKind::FrozenCounter => 21,
        PointKind::Analog => 30,
        PointKind::FrozenAnalog => 31,
        PointKind::AnalogOutput => 40,
        PointKind::Octets => 110,
    }
}

/// The group of the events of points of `kind`.
pub(super) const fn event_group(kind: PointKind) -> u8 {
    match kind {
        PointKind::Binary => 2,
        PointKind::DoubleBit => 4,
        PointKind::BinaryOutput => 11,
        PointKind::Counter => 22,
        PointKind::FrozenCounter => 23,
        PointKind::Analog => 32,
        PointKind::FrozenAnalog => 33,
        PointKind::AnalogOutput => 42,
        PointKind::Octets => 111,
    }
}

/// The index or the indexes of a point.
pub(super) fn read(point: &Section<'_>) -> Option<Indexes> {
    let mut given = KEYS.into_iter().filter(|key| point.has(key));
    let Some(key) = given.next() else {
        point.report("says no index; write for example analog = 0, or binary = \"0..31\"");
        return None;
    };
    if let Some(other) = given.next() {
        let what = format!("stands beside {key}, but a point has one index; remove one");
        point.fault(other, what);
        return None;
    }
    let kind = kind_of(key)?;
    let is_range = is_text(point, key);
    let range = if is_range {
        point.word(key, parse_range)?.value
    } else {
        let index = point.whole(key, 0..=u16::MAX)?.value;
        index..=index
    };
    Some(Indexes {
        key,
        kind,
        range,
        is_range,
    })
}

/// Whether `key` is a text rather than a number.
pub(super) fn is_text(section: &Section<'_>, key: &str) -> bool {
    let given = section.given(key);
    given.is_some_and(|found| match found.value {
        Given::Typed(value) => value.as_str().is_some(),
        Given::Word(_) => true,
    })
}

/// Reads `0..31`, the last one included.
pub(super) fn parse_range(text: &str) -> Result<RangeInclusive<u16>, &'static str> {
    let what = "is no range of indexes from 0 to 65535; write for example \"0..31\" (the last one \
                included)";
    let (first, last) = text.split_once("..").ok_or(what)?;
    let number = |text: &str| {
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u16>().ok();
        number.filter(|_| is_digits).ok_or(what)
    };
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err("ends before it begins; write the smaller index first");
    }
    Ok(first..=last)
}
