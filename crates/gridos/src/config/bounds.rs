//! The bounds of every queue, derived from the configuration once, each term with its reason.

mod outstations;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::modbus::Peer;
use gridos_modbus::{Image, Request};

use super::address::Address;
use super::device::Device;
use super::footprint::{self, Values};
use super::guest::Guest;
use super::listener::Listener;
use super::load::Config;
use super::profile::{Profile, Protocol, RegisterMap};
use super::store::Store;
use outstations::Outstations;

/// How long the ring holds what a whole fleet sends while the pipeline waits for a slow disk.
///
/// A page-cache write on a busy disk can stop for some hundred milliseconds; what lasts longer is
/// an outage, and pushes back on the devices.
pub const STALL_BRIDGED: Duration = Duration::from_millis(500);

/// Batches the pipeline takes out of the ring in one turn before it gives them back.
pub const PIPELINE_BATCHES: usize = 256;

/// Posts that are read, decoded or waiting for the disk at one time; others are told to wait.
pub const POSTS: usize = 16;

/// The most batches one post may fill; it must find room in the smallest ring.
pub const BATCHES_PER_POST: usize = 256;

/// Readings every batch has room for, so that posts are not cut into small pieces.
pub const BATCH_READINGS_LEAST: usize = 128;

/// Connections of clients of the API, beside those that follow streams.
pub const HTTP_CONNECTIONS: usize = 512;

/// Bytes of a client that follows a stream: its connection, what is on its way to it, and where the
/// things stand that it follows.
pub const STREAM_BYTES: u64 = CONNECTION_BYTES + (64 << 10);

/// What a post holds while it is read and decoded, in multiples of its body.
pub const POST_BYTES_PER_BODY: u64 = 4;

/// Bytes of a batch's columns per reading: value, quality, point and time.
pub const BATCH_BYTES_PER_READING: u64 = 8 + 4 + 4 + 8;

/// Bytes of a batch beside its columns.
pub const BATCH_BYTES: u64 = 256;

/// Bytes of one device connection: its buffers, its task and the kernel's socket.
pub const CONNECTION_BYTES: u64 = 20 << 10;

/// Bytes of a connection's TLS: two buffers and the session.
pub const TLS_BYTES: u64 = 40 << 10;

/// Bytes per point that live as long as the process: its names, its ids, its latest value, its
/// limits and their state.
pub const POINT_BYTES: u64 = 320;

/// Bytes per point while its minute is open: minimum, maximum, sum and last value, and the point's share
/// of what is counted for its layout.
pub const MINUTE_BYTES: u64 = 40;

/// Bytes that do not depend on the configuration: code, runtime, journal and database buffers.
pub const BASE_BYTES: u64 = 48 << 20;

/// File descriptors of the journal, of the database, and of the runtime with the standard streams.
pub const FILES_BASE: usize = 16 + 24 + 32;

/// What the fleet asks of the engine, and the bounds that follow from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Enabled devices.
    pub devices: usize,
    /// Points of enabled devices.
    pub points: usize,
    /// Those of them that are outstations.
    pub outstations: usize,
    /// Bytes that their associations may take.
    pub outstation_bytes: u64,
    /// Connections to devices: those that each address takes.
    pub connections: usize,
    /// Connections that devices may make by themselves, all listeners together.
    pub guests: usize,
    /// Bytes that these connections may take.
    pub guest_bytes: u64,
    /// Requests to devices a second, if all answer in time.
    pub requests_per_second: f64,
    /// Readings a second that are polled, if all that is told by exception moved with every scan;
    /// what is pushed, and what outstations tell by themselves, comes on top and is not known.
    pub readings_per_second: f64,
    /// Bytes a second that the polled readings take in the journal.
    pub journal_bytes_per_second: f64,
    /// Bytes a second that the polled readings take in the database.
    pub store_bytes_per_second: f64,
    /// The most readings one batch needs room for.
    pub batch_readings: usize,
    /// Slots of the ring.
    pub ring_batches: usize,
    /// Batches in the pool: all that the process ever holds.
    pub pool_batches: usize,
    /// Bytes of the minutes that are open.
    pub minute_bytes: u64,
    /// The largest body of a post, in bytes.
    pub body_bytes: u64,
    /// Clients that may follow streams.
    pub streams: usize,
}

/// One part of a sum of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// What takes them.
    pub what: &'static str,
    /// How many there may be at most.
    pub bytes: u64,
}

impl Bounds {
    /// The bounds of `config`.
    pub fn of(config: &Config) -> Self {
        let enabled = || config.devices.iter().filter(|device| device.enabled);
        let connections = connections(enabled());
        let mut rates = Rates::new(&config.store);
        let mut sum = Rate::default();
        let (mut points, mut written) = (0, 0);
        for device in enabled() {
            let rate = rates.of(&device.profile);
            if device.guest.as_ref().is_some_and(Guest::is_pushed) {
                written = written.max(device.profile.points());
            } else {
                sum.add(rate, device.scan_factor);
            }
            points += device.profile.points();
        }
        let pushes = enabled().any(|device| device.connection.is_none());
        let profiles = rates.largest.into_values();
        let largest = profiles.max().unwrap_or(0).max(written);
        let outstations = Outstations::of(enabled(), config);
        let derived = ring_batches(sum.batches, connections, pushes) + outstations.batches;
        let given = config.engine.ring_batches.map(|batches| batches as usize);
        let ring_batches = given.unwrap_or(derived);
        Self {
            devices: enabled().count(),
            points,
            outstations: outstations.count,
            outstation_bytes: outstations.bytes,
            connections,
            guests: config.listeners.iter().map(|l| l.connections_max).sum(),
            guest_bytes: config
                .listeners
                .iter()
                .map(|l| guest_bytes(l, config))
                .sum(),
            requests_per_second: sum.requests,
            readings_per_second: sum.readings,
            journal_bytes_per_second: sum.journal_bytes,
            store_bytes_per_second: sum.store_bytes,
            batch_readings: largest.max(BATCH_READINGS_LEAST),
            ring_batches,
            pool_batches: pool_batches(ring_batches),
            minute_bytes: match config.store.minutes {
                true => count(points) * MINUTE_BYTES,
                false => 0,
            },
            body_bytes: config.http.body_limit,
            streams: config.http.streams_max,
        }
    }

    /// The memory the process may take, term by term.
    pub fn memory(&self) -> [Term; 9] {
        let term = |what, bytes| Term { what, bytes };
        let batch = BATCH_BYTES + count(self.batch_readings) * BATCH_BYTES_PER_READING;
        [
            term("batches of the pool", count(self.pool_batches) * batch),
            term("connections", count(self.connections) * CONNECTION_BYTES),
            term("outstations", self.outstation_bytes),
            term("listeners", self.guest_bytes),
            term("points", count(self.points) * POINT_BYTES),
            term("minutes that are open", self.minute_bytes),
            term(
                "posts under way",
                count(POSTS) * POST_BYTES_PER_BODY * self.body_bytes,
            ),
            term("streams", count(self.streams) * STREAM_BYTES),
            term("everything else", BASE_BYTES),
        ]
    }

    /// The sum of [`Bounds::memory`].
    pub fn memory_bytes(&self) -> u64 {
        self.memory().iter().map(|term| term.bytes).sum()
    }

    /// Connections that clients of the API may make.
    pub fn http_connections(&self) -> usize {
        HTTP_CONNECTIONS + self.streams
    }

    /// File descriptors the process may need at one time.
    pub fn file_descriptors(&self) -> usize {
        self.connections + self.guests + self.http_connections() + FILES_BASE
    }
}

/// Connections to the addresses of `devices`: as many as the most cautious device of each allows,
/// and no more than there are units to spread over them.
fn connections<'a>(devices: impl Iterator<Item = &'a Device>) -> usize {
    let mut addresses: HashMap<&Address, (usize, usize)> = HashMap::new();
    for device in devices {
        let allowed = match &device.profile.protocol {
            Protocol::Modbus(map) => map.asking.connections,
            Protocol::Dnp3(_) | Protocol::Push(_) => 1,
        };
        let Some(connection) = &device.connection else {
            continue;
        };
        let address = addresses.entry(&connection.address);
        let (least, units) = address.or_insert((allowed, 0));
        *least = allowed.min(*least);
        *units += 1;
    }
    let taken = addresses.into_values();
    taken.map(|(allowed, units)| allowed.min(units)).sum()
}

/// The most that connections to `listener` may take: each may write all that anybody may write.
fn guest_bytes(listener: &Listener, config: &Config) -> u64 {
    let devices = config.devices.iter().filter(|device| device.enabled);
    let mut written: HashMap<Option<&Peer>, u64> = HashMap::new();
    for device in devices {
        let own = device.guest.as_ref().filter(|guest| guest.is_pushed());
        let Some(guest) = own.filter(|guest| guest.listener.name == listener.name) else {
            continue;
        };
        if let Protocol::Modbus(map) = &device.profile.protocol {
            *written.entry(guest.peer.as_ref()).or_default() += count(Image::bytes_of(&map.plan));
        }
    }
    let anybody = written.remove(&None).unwrap_or(0);
    let images = anybody + written.into_values().max().unwrap_or(0);
    let tls = listener.tls.as_ref().map_or(0, |_| TLS_BYTES);
    count(listener.connections_max) * (CONNECTION_BYTES + tls + images)
}

/// What one device at its profile's periods asks a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Rate {
    requests: f64,
    /// A request's answer is a sweep, or events, or one of each.
    batches: f64,
    readings: f64,
    journal_bytes: f64,
    store_bytes: f64,
}

impl Rate {
    /// Adds `other` at periods that are `factor` times as long.
    fn add(&mut self, other: Self, factor: f64) {
        self.requests += other.requests / factor;
        self.batches += other.batches / factor;
        self.readings += other.readings / factor;
        self.journal_bytes += other.journal_bytes / factor;
        self.store_bytes += other.store_bytes / factor;
    }
}

/// The rates of profiles, each computed once for all its devices.
#[derive(Debug)]
struct Rates<'a> {
    store: &'a Store,
    known: HashMap<*const Profile, Rate>,
    largest: HashMap<*const Profile, usize>,
}

impl<'a> Rates<'a> {
    fn new(store: &'a Store) -> Self {
        Self {
            store,
            known: HashMap::new(),
            largest: HashMap::new(),
        }
    }

    fn of(&mut self, profile: &Arc<Profile>) -> Rate {
        let key = Arc::as_ptr(profile);
        let store = self.store;
        let known = self.known.entry(key);
        let rate = *known.or_insert_with(|| rate(profile, store));
        let largest = || match &profile.protocol {
            Protocol::Modbus(map) => {
                let requests = map.plan.requests().iter();
                let lengths = requests.map(|request| request.points().len());
                lengths.max().unwrap_or(0)
            }
            Protocol::Dnp3(map) => outstations::batch_readings(map),
            Protocol::Push(_) => 0,
        };
        self.largest.entry(key).or_insert_with(largest);
        rate
    }
}

/// The rate of a device of `profile`, before its own scan factor.
fn rate(profile: &Profile, store: &Store) -> Rate {
    let database = &store.database;
    let mut sum = Rate::default();
    let map = match &profile.protocol {
        Protocol::Modbus(map) => map,
        Protocol::Dnp3(map) => return outstations::rate(map, store),
        Protocol::Push(_) => return sum,
    };
    for (request, period) in polls(map) {
        let points = |range| map.plan.points().get(range).unwrap_or_default();
        let values = |range| Values::of_registers(points(range));
        let (swept, reported) = (request.sweep_points(), request.reported_points());
        let mut once = Rate {
            requests: 1.0,
            // Texts are told when they change: next to nothing.
            readings: quantity(swept.len() + reported.len()),
            ..Rate::default()
        };
        if !swept.is_empty() {
            once.batches += 1.0;
            once.journal_bytes += bytes(footprint::journal_sweep_bytes(swept.len()));
            let values = values(swept);
            once.store_bytes += bytes(footprint::store_sweep_bytes(database, values));
            once.store_bytes += footprint::store_minute_bytes(store, values, period);
        }
        if !reported.is_empty() {
            once.batches += 1.0;
            once.journal_bytes += bytes(footprint::journal_event_bytes(reported.len()));
            let values = values(reported);
            once.store_bytes += bytes(footprint::store_event_bytes(database, values));
            once.store_bytes += footprint::store_minute_bytes(store, values, period);
        }
        sum.add(once, period.as_secs_f64());
    }
    sum
}

/// The requests of a map with their periods.
fn polls(map: &RegisterMap) -> impl Iterator<Item = (&Request, Duration)> {
    let requests = map.plan.requests().iter();
    requests.filter_map(|request| Some((&**request, *map.scan_periods.get(request.scan())?)))
}

/// The share of its connection's time that a device takes if each answer takes `answer`.
pub(crate) fn load(device: &Device, answer: Duration) -> f64 {
    let Protocol::Modbus(map) = &device.profile.protocol else {
        return 0.0;
    };
    let requests: f64 = polls(map)
        .map(|(_, period)| 1.0 / period.as_secs_f64())
        .sum();
    requests / device.scan_factor * answer.as_secs_f64()
}

/// What arrives during a stall, and one answer of every connection that was due together with
/// all others (a switch came back), and, where readings are pushed, every post.
fn ring_batches(batches_per_second: f64, connections: usize, pushes: bool) -> usize {
    let stalled = whole(batches_per_second * STALL_BRIDGED.as_secs_f64());
    let posts = if pushes { POSTS } else { 1 };
    stalled + connections + posts * BATCHES_PER_POST + PIPELINE_BATCHES
}

/// What is in the ring, in the pipeline's hands, and in those of a post about to push.
fn pool_batches(ring_batches: usize) -> usize {
    ring_batches + PIPELINE_BATCHES + BATCHES_PER_POST
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A count as a number to multiply: exact up to 2³², which no count here exceeds.
pub fn quantity(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// Bytes as a number to divide; exact up to 4 TiB, which is enough for a report.
pub fn bytes(bytes: u64) -> f64 {
    let part = |part: u64| usize::try_from(part).map_or(f64::MAX, quantity);
    part(bytes >> 10) * 1_024.0 + part(bytes & 1_023)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes an integer by saturating: a rate is finite and not negative"
)]
fn whole(quantity: f64) -> usize {
    quantity.ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_bridges_a_stall_of_the_whole_fleet() {
        let ring = ring_batches(20_000.0, 10_000, false);
        assert_eq!(ring, 10_000 + 10_000 + BATCHES_PER_POST + PIPELINE_BATCHES);
        assert!(ring_batches(0.0, 0, false) >= 2 * BATCHES_PER_POST);
        assert!(ring_batches(0.0, 0, true) >= POSTS * BATCHES_PER_POST);
        assert_eq!(
            pool_batches(ring) - ring,
            PIPELINE_BATCHES + BATCHES_PER_POST
        );
    }
}
