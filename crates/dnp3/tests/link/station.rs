//! Stations in fake time: whose frames are taken, how confirmed ones are counted, and when
//! silence is a failure.

use std::time::{Duration, Instant};

use gridos_dnp3::link::{
    Address, KeepAlive, Pair, Reader, Received, Recovery, Refusal, Role, Secondary, Station,
    StationConfig,
};

use crate::wire::{frame, hex};

const ACK: u8 = 0x80;
const NACK: u8 = 0x81;

/// A station, what it sends, and the time.
struct Bench {
    station: Station,
    start: Instant,
    seconds: u64,
    sent: Vec<u8>,
}

/// What became of a frame, without its borrowed bytes.
#[derive(Debug, PartialEq)]
enum Became {
    Delivered(Vec<u8>),
    Repeated,
    Request,
    Reply(Secondary),
    Refused(Refusal),
}

impl Bench {
    fn new(role: Role, config: StationConfig) -> Self {
        let (local, remote) = match role {
            Role::Master => (1, 10),
            Role::Outstation => (10, 1),
        };
        let pair = Pair::new(role, Address::from_raw(local), Address::from_raw(remote)).unwrap();
        let start = Instant::now();
        Self {
            station: Station::new(pair, config, start),
            start,
            seconds: 0,
            sent: Vec::new(),
        }
    }

    fn master() -> Self {
        Self::new(Role::Master, StationConfig::default())
    }

    fn strict() -> Self {
        let strict = StationConfig {
            strict: true,
            ..StationConfig::default()
        };
        Self::new(Role::Master, strict)
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_secs(self.seconds)
    }

    /// Hands over a frame, and checks that frames are accounted for.
    fn frame(&mut self, bytes: &[u8]) -> Became {
        let mut reader = Reader::new(Recovery::Stream);
        let mut input = bytes;
        let frame = reader.read(&mut input).unwrap().unwrap();
        let now = self.now();
        let became = match self.station.handle(now, &frame, &mut self.sent) {
            Received::Deliver(data) => {
                assert_eq!(data.source, frame.source);
                assert_eq!(data.destination, frame.destination);
                Became::Delivered(data.payload.to_vec())
            }
            Received::Repeated => Became::Repeated,
            Received::Request => Became::Request,
            Received::Reply(function) => Became::Reply(function),
            Received::Refused(refusal) => Became::Refused(refusal),
        };
        let counters = self.station.counters();
        assert_eq!(
            counters.frames,
            counters.delivered
                + counters.repeated
                + counters.requests
                + counters.replies
                + counters.refused()
        );
        became
    }

    /// A frame from outstation 10 to master 1.
    fn outstation_sends(&mut self, control: u8, payload: &[u8]) -> Became {
        self.frame(&frame(control, 1, 10, payload))
    }

    /// What was sent since the last call: control octets of frames to the other station.
    fn sent(&mut self) -> Vec<u8> {
        let sent = std::mem::take(&mut self.sent);
        let (seen, reader) = crate::wire::read(Recovery::Stream, [&*sent]);
        assert_eq!(reader.held_bytes(), 0);
        let pair = *self.station.pair();
        seen.into_iter()
            .map(|frame| {
                let (control, destination, source, payload) = frame.unwrap();
                assert_eq!(
                    (destination, source),
                    (pair.remote().raw(), pair.local().raw())
                );
                assert_eq!(payload, []);
                control
            })
            .collect()
    }

    fn tick(&mut self, seconds: u64) -> KeepAlive {
        self.seconds = seconds;
        let now = self.now();
        self.station.handle_timeout(now, &mut self.sent)
    }

    fn due(&self) -> Option<u64> {
        let due = self.station.poll_timeout()?;
        Some((due - self.start).as_secs())
    }
}

#[test]
fn unconfirmed_user_data_are_delivered_and_not_answered() {
    let mut bench = Bench::master();
    let became = bench.outstation_sends(0x44, &[0xC0, 1, 2]);
    assert_eq!(became, Became::Delivered(vec![0xC0, 1, 2]));
    assert_eq!(bench.sent(), []);
}

#[test]
fn after_a_reset_the_count_bit_begins_with_1_and_alternates() {
    for mut bench in [Bench::master(), Bench::strict()] {
        assert_eq!(bench.outstation_sends(0x40, &[]), Became::Request);
        assert_eq!(
            bench.outstation_sends(0x73, &[1]),
            Became::Delivered(vec![1])
        );
        assert_eq!(
            bench.outstation_sends(0x53, &[2]),
            Became::Delivered(vec![2])
        );
        assert_eq!(
            bench.outstation_sends(0x73, &[3]),
            Became::Delivered(vec![3])
        );
        assert_eq!(bench.sent(), [ACK; 4]);
        assert_eq!(bench.station.counters().unreset, 0);
    }
}

#[test]
fn confirmed_user_data_are_delivered_once_and_acknowledged_each_time() {
    let mut bench = Bench::master();
    bench.outstation_sends(0x40, &[]);
    bench.outstation_sends(0x73, &[1]);
    for _ in 0..3 {
        assert_eq!(bench.outstation_sends(0x73, &[1]), Became::Repeated);
    }
    assert_eq!(
        bench.outstation_sends(0x53, &[2]),
        Became::Delivered(vec![2])
    );
    assert_eq!(bench.sent(), [ACK; 6]);
    assert_eq!(bench.station.counters().repeated, 3);
}

#[test]
fn without_a_reset_the_first_count_bit_is_believed() {
    for (first, second) in [(0x73, 0x53), (0x53, 0x73)] {
        let mut bench = Bench::master();
        let became = bench.outstation_sends(first, &[1]);
        assert_eq!(became, Became::Delivered(vec![1]));
        assert_eq!(bench.outstation_sends(first, &[1]), Became::Repeated);
        let became = bench.outstation_sends(second, &[2]);
        assert_eq!(became, Became::Delivered(vec![2]));
        assert_eq!(bench.sent(), [ACK; 3]);
        assert_eq!(bench.station.counters().unreset, 1);
    }
}

#[test]
fn a_strict_station_wants_a_reset_first() {
    let mut bench = Bench::strict();
    for (control, payload) in [(0x73, &[1][..]), (0x52, &[])] {
        let became = bench.outstation_sends(control, payload);
        assert_eq!(became, Became::Refused(Refusal::NotReset));
        assert_eq!(bench.sent(), [NACK]);
    }
    assert_eq!(bench.outstation_sends(0x40, &[]), Became::Request);
    assert_eq!(
        bench.outstation_sends(0x73, &[1]),
        Became::Delivered(vec![1])
    );
    assert_eq!(bench.station.counters().not_reset, 2);
}

#[test]
fn a_new_connection_forgets_the_count() {
    let mut bench = Bench::master();
    bench.outstation_sends(0x40, &[]);
    bench.outstation_sends(0x73, &[1]);
    let now = bench.now();
    bench.station.reset(now);
    assert_eq!(
        bench.outstation_sends(0x73, &[2]),
        Became::Delivered(vec![2])
    );
}

#[test]
fn a_test_is_counted_and_always_acknowledged() {
    let mut bench = Bench::master();
    bench.outstation_sends(0x40, &[]);
    assert_eq!(bench.outstation_sends(0x72, &[]), Became::Request);
    assert_eq!(bench.outstation_sends(0x72, &[]), Became::Request);
    assert_eq!(
        bench.outstation_sends(0x53, &[1]),
        Became::Delivered(vec![1])
    );
    assert_eq!(bench.outstation_sends(0x53, &[1]), Became::Repeated);
    assert_eq!(bench.sent(), [ACK; 5]);
}

#[test]
fn a_status_is_answered_whatever_the_count_bit_says() {
    let mut bench = Bench::new(Role::Outstation, StationConfig::default());
    for control in [0xC9, 0xE9] {
        let bytes = frame(control, 10, 1, &[]);
        assert_eq!(bench.frame(&bytes), Became::Request);
        assert_eq!(bench.sent(), [0x0B]);
    }
}

#[test]
fn answers_are_told_and_not_answered() {
    let mut bench = Bench::master();
    for (control, function) in [
        (0x00, Secondary::Ack),
        (0x01, Secondary::Nack),
        (0x1B, Secondary::LinkStatus),
        (0x0F, Secondary::NotSupported),
    ] {
        let became = bench.outstation_sends(control, &[]);
        assert_eq!(became, Became::Reply(function));
    }
    assert_eq!(bench.sent(), []);
    let counters = bench.station.counters();
    assert_eq!((counters.replies, counters.not_supported), (4, 1));
}

#[test]
fn a_master_refuses_what_is_not_for_it_and_counts_each_reason() {
    let mut bench = Bench::master();
    let cases = [
        (0xC4, 1, 10, Refusal::WrongDirection),
        (0x44, 0xFFFF, 10, Refusal::Broadcast),
        (0x44, 0xFFFD, 10, Refusal::Broadcast),
        (0x44, 0xFFFC, 10, Refusal::SelfAddress),
        (0x44, 2, 10, Refusal::UnknownDestination),
        (0x44, 0xFFF5, 10, Refusal::UnknownDestination),
        (0x44, 1, 11, Refusal::UnknownSource),
    ];
    bench.seconds = 50;
    for (control, destination, source, refusal) in cases {
        let bytes = frame(control, destination, source, &[0xC0, 1]);
        assert_eq!(bench.frame(&bytes), Became::Refused(refusal));
    }
    let counters = bench.station.counters();
    assert_eq!(counters.wrong_direction, 1);
    assert_eq!(counters.broadcast, 2);
    assert_eq!(counters.self_address, 1);
    assert_eq!(counters.unknown_destination, 2);
    assert_eq!(counters.unknown_source, 1);
    assert_eq!(counters.refused(), 7);
    assert_eq!(bench.sent(), []);
    // Strangers do not prove that the outstation is there.
    assert_eq!(bench.due(), Some(60));
}

#[test]
fn an_outstation_takes_user_data_for_all_but_answers_none_of_them() {
    let mut bench = Bench::new(Role::Outstation, StationConfig::default());
    for destination in [0xFFFD, 0xFFFE, 0xFFFF] {
        for control in [0xC4, 0xF3, 0xF3] {
            let became = bench.frame(&frame(control, destination, 1, &[7]));
            assert_eq!(became, Became::Delivered(vec![7]));
        }
        let became = bench.frame(&frame(0xC9, destination, 1, &[]));
        assert_eq!(became, Became::Refused(Refusal::Broadcast));
    }
    assert_eq!(bench.sent(), []);
    // What is sent to all does not count for this station.
    let became = bench.frame(&frame(0xF3, 10, 1, &[8]));
    assert_eq!(became, Became::Delivered(vec![8]));
    assert_eq!(bench.sent(), [0x00]);
}

#[test]
fn an_outstation_answers_to_the_self_address_if_it_is_told_to() {
    let to_self = frame(0xC9, 0xFFFC, 1, &[]);
    let mut bench = Bench::new(Role::Outstation, StationConfig::default());
    let became = bench.frame(&to_self);
    assert_eq!(became, Became::Refused(Refusal::SelfAddress));
    let config = StationConfig {
        answers_self_address: true,
        ..StationConfig::default()
    };
    for (role, expected) in [
        (Role::Outstation, Became::Request),
        (Role::Master, Became::Refused(Refusal::SelfAddress)),
    ] {
        let mut bench = Bench::new(role, config);
        let (control, source) = match role {
            Role::Outstation => (0xC9, 1),
            Role::Master => (0x49, 10),
        };
        let became = bench.frame(&frame(control, 0xFFFC, source, &[]));
        assert_eq!(became, expected);
    }
}

#[test]
fn silence_is_asked_about_and_then_a_failure() {
    let mut bench = Bench::master();
    assert_eq!(bench.due(), Some(60));
    assert_eq!(bench.tick(59), KeepAlive::Waiting);
    assert_eq!(bench.tick(60), KeepAlive::Sent);
    assert_eq!(bench.sent, hex("05 64 05 C9 0A 00 01 00 FE DA"));
    assert_eq!(bench.sent(), [0xC9]);
    assert_eq!(bench.due(), Some(63));
    assert_eq!(bench.tick(62), KeepAlive::Waiting);
    assert_eq!(bench.tick(63), KeepAlive::Failed);
    assert_eq!(bench.sent(), []);
    // It is said once, and a driver that does not close is not kept busy.
    assert_eq!(bench.due(), None);
    assert_eq!(bench.tick(1_000), KeepAlive::Waiting);
    let counters = bench.station.counters();
    assert_eq!((counters.keep_alives, counters.keep_alives_failed), (1, 1));
}

#[test]
fn any_frame_ends_the_silence() {
    let frames: [(u8, &[u8]); 6] = [
        (0x0B, &[]),
        (0x0F, &[]),
        (0x44, &[0xC0]),
        (0x73, &[0xC0]),
        (0x49, &[]),
        (0x40, &[]),
    ];
    for (control, payload) in frames {
        let mut bench = Bench::master();
        bench.seconds = 20;
        bench.outstation_sends(control, payload);
        assert_eq!(bench.due(), Some(80), "{control:#04x}");
        assert_eq!(bench.tick(80), KeepAlive::Sent);
        bench.seconds = 82;
        bench.outstation_sends(control, payload);
        assert_eq!(bench.due(), Some(142), "{control:#04x}");
        assert_eq!(bench.tick(83), KeepAlive::Waiting);
    }
}

#[test]
fn a_late_driver_asks_before_it_fails() {
    let mut bench = Bench::master();
    assert_eq!(bench.tick(1_000), KeepAlive::Sent);
    assert_eq!(bench.due(), Some(1_003));
}

#[test]
fn a_new_connection_is_not_silent() {
    let mut bench = Bench::master();
    bench.tick(60);
    bench.tick(63);
    bench.seconds = 100;
    let now = bench.now();
    bench.station.reset(now);
    assert_eq!(bench.due(), Some(160));
}

#[test]
fn without_a_keep_alive_nothing_is_due() {
    for keep_alive in [None, Some(Duration::MAX)] {
        let config = StationConfig {
            keep_alive,
            ..StationConfig::default()
        };
        let mut bench = Bench::new(Role::Master, config);
        assert_eq!(bench.due(), None);
        assert_eq!(bench.tick(1_000_000), KeepAlive::Waiting);
    }
}

#[test]
fn a_connection_of_several_stations_counts_strangers_by_itself() {
    let mut bench = Bench::master();
    let mut counters = *bench.station.counters();
    counters.on_refused(Refusal::UnknownSource);
    assert_eq!((counters.frames, counters.refused()), (1, 1));
    let bytes = frame(0x44, 1, 11, &[1]);
    assert_eq!(bench.frame(&bytes), Became::Refused(Refusal::UnknownSource));
    assert_eq!(*bench.station.counters(), counters);
}
