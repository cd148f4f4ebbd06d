//! What a server asks of a device.

/// One of the four tables of the Modbus data model (V1.1b3, 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Read with function 1.
    Coil,
    /// Read with function 2.
    DiscreteInput,
    /// Read with function 3.
    HoldingRegister,
    /// Read with function 4.
    InputRegister,
}

impl Table {
    /// The table that `function` reads; `None` for every other function.
    pub const fn of_function(function: u8) -> Option<Self> {
        Some(match function {
            1 => Self::Coil,
            2 => Self::DiscreteInput,
            3 => Self::HoldingRegister,
            4 => Self::InputRegister,
            _ => return None,
        })
    }

    /// The name in configuration: `coil`, `discrete_input`, `holding_register`, `input_register`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coil => "coil",
            Self::DiscreteInput => "discrete_input",
            Self::HoldingRegister => "holding_register",
            Self::InputRegister => "input_register",
        }
    }

    /// Whether the table holds single bits rather than registers.
    pub const fn is_bits(self) -> bool {
        matches!(self, Self::Coil | Self::DiscreteInput)
    }
}

/// A read request whose count (1 to 125 registers or 2,000 bits) and end (65,536) are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The unit asked.
    pub unit: u8,
    /// The table asked.
    pub table: Table,
    /// The first address.
    pub start: u16,
    /// How many registers or bits.
    pub count: u16,
}

impl Read {
    /// The address behind the last one.
    pub fn end(&self) -> u32 {
        u32::from(self.start) + u32::from(self.count)
    }
}

/// An exception code (V1.1b3, 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exception {
    /// The function is not served.
    IllegalFunction = 1,
    /// An address is not there.
    IllegalAddress = 2,
    /// The count is not allowed.
    IllegalValue = 3,
    /// The device failed while answering.
    DeviceFailure = 4,
    /// The device works on it; ask later.
    Acknowledge = 5,
    /// The device is busy; ask later.
    Busy = 6,
    /// The gateway has no way to the unit.
    GatewayPath = 10,
    /// The unit behind the gateway did not answer.
    GatewayTarget = 11,
}

/// How a device misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Takes requests and never answers.
    Silent,
    /// Answers with the next higher unit id.
    WrongUnit,
    /// Answers with the next higher transaction id.
    WrongTransaction,
    /// Leaves the last register, or the last byte of bits, out of a well-formed answer.
    ShortReply,
    /// Sends only the first half of the answer, and nothing more.
    HalfReply,
    /// Closes the connection instead of answering.
    Close,
    /// Answers every request with this exception.
    Exception(Exception),
}

/// A device, or a gateway to several, that a server asks for its registers.
pub trait Device: Send + Sync + 'static {
    /// Fills `words`, one per register of `read`.
    ///
    /// # Errors
    /// The exception to answer with.
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception>;

    /// Fills `bits`, one per bit of `read`.
    ///
    /// # Errors
    /// The exception to answer with.
    fn bits(&self, read: Read, bits: &mut [bool]) -> Result<(), Exception>;

    /// The fault to answer a request to `unit` with, if any.
    fn fault(&self, _unit: u8) -> Option<Fault> {
        None
    }
}
