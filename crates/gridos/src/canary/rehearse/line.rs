//! A simulated device, to which each side has a line of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gridos_sim::modbus::{Device, Exception, Fault, Masters, Read, Seen, Server};
use gridos_sim::substation::Feeder;

/// One device with its two lines, so that one side's can be bad.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) stable: SocketAddr,
    pub(super) candidate: SocketAddr,
    /// Who asks, over both.
    masters: Arc<Masters>,
    /// They end with this.
    _servers: [Server; 2],
}

/// One end of a device.
struct Line {
    feeder: Arc<Feeder>,
    /// Each of so many requests ends with an exception.
    spoilt_every: Option<u64>,
    requests: AtomicU64,
}

impl Field {
    /// A device that listens for both sides; of the candidate's requests, each of `spoilt_every` ends
    /// with an exception.
    pub(super) async fn start(n: u16, spoilt_every: Option<u64>) -> io::Result<Self> {
        let feeder = Arc::new(Feeder::new(u64::from(n) + 1));
        let masters = Arc::<Masters>::default();
        let serve = async |spoilt_every| {
            let line = Line {
                feeder: Arc::clone(&feeder),
                spoilt_every,
                // Devices are not spoilt in step.
                requests: AtomicU64::new(u64::from(n)),
            };
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            Server::bind_watched(any, Arc::new(line), Arc::clone(&masters)).await
        };
        let stable = serve(None).await?;
        let candidate = serve(spoilt_every).await?;
        Ok(Self {
            name: format!("feeder-{:03}", n + 1),
            stable: stable.local_addr(),
            candidate: candidate.local_addr(),
            masters,
            _servers: [stable, candidate],
        })
    }

    /// What it saw of its masters.
    pub(super) fn seen(&self) -> Seen {
        self.masters.seen()
    }
}

impl Line {
    fn admit(&self) -> Result<(), Exception> {
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
