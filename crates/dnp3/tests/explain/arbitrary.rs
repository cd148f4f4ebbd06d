//! Whatever the octets are, an explanation is printable, and no longer than they allow.

use std::time::Instant;

use gridos_dnp3::explain::{Limits, Line, Sender, StreamExplainer, fragment};
use proptest::prelude::*;

fn is_sound(lines: &[Line]) -> bool {
    lines.iter().all(|line| {
        let is_printable = line.text.chars().all(|letter| !letter.is_control());
        is_printable && !line.text.is_empty() && line.depth < 8
    })
}

proptest! {
    #[test]
    fn fragments(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let lines = fragment(&octets, Sender::Unknown, Limits::NONE);
        prop_assert!(is_sound(&lines));
        prop_assert!(lines.len() <= 10 + 9 * octets.len());
    }

    #[test]
    fn responses(objects in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..200)) {
        let octets = [&[0xc0, 0x81, 0, 0], &objects[..]].concat();
        let lines = fragment(&octets, Sender::Outstation, Limits::NONE);
        prop_assert!(is_sound(&lines));
        prop_assert!(lines.len() <= 10 + 9 * octets.len());
    }

    #[test]
    fn streams(pieces in prop::collection::vec(prop::collection::vec(prop_oneof![Just(5), Just(0x64), any::<u8>()], 0..40), 0..8)) {
        let mut explainer = StreamExplainer::new(Instant::now(), Limits::NONE);
        let mut lines = Vec::new();
        for piece in &pieces {
            explainer.push(piece, &mut lines);
        }
        explainer.finish(&mut lines);
        let mut whole = Vec::new();
        explainer.push(&pieces.concat(), &mut whole);
        explainer.finish(&mut whole);
        prop_assert!(is_sound(&lines));
        prop_assert_eq!(lines, whole);
    }
}
