//! `[dnp3]`: how outstations are met; and what profiles of `protocol = "dnp3"` say of them.

mod assign;
#[cfg(test)]
mod fault_tests;
mod index;
mod map;
mod point;
mod reads;
mod station;
#[cfg(test)]
mod tests;
mod treatment;

use gridos_collect::dnp3::Dnp3Device;
use gridos_dnp3::link::Address;

use super::given::Given;
use super::section::Section;
use super::source::Found;

pub use map::OutstationMap;
pub use station::{LinkPair, Station};
pub use treatment::Treatment;

pub(super) use index::KEYS as POINT_KEYS;
pub(super) use station::KEYS as STATION_KEYS;
pub(super) use treatment::CLASS_POLL_KEYS;
pub(super) use treatment::KEYS as PROFILE_KEYS;
pub(super) use {assign::KEYS as ASSIGN_KEYS, reads::KEYS as READS_KEYS};

pub(super) const KEYS: &[&str] = &["master", "connects_at_once", "integrity_polls_at_once"];

/// How outstations are met, whatever their profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The engine's own link address, unless a device says otherwise; default 1.
    pub master: Address,
    /// How many connections may be under way at once; 1 to 65536, default 512.
    pub connects_at_once: usize,
    /// How many integrity polls may be under way at once; 1 to 65536, default 64.
    pub integrity_polls_at_once: usize,
}

impl Default for Meeting {
    fn default() -> Self {
        Self {
            master: Address::from_raw(1),
            connects_at_once: Dnp3Device::CONNECTS_AT_ONCE,
            integrity_polls_at_once: Dnp3Device::INTEGRITY_POLLS_AT_ONCE,
        }
    }
}

impl Meeting {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let default = Self::default();
        let at_once = |key, default| {
            let found = section.whole(key, 1..=65_536);
            found.map_or(default, |found| found.value)
        };
        Self {
            master: station::read_address(section, "master").unwrap_or(default.master),
            connects_at_once: at_once("connects_at_once", default.connects_at_once),
            integrity_polls_at_once: at_once(
                "integrity_polls_at_once",
                default.integrity_polls_at_once,
            ),
        }
    }
}

/// Whether `key` is `false`, where otherwise something else stands.
fn is_off(section: &Section<'_>, key: &str) -> bool {
    let given = section.given(key).map(|Found { value, .. }| value);
    match given {
        Some(Given::Typed(value)) => value.as_bool() == Some(false),
        Some(Given::Word(word)) => word == "false",
        None => false,
    }
}
