//! One conversation with an outstation, from the socket to fragments.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use gridos_dnp3::app::{Control, MasterRequest, Response, Selection, Sequence};
use gridos_dnp3::link::{
    self, Address, Function, Pair, Primary, Reader, Received, Recovery, Role, Secondary, Station,
    StationConfig,
};
use gridos_dnp3::transport::{FragmentMax, Reassembler, Segmenter};

use super::Answered;

/// A conversation as a master that reads, and confirms only what deletes nothing.
pub(in crate::command) struct Talk {
    stream: TcpStream,
    timeout: Duration,
    pair: Pair,
    reader: Reader,
    /// What was not looked at yet.
    arrived: Vec<u8>,
    station: Station,
    joined: Reassembler,
    segmenter: Segmenter,
    sequence: Sequence,
    /// Who sent frames that are not from the outstation to us: source and destination.
    pub(super) strangers: BTreeSet<(Address, Address)>,
    /// Octets that arrived.
    pub(super) octets: u64,
    /// Frames of the outstation to us.
    pub(super) frames: u64,
    /// Events that came unasked; they were left to the master that they are for.
    pub(super) unasked_events: u64,
}

/// More pairs than anybody looks through are noise.
const STRANGERS_MAX: usize = 64;

/// Why a conversation ended.
#[derive(Debug, thiserror::Error)]
pub(in crate::command) enum TalkError {
    #[error("cannot find {host}")]
    Resolve { host: String, source: io::Error },
    #[error("cannot connect to {host}:{port}")]
    Connect {
        host: String,
        port: u16,
        source: io::Error,
    },
    #[error("the connection was closed")]
    Closed,
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error("the connection failed")]
    Io(#[from] io::Error),
}

/// A message of the outstation.
enum Heard {
    LinkStatus,
    Fragment(Vec<u8>),
}

impl Talk {
    pub(super) fn connect(
        host: &str,
        port: u16,
        pair: Pair,
        timeout: Duration,
    ) -> Result<Self, TalkError> {
        let addresses = (host, port).to_socket_addrs();
        let addresses = addresses.map_err(|source| TalkError::Resolve {
            host: host.to_owned(),
            source,
        })?;
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses {
            match TcpStream::connect_timeout(&address, timeout) {
                Ok(stream) => return Self::begin(stream, pair, timeout),
                Err(error) => failed = error,
            }
        }
        Err(TalkError::Connect {
            host: host.to_owned(),
            port,
            source: failed,
        })
    }

    fn begin(stream: TcpStream, pair: Pair, timeout: Duration) -> Result<Self, TalkError> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(timeout))?;
        let config = StationConfig {
            keep_alive: None,
            ..StationConfig::default()
        };
        Ok(Self {
            stream,
            timeout,
            pair,
            reader: Reader::new(Recovery::Stream),
            arrived: Vec::new(),
            station: Station::new(pair, config, Instant::now()),
            joined: Reassembler::new(FragmentMax::MOST, timeout),
            segmenter: Segmenter::new(),
            sequence: Sequence::ZERO,
            strangers: BTreeSet::new(),
            octets: 0,
            frames: 0,
            unasked_events: 0,
        })
    }

    /// Asks whether `destination` is there, and says how long its answer took.
    pub(super) fn link_status(&mut self, destination: Address) -> Result<Duration, TalkError> {
        let control = link::Control {
            from_master: true,
            function: Function::Primary {
                function: Primary::RequestLinkStatus,
                fcb: false,
            },
        };
        let mut out = Vec::new();
        let encoded = link::encode(control, destination, self.pair.local(), &[], &mut out);
        encoded.map_err(io::Error::other)?;
        self.stream.write_all(&out)?;
        let asked = Instant::now();
        loop {
            match self.hear(asked + self.timeout)? {
                Heard::LinkStatus => return Ok(asked.elapsed()),
                // An outstation may announce itself as soon as it is connected.
                Heard::Fragment(fragment) => self.handle_unasked(&fragment)?,
            }
        }
    }

    /// Reads `selections`.
    pub(in crate::command) fn read(
        &mut self,
        selections: &[Selection],
    ) -> Result<Answered, TalkError> {
        let mut expected = self.sequence;
        self.send(MasterRequest::Read(selections), expected)?;
        let asked = Instant::now();
        let mut due = asked + self.timeout;
        let mut answered = Answered::default();
        loop {
            let Heard::Fragment(fragment) = self.hear(due)? else {
                continue;
            };
            let Ok(response) = Response::parse(&fragment) else {
                continue;
            };
            let control = response.control;
            if response.is_unsolicited() {
                // It may not answer before it is confirmed or has given up waiting.
                due = Instant::now() + self.timeout;
                self.handle_unasked(&fragment)?;
                continue;
            }
            if control.sequence != expected || control.fir != answered.fragments.is_empty() {
                continue;
            }
            if answered.fragments.is_empty() {
                answered.took = asked.elapsed();
            }
            // To confirm events would delete them, and another master may wait for them.
            if control.con && !response.may_have_events() {
                self.confirm(control)?;
            }
            expected = expected.next();
            self.sequence = expected;
            if answered.push(&response) {
                return Ok(answered);
            }
            due = Instant::now() + self.timeout;
        }
    }

    /// Confirms what only says that the outstation is there; counts the events of anything else
    /// that came unasked.
    fn handle_unasked(&mut self, fragment: &[u8]) -> Result<(), TalkError> {
        let response = Response::parse(fragment).ok();
        let Some(response) = response.filter(Response::is_unsolicited) else {
            return Ok(());
        };
        if response.is_null() {
            return self.confirm(response.control);
        }
        let events = response.headers().flatten();
        let events = events.filter_map(|header| header.is_event().then(|| header.count())?);
        self.unasked_events += events.sum::<u64>();
        Ok(())
    }

    fn confirm(&mut self, control: Control) -> Result<(), TalkError> {
        let unsolicited = control.uns;
        self.send(MasterRequest::Confirm { unsolicited }, control.sequence)
    }

    fn send(&mut self, request: MasterRequest<'_>, sequence: Sequence) -> Result<(), TalkError> {
        let (mut fragment, mut out) = (Vec::new(), Vec::new());
        let encoded = request.encode(sequence, &mut fragment);
        encoded.map_err(io::Error::other)?;
        self.segmenter.write_frames(&self.pair, &fragment, &mut out);
        self.stream.write_all(&out)?;
        Ok(())
    }

    /// The next message of the outstation, until `due`.
    fn hear(&mut self, due: Instant) -> Result<Heard, TalkError> {
        let mut octets = [0; 4_096];
        loop {
            if let Some(heard) = self.take()? {
                return Ok(heard);
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TalkError::Silent(self.timeout));
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(&mut octets) {
                Ok(0) => return Err(TalkError::Closed),
                Ok(count) => {
                    self.octets += count as u64;
                    self.arrived.extend(octets.iter().take(count));
                }
                Err(error) if is_timeout(&error) => {
                    return Err(TalkError::Silent(self.timeout));
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(TalkError::Closed);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The first message among what arrived; the rest is kept.
    fn take(&mut self) -> Result<Option<Heard>, TalkError> {
        let now = Instant::now();
        let arrived = std::mem::take(&mut self.arrived);
        let mut octets = arrived.as_slice();
        while let Some(read) = self.reader.read(&mut octets) {
            let Ok(frame) = read else {
                continue;
            };
            let mut reply = Vec::new();
            self.frames += u64::from(self.station.check(&frame).is_ok());
            let heard = match self.station.handle(now, &frame, &mut reply) {
                Received::Refused(_) => {
                    if self.strangers.len() < STRANGERS_MAX {
                        self.strangers.insert((frame.source, frame.destination));
                    }
                    None
                }
                Received::Deliver(data) => match self.joined.push(now, &data) {
                    Ok(fragment) => fragment.map(|octets| Heard::Fragment(octets.to_vec())),
                    Err(_) => None,
                },
                Received::Reply(Secondary::LinkStatus | Secondary::NotSupported) => {
                    Some(Heard::LinkStatus)
                }
                Received::Reply(_) | Received::Repeated | Received::Request => None,
            };
            self.stream.write_all(&reply)?;
            if heard.is_some() {
                self.arrived = octets.to_vec();
                return Ok(heard);
            }
        }
        Ok(None)
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// The two stations of a conversation, as a master sees them.
pub(super) fn pair(master: u16, outstation: u16) -> Option<Pair> {
    let (master, outstation) = (Address::from_raw(master), Address::from_raw(outstation));
    Pair::new(Role::Master, master, outstation).ok()
}
