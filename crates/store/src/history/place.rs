//! Places in lists of what is told of devices: gaps and dead letters.

use std::fmt;
use std::str::FromStr;

use gridos_model::Timestamp;

use super::order::{ParseCursorError, number};
use super::{GapRow, GapsQuery, LetterRow, LettersQuery};

/// A place in a list that is in order of time and then of devices' names, and how many rows of that
/// time and device stand before it: nothing else tells them apart for sure. As text it means nothing to
/// anybody but a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePlace {
    /// Microseconds since 1970.
    time: i64,
    passed: u64,
    /// Empty for what is of no device.
    device: String,
}

impl DevicePlace {
    /// The time as databases take it, whoever made the place up.
    pub(crate) fn micros(&self) -> i64 {
        let (least, most) = (Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
        self.time.clamp(least, most)
    }

    pub(crate) fn device(&self) -> &str {
        &self.device
    }

    /// Rows of its time and device to leave out.
    pub(crate) fn passed(&self) -> i64 {
        i64::try_from(self.passed).unwrap_or(i64::MAX)
    }

    /// The place behind the last of `rows`, which came behind `after`.
    fn behind<'a>(
        after: Option<&Self>,
        mut rows: impl DoubleEndedIterator<Item = (Timestamp, &'a str)>,
    ) -> Option<Self> {
        let last = rows.next_back()?;
        let (time, device) = (last.0.as_micros(), last.1);
        let alike = rows.rev().take_while(|row| *row == last).count() as u64 + 1;
        let goes_on = after.filter(|after| after.time == time && after.device == device);
        Some(Self {
            time,
            passed: goes_on
                .map_or(0, |after| after.passed)
                .saturating_add(alike),
            device: device.to_owned(),
        })
    }
}

impl GapsQuery {
    /// Where what comes behind `rows` begins, if these are the answer; `None` if there are none.
    pub fn place_behind(&self, rows: &[GapRow]) -> Option<DevicePlace> {
        let rows = rows
            .iter()
            .map(|row| (row.from, row.device.as_deref().unwrap_or_default()));
        DevicePlace::behind(self.after.as_ref(), rows)
    }
}

impl LettersQuery {
    /// Where what comes behind `rows` begins, if these are the answer; `None` if there are none.
    pub fn place_behind(&self, rows: &[LetterRow]) -> Option<DevicePlace> {
        let rows = rows.iter().map(|row| (row.received, &*row.device));
        DevicePlace::behind(self.after.as_ref(), rows)
    }
}

impl fmt::Display for DevicePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}-{}", self.time, self.passed, self.device)
    }
}

impl FromStr for DevicePlace {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '-');
        let mut next = || parts.next().ok_or(ParseCursorError);
        let (time, passed, device) = (next()?, next()?, next()?);
        // No device is called so, and databases take no NUL.
        if device.contains(char::is_control) {
            return Err(ParseCursorError);
        }
        Ok(Self {
            time: number(time)?,
            passed: number(passed)?.cast_unsigned(),
            device: device.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_place_reads_back(time: i64, passed: u64, device in "[a-z.-]{0,12}") {
            let place = DevicePlace { time, passed, device };
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }

        #[test]
        fn no_text_panics(text in "[0-9a-f-]{0,40}\\PC{0,9}") {
            let _ = text.parse::<DevicePlace>();
        }

        /// From place to place all rows are met once, however many are alike.
        #[test]
        fn pages_together_are_all_rows(
            mut rows in proptest::collection::vec((0_i64..3, "[ab]"), 0..20), limit in 1_usize..4,
        ) {
            rows.sort();
            let (mut met, mut after) = (Vec::new(), None::<DevicePlace>);
            loop {
                let is_behind = |row: &&(i64, String)| match &after {
                    Some(place) => (row.0, row.1.as_str()) >= (place.time, &*place.device),
                    None => true,
                };
                let passed = after.as_ref().map_or(0, |place| usize::try_from(place.passed).unwrap());
                let page = rows.iter().filter(is_behind).skip(passed).take(limit);
                let page: Vec<_> = page.cloned().collect();
                let told = page.iter().map(|(time, name)| (Timestamp::from_micros(*time), &**name));
                let Some(next) = DevicePlace::behind(after.as_ref(), told) else { break };
                after = Some(next);
                met.extend(page);
            }
            prop_assert_eq!(met, rows);
        }
    }

    #[test]
    fn a_device_that_cannot_be_is_none() {
        assert_eq!("1-2-a\0".parse::<DevicePlace>(), Err(ParseCursorError));
        assert_eq!("1-2".parse::<DevicePlace>(), Err(ParseCursorError));
    }
}
