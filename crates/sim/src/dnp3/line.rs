//! A connection with a master, and the outstations on it.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use gridos_dnp3::link::{Address, Pair, Reader, Recovery, Role, StationConfig};
use gridos_dnp3::outstation::Moment;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::member::Member;
use super::outlet::Outlet;
use super::unit::now;
use super::{LineFaults, Unit};

/// How lines behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineConfig {
    /// The address of the master.
    pub master: Address,
    /// The link layer of each outstation.
    pub link: StationConfig,
    /// What is wrong on purpose.
    pub faults: LineFaults,
    /// By what chance.
    pub seed: u64,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Line {
    reader: Reader,
    /// By address.
    members: Vec<Member>,
    outlet: Outlet,
}

/// How much is read at once; the buffer is on the stack only while something is read.
const READ_BYTES: usize = 4_096;

impl Line {
    /// The line of `units` on their `nth` connection, which begins.
    pub(crate) fn connect(units: &[Arc<Unit>], config: &LineConfig, nth: u64, at: Moment) -> Self {
        let mut members = Vec::with_capacity(units.len());
        members.extend(units.iter().filter_map(|unit| {
            let pair = Pair::new(Role::Outstation, unit.address(), config.master);
            Some(Member::connect(
                Arc::clone(unit),
                pair.ok()?,
                config.link,
                at,
            ))
        }));
        members.sort_by_key(Member::address);
        let mut line = Self {
            reader: Reader::new(Recovery::Stream),
            members,
            outlet: Outlet::new(config.faults, config.seed.wrapping_add(nth)),
        };
        for member in &mut line.members {
            member.speak(at, &mut line.outlet);
        }
        line
    }

    /// Carries on until the connection ends, for whatever reason.
    pub(crate) async fn carry(&mut self, stream: &mut TcpStream, wake: &Notify) -> io::Result<()> {
        stream.set_nodelay(true)?;
        loop {
            self.write(stream).await?;
            if self.outlet.is_last() {
                return Ok(());
            }
            let due = self.poll_timeout();
            tokio::select! {
                readable = stream.readable() => {
                    readable?;
                    if self.read(stream)? == 0 {
                        return Ok(());
                    }
                }
                () = wake.notified() => {
                    let at = now();
                    for member in &mut self.members {
                        member.handle_wake(at, &mut self.outlet);
                    }
                }
                () = until(due) => self.handle_timeout(now())?,
            }
        }
    }

    /// Takes what has arrived; 0 octets end the connection.
    fn read(&mut self, stream: &TcpStream) -> io::Result<usize> {
        let mut buffer = [0; READ_BYTES];
        match stream.try_read(&mut buffer) {
            Ok(bytes) => {
                self.handle_bytes(now(), buffer.get(..bytes).unwrap_or_default());
                Ok(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(usize::MAX),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn handle_bytes(&mut self, at: Moment, mut bytes: &[u8]) {
        while let Some(frame) = self.reader.read(&mut bytes) {
            let Ok(frame) = frame else {
                continue;
            };
            let address = frame.destination.raw();
            let (members, outlet) = (&mut self.members, &mut self.outlet);
            if frame.destination.is_individual() {
                let place = members.binary_search_by_key(&address, Member::address);
                if let Some(member) = place.ok().and_then(|place| members.get_mut(place)) {
                    member.handle_frame(at, &frame, outlet);
                }
            } else {
                for member in members {
                    member.handle_frame(at, &frame, outlet);
                }
            }
        }
    }

    fn handle_timeout(&mut self, at: Moment) -> io::Result<()> {
        let mut is_dead = false;
        for member in &mut self.members {
            member.handle_wake(at, &mut self.outlet);
            is_dead |= member.keep_alive(at, &mut self.outlet);
        }
        if is_dead {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the master is silent",
            ));
        }
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.members.iter().filter_map(Member::poll_timeout).min()
    }

    async fn write(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        if self.outlet.is_empty() {
            return Ok(());
        }
        let (octets, _) = self.outlet.take();
        match self.outlet.drip() {
            None => stream.write_all(&octets).await?,
            Some(pause) => {
                for octet in octets.chunks(1) {
                    stream.write_all(octet).await?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
        self.outlet.recycle(octets);
        Ok(())
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
