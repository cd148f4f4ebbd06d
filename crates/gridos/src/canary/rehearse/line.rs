//! A simulated device, to which each side has a line of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use gridos_sim::modbus::{Device, Exception, Fault, Read, Server};
use gridos_sim::substation::Feeder;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Side {
    Stable = 1,
    Candidate = 2,
}

/// One device with its two lines.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) stable: SocketAddr,
    pub(super) candidate: SocketAddr,
    watch: Arc<Watch>,
    /// They end with this.
    _servers: [Server; 2],
}

/// Who asked last, and how often that changed.
#[derive(Debug, Default)]
struct Watch {
    last: AtomicU8,
    changes: AtomicU64,
}

/// One end of a device.
struct Line {
    side: Side,
    feeder: Arc<Feeder>,
    watch: Arc<Watch>,
    /// Each of so many requests ends with an exception.
    spoilt_every: Option<u64>,
    requests: AtomicU64,
}

impl Field {
    /// A device that listens for both sides; of the candidate's requests, each of `spoilt_every` ends
    /// with an exception.
    pub(super) async fn start(n: u16, spoilt_every: Option<u64>) -> io::Result<Self> {
        let feeder = Arc::new(Feeder::new(u64::from(n) + 1));
        let watch = Arc::new(Watch::default());
        let serve = async |side, spoilt_every| {
            let line = Line {
                side,
                feeder: Arc::clone(&feeder),
                watch: Arc::clone(&watch),
                spoilt_every,
                requests: AtomicU64::new(0),
            };
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            Server::bind(any, Arc::new(line)).await
        };
        let stable = serve(Side::Stable, None).await?;
        let candidate = serve(Side::Candidate, spoilt_every).await?;
        Ok(Self {
            name: format!("feeder-{:03}", n + 1),
            stable: stable.local_addr(),
            candidate: candidate.local_addr(),
            watch,
            _servers: [stable, candidate],
        })
    }

    /// How often another side asked than the one before. More often than it was handed over: both
    /// asked at once.
    pub(super) fn changes(&self) -> u64 {
        self.watch.changes.load(Ordering::Relaxed)
    }
}

impl Watch {
    fn note(&self, side: Side) {
        let before = self.last.swap(side as u8, Ordering::Relaxed);
        if before != 0 && before != side as u8 {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Line {
    fn admit(&self) -> Result<(), Exception> {
        self.watch.note(self.side);
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let is_spoilt = self
            .spoilt_every
            .is_some_and(|every| number % every == every - 1);
        if is_spoilt {
            Err(Exception::DeviceFailure)
        } else {
            Ok(())
        }
    }
}

impl Device for Line {
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        self.admit()?;
        self.feeder.registers(read, words)
    }

    fn bits(&self, read: Read, bits: &mut [bool]) -> Result<(), Exception> {
        self.admit()?;
        self.feeder.bits(read, bits)
    }

    fn fault(&self, unit: u8) -> Option<Fault> {
        self.feeder.fault(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masters_at_once_are_seen() {
        let watch = Watch::default();
        for side in [Side::Stable, Side::Stable, Side::Candidate, Side::Candidate] {
            watch.note(side);
        }
        assert_eq!(watch.changes.load(Ordering::Relaxed), 1);
        watch.note(Side::Stable);
        watch.note(Side::Candidate);
        assert_eq!(watch.changes.load(Ordering::Relaxed), 3);
    }
}
