//! A share of a stream: what of it one of several connections writes.
//!
//! A device has one connection, which writes all of its readings, in order. What is of no device, or
//! of none that is cheaply known, is the first connection's.

use gridos_journal::{Chunk, LayoutDefinition, Position, Tail};
use gridos_model::DeviceId;

/// Divisible by all numbers of connections up to 8, so that each has as many lots as the others.
const LOTS: u64 = 840;

/// A device's lot, whatever the number of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lot(u16);

impl Lot {
    /// The lot of the device whose layout this is.
    pub(crate) fn of(layout: &LayoutDefinition) -> Self {
        let lot = DeviceId::of(&layout.device).raw() % LOTS;
        Self(u16::try_from(lot).unwrap_or(0))
    }
}

/// What one connection writes of a span of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which of the stream's connections it is, from 0 on, and how many there are.
    pub(crate) shard: u16,
    pub(crate) shards: u16,
    /// What is before the span is done with.
    pub(crate) from: Tail,
    pub(crate) until: Tail,
}

impl Share {
    /// All of `chunk`: there is one connection.
    pub(crate) fn whole(chunk: &Chunk) -> Self {
        Self::at(chunk.from(), chunk.until())
    }

    /// All of a span.
    pub(crate) fn at(from: Tail, until: Tail) -> Self {
        let (shard, shards) = (0, 1);
        Self {
            shard,
            shards,
            from,
            until,
        }
    }

    /// Whether there is no other connection.
    pub(crate) fn is_whole(&self) -> bool {
        self.shards == 1
    }

    /// Whether a record that begins at `position` is in the span.
    pub(crate) fn spans(&self, position: Position) -> bool {
        (self.from.position..self.until.position).contains(&position)
    }

    /// Whether what a device with this lot tells is in the share; without a lot, the first has it.
    pub(crate) fn has(&self, lot: Option<Lot>) -> bool {
        lot.map_or(0, |lot| lot.0 % self.shards) == self.shard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lot_is_in_one_share_and_shares_are_alike() {
        for shards in 1..=8 {
            let mut counts = vec![0; usize::from(shards)];
            for lot in (0..840).map(|lot| Some(Lot(lot))) {
                let whose = (0..shards).filter(|shard| {
                    let (shard, at) = (*shard, Tail::default());
                    Share {
                        shard,
                        shards,
                        from: at,
                        until: at,
                    }
                    .has(lot)
                });
                let whose: Vec<_> = whose.collect();
                assert_eq!(whose.len(), 1, "{lot:?} of {shards}");
                counts[usize::from(whose[0])] += 1;
            }
            assert!(counts.iter().all(|count| *count == 840 / shards));
        }
    }
}
