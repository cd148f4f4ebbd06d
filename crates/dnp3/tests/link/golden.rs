//! Whole frames between master 1 and outstation 10, built and read back byte by byte.

use std::time::Instant;

use gridos_dnp3::link::{
    Address, Control, Function, Pair, Primary, Reader, Received, Recovery, Role, Secondary,
    Station, StationConfig, encode, request_link_status,
};
use gridos_dnp3::transport::Segmenter;

use crate::wire::{hex, read};

const REQUEST_LINK_STATUS: &str = "05 64 05 C9 0A 00 01 00 FE DA";
const LINK_STATUS: &str = "05 64 05 0B 01 00 0A 00 6D ED";
const REQUEST_LINK_STATUS_BACK: &str = "05 64 05 49 01 00 0A 00 DB 9B";
const LINK_STATUS_BACK: &str = "05 64 05 8B 0A 00 01 00 48 AC";
const RESET_LINK_STATES: &str = "05 64 05 40 01 00 0A 00 94 ED";
const ACK: &str = "05 64 05 80 0A 00 01 00 0B 9C";

/// Frames of user data, and the fragment each carries in one segment with number 0.
const USER_DATA: [(Role, &str, &str); 15] = [
    (
        Role::Outstation,
        "05 64 0A 44 01 00 0A 00 6E 25 C0 F0 82 90 00 43 A2",
        "F0 82 90 00",
    ),
    (
        Role::Master,
        "05 64 08 C4 0A 00 01 00 FC 42 C0 D0 00 1B 49",
        "D0 00",
    ),
    (
        Role::Master,
        "05 64 11 C4 0A 00 01 00 06 15 C0 C0 15 3C 02 06 3C 03 06 3C 04 06 1A 55",
        "C0 15 3C 02 06 3C 03 06 3C 04 06",
    ),
    (
        Role::Master,
        "05 64 0E C4 0A 00 01 00 25 29 C0 C1 02 50 01 00 07 07 00 3E 5F",
        "C1 02 50 01 00 07 07 00",
    ),
    (
        Role::Master,
        "05 64 14 C4 0A 00 01 00 8F ED C0 C2 01 3C 02 06 3C 03 06 3C 04 06 3C 01 06 6A 2C",
        "C2 01 3C 02 06 3C 03 06 3C 04 06 3C 01 06",
    ),
    (
        Role::Master,
        "05 64 08 C4 0A 00 01 00 FC 42 C0 C3 18 7A 6B",
        "C3 18",
    ),
    (
        Role::Master,
        "05 64 12 C4 0A 00 01 00 56 86 C0 C4 02 32 03 07 01 00 68 E5 CF 8B 01 55 95",
        "C4 02 32 03 07 01 00 68 E5 CF 8B 01",
    ),
    (
        Role::Master,
        "05 64 08 C4 0A 00 01 00 FC 42 C0 C5 17 46 3B",
        "C5 17",
    ),
    (
        Role::Outstation,
        "05 64 10 44 01 00 0A 00 C4 E1 C0 C5 81 10 00 34 02 07 01 0A 00 6A 7C",
        "C5 81 10 00 34 02 07 01 0A 00",
    ),
    (
        Role::Master,
        "05 64 12 C4 0A 00 01 00 56 86 C0 C6 02 32 01 07 01 00 68 E5 CF 8B 01 19 F1",
        "C6 02 32 01 07 01 00 68 E5 CF 8B 01",
    ),
    (
        Role::Master,
        "05 64 11 C4 0A 00 01 00 06 15 C0 C7 14 3C 02 06 3C 03 06 3C 04 06 D2 F7",
        "C7 14 3C 02 06 3C 03 06 3C 04 06",
    ),
    (
        Role::Outstation,
        "05 64 23 44 01 00 0A 00 D7 FB \
         C0 E8 81 00 00 33 01 07 01 00 68 E5 CF 8B 01 02 0D A9 \
         03 28 02 00 07 00 81 02 00 08 00 01 03 00 42 23",
        "E8 81 00 00 33 01 07 01 00 68 E5 CF 8B 01 02 03 28 02 00 07 00 81 02 00 08 00 01 03 00",
    ),
    (
        Role::Master,
        "05 64 08 C4 0A 00 01 00 FC 42 C0 C8 00 A7 F9",
        "C8 00",
    ),
    (
        Role::Outstation,
        "05 64 1C 44 01 00 0A 00 76 36 \
         C0 F1 82 00 00 20 07 28 01 00 2C 01 01 00 00 C0 62 A5 \
         3F 00 68 E5 CF 8B 01 F9 86",
        "F1 82 00 00 20 07 28 01 00 2C 01 01 00 00 C0 3F 00 68 E5 CF 8B 01",
    ),
    (
        Role::Outstation,
        "05 64 2C 44 01 00 0A 00 35 BF \
         C0 C9 81 00 00 01 01 00 00 09 55 02 03 01 00 00 9F 2D \
         04 E4 01 1E 05 00 00 00 01 00 00 A0 3F 6E 05 00 76 7A \
         07 07 68 65 6C 6C 6F D8 57",
        "C9 81 00 00 01 01 00 00 09 55 02 03 01 00 00 \
         04 E4 01 1E 05 00 00 00 01 00 00 A0 3F 6E 05 00 07 07 68 65 6C 6C 6F",
    ),
];

fn pair(role: Role) -> Pair {
    let (local, remote) = match role {
        Role::Master => (1, 10),
        Role::Outstation => (10, 1),
    };
    Pair::new(role, Address::from_raw(local), Address::from_raw(remote)).unwrap()
}

/// What a station of `role` makes of one frame, and what it answers.
fn handled(role: Role, bytes: &[u8]) -> (bool, Vec<u8>) {
    let now = Instant::now();
    let mut station = Station::new(pair(role), StationConfig::default(), now);
    let mut out = Vec::new();
    let mut input = bytes;
    let mut reader = Reader::new(Recovery::Stream);
    let frame = reader.read(&mut input).unwrap().unwrap();
    let is_request = station.handle(now, &frame, &mut out) == Received::Request;
    (is_request, out)
}

#[test]
fn the_link_layer_asks_and_answers() {
    let mut out = Vec::new();
    request_link_status(&pair(Role::Master), &mut out);
    assert_eq!(out, hex(REQUEST_LINK_STATUS));
    out.clear();
    request_link_status(&pair(Role::Outstation), &mut out);
    assert_eq!(out, hex(REQUEST_LINK_STATUS_BACK));
    assert_eq!(
        handled(Role::Outstation, &hex(REQUEST_LINK_STATUS)),
        (true, hex(LINK_STATUS))
    );
    assert_eq!(
        handled(Role::Master, &hex(REQUEST_LINK_STATUS_BACK)),
        (true, hex(LINK_STATUS_BACK))
    );
    assert_eq!(
        handled(Role::Master, &hex(RESET_LINK_STATES)),
        (true, hex(ACK))
    );
    assert_eq!(
        handled(Role::Master, &hex(LINK_STATUS)),
        (false, Vec::new())
    );
}

#[test]
fn frames_without_user_data_are_encoded_and_read() {
    let primary = |function| Function::Primary {
        function,
        fcb: false,
    };
    let secondary = |function| Function::Secondary {
        function,
        dfc: false,
    };
    let cases = [
        (REQUEST_LINK_STATUS, primary(Primary::RequestLinkStatus)),
        (LINK_STATUS, secondary(Secondary::LinkStatus)),
        (
            REQUEST_LINK_STATUS_BACK,
            primary(Primary::RequestLinkStatus),
        ),
        (LINK_STATUS_BACK, secondary(Secondary::LinkStatus)),
        (RESET_LINK_STATES, primary(Primary::ResetLinkStates)),
        (ACK, secondary(Secondary::Ack)),
    ];
    for (golden, function) in cases {
        let golden = hex(golden);
        let from_master = golden[3] >= 0x80;
        let control = Control {
            from_master,
            function,
        };
        let (destination, source) = if from_master { (10, 1) } else { (1, 10) };
        let mut out = Vec::new();
        encode(
            control,
            Address::from_raw(destination),
            Address::from_raw(source),
            &[],
            &mut out,
        )
        .unwrap();
        assert_eq!(out, golden);
        let seen = (golden[3], destination, source, Vec::new());
        for cut in 0..=golden.len() {
            let (head, tail) = golden.split_at(cut);
            let (read, reader) = read(Recovery::Stream, [head, tail]);
            assert_eq!(read, [Ok(seen.clone())], "cut at {cut}");
            assert_eq!(reader.counters().skipped_bytes, 0);
        }
    }
}

#[test]
fn user_data_are_encoded_and_read() {
    for (role, golden, fragment) in USER_DATA {
        let (golden, fragment) = (hex(golden), hex(fragment));
        let mut out = Vec::new();
        Segmenter::new().write_frames(&pair(role), &fragment, &mut out);
        assert_eq!(out, golden);
        let mut payload = vec![0xC0];
        payload.extend(fragment);
        let (control, destination, source) = match role {
            Role::Master => (0xC4, 10, 1),
            Role::Outstation => (0x44, 1, 10),
        };
        out.clear();
        encode(
            Control::decode(control).unwrap(),
            Address::from_raw(destination),
            Address::from_raw(source),
            &payload,
            &mut out,
        )
        .unwrap();
        assert_eq!(out, golden);
        let seen = (control, destination, source, payload);
        for cut in 0..=golden.len() {
            let (head, tail) = golden.split_at(cut);
            for recovery in [Recovery::Stream, Recovery::Serial] {
                let (read, _) = read(recovery, [head, tail]);
                assert_eq!(read, [Ok(seen.clone())], "cut at {cut}");
            }
        }
    }
}
