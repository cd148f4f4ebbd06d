//! What was read.

use std::time::Duration;

use gridos_collect::modbus::{Isolation, Probe, ReadError};
use gridos_modbus::Table;

use super::range::AddressRange;

const REGISTERS_PER_READ: u16 = 125;
const BITS_PER_READ: u16 = 2_000;
/// Requests that are spent on finding which addresses of one read the device lacks.
const ASKS_MAX: usize = 400;
/// Illegal data address (V1.1b3, 7).
const ILLEGAL_ADDRESS: u8 = 2;

/// Consecutive registers or bits of one table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub(super) table: Table,
    pub(super) start: u16,
    pub(super) count: usize,
    pub(super) content: Content,
    /// The longest of the requests that read it.
    pub(super) round_trip: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Registers(Vec<u16>),
    Bits(Vec<bool>),
    /// The exception that the device answered instead.
    Refused(u8),
    /// The device refuses these addresses with exception 2, but not those beside them.
    Absent,
}

impl Block {
    /// The address of the register or bit `at` so many behind the first one.
    pub(super) fn address(&self, at: usize) -> usize {
        usize::from(self.start) + at
    }

    /// Takes what was read behind its end, unless one of the two was refused.
    fn join(&mut self, next: Self) -> Option<Self> {
        match (&mut self.content, next.content) {
            (Content::Registers(words), Content::Registers(more)) => words.extend(more),
            (Content::Bits(bits), Content::Bits(more)) => bits.extend(more),
            (Content::Absent, Content::Absent) => {}
            (_, content) => return Some(Self { content, ..next }),
        }
        self.count += next.count;
        self.round_trip = self.round_trip.max(next.round_trip);
        None
    }
}

/// Reads `range` of `table`, in as many requests as it takes.
///
/// # Errors
/// If the device does not answer; an exception is an answer.
pub(super) async fn read(
    probe: &mut Probe,
    table: Table,
    range: AddressRange,
) -> Result<Vec<Block>, ReadError> {
    let most = if table.is_bits() {
        BITS_PER_READ
    } else {
        REGISTERS_PER_READ
    };
    let mut blocks: Vec<Block> = Vec::new();
    for (start, count) in range.parts(most) {
        let whole = |content, round_trip| Block {
            table,
            start,
            count: count.into(),
            content,
            round_trip,
        };
        let read = match part(probe, table, start, count).await {
            Ok((content, round_trip)) => vec![whole(content, Some(round_trip))],
            Err(ReadError::Exception { code }) => {
                let apart = if code == ILLEGAL_ADDRESS && count > 1 {
                    apart(probe, table, start, count).await?
                } else {
                    None
                };
                apart.unwrap_or_else(|| vec![whole(Content::Refused(code), None)])
            }
            Err(error) => return Err(error),
        };
        for next in read {
            let left = match blocks.last_mut() {
                Some(last) => last.join(next),
                None => Some(next),
            };
            blocks.extend(left);
        }
    }
    Ok(blocks)
}

/// What can be read of a range that is refused as a whole, and what is not there; `None` if nothing
/// can be read, or finding out takes too long.
async fn apart(
    probe: &mut Probe,
    table: Table,
    start: u16,
    count: u16,
) -> Result<Option<Vec<Block>>, ReadError> {
    let first = u32::from(start);
    let addresses = first..first + u32::from(count);
    let mut isolation = Isolation::new(addresses.map(|address| address..address + 1));
    isolation.begin();
    // It is known already that the whole is refused.
    isolation.on_refusal();
    let mut read: Vec<Block> = Vec::new();
    for _ in 0..ASKS_MAX {
        let Some(ask) = isolation.next_ask() else {
            if !isolation.is_dirty() {
                break;
            }
            isolation.begin();
            read.clear();
            continue;
        };
        let from = u16::try_from(ask.start).unwrap_or(u16::MAX);
        let many = u16::try_from(ask.count).unwrap_or(u16::MAX);
        if !ask.is_kept {
            break;
        }
        match part(probe, table, from, many).await {
            Ok((content, round_trip)) => {
                isolation.on_answer();
                read.push(Block {
                    table,
                    start: from,
                    count: many.into(),
                    content,
                    round_trip: Some(round_trip),
                });
            }
            Err(ReadError::Exception {
                code: ILLEGAL_ADDRESS,
            }) => isolation.on_refusal(),
            Err(ReadError::Exception { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    if read.is_empty() || isolation.is_dirty() {
        return Ok(None);
    }
    let absent = isolation.refused_addresses().map(|(first, last)| Block {
        table,
        start: u16::try_from(first).unwrap_or(u16::MAX),
        count: usize::try_from(last - first + 1).unwrap_or(0),
        content: Content::Absent,
        round_trip: None,
    });
    read.extend(absent);
    read.sort_by_key(|block| block.start);
    Ok(Some(read))
}

async fn part(
    probe: &mut Probe,
    table: Table,
    start: u16,
    count: u16,
) -> Result<(Content, Duration), ReadError> {
    Ok(if table.is_bits() {
        let probed = probe.bits(table, start, count).await?;
        (Content::Bits(probed.values), probed.round_trip)
    } else {
        let probed = probe.registers(table, start, count).await?;
        (Content::Registers(probed.values), probed.round_trip)
    })
}
