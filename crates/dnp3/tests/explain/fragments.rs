//! Fragments by themselves.

use gridos_dnp3::explain::{Limits, Sender, Tone, fragment};

use crate::{hex, shown};

fn tree(text: &str) -> String {
    shown(&fragment(&hex(text), Sender::Unknown, Limits::default()))
}

#[test]
fn indications_and_flags_have_names() {
    assert_eq!(
        tree("F1 82 90 08 20 07 28 01 00 2C 01 23 00 00 C0 3F 00 68 E5 CF 8B 01"),
        "UNSOLICITED_RESPONSE FIR FIN CON UNS sequence 1, IIN NEED_TIME | DEVICE_RESTART | EVENT_BUFFER_OVERFLOW
  g32v7 analog input event, 32-bit float with time, 0x28 count 1, index of 16 bits
    [300] 1.5, ONLINE | RESTART | OVER_RANGE, 2023-11-14 22:13:20.000 UTC (unsynchronised)
"
    );
}

#[test]
fn orders_are_explained_though_never_sent() {
    assert_eq!(
        tree("C3 05 0C 01 17 01 0A 41 03 E8 03 00 00 F4 01 00 00 00"),
        "DIRECT_OPERATE FIR FIN sequence 3
  g12v1 binary output command, control relay output block, 0x17 count 1, index of 8 bits
    [10] PULSE_ON CLOSE, count 3, on time 1000, off time 500, SUCCESS
"
    );
}

#[test]
fn attributes_and_delays() {
    assert_eq!(
        tree(
            "C0 81 00 00 00 FC 00 00 00 01 04 41 42 1B 44 00 F1 00 00 00 02 02 00 08 34 02 07 01 0A 00"
        ),
        "RESPONSE FIR FIN sequence 0, IIN -
  g0v252 device attribute, manufacturer name, 0x00 0 to 0
    [0] 'AB\\x1bD'
  g0v241 device attribute, receive fragment size max, 0x00 0 to 0
    [0] 2048
  g52v2 time delay, fine, 0x07 count 1
    milliseconds 10
"
    );
}

#[test]
fn what_cannot_be_read_is_told_and_kept() {
    let lines = fragment(
        &hex("C0 81 00 00 1E 02 00 00 00 01 07 00 EE 01 00 00 00 AA BB"),
        Sender::Outstation,
        Limits::default(),
    );
    assert_eq!(
        shown(&lines),
        "RESPONSE FIR FIN sequence 0, IIN -
  g30v2 analog input, 16-bit with flags, 0x00 0 to 0
    [0] 7, ONLINE
  ! object header at octet 12 (g238v1): the size of such objects is not known
    7 octets not read: ee 01 00 00 00 aa bb
"
    );
    assert!(lines.iter().any(|line| line.tone == Tone::Fault));
}

#[test]
fn the_wrong_side_and_wrong_bits_are_doubted() {
    let lines = fragment(&hex("D0 81 00 C0"), Sender::Master, Limits::default());
    assert_eq!(
        shown(&lines),
        "RESPONSE FIR FIN UNS sequence 0, IIN 0xc000
  ? a response calls itself unsolicited
  ? reserved bits of IIN2 are set
  ? a master sent it
"
    );
}

#[test]
fn relative_times_without_a_common_one_are_doubted() {
    let tree = tree("C0 81 00 00 02 03 17 01 05 81 02 00");
    assert!(
        tree.ends_with(
            "    ? the times are relative, and no common time stands before
    [5] on, ONLINE
"
        ),
        "{tree}"
    );
}

#[test]
fn no_more_is_shown_than_asked_for() {
    // 2,000 packed binary inputs.
    let mut octets = hex("C0 81 00 00 01 01 01 00 00 CF 07");
    octets.extend([0; 250]);
    let limits = Limits {
        points: 2,
        octets: 4,
    };
    let lines = fragment(&octets, Sender::Unknown, limits);
    assert_eq!(
        shown(&lines),
        "RESPONSE FIR FIN sequence 0, IIN -
  g1v1 binary input, packed, 0x01 0 to 1999
    [0] off
    [1] off
    and 1998 more
"
    );
    let all = fragment(&octets, Sender::Unknown, Limits::NONE);
    assert_eq!(all.len(), 2_002);
}

#[test]
fn nothing_and_reserved_functions_are_faults() {
    for text in ["", "C0", "C0 77", "C0 81 00"] {
        let lines = fragment(&hex(text), Sender::Unknown, Limits::default());
        assert_eq!(lines[0].tone, Tone::Fault, "{text}");
    }
}

#[test]
fn objects_of_no_octets_are_told_too() {
    assert_eq!(
        tree("C0 81 00 00 4B 4B 4B 03 00 02 AA BB 00"),
        "RESPONSE FIR FIN sequence 0, IIN -
  g75v75 unknown, 0x4b count 3, size of 8 bits
    0 octets
    2 octets: aa bb
    0 octets
"
    );
}

#[test]
fn points_that_a_request_lists_are_told() {
    assert_eq!(
        tree("C3 01 01 01 17 02 03 81 1E 00 28 01 00 2C 01"),
        "READ FIR FIN sequence 3
  g1v1 binary input, packed, 0x17 count 2, index of 8 bits
    [3]
    [129]
  g30v0 analog input, any variation, 0x28 count 1, index of 16 bits
    [300]
"
    );
}
