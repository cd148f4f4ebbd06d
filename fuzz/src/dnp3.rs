//! What speaks DNP3: streams, fragments, captures, the master and the simulated outstation.

mod fragment;
mod master;
mod outstation;
mod stream;

use std::time::Instant;

use gridos::capture::{Arrival, Conversations, packets};
use gridos_dnp3::explain::{self, Limits, Line, Sender, StreamExplainer};

pub use fragment::fragment;
pub use master::master;
pub use outstation::outstation;
pub use stream::stream;

/// Any octets are explained, as a fragment and as a stream, however they are cut; an explanation
/// is printable, and no longer than the octets allow.
pub fn explain(bytes: &[u8]) {
    let Some((cut, octets)) = bytes.split_first() else {
        return;
    };
    for sender in [Sender::Master, Sender::Outstation, Sender::Unknown] {
        let lines = explain::fragment(octets, sender, Limits::NONE);
        check(&lines, octets);
        let few = Limits {
            points: 2,
            octets: 2,
        };
        let fewer = explain::fragment(octets, sender, few);
        assert!(fewer.len() <= lines.len().max(1) && fewer.len() <= 4 + 2 * octets.len());
    }
    let whole = streamed(octets.chunks(octets.len().max(1)));
    check(&whole, octets);
    let pieces = streamed(octets.chunks(usize::from(*cut).max(1)));
    assert_eq!(whole, pieces);
}

fn streamed<'p>(pieces: impl Iterator<Item = &'p [u8]>) -> Vec<Line> {
    let mut explainer = StreamExplainer::new(Instant::now(), Limits::NONE);
    let mut lines = Vec::new();
    for piece in pieces {
        explainer.push(piece, &mut lines);
    }
    explainer.finish(&mut lines);
    lines
}

fn check(lines: &[Line], octets: &[u8]) {
    assert!(lines.len() <= 10 + 9 * octets.len());
    for line in lines {
        assert!(!line.text.is_empty() && line.depth < 8);
        assert!(!line.text.contains(char::is_control), "{:?}", line.text);
    }
}

/// Any file is read as a capture or refused; nothing more comes out than is in it.
pub fn capture(bytes: &[u8]) {
    let Ok(packets) = packets(bytes) else {
        return;
    };
    let mut conversations = Conversations::new(20_000);
    let mut octets = 0;
    let mut count = |arrivals: &[Arrival]| {
        for arrival in arrivals {
            if let Arrival::Octets(some) = arrival {
                octets += some.len();
            }
        }
    };
    for (packet, number) in packets.iter().zip(1..) {
        assert_eq!(packet.number, number);
        if let Some((conversation, arrivals)) = conversations.push(packet) {
            let ports = [conversation.from.port(), conversation.to.port()];
            assert!(ports.contains(&20_000));
            count(&arrivals);
        }
    }
    for (_, arrivals) in conversations.finish() {
        assert!(!arrivals.is_empty());
        count(&arrivals);
    }
    assert!(octets <= bytes.len());
}
