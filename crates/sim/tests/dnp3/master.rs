//! A master that reads, stores what are numbers, and confirms.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{CommonTime, Control, Response};
use gridos_dnp3::link::{Address, Pair, Reader, Received, Recovery, Role, Station, StationConfig};
use gridos_dnp3::transport::{FragmentMax, Reassembler, Segmenter};
use gridos_sim::dnp3::{Fleet, FleetConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The octets of a hex dump.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
    text.split_whitespace().map(digits).collect()
}

/// The hex dump of octets.
pub(crate) fn dump(octets: &[u8]) -> String {
    let pairs: Vec<_> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    pairs.join(" ")
}

pub(crate) async fn listen(config: FleetConfig) -> Fleet {
    let ip = Ipv4Addr::LOCALHOST.into();
    Fleet::listen(ip, 0, config).await.unwrap()
}

/// One connection of the master 1 with outstations.
pub(crate) struct Master {
    pub(crate) stream: TcpStream,
    reader: Reader,
    ends: BTreeMap<u16, End>,
    received: Vec<(u16, Vec<u8>)>,
}

struct End {
    station: Station,
    reassembler: Reassembler,
    segmenter: Segmenter,
}

impl End {
    fn new(outstation: u16) -> Self {
        let address = Address::from_raw;
        let pair = Pair::new(Role::Master, address(1), address(outstation)).unwrap();
        Self {
            station: Station::new(pair, StationConfig::default(), Instant::now()),
            reassembler: Reassembler::new(FragmentMax::default(), Duration::from_secs(5)),
            segmenter: Segmenter::new(),
        }
    }
}

impl Master {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            reader: Reader::new(Recovery::Stream),
            ends: BTreeMap::new(),
            received: Vec::new(),
        }
    }

    /// Connects to the `n`th line of a fleet.
    pub(crate) async fn connect(fleet: &Fleet, n: usize) -> Self {
        let address = fleet.addresses().nth(n).unwrap();
        Self::new(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn send(&mut self, outstation: u16, fragment: &[u8]) -> io::Result<()> {
        let end = self
            .ends
            .entry(outstation)
            .or_insert_with(|| End::new(outstation));
        let mut frames = Vec::new();
        end.segmenter
            .write_frames(end.station.pair(), fragment, &mut frames);
        self.stream.write_all(&frames).await
    }

    /// The next fragment, and whose it is.
    pub(crate) async fn receive(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let mut buffer = [0; 4_096];
        while self.received.is_empty() {
            let bytes = self.stream.read(&mut buffer).await?;
            if bytes == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut replies = Vec::new();
            let mut input = &buffer[..bytes];
            while let Some(frame) = self.reader.read(&mut input) {
                let Ok(frame) = frame else {
                    continue;
                };
                let now = Instant::now();
                let source = frame.source.raw();
                let end = self.ends.entry(source).or_insert_with(|| End::new(source));
                if let Received::Deliver(segment) = end.station.handle(now, &frame, &mut replies)
                    && let Ok(Some(fragment)) = end.reassembler.push(now, &segment)
                {
                    self.received.push((source, fragment.to_vec()));
                }
            }
            self.stream.write_all(&replies).await?;
        }
        Ok(self.received.remove(0))
    }

    /// The answer of an outstation to a request; what comes unasked meanwhile is confirmed.
    pub(crate) async fn ask(&mut self, outstation: u16, request: &str) -> String {
        self.send(outstation, &hex(request)).await.unwrap();
        loop {
            let (source, fragment) = self.receive().await.unwrap();
            let response = Response::parse(&fragment).unwrap();
            if source == outstation && !response.is_unsolicited() {
                return dump(&fragment);
            }
            self.confirm(source, &fragment).await.unwrap();
        }
    }

    /// Confirms a fragment if it asks for it.
    pub(crate) async fn confirm(&mut self, outstation: u16, fragment: &[u8]) -> io::Result<()> {
        let control = Response::parse(fragment).unwrap().control;
        if !control.con {
            return Ok(());
        }
        let confirm = Control {
            uns: control.uns,
            ..Control::single(control.sequence)
        };
        self.send(outstation, &[confirm.encode(), 0]).await
    }
}

/// What a database would have: for each outstation the numbers of its events.
pub(crate) type Stored = BTreeMap<u16, BTreeSet<u64>>;

/// Stores the numbers in a fragment.
pub(crate) fn store(stored: &mut Stored, outstation: u16, fragment: &[u8]) {
    let numbers = stored.entry(outstation).or_default();
    let mut common = CommonTime::NONE;
    for header in Response::parse(fragment).unwrap().headers() {
        let header = header.unwrap();
        common.observe(&header);
        if header.is_event() {
            let values = header
                .points(common)
                .map(|point| point.value.number().unwrap());
            numbers.extend(values.map(|value| format!("{value}").parse::<u64>().unwrap()));
        }
    }
}
