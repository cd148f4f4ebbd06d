//! The order of all readings, and places in it to go on from.

use std::fmt;
use std::str::FromStr;

use gridos_model::Timestamp;

/// The place of a reading among all readings: by time, then by reception, then by where it is
/// stored. Events of one message at one time stay in its order, unless a store cut the message apart
/// between them.
///
/// No two readings have the same place, and what arrives later takes none between a place and
/// those that were before it at the same time; so a client that goes on from a place meets each
/// reading once. As text it means nothing to anybody but the store that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Microseconds since 1970.
    pub(crate) time: i64,
    /// Microseconds since 1970.
    pub(crate) received: i64,
    pub(crate) layout: i64,
    pub(crate) shape: Shape,
    /// Which part of a table that has several.
    pub(crate) table: u32,
    /// Which row of the table.
    pub(crate) row: i64,
    /// Which reading of the row.
    pub(crate) ordinal: u32,
}

/// Which shape a reading came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Shape {
    Sweep,
    Event,
}

impl Cursor {
    /// The reading's time.
    pub fn time(&self) -> Timestamp {
        Timestamp::from_micros(self.time)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            time,
            received,
            layout,
            shape,
            table,
            row,
            ordinal,
        } = *self;
        let shape = match shape {
            Shape::Sweep => 's',
            Shape::Event => 'e',
        };
        write!(
            f,
            "{time:x}-{received:x}-{layout:x}-{shape}-{table:x}-{row:x}-{ordinal:x}"
        )
    }
}

/// The text is no cursor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no cursor of an earlier answer; give it as it stood there, or leave it out")]
pub struct ParseCursorError;

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(ParseCursorError);
        let cursor = Self {
            time: number(next()?)?,
            received: number(next()?)?,
            layout: number(next()?)?,
            shape: match next()? {
                "s" => Shape::Sweep,
                "e" => Shape::Event,
                _ => return Err(ParseCursorError),
            },
            table: small(next()?)?,
            row: number(next()?)?,
            ordinal: small(next()?)?,
        };
        match parts.next() {
            None => Ok(cursor),
            Some(_) => Err(ParseCursorError),
        }
    }
}

pub(super) fn number(hex: &str) -> Result<i64, ParseCursorError> {
    let bits = u64::from_str_radix(hex, 16).map_err(|_| ParseCursorError)?;
    Ok(bits.cast_signed())
}

fn small(hex: &str) -> Result<u32, ParseCursorError> {
    u32::from_str_radix(hex, 16).map_err(|_| ParseCursorError)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_cursor_reads_back(
            (time, received, layout, row) in any::<(i64, i64, i64, i64)>(),
            (table, ordinal, is_event) in any::<(u32, u32, bool)>(),
        ) {
            let shape = if is_event { Shape::Event } else { Shape::Sweep };
            let cursor = Cursor { time, received, layout, shape, table, row, ordinal };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn no_text_panics(text in "[0-9a-fse-]{0,80}") {
            let _ = text.parse::<Cursor>();
        }
    }

    #[test]
    fn nonsense_is_no_cursor() {
        for text in [
            "",
            "0",
            "0-0-0-x-0-0-0",
            "0-0-0-s-0-0",
            "0-0-0-s-0-0-0-0",
            "0-0-0-s-100000000-0-0",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(ParseCursorError), "{text}");
        }
        assert!("0-0-0-s-0-0-0".parse::<Cursor>().is_ok());
    }
}
