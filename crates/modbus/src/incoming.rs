//! What somebody else asks of the engine: a device that writes its registers here, and reads them
//! back.

use crate::{Exception, Table};

/// Coils one request may write at most (V1.1b3, 6.11).
const COILS_WRITTEN_MAX: u16 = 1_968;
/// Registers one request may write at most (V1.1b3, 6.12).
const REGISTERS_WRITTEN_MAX: u16 = 123;
/// Registers one request may write at most if it reads as well (V1.1b3, 6.17).
const REGISTERS_EXCHANGED_MAX: u16 = 121;
/// Bits one request may read at most (V1.1b3, 6.1 and 6.2).
const BITS_READ_MAX: u16 = 2_000;
/// Registers one request may read at most (V1.1b3, 6.3, 6.4 and 6.17).
const REGISTERS_READ_MAX: u16 = 125;

/// A request that arrived. It can be read off the wire, never put onto it: nothing in this crate
/// encodes one, and what is asked of devices is a [`Question`](crate::Question), which only reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// Functions 1 to 4: what was written before is asked back.
    Read(Addresses),
    /// Functions 5, 6, 15 and 16.
    Write(Written<'a>),
    /// Function 23: the write comes first (6.17).
    Exchange {
        /// What was written.
        written: Written<'a>,
        /// What is asked back.
        read: Addresses,
    },
}

/// A range of one table that ends at 65,536 or before; not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    table: Table,
    start: u16,
    count: u16,
}

/// What a device wrote: a range of coils or holding registers with their values.
///
/// The fields are private and [`Incoming::parse`] is the only constructor, so no code can make up
/// a write:
///
/// ```compile_fail
/// let made_up = gridos_modbus::Written { addresses: todo!(), function: 6, bytes: &[0, 1] };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    function: u8,
    addresses: Addresses,
    /// Registers: two bytes each, most significant first. Coils: eight to a byte, the first one
    /// in the least significant bit.
    bytes: &'a [u8],
}

impl Addresses {
    pub(crate) fn new(table: Table, start: u16, count: u16) -> Result<Self, Exception> {
        if u32::from(start) + u32::from(count) > 1 << 16 {
            return Err(Exception::IllegalAddress);
        }
        Ok(Self {
            table,
            start,
            count,
        })
    }

    /// The table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// The first address, as on the wire.
    pub fn start(&self) -> u16 {
        self.start
    }

    /// How many registers or bits; at least 1.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// The address behind the last one: up to 65,536.
    pub fn end(&self) -> u32 {
        u32::from(self.start) + u32::from(self.count)
    }
}

impl<'a> Written<'a> {
    /// The function code: 5, 6, 15, 16 or 23.
    pub fn function(&self) -> u8 {
        self.function
    }

    /// The range.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The values in order; a coil is 0 or 1.
    pub fn values(&self) -> impl Iterator<Item = u16> + use<'a> {
        let (bytes, bits) = (self.bytes, self.addresses.table.is_bits());
        (0..usize::from(self.addresses.count)).map(move |at| {
            let byte = |position: usize| bytes.get(position).copied().unwrap_or(0);
            if bits {
                u16::from(byte(at / 8) >> (at % 8) & 1)
            } else {
                u16::from_be_bytes([byte(2 * at), byte(2 * at + 1)])
            }
        })
    }
}

impl<'a> Incoming<'a> {
    /// Reads the PDU of a request.
    ///
    /// # Errors
    /// The exception to answer with: 1 for every function but 1 to 6, 15, 16 and 23, 3 for counts
    /// and lengths that do not agree with the function, 2 for a range past address 65,535.
    pub fn parse(pdu: &'a [u8]) -> Result<Self, Exception> {
        let (function, data) = pdu.split_first().ok_or(Exception::IllegalFunction)?;
        let function = *function;
        match function {
            1 => read(Table::Coil, data, BITS_READ_MAX).map(Self::Read),
            2 => read(Table::DiscreteInput, data, BITS_READ_MAX).map(Self::Read),
            3 => read(Table::HoldingRegister, data, REGISTERS_READ_MAX).map(Self::Read),
            4 => read(Table::InputRegister, data, REGISTERS_READ_MAX).map(Self::Read),
            5 => one_coil(data).map(Self::Write),
            6 => one_register(data).map(Self::Write),
            15 => coils(data).map(Self::Write),
            16 => registers(function, data, REGISTERS_WRITTEN_MAX).map(Self::Write),
            23 => {
                let (reads, writes) = data.split_at_checked(4).ok_or(Exception::IllegalValue)?;
                let read = read(Table::HoldingRegister, reads, REGISTERS_READ_MAX)?;
                let written = registers(function, writes, REGISTERS_EXCHANGED_MAX)?;
                Ok(Self::Exchange { written, read })
            }
            _ => Err(Exception::IllegalFunction),
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Result<u16, Exception> {
    let pair = bytes.get(at..at + 2).ok_or(Exception::IllegalValue)?;
    <[u8; 2]>::try_from(pair)
        .map(u16::from_be_bytes)
        .map_err(|_| Exception::IllegalValue)
}

fn read(table: Table, data: &[u8], most: u16) -> Result<Addresses, Exception> {
    let (start, count) = (word(data, 0)?, word(data, 2)?);
    if data.len() != 4 || !(1..=most).contains(&count) {
        return Err(Exception::IllegalValue);
    }
    Addresses::new(table, start, count)
}

fn one_coil(data: &[u8]) -> Result<Written<'_>, Exception> {
    // On is 0xFF00, off is 0x0000, and nothing else is allowed (6.5).
    let bytes: &[u8] = match (word(data, 2)?, data.len()) {
        (0xFF00, 4) => &[1],
        (0x0000, 4) => &[0],
        _ => return Err(Exception::IllegalValue),
    };
    Ok(Written {
        function: 5,
        addresses: Addresses::new(Table::Coil, word(data, 0)?, 1)?,
        bytes,
    })
}

fn one_register(data: &[u8]) -> Result<Written<'_>, Exception> {
    let (address, value) = data.split_at_checked(2).ok_or(Exception::IllegalValue)?;
    if value.len() != 2 {
        return Err(Exception::IllegalValue);
    }
    Ok(Written {
        function: 6,
        addresses: Addresses::new(Table::HoldingRegister, word(address, 0)?, 1)?,
        bytes: value,
    })
}

fn coils(data: &[u8]) -> Result<Written<'_>, Exception> {
    let (start, count, bytes) = counted(data)?;
    let fits = usize::from(count).div_ceil(8) == bytes.len();
    if !fits || !(1..=COILS_WRITTEN_MAX).contains(&count) {
        return Err(Exception::IllegalValue);
    }
    Ok(Written {
        function: 15,
        addresses: Addresses::new(Table::Coil, start, count)?,
        bytes,
    })
}

fn registers(function: u8, data: &[u8], most: u16) -> Result<Written<'_>, Exception> {
    let (start, count, bytes) = counted(data)?;
    if usize::from(count) * 2 != bytes.len() || !(1..=most).contains(&count) {
        return Err(Exception::IllegalValue);
    }
    Ok(Written {
        function,
        addresses: Addresses::new(Table::HoldingRegister, start, count)?,
        bytes,
    })
}

/// Start, count, and exactly as many bytes as the byte count between them says.
fn counted(data: &[u8]) -> Result<(u16, u16, &[u8]), Exception> {
    let (start, count) = (word(data, 0)?, word(data, 2)?);
    let told = data.get(4).copied().ok_or(Exception::IllegalValue)?;
    let bytes = data.get(5..).unwrap_or_default();
    if usize::from(told) != bytes.len() {
        return Err(Exception::IllegalValue);
    }
    Ok((start, count, bytes))
}
