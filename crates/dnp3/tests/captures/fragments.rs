//! Every capture, from the packets to the points.

use std::fs;
use std::time::Instant;

use gridos_dnp3::app::{CommonTime, FragmentError, ObjectErrorKind, Request, Response};
use gridos_dnp3::explain::{Limits, Sender, StreamExplainer, Tone, fragment};
use gridos_dnp3::transport::FragmentMax;

use crate::ours::Joined;
use crate::{captures, ours, port};

#[test]
fn honest_captures_decode_without_an_error() {
    let (mut frames, mut fragments, mut points) = (0, 0, 0);
    let mut garbled = 0;
    for path in captures(false) {
        let file = fs::read(&path).unwrap();
        let read = ours::read(&file, port(&path), FragmentMax::default());
        assert_eq!(read.link_errors, [], "{}", path.display());
        assert_eq!(read.transport_errors, [], "{}", path.display());
        assert_eq!(read.unfinished, 0, "{}", path.display());
        frames += read.frames;
        for Joined { packet, octets, .. } in &read.fragments {
            let (seen, error) = ours::fragment(*packet, octets);
            fragments += 1;
            points += seen
                .headers
                .iter()
                .map(|header| header.points.len())
                .sum::<usize>();
            // One capture has a request that was garbled on purpose.
            match error.map(|error| error.kind) {
                None => {}
                Some(ObjectErrorKind::Qualifier { octet: 0xed }) => garbled += 1,
                Some(kind) => panic!("{} packet {packet}: {kind}", path.display()),
            }
            let lines = fragment(octets, Sender::Unknown, Limits::NONE);
            let faults = lines.iter().filter(|line| line.tone == Tone::Fault);
            assert_eq!(faults.count(), usize::from(error.is_some()));
        }
    }
    println!("{frames} frames, {fragments} fragments, {points} points, {garbled} garbled requests");
    if !captures(false).is_empty() {
        assert_eq!(garbled, 6);
        assert!(frames > 1_000 && fragments > 800 && points > 10_000);
    }
}

#[test]
fn hostile_captures_give_errors_and_no_panic() {
    for path in captures(true) {
        let file = fs::read(&path).unwrap();
        let (name, port) = (path.display(), port(&path));
        let usual = ours::read(&file, port, FragmentMax::default());
        // None of them brings a fragment of usual size to its end; nothing grows without one.
        assert!(usual.fragments.is_empty(), "{name}");
        assert!(!usual.transport_errors.is_empty(), "{name}");
        assert!(usual.unfinished <= FragmentMax::default().bytes(), "{name}");
        let most = ours::read(&file, port, FragmentMax::MOST);
        assert!(most.unfinished <= FragmentMax::MOST.bytes());
        for Joined { packet, octets, .. } in &most.fragments {
            let (seen, error) = ours::fragment(*packet, octets);
            assert!(error.is_some() && seen.headers.is_empty(), "{name}");
        }
    }
}

/// Whatever is read of a stream from any octet on, or with one bit turned, is read without a panic.
#[test]
fn nothing_captured_makes_a_panic() {
    for path in captures(false).into_iter().chain(captures(true)) {
        let file = fs::read(&path).unwrap();
        let read = ours::read(&file, port(&path), FragmentMax::MOST);
        for Joined { octets, .. } in read.fragments.iter().take(100) {
            let octets = octets.get(..512).unwrap_or(octets);
            for place in 0..octets.len().min(64) {
                let mut damaged = octets.to_vec();
                damaged[place] ^= 1 << (place % 8);
                decode(&damaged);
                decode(&octets[place..]);
            }
        }
        let mut explainer = StreamExplainer::new(Instant::now(), Limits::default());
        let mut lines = Vec::new();
        // Not only what the packets carry: their headers as noise.
        explainer.push(&file, &mut lines);
        explainer.finish(&mut lines);
    }
}

fn decode(octets: &[u8]) {
    let headers = match (Response::parse(octets), Request::parse(octets)) {
        (Ok(response), _) => response.headers(),
        (_, Ok(request)) => request.headers(),
        (Err(FragmentError::Short { .. } | FragmentError::Function { .. }), _) => return,
        (Err(FragmentError::Direction { .. }), Err(_)) => return,
    };
    let mut common = CommonTime::NONE;
    let mut points = 0;
    for header in headers.flatten() {
        common.observe(&header);
        points += header.points(common).count();
    }
    assert!(points <= 8 * octets.len());
    fragment(octets, Sender::Unknown, Limits::default());
}
