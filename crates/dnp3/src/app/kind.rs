//! What the objects of a group speak of, and what they are for.

use std::fmt;

/// What the objects of a group are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A property of the device.
    Attribute,
    /// The present value of a point.
    Static,
    /// A change of a point, kept by the outstation until it is confirmed.
    Event,
    /// An order to an output.
    Command,
    /// What became of an order, kept by the outstation until it is confirmed.
    CommandEvent,
    /// By how much a point must change for an event.
    Deadband,
    /// A time of the clock.
    Time,
    /// The time that relative times behind it count from.
    CommonTime,
    /// How long something took.
    Delay,
    /// A class of points, which has no objects of its own.
    Class,
    /// A part of a file transfer.
    File,
    /// Internal indications.
    Indications,
    /// A data set or its description.
    DataSet,
    /// A snapshot of a data set, kept by the outstation until it is confirmed.
    DataSetEvent,
    /// Secure authentication.
    Security,
    /// Something else.
    Other,
}

impl Role {
    /// Whether the outstation keeps such objects until their fragment is confirmed, and forgets
    /// them then.
    pub const fn is_event(self) -> bool {
        matches!(self, Self::Event | Self::CommandEvent | Self::DataSetEvent)
    }

    /// Whether every object is one of a numbered point.
    pub(crate) const fn is_indexed(self) -> bool {
        matches!(
            self,
            Self::Attribute | Self::Static | Self::Event | Self::CommandEvent | Self::Deadband
        )
    }
}

/// The kind of the points whose values a group carries; points are numbered within their kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Groups 1 and 2.
    BinaryInput,
    /// Groups 3 and 4.
    DoubleBitInput,
    /// Groups 10 and 11.
    BinaryOutput,
    /// Group 13: orders that reached binary outputs.
    BinaryCommand,
    /// Groups 20 and 22.
    Counter,
    /// Groups 21 and 23.
    FrozenCounter,
    /// Groups 30 and 32.
    AnalogInput,
    /// Groups 31 and 33.
    FrozenAnalogInput,
    /// Group 34: by how much an analog input must change for an event.
    AnalogInputDeadband,
    /// Groups 40 and 42.
    AnalogOutput,
    /// Group 43: orders that reached analog outputs.
    AnalogCommand,
    /// Groups 110 and 111.
    OctetString,
    /// Groups 112 and 113.
    VirtualTerminal,
}

impl Kind {
    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BinaryInput => "binary input",
            Self::DoubleBitInput => "double-bit binary input",
            Self::BinaryOutput => "binary output",
            Self::BinaryCommand => "binary output command",
            Self::Counter => "counter",
            Self::FrozenCounter => "frozen counter",
            Self::AnalogInput => "analog input",
            Self::FrozenAnalogInput => "frozen analog input",
            Self::AnalogInputDeadband => "analog input deadband",
            Self::AnalogOutput => "analog output",
            Self::AnalogCommand => "analog output command",
            Self::OctetString => "octet string",
            Self::VirtualTerminal => "virtual terminal",
        }
    }

    /// What the flag octet of its objects means.
    pub const fn flag_set(self) -> FlagSet {
        match self {
            Self::BinaryInput => FlagSet::Binary,
            Self::DoubleBitInput => FlagSet::DoubleBit,
            Self::BinaryOutput => FlagSet::BinaryOutput,
            Self::Counter | Self::FrozenCounter => FlagSet::Counter,
            Self::AnalogInput
            | Self::FrozenAnalogInput
            | Self::AnalogInputDeadband
            | Self::AnalogOutput => FlagSet::Analog,
            Self::BinaryCommand | Self::AnalogCommand => FlagSet::Status,
            Self::OctetString | Self::VirtualTerminal => FlagSet::None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the octet means that [`super::Flags`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagSet {
    /// There is none on the wire.
    None,
    /// [`super::BinaryFlags`].
    Binary,
    /// [`super::DoubleBitFlags`].
    DoubleBit,
    /// [`super::BinaryOutputFlags`].
    BinaryOutput,
    /// [`super::CounterFlags`].
    Counter,
    /// [`super::AnalogFlags`].
    Analog,
    /// Not flags: a [`super::CommandStatus`].
    Status,
}
