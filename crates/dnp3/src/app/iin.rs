//! Internal indications: what an outstation says about itself in every response.

use std::fmt;

use bitflags::bitflags;

bitflags! {
    /// The two octets of internal indications (IEEE 1815-2012, 4.2.2.6 and 4.5).
    ///
    /// Bit `n` is the point `n` of g80v1. Reserved bits are kept as they came.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Iin: u16 {
        /// IIN1.0: a broadcast message arrived.
        const BROADCAST = 1 << 0;
        /// IIN1.1: events of class 1 wait.
        const CLASS_1_EVENTS = 1 << 1;
        /// IIN1.2: events of class 2 wait.
        const CLASS_2_EVENTS = 1 << 2;
        /// IIN1.3: events of class 3 wait.
        const CLASS_3_EVENTS = 1 << 3;
        /// IIN1.4: the clock wants to be set.
        const NEED_TIME = 1 << 4;
        /// IIN1.5: some outputs are under local control.
        const LOCAL_CONTROL = 1 << 5;
        /// IIN1.6: something is wrong with the device.
        const DEVICE_TROUBLE = 1 << 6;
        /// IIN1.7: the device restarted and nobody cleared this bit since.
        const DEVICE_RESTART = 1 << 7;
        /// IIN2.0: the outstation does not know the function.
        const NO_FUNC_CODE_SUPPORT = 1 << 8;
        /// IIN2.1: the outstation does not have the object.
        const OBJECT_UNKNOWN = 1 << 9;
        /// IIN2.2: the request makes no sense.
        const PARAMETER_ERROR = 1 << 10;
        /// IIN2.3: events were lost for want of room.
        const EVENT_BUFFER_OVERFLOW = 1 << 11;
        /// IIN2.4: what was asked is being done already.
        const ALREADY_EXECUTING = 1 << 12;
        /// IIN2.5: the configuration of the device is damaged.
        const CONFIG_CORRUPT = 1 << 13;
    }
}

impl Iin {
    /// Reads IIN1 and IIN2.
    pub const fn from_octets(octets: [u8; 2]) -> Self {
        Self::from_bits_retain(u16::from_le_bytes(octets))
    }

    /// IIN1 and IIN2.
    pub const fn to_octets(self) -> [u8; 2] {
        self.bits().to_le_bytes()
    }

    /// The bits IIN2.6 and IIN2.7, which must be 0: 0 to 3.
    pub const fn reserved(self) -> u8 {
        self.to_octets()[1] >> 6
    }

    /// The reasons for which the outstation did not do what was asked.
    pub const REFUSED: Self = Self::NO_FUNC_CODE_SUPPORT
        .union(Self::OBJECT_UNKNOWN)
        .union(Self::PARAMETER_ERROR);

    /// Events of any class wait.
    pub const EVENTS: Self = Self::CLASS_1_EVENTS
        .union(Self::CLASS_2_EVENTS)
        .union(Self::CLASS_3_EVENTS);
}

impl fmt::Display for Iin {
    /// The names of the bits with `|` between them, `-` if none is set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("-");
        }
        bitflags::parser::to_writer(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_round_trip() {
        for bits in 0..=u16::MAX {
            let octets = bits.to_le_bytes();
            assert_eq!(Iin::from_octets(octets).to_octets(), octets);
        }
        assert_eq!(
            Iin::from_octets([0x80, 0x08]),
            Iin::DEVICE_RESTART | Iin::EVENT_BUFFER_OVERFLOW
        );
    }

    #[test]
    fn bits_are_named() {
        assert_eq!(
            Iin::from_octets([0x90, 0]).to_string(),
            "NEED_TIME | DEVICE_RESTART"
        );
        assert_eq!(Iin::default().to_string(), "-");
        let odd = Iin::from_octets([0, 0xc1]);
        assert_eq!(odd.reserved(), 3);
        assert_eq!(odd.to_string(), "NO_FUNC_CODE_SUPPORT | 0xc000");
    }
}
