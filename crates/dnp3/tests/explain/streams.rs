//! Streams of frames.

use std::time::Instant;

use gridos_dnp3::explain::{Limits, Line, StreamExplainer, Tone};

use crate::{hex, shown};

fn explain(pieces: &[&[u8]]) -> Vec<Line> {
    let mut explainer = StreamExplainer::new(Instant::now(), Limits::default());
    let mut lines = Vec::new();
    for piece in pieces {
        explainer.push(piece, &mut lines);
    }
    explainer.finish(&mut lines);
    lines
}

fn tree(text: &str) -> String {
    shown(&explain(&[&hex(text)]))
}

const STATUS: &str = "05 64 05 C9 0A 00 01 00 FE DA";
const RELATIVE: &str = "05 64 23 44 01 00 0A 00 D7 FB C0 E8 81 00 00 33 01 07 01 00 68 E5 CF 8B 01 02 \
                        0D A9 03 28 02 00 07 00 81 02 00 08 00 01 03 00 42 23";
const STATIC: &str = "05 64 2C 44 01 00 0A 00 35 BF C0 C9 81 00 00 01 01 00 00 09 55 02 03 01 00 00 9F 2D \
                      04 E4 01 1E 05 00 00 00 01 00 00 A0 3F 6E 05 00 76 7A 07 07 68 65 6C 6C 6F D8 57";

#[test]
fn the_link_layer_alone() {
    assert_eq!(
        tree(&format!("{STATUS} 05 64 05 1B 01 00 0A 00 FF 47")),
        "frame 1 -> 10 of the master, REQUEST_LINK_STATUS, checksums right\n\
         frame 10 -> 1 of the outstation, LINK_STATUS, DFC: busy, checksums right\n"
    );
}

#[test]
fn requests() {
    assert_eq!(
        tree("05 64 14 C4 0A 00 01 00 8F ED C0 C2 01 3C 02 06 3C 03 06 3C 04 06 3C 01 06 6A 2C"),
        "frame 1 -> 10 of the master, UNCONFIRMED_USER_DATA, 15 octets of user data, checksums right
  FIR FIN segment 0, 14 octets
    READ FIR FIN sequence 2
      g60v2 class objects, class 1, 0x06 all
      g60v3 class objects, class 2, 0x06 all
      g60v4 class objects, class 3, 0x06 all
      g60v1 class objects, class 0, 0x06 all
"
    );
    let clear = tree("05 64 0E C4 0A 00 01 00 25 29 C0 C1 02 50 01 00 07 07 00 3E 5F");
    assert!(
        clear.ends_with(
            "    WRITE FIR FIN sequence 1
      g80v1 internal indications, packed, 0x00 7 to 7
        [7] DEVICE_RESTART 0
"
        ),
        "{clear}"
    );
    let time = tree("05 64 12 C4 0A 00 01 00 56 86 C0 C6 02 32 01 07 01 00 68 E5 CF 8B 01 19 F1");
    assert!(
        time.ends_with(
            "      g50v1 time and date, absolute time, 0x07 count 1
        2023-11-14 22:13:20.000 UTC
"
        ),
        "{time}"
    );
}

#[test]
fn relative_times_are_resolved() {
    assert_eq!(
        tree(RELATIVE),
        "frame 10 -> 1 of the outstation, UNCONFIRMED_USER_DATA, 30 octets of user data, checksums right
  FIR FIN segment 0, 29 octets
    RESPONSE FIR FIN CON sequence 8, IIN -
      g51v1 common time of occurrence, synchronised, 0x07 count 1
        2023-11-14 22:13:20.000 UTC
      g2v3 binary input event, with relative time, 0x28 count 2, index of 16 bits
        [7] on, ONLINE, 2023-11-14 22:13:20.002 UTC
        [8] off, ONLINE, 2023-11-14 22:13:20.003 UTC
"
    );
}

#[test]
fn static_values() {
    let tree = tree(STATIC);
    assert!(
        tree.ends_with(
            "      g3v1 double-bit binary input, packed, 0x00 0 to 4
        [0] intermediate
        [1] off
        [2] on
        [3] indeterminate
        [4] off
      g30v5 analog input, 32-bit float with flags, 0x00 0 to 0
        [0] 1.25, ONLINE
      g110v5 octet string, of as many octets, 0x00 7 to 7
        [7] 'hello'
"
        ),
        "{tree}"
    );
}

#[test]
fn noise_and_damage_are_told_with_their_places() {
    let mut damaged = hex(STATIC);
    damaged[30] ^= 1;
    let pieces = [
        &hex("00 11 22")[..],
        &hex(STATUS),
        &damaged,
        &hex("05 64 05"),
    ];
    let lines = explain(&[&pieces.concat()]);
    assert_eq!(
        shown(&lines),
        "? 3 octets at octet 0 are no frame, skipped
frame 1 -> 10 of the master, REQUEST_LINK_STATUS, checksums right
! frame at octet 13: the checksum of block 1 is 0x7a76 instead of 0x4486
! the frame is cut off after 3 octets
"
    );
    assert_eq!(lines[0].tone, Tone::Doubt);
    assert_eq!(lines[2].tone, Tone::Fault);
}

#[test]
fn however_a_stream_is_cut_it_is_explained_alike() {
    let stream = hex(&format!("00 05 {STATUS} {RELATIVE} 05 64 {STATIC} 05"));
    let whole = explain(&[&stream]);
    for cut in 0..stream.len() {
        let (a, b) = stream.split_at(cut);
        assert_eq!(explain(&[a, b]), whole, "{cut}");
    }
}

#[test]
fn segments_that_do_not_fit_are_told() {
    let first = "05 64 08 C4 0A 00 01 00 FC 42 40 C2 01 2F EE";
    let wrong = "05 64 08 C4 0A 00 01 00 FC 42 05 3C 02 44 98";
    let frame = "frame 1 -> 10 of the master, UNCONFIRMED_USER_DATA, 3 octets of user data, \
                 checksums right\n";
    let begun = format!("{frame}  FIR segment 0, 2 octets\n");
    assert_eq!(
        tree(&format!("{first} {first} {first} {wrong} {first}")),
        [
            &begun,
            &begun,
            "  ? the fragment before is given up, 2 octets in 1 segment\n",
            &begun,
            "  ? the fragment before is given up, 2 octets in 1 segment\n",
            frame,
            "  segment 5, 2 octets\n    ! segment 5 came instead of segment 1\n",
            &begun,
            "! the fragment 1 -> 10 is cut off after 2 octets in 1 segment\n",
        ]
        .concat()
    );
}
