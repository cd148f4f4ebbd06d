//! `[alarms]`: what holds for the alarms of all devices.

use super::name::Name;
use super::section::Section;

pub(super) const KEYS: &[&str] = &["area"];

/// The area of devices that name none, unless it has a name of its own.
const AREA: &str = "control-room";

/// What holds for the alarms of all devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarms {
    /// The operators' area of devices that name none; default `control-room`.
    pub area: Name,
}

impl Alarms {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let area = section.word("area", Name::dotted).map(|found| found.value);
        Some(Self {
            area: area.or_else(|| Name::dotted(AREA).ok())?,
        })
    }
}
