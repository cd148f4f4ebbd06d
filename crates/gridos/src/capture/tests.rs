//! Captures of every kind that is read, with the same conversation in them.

use super::{Arrival, Conversations, FileError, Protocol, is_capture, packets};

const PAYLOAD: &[u8] = &[5, 0x64, 5, 0xc9];

fn tcp() -> Vec<u8> {
    let mut octets = [20_000_u16.to_be_bytes(), 4_000_u16.to_be_bytes()].concat();
    octets.extend([0, 0, 0, 7, 0, 0, 0, 0, 0x50, 0x18, 0, 0, 0, 0, 0, 0]);
    [&octets, PAYLOAD].concat()
}

fn udp() -> Vec<u8> {
    let mut octets = [20_000_u16.to_be_bytes(), 4_000_u16.to_be_bytes()].concat();
    octets.extend([0, 12, 0, 0]);
    [&octets, PAYLOAD].concat()
}

fn ipv4(protocol: u8, carried: &[u8]) -> Vec<u8> {
    let length = u8::try_from(20 + carried.len()).unwrap();
    let mut octets = vec![0x45, 0, 0, length, 0, 1, 0, 0, 64, protocol, 0, 0];
    octets.extend([192, 0, 2, 7, 192, 0, 2, 9]);
    octets.extend(carried);
    octets
}

/// With options of the first hop before what it carries.
fn ipv6(carried: &[u8]) -> Vec<u8> {
    let length = u8::try_from(8 + carried.len()).unwrap();
    let mut octets = vec![0x60, 0, 0, 0, 0, length, 0, 64];
    octets.extend([[0; 15].as_slice(), &[1], &[0; 15], &[2]].concat());
    octets.extend([6, 0, 0, 0, 0, 0, 0, 0]);
    octets.extend(carried);
    octets
}

/// A classic capture, in little-endian numbers or the others, with one packet.
fn classic(link: u32, is_little: bool, packet: &[u8]) -> Vec<u8> {
    let word = |number: u32| match is_little {
        true => number.to_le_bytes(),
        false => number.to_be_bytes(),
    };
    let length = u32::try_from(packet.len()).unwrap();
    let header = [0xa1b2_c3d4, 0, 0, 0, 65_535, link];
    let record = [1_700_000_000, 5, length, length];
    let words = header.into_iter().chain(record).flat_map(word);
    words.chain(packet.iter().copied()).collect()
}

fn block(kind: u32, mut body: Vec<u8>) -> Vec<u8> {
    body.resize(body.len().next_multiple_of(4), 0);
    let length = u32::try_from(12 + body.len()).unwrap().to_le_bytes();
    [&kind.to_le_bytes(), &length, &body[..], &length].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A capture of the newer kind: raw IP, with times in nanoseconds.
fn next_generation(packet: &[u8]) -> Vec<u8> {
    let length = u32::try_from(packet.len()).unwrap();
    let time = 1_700_000_000_000_005_000_u64;
    let half = |bits: u32| u32::try_from(time >> bits & 0xffff_ffff).unwrap();
    let enhanced = words(&[0, half(32), half(0), length, length]);
    [
        block(0x0a0d_0d0a, words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX])),
        block(5, words(&[1, 2])),
        block(1, words(&[101, 0, 1 << 16 | 9, 9, 0])),
        block(6, [&enhanced, packet].concat()),
    ]
    .concat()
}

#[track_caller]
fn assert_found(file: &[u8], protocol: Protocol) {
    let packets = packets(file).unwrap();
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0].time, Some(1_700_000_000_000_005_000));
    let mut conversations = Conversations::new(20_000);
    let (conversation, arrivals) = conversations.push(&packets[0]).unwrap();
    assert_eq!(conversation.protocol, protocol);
    let ports = (conversation.from.port(), conversation.to.port());
    assert_eq!(ports, (20_000, 4_000));
    assert_eq!(arrivals, [Arrival::Octets(PAYLOAD.to_vec())]);
}

#[test]
fn every_kind_of_capture_is_read() {
    let packet = ipv4(6, &tcp());
    let zeros = [0; 18];
    for (link, before) in [
        (1, [&zeros[..12], &[8, 0]].concat()),
        // Two tags, and padding behind.
        (
            1,
            [&zeros[..12], &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]].concat(),
        ),
        (0, vec![2, 0, 0, 0]),
        (101, vec![]),
        (113, [&zeros[..14], &[8, 0]].concat()),
        (276, [&[8, 0], &zeros[..]].concat()),
    ] {
        let padded = [&before[..], &packet, &[0; 6]].concat();
        assert_found(&classic(link, true, &padded), Protocol::Tcp);
        assert_found(&classic(link, false, &padded), Protocol::Tcp);
    }
    assert_found(&classic(101, true, &ipv4(17, &udp())), Protocol::Udp);
    assert_found(&classic(101, true, &ipv6(&tcp())), Protocol::Tcp);
    assert_found(&next_generation(&packet), Protocol::Tcp);
}

#[test]
fn what_is_no_capture_is_told() {
    assert_eq!(packets(b"\x1f\x8b\x08"), Err(FileError::Compressed));
    assert!(is_capture(b"\x1f\x8b\x08") && !is_capture(b"05 64"));
    assert_eq!(packets(b"05 64"), Err(FileError::Unknown(b"05 6".to_vec())));
    assert_eq!(packets(&[0xd4, 0xc3, 0xb2, 0xa1, 2]), Err(FileError::Cut));
}

#[test]
fn a_capture_cut_anywhere_is_read_as_far_as_it_goes() {
    let packet = ipv4(6, &tcp());
    for file in [classic(101, true, &packet), next_generation(&packet)] {
        for cut in 24..file.len() {
            assert_eq!(packets(&file[..cut]), Ok(vec![]), "{cut}");
        }
    }
}

#[test]
fn what_is_passed_over_is_told() {
    let mut conversations = Conversations::new(502);
    for (link, packet) in [
        (101, ipv4(6, &tcp())),
        (147, vec![1]),
        (
            101,
            [&ipv4(17, &udp())[..6], &[0x20], &ipv4(17, &udp())[7..]].concat(),
        ),
    ] {
        let file = classic(link, true, &packet);
        assert_eq!(conversations.push(&packets(&file).unwrap()[0]), None);
    }
    let passed = conversations.passed();
    assert_eq!(passed.ports.first(), Some(&4_000));
    assert_eq!(passed.links.first(), Some(&147));
    assert_eq!(passed.parts, 1);
}
