//! DNP3 in a capture: what outstations say to whoever asks them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_collect::dnp3::{Heard as Outcome, Overheard};
use gridos_dnp3::link::{Address, Reader, Recovery, UserData};
use gridos_dnp3::transport::{FragmentMax, Reassembler};
use gridos_ring::{Intake, Pool, ring};
use gridos_telemetry::Telemetry;

use super::heard::Heard;
use super::line::What;
use crate::config::{Fleet, FleetDevice};

/// Batches that one fragment may need at once.
const BATCHES: usize = 256;
/// Nothing expires in a capture: packets say when they came, not when others did not.
const TIMEOUT: Duration = Duration::from_secs(u32::MAX as u64);

/// Everybody who speaks DNP3.
pub(super) struct Dnp3 {
    intake: Intake,
    now: Instant,
    stations: Vec<Station>,
    readers: BTreeMap<(SocketAddr, SocketAddr), Reader>,
    pub(super) seen: Seen,
}

/// How much there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Fragments of outstations that the candidate knows.
    pub(super) fragments: u64,
    /// Values of points that it does not know.
    pub(super) unmapped: u64,
}

/// One outstation.
struct Station {
    name: String,
    /// Where it is; `None` if it dials in.
    address: Option<SocketAddr>,
    /// The link addresses of its master and its own.
    pair: (Address, Address),
    heard: Overheard,
    joined: Reassembler,
}

impl Dnp3 {
    pub(super) fn new() -> Self {
        // Nothing is offered: only batches are borrowed.
        let (producer, _) = ring(1);
        let telemetry = Arc::new(Telemetry::new("", []));
        Self {
            intake: Intake::new(Pool::new(BATCHES, 0), producer, telemetry),
            now: Instant::now(),
            stations: Vec::new(),
            readers: BTreeMap::new(),
            seen: Seen::default(),
        }
    }

    /// Adds an outstation, which is at `address` unless it dials in; whether it is one.
    pub(super) fn add(
        &mut self,
        fleet: &Fleet,
        device: &FleetDevice,
        address: Option<SocketAddr>,
    ) -> bool {
        let Some(link) = &device.dnp3 else {
            return false;
        };
        let entry = fleet.directory.device(device.index);
        self.stations.push(Station {
            name: entry.name().to_owned(),
            address,
            pair: (link.pair.master, link.pair.outstation),
            heard: Overheard::new(
                Arc::clone(&link.map),
                Arc::clone(entry.whole()),
                entry.groups().to_vec(),
                self.intake.clone(),
            ),
            joined: Reassembler::new(FragmentMax::MOST, TIMEOUT),
        });
        true
    }

    /// The stream from the one to the other begins anew, or a part of it is missing.
    pub(super) fn interrupt(&mut self, from: SocketAddr, to: SocketAddr, heard: &mut Heard<'_>) {
        self.readers.remove(&(from, to));
        for station in &mut self.stations {
            if station.address.is_none_or(|address| address == from) {
                station.joined.reset();
                station.heard.finish(&mut |batch| heard.take(batch));
            }
        }
    }

    /// Takes octets that `from` sent to `to`.
    pub(super) fn push(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        mut octets: &[u8],
        heard: &mut Heard<'_>,
    ) {
        let reader = self.readers.entry((from, to));
        let reader = reader.or_insert_with(|| Reader::new(Recovery::Stream));
        while let Some(read) = reader.read(&mut octets) {
            let frame = match read {
                Ok(frame) => frame,
                Err(error) => {
                    let what = format!("{from} to {to}: {}", error.fault);
                    heard.tell(What::Fault { what });
                    continue;
                }
            };
            if frame.control.from_master || !frame.control.has_user_data() {
                continue;
            }
            let pair = (frame.destination, frame.source);
            let is_it = |station: &&mut Station| {
                station.pair == pair && station.address.is_none_or(|address| address == from)
            };
            let Some(station) = self.stations.iter_mut().find(is_it) else {
                continue;
            };
            let segment = UserData {
                source: frame.source,
                destination: frame.destination,
                payload: frame.payload,
            };
            station.on_segment(self.now, &segment, heard, &mut self.seen);
        }
    }

    /// There is no more.
    pub(super) fn finish(&mut self, heard: &mut Heard<'_>) {
        for station in &mut self.stations {
            station.heard.finish(&mut |batch| heard.take(batch));
        }
    }
}

impl Station {
    fn on_segment(
        &mut self,
        now: Instant,
        segment: &UserData<'_>,
        heard: &mut Heard<'_>,
        seen: &mut Seen,
    ) {
        let received = heard.received();
        let fragment = match self.joined.push(now, segment) {
            Ok(Some(fragment)) => fragment,
            Ok(None) => return,
            Err(error) => {
                let what = format!("{}: {error}", self.name);
                return heard.tell(What::Fault { what });
            }
        };
        let take = &mut |batch: &mut gridos_model::Batch| heard.take(batch);
        match self.heard.on_fragment(fragment, received, take) {
            Ok(Outcome {
                unmapped, letter, ..
            }) => {
                seen.fragments += 1;
                seen.unmapped += unmapped;
                if let Some(letter) = letter {
                    heard.tell(What::letter(self.name.clone(), &letter));
                }
            }
            Err(error) => {
                let what = format!("{}: {error}", self.name);
                heard.tell(What::Fault { what });
            }
        }
    }
}
