//! Fragment by fragment, header by header, point by point: `tshark` reads the same.

use std::collections::BTreeMap;
use std::fs;

use gridos_dnp3::transport::FragmentMax;

use crate::ours::Joined;
use crate::{captures, ours, port, tshark};

#[test]
fn tshark_reads_the_same() {
    let files = captures(false);
    if files.is_empty() || !tshark::is_installed() {
        return;
    }
    let (mut fragments, mut headers, mut points, mut unread) = (0, 0, 0, 0);
    let mut kinds: BTreeMap<(u8, u8), usize> = BTreeMap::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy();
        let port = port(&path);
        let theirs = tshark::fragments(&path, port);
        let read = ours::read(&fs::read(&path).unwrap(), port, FragmentMax::MOST);
        let mut ours = read.fragments.iter().peekable();
        for theirs in &theirs {
            // tshark 4.0 does not join segments whose numbers go over their end.
            let is_passed = |joined: &&Joined| joined.wraps && joined.packet < theirs.packet;
            while ours.next_if(is_passed).is_some() {
                unread += 1;
            }
            let Some(Joined { packet, octets, .. }) = ours.next() else {
                panic!("{name}: only tshark reads {theirs:?}");
            };
            if theirs.is_mixed {
                assert_eq!(theirs.packet, *packet, "{name}");
                unread += 1;
                continue;
            }
            let (ours, _) = ours::fragment(*packet, octets);
            assert_eq!(
                (ours.packet, ours.control, ours.function, ours.iin),
                (theirs.packet, theirs.control, theirs.function, theirs.iin),
                "{name}"
            );
            if !ours.is_cut {
                assert_eq!(ours.headers.len(), theirs.headers.len(), "{name} {packet}");
            }
            fragments += 1;
            for (ours, theirs) in ours.headers.iter().zip(&theirs.headers) {
                assert!(
                    ours.agrees(theirs),
                    "{name}, packet {packet}:\nours   {ours:?}\ntheirs {theirs:?}"
                );
                headers += 1;
                points += ours.points.len();
                *kinds.entry((ours.group, ours.variation)).or_default() += ours.points.len();
            }
        }
        let left: Vec<_> = ours.filter(|joined| !joined.wraps).collect();
        assert!(left.is_empty(), "{name}: tshark does not read {left:?}");
    }
    println!("{fragments} fragments, {headers} headers, {points} points agree");
    println!("{unread} fragments that tshark does not join");
    for ((group, variation), points) in kinds {
        println!("  g{group}v{variation}: {points} points");
    }
    assert!(fragments > 800 && headers > 1_000 && points > 10_000);
}
