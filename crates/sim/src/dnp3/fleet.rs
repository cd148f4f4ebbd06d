//! Many simulated outstations at once.

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::link::{Address, StationConfig};
use gridos_dnp3::outstation::{Faults, Outstation, OutstationConfig};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::line::LineConfig;
use super::port::{Port, serve};
use super::process::Process;
use super::unit::now;
use super::{LineFaults, Numbers, OutstationReport, Report, Unit};

/// What a fleet is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct FleetConfig {
    /// How many outstations.
    pub outstations: usize,
    /// How many of them share a line, and thus a connection: 1 is one each.
    pub per_line: usize,
    /// The link address of the first one; the others count on, and begin again behind 65,519.
    pub first_address: u16,
    /// The lines.
    pub line: LineConfig,
    /// The outstations.
    pub outstation: OutstationConfig,
    /// What is wrong with them on purpose.
    pub faults: Faults,
    /// What they measure.
    pub process: Process,
}

/// Outstations that listen or call; dropping it stops them.
#[derive(Debug)]
pub struct Fleet {
    units: Vec<Arc<Unit>>,
    addresses: Vec<SocketAddr>,
    lines: Vec<JoinHandle<()>>,
    process: JoinHandle<()>,
}

/// The units of one line and what wakes it.
type Group = (Vec<Arc<Unit>>, Arc<Notify>);

impl Default for FleetConfig {
    /// One outstation 10 of the master 1 that counts.
    fn default() -> Self {
        Self {
            outstations: 1,
            per_line: 1,
            first_address: 10,
            line: LineConfig {
                master: Address::from_raw(1),
                link: StationConfig::default(),
                faults: LineFaults::default(),
                seed: 1,
            },
            outstation: OutstationConfig::default(),
            faults: Faults::default(),
            process: Process::Numbers(Numbers::default()),
        }
    }
}

impl Fleet {
    /// Starts outstations that listen at `ip`, each line on a port, from `port_base` on (0: any
    /// free ones). A line takes one file descriptor and one more while it is connected.
    ///
    /// # Errors
    /// If a port cannot be listened on, which is named; if the ports end before the lines; or if
    /// the configuration makes no sense.
    pub async fn listen(ip: IpAddr, port_base: u16, config: FleetConfig) -> io::Result<Self> {
        let groups = groups(&config)?;
        let mut ports = Vec::with_capacity(groups.len());
        let mut addresses = Vec::with_capacity(groups.len());
        for n in 0..groups.len() {
            let address = SocketAddr::new(ip, port_number(port_base, n)?);
            let listener = TcpListener::bind(address)
                .await
                .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
            addresses.push(listener.local_addr()?);
            ports.push(Port::Listen(listener));
        }
        Ok(Self::start(groups, ports, addresses, config))
    }

    /// Starts outstations that connect to `master`, each line by itself, and again `pause` after a
    /// connection has ended or failed.
    ///
    /// # Errors
    /// If the configuration makes no sense.
    pub fn call(master: SocketAddr, pause: Duration, config: FleetConfig) -> io::Result<Self> {
        let groups = groups(&config)?;
        let port = |_: &Group| Port::Call { master, pause };
        let ports = groups.iter().map(port).collect();
        Ok(Self::start(groups, ports, Vec::new(), config))
    }

    fn start(
        groups: Vec<Group>,
        ports: Vec<Port>,
        addresses: Vec<SocketAddr>,
        config: FleetConfig,
    ) -> Self {
        let units: Vec<_> = groups.iter().flat_map(|(units, _)| units.clone()).collect();
        let mut lines = Vec::with_capacity(groups.len());
        for (n, ((units, wake), port)) in (0_u64..).zip(groups.into_iter().zip(ports)) {
            let line = LineConfig {
                seed: config.line.seed.wrapping_add(n.rotate_left(32)),
                ..config.line
            };
            lines.push(tokio::spawn(serve(port, units, line, wake)));
        }
        let process = config.process.run(units.clone(), config.line.seed);
        Self {
            process: tokio::spawn(process),
            units,
            addresses,
            lines,
        }
    }

    /// Where the lines listen, in order; nowhere if they call.
    pub fn addresses(&self) -> impl ExactSizeIterator<Item = SocketAddr> {
        self.addresses.iter().copied()
    }

    /// The outstations, in order.
    pub fn units(&self) -> &[Arc<Unit>] {
        &self.units
    }

    /// What became of all events up to now.
    pub fn report(&self) -> Report {
        let outstations = self.units.iter().map(|unit| OutstationReport::of(unit));
        Report {
            outstations: outstations.collect(),
        }
    }

    /// Stops the process: nothing changes any more, and the outstations tell what they still have.
    pub fn stop_process(&self) {
        self.process.abort();
    }

    /// Waits until the process ends by itself, as [`Numbers::events_max`] or
    /// [`Fleet::stop_process`] makes it.
    pub async fn process_ended(&mut self) {
        if !self.process.is_finished() {
            // It ended or was cancelled: there is nothing to learn from how.
            let _ = (&mut self.process).await;
        }
    }

    /// Ends everything and says what became of all events; the ports are free when this returns.
    pub async fn stop(mut self) -> Report {
        self.process.abort();
        for line in &self.lines {
            line.abort();
        }
        for line in &mut self.lines {
            // The task was cancelled: there is nothing to learn from how it ended.
            let _ = line.await;
        }
        self.report()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.process.abort();
        self.lines.iter().for_each(JoinHandle::abort);
    }
}

/// The units of all lines.
fn groups(config: &FleetConfig) -> io::Result<Vec<Group>> {
    let invalid =
        |reason: &dyn Display| io::Error::new(io::ErrorKind::InvalidInput, reason.to_string());
    let points = config.process.points().map_err(|error| invalid(&error))?;
    let first = Address::individual(config.first_address).map_err(|error| invalid(&error))?;
    let master = Address::individual(config.line.master.raw());
    master.map_err(|error| invalid(&error))?;
    let addresses = usize::from(Address::INDIVIDUAL_MAX.raw() - first.raw()) + 1;
    if config.per_line == 0 || config.per_line > addresses {
        return Err(invalid(
            &"the addresses end before the outstations of a line",
        ));
    }
    let (points, outstation) = (Arc::new(points), Arc::new(config.outstation.clone()));
    let at = now();
    let unit = |n: usize, wake: &Arc<Notify>| {
        let address = u16::try_from(n % addresses).unwrap_or(0) + first.raw();
        let mut outstation = Outstation::new(Arc::clone(&points), Arc::clone(&outstation), at);
        outstation.set_faults(config.faults);
        let (address, line) = (Address::from_raw(address), n / config.per_line);
        Arc::new(Unit::new(address, line, outstation, Arc::clone(wake)))
    };
    let group = |start: usize| {
        let wake = Arc::new(Notify::new());
        let end = start
            .saturating_add(config.per_line)
            .min(config.outstations);
        ((start..end).map(|n| unit(n, &wake)).collect(), wake)
    };
    Ok((0..config.outstations)
        .step_by(config.per_line)
        .map(group)
        .collect())
}

fn port_number(base: u16, n: usize) -> io::Result<u16> {
    if base == 0 {
        return Ok(0);
    }
    let past = || io::Error::new(io::ErrorKind::InvalidInput, "the ports end at 65535");
    let n = u16::try_from(n).map_err(|_| past())?;
    base.checked_add(n).ok_or_else(past)
}
