//! Flags: what an outstation knows about the quality of a value.

use std::fmt;

use bitflags::bitflags;

use crate::app::{CommandStatus, FlagSet};

/// The flag octet of an object, as it came (IEEE 1815-2012, clause 11).
///
/// Bits 0 to 4 mean the same for all kinds of points; for the others see the typed sets. The state
/// bits of binaries are kept too: mask them with [`Flags::quality`] before comparing two octets.
/// Objects without flags are [`Flags::ONLINE`]: an outstation must not use them otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

/// Declares one typed set: the bits that all kinds share, and its own.
macro_rules! flag_sets {
    ($(
        $(#[$($doc:tt)+])+ $name:ident { $($(#[$($bit_doc:tt)+])+ $bit:ident = $position:literal;)* }
    )+) => {
        $(bitflags! {
            $(#[$($doc)+])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub struct $name: u8 {
                /// The point is active and its value is that of its source.
                const ONLINE = 1 << 0;
                /// The device restarted and has not updated the value since.
                const RESTART = 1 << 1;
                /// The device lost communication with the source of the value.
                const COMM_LOST = 1 << 2;
                /// The value is forced at a device beyond the reporting one.
                const REMOTE_FORCED = 1 << 3;
                /// The value is forced at the reporting device.
                const LOCAL_FORCED = 1 << 4;
                $($(#[$($bit_doc)+])+ const $bit = 1 << $position;)*
            }
        })+
    };
}

flag_sets! {
    /// The flags of binary inputs (groups 1 and 2).
    BinaryFlags {
        /// The input changes too fast and is filtered.
        CHATTER_FILTER = 5;
        /// The state: not a matter of quality.
        STATE = 7;
    }
    /// The flags of double-bit binary inputs (groups 3 and 4).
    DoubleBitFlags {
        /// The input changes too fast and is filtered.
        CHATTER_FILTER = 5;
        /// The less significant bit of the state: not a matter of quality.
        STATE_LOW = 6;
        /// The more significant bit of the state: not a matter of quality.
        STATE_HIGH = 7;
    }
    /// The flags of binary outputs (groups 10 and 11).
    BinaryOutputFlags {
        /// The state: not a matter of quality.
        STATE = 7;
    }
    /// The flags of counters and frozen counters (groups 20 to 23).
    CounterFlags {
        /// The counter went over its end since it was last reported; obsolete.
        ROLLOVER = 5;
        /// The counter cannot be compared with what it was before.
        DISCONTINUITY = 6;
    }
    /// The flags of analog inputs and outputs (groups 30 to 42).
    AnalogFlags {
        /// The value is beyond the range of the measurement or of the object.
        OVER_RANGE = 5;
        /// The reference of the measurement is out of order.
        REFERENCE_ERR = 6;
    }
}

impl Flags {
    /// Nothing is known against the value.
    pub const ONLINE: Self = Self(1);

    /// The octet on the wire.
    #[inline]
    pub const fn new(octet: u8) -> Self {
        Self(octet)
    }

    /// The octet as it came.
    #[inline]
    pub const fn raw(self) -> u8 {
        self.0
    }

    /// The octet without the state bits that `set` has.
    #[inline]
    pub const fn quality(self, set: FlagSet) -> u8 {
        match set {
            FlagSet::Binary | FlagSet::BinaryOutput => self.0 & !0x80,
            FlagSet::DoubleBit => self.0 & !0xc0,
            FlagSet::None | FlagSet::Counter | FlagSet::Analog | FlagSet::Status => self.0,
        }
    }

    /// Whether the point is active and its value is that of its source.
    pub const fn is_online(self) -> bool {
        self.0 & BinaryFlags::ONLINE.bits() != 0
    }

    /// Whether the device restarted and has not updated the value since.
    pub const fn is_restart(self) -> bool {
        self.0 & BinaryFlags::RESTART.bits() != 0
    }

    /// Whether the device lost communication with the source of the value.
    pub const fn is_comm_lost(self) -> bool {
        self.0 & BinaryFlags::COMM_LOST.bits() != 0
    }

    /// Whether the value is forced, wherever.
    pub const fn is_forced(self) -> bool {
        let forced = BinaryFlags::REMOTE_FORCED.union(BinaryFlags::LOCAL_FORCED);
        self.0 & forced.bits() != 0
    }

    /// As the flags of a binary input.
    pub const fn binary(self) -> BinaryFlags {
        BinaryFlags::from_bits_retain(self.0)
    }

    /// As the flags of a double-bit binary input.
    pub const fn double_bit(self) -> DoubleBitFlags {
        DoubleBitFlags::from_bits_retain(self.0)
    }

    /// As the flags of a binary output.
    pub const fn binary_output(self) -> BinaryOutputFlags {
        BinaryOutputFlags::from_bits_retain(self.0)
    }

    /// As the flags of a counter or frozen counter.
    pub const fn counter(self) -> CounterFlags {
        CounterFlags::from_bits_retain(self.0)
    }

    /// As the flags of an analog input or output.
    pub const fn analog(self) -> AnalogFlags {
        AnalogFlags::from_bits_retain(self.0)
    }

    /// As the status of an order: the lower seven bits, for command events (groups 13 and 43).
    pub const fn status(self) -> CommandStatus {
        CommandStatus::new(self.0 & 0x7f)
    }

    /// The names of what is set, as `set` names them, with `|` between them.
    pub fn display(self, set: FlagSet) -> impl fmt::Display {
        DisplayFlags { flags: self, set }
    }
}

struct DisplayFlags {
    flags: Flags,
    set: FlagSet,
}

impl fmt::Display for DisplayFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = self.flags;
        match self.set {
            FlagSet::Binary => names(flags.binary(), f),
            FlagSet::DoubleBit => names(flags.double_bit(), f),
            FlagSet::BinaryOutput => names(flags.binary_output(), f),
            FlagSet::Counter => names(flags.counter(), f),
            FlagSet::Analog => names(flags.analog(), f),
            FlagSet::Status => fmt::Display::fmt(&flags.status(), f),
            FlagSet::None => f.write_str("-"),
        }
    }
}

fn names<B>(flags: B, f: &mut fmt::Formatter<'_>) -> fmt::Result
where
    B: bitflags::Flags<Bits = u8>,
{
    if flags.is_empty() {
        return f.write_str("-");
    }
    bitflags::parser::to_writer(&flags, f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_octet_is_kept() {
        for octet in 0..=u8::MAX {
            let flags = Flags::new(octet);
            assert_eq!(flags.raw(), octet);
            assert_eq!(flags.binary().bits(), octet);
            assert_eq!(flags.analog().bits(), octet);
        }
    }

    #[test]
    fn each_kind_names_its_own_bits() {
        let flags = Flags::new(0xe1);
        let name = |set| flags.display(set).to_string();
        assert_eq!(
            name(FlagSet::Binary),
            "ONLINE | CHATTER_FILTER | STATE | 0x40"
        );
        assert_eq!(
            name(FlagSet::DoubleBit),
            "ONLINE | CHATTER_FILTER | STATE_LOW | STATE_HIGH"
        );
        assert_eq!(name(FlagSet::BinaryOutput), "ONLINE | STATE | 0x60");
        assert_eq!(
            name(FlagSet::Counter),
            "ONLINE | ROLLOVER | DISCONTINUITY | 0x80"
        );
        assert_eq!(
            name(FlagSet::Analog),
            "ONLINE | OVER_RANGE | REFERENCE_ERR | 0x80"
        );
        assert_eq!(name(FlagSet::Status), "reserved status 97");
        assert_eq!(Flags::new(0).display(FlagSet::Analog).to_string(), "-");
    }

    #[test]
    fn states_are_no_quality() {
        let (on, off) = (Flags::new(0x81), Flags::new(0x01));
        assert_eq!(on.quality(FlagSet::Binary), off.quality(FlagSet::Binary));
        assert_eq!(Flags::new(0xff).quality(FlagSet::DoubleBit), 0x3f);
        assert_eq!(Flags::new(0xff).quality(FlagSet::Counter), 0xff);
    }

    #[test]
    fn common_bits_have_questions() {
        assert!(Flags::ONLINE.is_online() && !Flags::ONLINE.is_restart());
        assert!(Flags::new(0x02).is_restart() && Flags::new(0x04).is_comm_lost());
        assert!(Flags::new(0x08).is_forced() && Flags::new(0x10).is_forced());
        assert!(!Flags::new(0xe7).is_forced());
    }
}
