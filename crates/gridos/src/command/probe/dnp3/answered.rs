//! The fragments of an answer, as many as an outstation can have.

use std::fmt;
use std::time::Duration;

use gridos_dnp3::app::Response;

/// The answer to one READ.
#[derive(Debug, Default)]
pub(in crate::command) struct Answered {
    pub(in crate::command) fragments: Vec<Vec<u8>>,
    /// How long the first one took.
    pub(super) took: Duration,
    /// Why there may be more of the answer than the fragments.
    pub(in crate::command) unread: Option<Unread>,
    octets: usize,
    points: u64,
}

/// Why an answer was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum Unread {
    /// To ask for what follows would have confirmed the events of a fragment, or what cannot be
    /// read of it.
    Unconfirmed,
    /// No outstation has as much.
    Endless,
}

/// All indexes of the nine kinds that have values.
const POINTS_MAX: u64 = 9 * 65_536;
const OCTETS_MAX: usize = 16 << 20;
/// What a fragment takes at least, however short it is.
const FRAGMENT_OCTETS_MIN: usize = 64;

impl Answered {
    /// Takes the next fragment; returns whether the answer ends with it.
    pub(super) fn push(&mut self, response: &Response<'_>) -> bool {
        let octets = response.octets();
        let headers = response.headers().flatten();
        let points = headers.filter_map(|header| header.kind().and(header.count()));
        self.points += points.sum::<u64>();
        self.octets += octets.len().max(FRAGMENT_OCTETS_MIN);
        self.fragments.push(octets.to_vec());
        if response.control.fin {
            return true;
        }
        if response.may_have_events() {
            self.unread = Some(Unread::Unconfirmed);
        } else if self.points > POINTS_MAX || self.octets > OCTETS_MAX {
            self.unread = Some(Unread::Endless);
        }
        self.unread.is_some()
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unconfirmed => {
                "what follows only comes when events, or what cannot be read, are confirmed"
            }
            Self::Endless => "the answer has no end: no outstation has as much",
        })
    }
}
