//! `gridos decode dnp3`: hex, captures, and what is none.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::binary;

const STATUS: &str = "05 64 05 C9 0A 00 01 00 FE DA";
const EVENT: &str = "05 64 1C 44 01 00 0A 00 76 36 C0 F1 82 00 00 20 07 28 01 00 2C 01 01 00 00 C0 \
                     62 A5 3F 00 68 E5 CF 8B 01 F9 86";

fn decode(args: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut child = Command::new(binary())
        .args(["decode", "dnp3"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have seen enough in its arguments.
    let _ = child.stdin.take().unwrap().write_all(input);
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn octets(text: &str) -> Vec<u8> {
    let digits = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
    text.split_whitespace().map(digits).collect()
}

/// A capture of raw IP packets: TCP segments from port 20000 with these sequence numbers.
fn capture(segments: &[(u32, &[u8])]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    file.extend([0; 8]);
    file.extend(65_535_u32.to_le_bytes());
    file.extend(101_u32.to_le_bytes());
    for (sequence, payload) in segments {
        let mut packet = vec![0x45, 0];
        packet.extend(u16::try_from(40 + payload.len()).unwrap().to_be_bytes());
        packet.extend([0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 7, 192, 0, 2, 9]);
        packet.extend(20_000_u16.to_be_bytes());
        packet.extend(40_000_u16.to_be_bytes());
        packet.extend(sequence.to_be_bytes());
        packet.extend([0, 0, 0, 0, 0x50, 0x18, 0, 0, 0, 0, 0, 0]);
        packet.extend(*payload);
        let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
        file.extend(1_700_000_000_u32.to_le_bytes());
        file.extend(250_000_u32.to_le_bytes());
        file.extend(length);
        file.extend(length);
        file.extend(packet);
    }
    file
}

#[test]
fn hex_is_decoded_wherever_it_comes_from() {
    let expected = "frame 1 -> 10 of the master, REQUEST_LINK_STATUS, checksums right\n";
    let shown = |(code, shown, told): (i32, String, String)| {
        assert_eq!((code, told.as_str()), (0, ""));
        shown
    };
    let words: Vec<_> = STATUS.split(' ').collect();
    assert_eq!(shown(decode(&words, b"")), expected);
    assert_eq!(shown(decode(&["0x056405c9:0a000100:feda"], b"")), expected);
    assert_eq!(shown(decode(&[], STATUS.as_bytes())), expected);
    assert_eq!(shown(decode(&["-"], &octets(STATUS))), expected);
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("dump");
    fs::write(&path, format!("{STATUS}\n")).unwrap();
    assert_eq!(shown(decode(&[path.to_str().unwrap()], b"")), expected);
    let (code, shown, _) = decode(&["C0 77", "--fragment"], b"");
    assert_eq!(code, 1);
    assert!(
        shown.starts_with("! fragment: the function code 0x77 is reserved\n"),
        "{shown}"
    );
}

#[test]
fn a_capture_is_decoded_in_the_order_of_its_stream() {
    let event = octets(EVENT);
    let (a, b) = event.split_at(20);
    // The second half came first, and the first one twice.
    let file = capture(&[(7, b""), (27, b), (7, a), (7, a)]);
    let (code, shown, _) = decode(&[], &file);
    assert_eq!(code, 0);
    assert_eq!(
        shown,
        "packet 3, 2023-11-14 22:13:20.250 UTC, TCP 192.0.2.7:20000 -> 192.0.2.9:40000
  frame 10 -> 1 of the outstation, UNCONFIRMED_USER_DATA, 23 octets of user data, checksums right
    FIR FIN segment 0, 22 octets
      UNSOLICITED_RESPONSE FIR FIN CON UNS sequence 1, IIN -
        g32v7 analog input event, 32-bit float with time, 0x28 count 1, index of 16 bits
          [300] 1.5, ONLINE, 2023-11-14 22:13:20.000 UTC
"
    );
    let (_, shown, _) = decode(&["--json"], &file);
    let lines: Vec<Value> = shown
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[4]["packet"], 3);
    assert_eq!(
        (&lines[4]["depth"], &lines[4]["tone"]),
        (&4.into(), &"plain".into())
    );
    let (code, _, told) = decode(&["--port", "20001"], &file);
    assert_eq!(code, 1);
    assert!(told.contains("nothing of port 20001"), "{told}");
    assert!(told.contains("its other ports: 20000"), "{told}");
}

#[test]
fn what_cannot_be_decoded_is_said_with_what_to_do() {
    let told = |args: &[&str], input: &[u8]| {
        let (code, _, told) = decode(args, input);
        assert_eq!(code, 1, "{told}");
        told
    };
    assert!(told(&["05", "6x"], b"").contains("'x' at character 5 is no hex digit"));
    assert!(told(&["/nowhere.pcap"], b"").contains("cannot read /nowhere.pcap"));
    assert!(told(&[], b"").contains("there is nothing in the input"));
    assert!(told(&["11 22 33 44"], b"").contains("no DNP3 frame in these 4 octets"));
    assert!(told(&["-"], &[0x1f, 0x8b, 8, 0]).contains("it is compressed"));
    let mut damaged = octets(EVENT);
    damaged[12] ^= 1;
    let (code, shown, told) = decode(&["-"], &damaged);
    assert_eq!(code, 1);
    assert!(
        shown.starts_with("! frame at octet 0: the checksum of block 0"),
        "{shown}"
    );
    assert!(told.contains("lines with ! say what could not"), "{told}");
}
