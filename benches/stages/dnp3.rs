//! DNP3 frames to columns: full fragments of g32v7 events as they arrive from a socket.
//!
//! Beside it what cannot be left out: the same octets copied, and only their checksums computed.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridos_benches::{Fleet, POINTS};
use gridos_dnp3::app::{
    CommonTime, Control, Flags, Iin, Point, PointTime, Response, ResponseWriter, Sequence, Value,
    Variation, Width,
};
use gridos_dnp3::link::{
    Address, Pair, Reader, Received, Recovery, Role, Station, StationConfig, crc,
};
use gridos_dnp3::transport::{FragmentMax, Reassembler, Segmenter};
use gridos_model::{Batch, Quality, Timestamp as Time};

/// Single floats with flags and an absolute time.
const VARIATION: Variation = Variation::new(32, 7);
const FRAGMENTS: usize = 64;
const FRAGMENT_BYTES: usize = 2_048;
/// What one read of the socket gives: not a whole number of frames.
const READ_BYTES: usize = 4_096;

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

/// The frames of all fragments, one after the other, and how many events are in them.
fn stream() -> (Vec<u8>, u64) {
    let (mut octets, mut events) = (Vec::new(), 0);
    let (pair, mut segmenter) = (pair(Role::Outstation), Segmenter::new());
    for n in 0..FRAGMENTS {
        let (fragment, count) = fragment(n);
        segmenter.write_frames(&pair, &fragment, &mut octets);
        events += count;
    }
    (octets, events)
}

/// Adds the events of `fragment` to `batch`, as the collector does.
fn decode(fragment: &[u8], batch: &mut Batch) {
    let response = Response::parse(fragment).expect("a whole fragment");
    let mut common = CommonTime::NONE;
    for header in response.headers().map_while(Result::ok) {
        if common.observe(&header) {
            continue;
        }
        header.for_each_reading(common, |reading| {
            let milliseconds = reading.time.and_then(|time| i64::try_from(time).ok());
            let time = milliseconds.map_or(Time::MAX, Time::from_millis);
            batch.push_event(reading.index.into(), time, reading.value, Quality::GOOD);
        });
    }
}

fn dnp3(criterion: &mut Criterion) {
    let (octets, events) = stream();
    let fleet = Fleet::new(1).expect("a plain fleet");
    bytes(criterion, &octets);
    let mut group = criterion.benchmark_group("dnp3");
    group.throughput(Throughput::Elements(events));
    group.bench_function("frames to columns", |bencher| {
        let mut reader = Reader::new(Recovery::Stream);
        let now = Instant::now();
        let mut station = Station::new(pair(Role::Master), StationConfig::default(), now);
        let limit = FragmentMax::default();
        let mut reassembler = Reassembler::new(limit, Duration::from_secs(5));
        let (mut batch, mut replies) = (Batch::with_capacity(256), Vec::new());
        bencher.iter(|| {
            let mut decoded = 0;
            for mut input in black_box(&octets).chunks(READ_BYTES) {
                while let Some(frame) = reader.read(&mut input) {
                    let frame = frame.expect("a good frame");
                    let received = station.handle(now, &frame, &mut replies);
                    let Received::Deliver(segment) = received else {
                        continue;
                    };
                    let pushed = reassembler.push(now, &segment);
                    if let Some(fragment) = pushed.expect("segments in order") {
                        batch.start_events(fleet.layout(0), Time::EPOCH);
                        decode(fragment, &mut batch);
                        decoded += batch.len() as u64;
                        black_box(&batch);
                    }
                }
            }
            assert_eq!(decoded, events);
        });
    });
    group.finish();
}

/// What counts octets.
fn bytes(criterion: &mut Criterion, octets: &[u8]) {
    let mut group = criterion.benchmark_group("dnp3 octets");
    group.throughput(Throughput::Bytes(octets.len() as u64));
    group.bench_function("limit: copied", |bencher| {
        let mut copy = vec![0; octets.len()];
        bencher.iter(|| {
            copy.copy_from_slice(black_box(octets));
            black_box(&copy);
        });
    });
    group.bench_function("limit: checksums of 16 octets each", |bencher| {
        bencher.iter(|| {
            let sums = black_box(octets).chunks(18).map(|block| {
                let (block, _) = block.split_at(block.len().min(16));
                u64::from(crc(block))
            });
            black_box(sums.sum::<u64>());
        });
    });
    group.bench_function("frames read and checked", |bencher| {
        let mut reader = Reader::new(Recovery::Stream);
        bencher.iter(|| {
            let mut payload = 0;
            for mut input in black_box(octets).chunks(READ_BYTES) {
                while let Some(frame) = reader.read(&mut input) {
                    payload += frame.expect("a good frame").payload.len();
                }
            }
            black_box(payload)
        });
    });
    group.finish();
}

criterion_group!(benches, dnp3);
criterion_main!(benches);
