//! What members say to each other directly: questions for promises and their answers, one a datagram.
//!
//! ```text
//!  0  [u8; 8]   "GRIDOSQ1" a question, "GRIDOSA1" its answer
//!  8  u64       the number of the question: it grows with each that a session asks
//! 16  u64       the session that asks; 0 in an answer
//! 24  u64       the session that is asked
//! 32  u64       a question: for how many milliseconds; an answer: 1 if it is promised, 0 if not
//! 40  u64       a question: the store by which both count their sessions; 0 in an answer
//! 48  [u8; 32]  HMAC-SHA256 of all before, by the key of who is asked
//! ```
//! All numbers are little-endian.

use std::time::Duration;

use gridos_fleet::{GrantId, GrantRequest, SessionId, StoreId, Timing};
use ring::hmac;

/// Octets of a key.
pub(crate) const KEY: usize = 32;
/// Octets of a datagram.
pub(crate) const DATAGRAM: usize = SIGNED + 32;
/// Octets that the code is of.
const SIGNED: usize = 48;
const QUESTION: &[u8; 8] = b"GRIDOSQ1";
const ANSWER: &[u8; 8] = b"GRIDOSA1";

/// What one datagram says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Question {
        grant: GrantId,
        request: GrantRequest,
    },
    Answer {
        grant: GrantId,
        peer: SessionId,
        is_granted: bool,
    },
}

pub(crate) fn write(said: &Said, key: &[u8; KEY]) -> [u8; DATAGRAM] {
    let (magic, words) = match *said {
        Said::Question { grant, request } => {
            let millis = request.hold_off.as_nanos().div_ceil(1_000_000);
            let millis = u64::try_from(millis).unwrap_or(u64::MAX);
            let (subject, peer) = (request.subject.raw(), request.peer.raw());
            let store = request.store.raw();
            (QUESTION, [grant.raw(), subject, peer, millis, store])
        }
        Said::Answer {
            grant,
            peer,
            is_granted,
        } => {
            let answer = u64::from(is_granted);
            (ANSWER, [grant.raw(), 0, peer.raw(), answer, 0])
        }
    };
    let mut datagram = [0; DATAGRAM];
    let (signed, code) = datagram.split_at_mut(SIGNED);
    let octets = words.iter().flat_map(|word| word.to_le_bytes());
    let octets = magic.iter().copied().chain(octets);
    signed
        .iter_mut()
        .zip(octets)
        .for_each(|(to, octet)| *to = octet);
    code.copy_from_slice(hmac::sign(&of(key), signed).as_ref());
    datagram
}

/// What `datagram` says, whoever made it; `None` if it is none.
pub(crate) fn read(datagram: &[u8]) -> Option<Said> {
    let (signed, _) = datagram
        .split_at_checked(SIGNED)
        .filter(|_| datagram.len() == DATAGRAM)?;
    let (magic, words) = signed.split_first_chunk::<8>()?;
    let (words, _) = words.as_chunks::<8>();
    let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
    let [grant, subject, peer, last, store] = std::array::from_fn(|_| words.next().unwrap_or(0));
    let (grant, peer) = (GrantId::from_raw(grant), SessionId::from_raw(peer));
    match magic {
        QUESTION => Some(Said::Question {
            grant,
            request: GrantRequest {
                store: StoreId::from_raw(store),
                subject: SessionId::from_raw(subject),
                peer,
                // No member can ask for longer, and to promise for ever would be for ever.
                hold_off: Duration::from_millis(last).min(2 * Timing::DURATION_MAX),
            },
        }),
        ANSWER if last <= 1 => Some(Said::Answer {
            grant,
            peer,
            is_granted: last == 1,
        }),
        _ => None,
    }
}

/// Whether whoever made `datagram` has the key.
pub(crate) fn is_by(datagram: &[u8], key: &[u8; KEY]) -> bool {
    let split = datagram.split_at_checked(SIGNED);
    split.is_some_and(|(signed, code)| hmac::verify(&of(key), signed, code).is_ok())
}

fn of(key: &[u8; KEY]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_reads_back_and_no_octet_of_it_can_be_another() {
        let key = [3; KEY];
        let (grant, peer) = (GrantId::from_raw(u64::MAX), SessionId::from_raw(5));
        let request = GrantRequest {
            store: StoreId::from_raw(u64::MAX - 1),
            subject: SessionId::from_raw(4),
            peer,
            hold_off: Duration::from_millis(15_600),
        };
        let answer = |is_granted| Said::Answer {
            grant,
            peer,
            is_granted,
        };
        for said in [
            Said::Question { grant, request },
            answer(true),
            answer(false),
        ] {
            let datagram = write(&said, &key);
            assert_eq!(read(&datagram), Some(said));
            assert!(is_by(&datagram, &key) && !is_by(&datagram, &[4; KEY]));
            for place in 0..DATAGRAM {
                assert_eq!(read(&datagram[..place]), None);
                let mut other = datagram;
                other[place] ^= 1;
                assert!(!is_by(&other, &key), "{place}");
            }
            assert_eq!(read(&[&datagram[..], &[0]].concat()), None);
        }
    }
}
