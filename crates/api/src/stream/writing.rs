//! An event of rows that is written in pieces, so that a client that reads slowly holds one piece in
//! memory and not all of it.

use super::subscription::Subscription;
use crate::body::Time;

/// A piece has about so many bytes, and the row that goes beyond.
const PIECE_BYTES: usize = 32 << 10;

/// An event under way. What changes meanwhile may be in it already; it is told again then.
#[derive(Debug)]
pub(super) struct Writing {
    /// Rows at or below this version are known to the client.
    known: u64,
    /// The version that the client has when the event is over.
    pub(super) version: u64,
    list: usize,
    at: usize,
    is_first: bool,
}

/// What stands before each list, and after the last one.
const BEFORE: [&str; 3] = [r#","points":["#, r#"],"devices":["#, r#"],"overview":"#];

impl Writing {
    /// The event `kind` with what is above the version `known`, to a client that then has `version`;
    /// and its first bytes.
    pub(super) fn begin(kind: &str, known: u64, version: u64, time: Time) -> (Self, Vec<u8>) {
        let Time(time) = time;
        let text = format!(
            "event: {kind}\nid: {version}\ndata: {{\"sequence\":{version},\"time\":\"{time}\"{}",
            BEFORE[0]
        );
        let writing = Self {
            known,
            version,
            list: 0,
            at: 0,
            is_first: true,
        };
        (writing, text.into_bytes())
    }

    /// Adds what has room in a piece to `text`; returns whether the event is over.
    pub(super) fn go_on(&mut self, subscription: &Subscription, text: &mut Vec<u8>) -> bool {
        let rows = subscription.table.read();
        while let Some(list) = subscription.lists.get(self.list) {
            while let Some(place) = list.get(self.at) {
                if text.len() >= PIECE_BYTES {
                    return false;
                }
                self.at += 1;
                if let Some(json) = rows.above(self.known, *place) {
                    if !std::mem::replace(&mut self.is_first, false) {
                        text.push(b',');
                    }
                    text.extend_from_slice(json);
                }
            }
            self.list += 1;
            match BEFORE.get(self.list) {
                Some(before) => text.extend_from_slice(before.as_bytes()),
                None if self.is_first => text.extend_from_slice(b"null"),
                None => {}
            }
            (self.at, self.is_first) = (0, true);
        }
        text.extend_from_slice(b"}\n\n");
        true
    }
}
