//! `master = 1`, `outstation = 10`: who talks to whom on the link.

use std::fmt;

use gridos_dnp3::link::Address;

use super::super::section::Section;

/// The keys of a device.
pub(in super::super) const KEYS: [&str; 2] = ["master", "outstation"];

/// Which of the devices behind an address one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Station {
    /// Modbus: the unit id, 0 to 255; default 1.
    Unit(u8),
    /// DNP3: the two link addresses.
    Outstation(LinkPair),
}

/// The link addresses of the engine and an outstation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkPair {
    /// The engine's own towards it.
    pub master: Address,
    /// The outstation's.
    pub outstation: Address,
}

impl LinkPair {
    /// The addresses of a device, where the engine's is `master` unless it says otherwise.
    ///
    /// The outstation's has no default: one that is wrong gets no answer, and no error either.
    pub(in super::super) fn read(section: &Section<'_>, master: Address) -> Option<Self> {
        let own = read_address(section, "master").unwrap_or(master);
        let outstation = read_address(section, "outstation");
        let outstation = section.demand("outstation", outstation, "outstation = 10")?;
        if own == outstation {
            let what = "is the engine's own link address (master) as well; correct one";
            section.fault("outstation", what);
        }
        Some(Self {
            master: own,
            outstation,
        })
    }
}

impl fmt::Display for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit(unit) => write!(f, "unit {unit}"),
            Self::Outstation(pair) => pair.fmt(f),
        }
    }
}

impl fmt::Display for LinkPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "outstation {} of master {}",
            self.outstation, self.master
        )
    }
}

/// The address of one station under `key`.
pub(super) fn read_address(section: &Section<'_>, key: &str) -> Option<Address> {
    let found = section.whole(key, 0..=Address::INDIVIDUAL_MAX.raw())?;
    Some(Address::from_raw(found.value))
}
