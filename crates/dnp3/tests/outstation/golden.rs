//! A whole conversation whose frames are known octet by octet: the master is 1, the outstation 10.

use std::time::Duration;

use gridos_dnp3::app::{Class, DoubleBit, Value};
use gridos_dnp3::link::{Address, Pair, Received, Role, Station, StationConfig};
use gridos_dnp3::link::{Reader, Recovery};
use gridos_dnp3::outstation::{OutstationConfig, PointDefinition, PointKind};
use gridos_dnp3::transport::{FragmentMax, Reassembler, Segmenter};

use crate::rig::{ANALOG, BINARY, ME, Rig, dump, hex};

fn pair() -> Pair {
    Pair::new(Role::Outstation, ME, Address::from_raw(1)).unwrap()
}

/// The fragment in a frame of the master, through all layers.
fn unpack(rig: &Rig, frame: &str) -> Vec<u8> {
    let now = rig.at().now;
    let mut station = Station::new(pair(), StationConfig::default(), now);
    let mut reassembler = Reassembler::new(FragmentMax::default(), Duration::from_secs(5));
    let (octets, mut replies) = (hex(frame), Vec::new());
    let mut input = &octets[..];
    let mut reader = Reader::new(Recovery::Stream);
    let frame = reader.read(&mut input).unwrap().unwrap();
    let Received::Deliver(segment) = station.handle(now, &frame, &mut replies) else {
        panic!("{frame:?} is no user data");
    };
    reassembler.push(now, &segment).unwrap().unwrap().to_vec()
}

/// What the outstation says, as frames whose segments begin with 0.
fn pack(rig: &mut Rig) -> Vec<String> {
    let fragments = rig.sent();
    let frames = fragments.iter().map(|fragment| {
        let mut frames = Vec::new();
        Segmenter::new().write_frames(&pair(), &hex(fragment), &mut frames);
        dump(&frames)
    });
    frames.collect()
}

#[track_caller]
fn exchange(rig: &mut Rig, request: &str, responses: &[&str]) {
    let fragment = unpack(rig, request);
    let at = rig.at();
    rig.outstation.handle_fragment(at, ME, &fragment);
    assert_eq!(pack(rig), responses);
}

fn table() -> Vec<PointDefinition> {
    let point = |kind, index| PointDefinition::new(kind, index, Class::One);
    let binaries = (0..10).map(|index| point(BINARY, index).with_static(1).with_event(3));
    let doubles = (0..5).map(|index| point(PointKind::DoubleBitInput, index).with_static(1));
    let others = [
        point(ANALOG, 0),
        PointDefinition::new(ANALOG, 300, Class::Two),
        point(PointKind::OctetString, 7),
    ];
    binaries.chain(doubles).chain(others).collect()
}

fn settle(rig: &mut Rig) {
    for (index, bit) in (0..10).zip([1, 0, 1, 0, 1, 0, 1, 0, 0, 1]) {
        rig.settle(BINARY, index, Value::Binary(bit == 1));
    }
    for (index, state) in (0..5).zip([0, 1, 2, 3, 1]) {
        let state = Value::DoubleBit(DoubleBit::from_bits(state));
        rig.settle(PointKind::DoubleBitInput, index, state);
    }
    rig.settle(ANALOG, 0, Value::Float32(1.25));
    rig.settle(PointKind::OctetString, 7, Value::Octets(b"hello"));
}

const NULL: &str = "05 64 0A 44 01 00 0A 00 6E 25 C0 F0 82 90 00 43 A2";
const CONFIRM_NULL: &str = "05 64 08 C4 0A 00 01 00 FC 42 C0 D0 00 1B 49";
const DISABLE: &str = "05 64 11 C4 0A 00 01 00 06 15 C0 C0 15 3C 02 06 3C 03 06 3C 04 06 1A 55";
const CLEAR: &str = "05 64 0E C4 0A 00 01 00 25 29 C0 C1 02 50 01 00 07 07 00 3E 5F";
const RECORD: &str = "05 64 08 C4 0A 00 01 00 FC 42 C0 C3 18 7A 6B";
const WRITE_RECORDED: &str =
    "05 64 12 C4 0A 00 01 00 56 86 C0 C4 02 32 03 07 01 00 68 E5 CF 8B 01 55 95";
const MEASURE: &str = "05 64 08 C4 0A 00 01 00 FC 42 C0 C5 17 46 3B";
const DELAY: &str = "05 64 10 44 01 00 0A 00 C4 E1 C0 C5 81 10 00 34 02 07 01 0A 00 6A 7C";
const WRITE_TIME: &str =
    "05 64 12 C4 0A 00 01 00 56 86 C0 C6 02 32 01 07 01 00 68 E5 CF 8B 01 19 F1";
const ENABLE: &str = "05 64 11 C4 0A 00 01 00 06 15 C0 C7 14 3C 02 06 3C 03 06 3C 04 06 D2 F7";
const CONFIRM: &str = "05 64 08 C4 0A 00 01 00 FC 42 C0 C8 00 A7 F9";
const EVENT: &str = "05 64 1C 44 01 00 0A 00 76 36 \
                     C0 F1 82 00 00 20 07 28 01 00 2C 01 01 00 00 C0 62 A5 \
                     3F 00 68 E5 CF 8B 01 F9 86";

/// A response without objects in a frame, with the checksum of its user data.
fn null_response(octets: &str, checksum: &str) -> String {
    format!("05 64 0A 44 01 00 0A 00 6E 25 C0 {octets} {checksum}")
}

#[test]
fn a_master_gets_to_know_the_outstation() {
    let config = OutstationConfig {
        response_delay: Duration::from_millis(10),
        ..OutstationConfig::default()
    };
    let mut rig = Rig::new(table(), config);
    settle(&mut rig);
    assert_eq!(pack(&mut rig), [NULL]);
    // The device thinks for 10 ms about everything but confirms.
    let mut ask = |request: &str| {
        let fragment = unpack(&rig, request);
        let at = rig.at();
        rig.outstation.handle_fragment(at, ME, &fragment);
        assert_eq!(pack(&mut rig), [""; 0]);
        rig.wait(10);
        pack(&mut rig).concat()
    };
    let null = |octets: &str| {
        let bytes = hex(&format!("C0 {octets}"));
        let [low, high] = gridos_dnp3::link::crc(&bytes).to_le_bytes();
        null_response(octets, &dump(&[low, high]))
    };
    ask(DISABLE);
    assert_eq!(ask(CLEAR), null("C1 81 10 00"));
    assert_eq!(ask(RECORD), null("C3 81 10 00"));
    assert_eq!(ask(MEASURE), DELAY);
    assert_eq!(ask(WRITE_RECORDED), null("C4 81 00 00"));
    assert_eq!(ask(WRITE_TIME), null("C6 81 00 00"));
    assert_eq!(ask(ENABLE), null("C7 81 00 00"));
    exchange(&mut rig, CONFIRM_NULL, &[]);
    assert_eq!(rig.outstation.counters().confirms_unexpected, 0);
}

#[test]
fn present_values_are_told_octet_by_octet() {
    let mut rig = Rig::ready(table(), crate::rig::quiet());
    settle(&mut rig);
    rig.settle(ANALOG, 300, Value::Float32(0.0));
    // The point 300 is not among the golden ones: ask for the others by range.
    let sent = rig.ask("C9 01 01 00 06 03 00 06 1E 00 00 00 00 6E 00 06");
    let fragment = hex(&sent.concat());
    let mut frames = Vec::new();
    Segmenter::new().write_frames(&pair(), &fragment, &mut frames);
    let expected = "05 64 2C 44 01 00 0A 00 35 BF C0 C9 81 00 00 01 01 00 00 09 55 02 03 01 00 \
                    00 9F 2D 04 E4 01 1E 05 00 00 00 01 00 00 A0 3F 6E 05 00 76 7A 07 07 68 65 \
                    6C 6C 6F D8 57";
    assert_eq!(dump(&frames), dump(&hex(expected)));
}

#[test]
fn an_event_goes_unasked_octet_by_octet() {
    let mut rig = Rig::new(table(), OutstationConfig::default());
    settle(&mut rig);
    rig.settle(ANALOG, 300, Value::Float32(0.0));
    assert_eq!(pack(&mut rig), [NULL]);
    exchange(&mut rig, CONFIRM_NULL, &[]);
    for request in [CLEAR, WRITE_TIME, ENABLE] {
        let fragment = unpack(&rig, request);
        rig.ask(&dump(&fragment));
    }
    rig.set(ANALOG, 300, Value::Float32(1.5));
    assert_eq!(pack(&mut rig), [dump(&hex(EVENT))]);
    rig.ask("D1 00");
    assert_eq!(rig.outstation.buffered(), 0);
}

#[test]
fn relative_times_count_from_a_common_one() {
    let mut rig = Rig::ready(table(), crate::rig::quiet());
    settle(&mut rig);
    rig.set(BINARY, 7, Value::Binary(true));
    rig.wait(3);
    rig.set(BINARY, 8, Value::Binary(true));
    let expected = "E8 81 00 00 33 01 07 01 00 68 E5 CF 8B 01 \
                    02 03 28 02 00 07 00 81 00 00 08 00 81 03 00";
    assert_eq!(rig.answer("C8 01 3C 02 06"), dump(&hex(expected)));
    exchange(&mut rig, CONFIRM, &[]);
    assert_eq!(rig.outstation.buffered(), 0);
}
