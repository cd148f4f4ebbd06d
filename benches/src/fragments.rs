//! Full DNP3 fragments of events as they arrive from a socket, and a master that makes columns of them.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{
    CommonTime, Control, Flags, Iin, Point, PointTime, Response, ResponseWriter, Sequence, Value,
    Variation, Width,
};
use gridos_dnp3::link::{Address, Pair, Reader, Received, Recovery, Role, Station, StationConfig};
use gridos_dnp3::transport::{FragmentMax, Reassembler, Segmenter};
use gridos_model::{Batch, Layout, Quality, Timestamp};

use crate::POINTS;

/// What one read of the socket gives: not a whole number of frames.
pub const READ_BYTES: usize = 4_096;
/// Single floats with flags and an absolute time.
const VARIATION: Variation = Variation::new(32, 7);
const FRAGMENTS: usize = 64;
const FRAGMENT_BYTES: usize = 2_048;

/// The frames of each of 64 fragments that are as full of events as they can be, and how many events
/// are in them all. They may be said again and again, in their order.
#[must_use]
pub fn fragments() -> (Vec<Vec<u8>>, u64) {
    let (pair, mut segmenter) = (pair(Role::Outstation), Segmenter::new());
    let mut events = 0;
    let frames = |n| {
        let (fragment, count) = fragment(n);
        let mut octets = Vec::new();
        segmenter.write_frames(&pair, &fragment, &mut octets);
        events += count;
        octets
    };
    let octets = (0..FRAGMENTS).map(frames).collect();
    (octets, events)
}

/// What a session has to make columns of octets.
#[derive(Debug)]
pub struct Master {
    reader: Reader,
    station: Station,
    reassembler: Reassembler,
    now: Instant,
    replies: Vec<u8>,
}

impl Default for Master {
    fn default() -> Self {
        let now = Instant::now();
        let (limit, timeout) = (FragmentMax::default(), Duration::from_secs(5));
        Self {
            reader: Reader::new(Recovery::Stream),
            station: Station::new(pair(Role::Master), StationConfig::default(), now),
            reassembler: Reassembler::new(limit, timeout),
            now,
            replies: Vec::new(),
        }
    }
}

impl Master {
    /// Makes `batch` the events of one fragment of `octets` after the other, and returns how many
    /// events there were.
    pub fn decode(&mut self, octets: &[u8], layout: &Arc<Layout>, batch: &mut Batch) -> u64 {
        let mut decoded = 0;
        for mut input in octets.chunks(READ_BYTES) {
            while let Some(frame) = self.reader.read(&mut input) {
                let frame = frame.expect("a good frame");
                let received = self.station.handle(self.now, &frame, &mut self.replies);
                let Received::Deliver(segment) = received else {
                    continue;
                };
                let pushed = self.reassembler.push(self.now, &segment);
                if let Some(fragment) = pushed.expect("segments in order") {
                    batch.start_events(layout, Timestamp::EPOCH);
                    push_events(fragment, batch);
                    decoded += batch.len() as u64;
                }
            }
        }
        decoded
    }
}

fn pair(role: Role) -> Pair {
    let (own, other) = (Address::from_raw(1), Address::from_raw(10));
    let (local, remote) = match role {
        Role::Master => (own, other),
        Role::Outstation => (other, own),
    };
    Pair::new(role, local, remote).expect("individual addresses")
}

/// A fragment as full of events as it can be, and how many there are.
fn fragment(n: usize) -> (Vec<u8>, u64) {
    let mut writer = ResponseWriter::new(FRAGMENT_BYTES);
    let mut events = 0;
    loop {
        let index = u16::try_from(events % POINTS as u64).expect("few points");
        let milliseconds = 1_790_000_000_000 + n as u64 * 1_000 + events;
        let point = Point {
            index,
            value: Value::Float32(f32::from(index) * 0.5),
            flags: Flags::ONLINE,
            time: Some(PointTime {
                milliseconds,
                is_synchronised: true,
            }),
        };
        if writer.event(VARIATION, Width::Two, &point).is_err() {
            break;
        }
        events += 1;
    }
    let control = Control {
        con: true,
        uns: true,
        ..Control::single(Sequence::ZERO)
    };
    (writer.finish(control, Iin::empty()).to_vec(), events)
}

/// Adds the events of `fragment` to `batch`, as the collector does.
fn push_events(fragment: &[u8], batch: &mut Batch) {
    let response = Response::parse(fragment).expect("a whole fragment");
    let mut common = CommonTime::NONE;
    for header in response.headers().map_while(Result::ok) {
        if common.observe(&header) {
            continue;
        }
        header.for_each_reading(common, |reading| {
            let milliseconds = reading.time.and_then(|time| i64::try_from(time).ok());
            let time = milliseconds.map_or(Timestamp::MAX, Timestamp::from_millis);
            batch.push_event(reading.index.into(), time, reading.value, Quality::GOOD);
        });
    }
}
