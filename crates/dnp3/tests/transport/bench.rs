//! A reassembler in fake time.

use std::time::{Duration, Instant};

use gridos_dnp3::link::{Address, Payload, UserData};
use gridos_dnp3::transport::{FragmentMax, Reassembler, TransportError};

pub(crate) const FIR: u8 = 0x40;
pub(crate) const FIN: u8 = 0x80;
/// Both: a fragment of one segment.
pub(crate) const ONLY: u8 = FIR | FIN;

/// How long a fragment may wait for its next segment.
pub(crate) const TIMEOUT_SECONDS: u64 = 5;

/// A reassembler and the time.
pub(crate) struct Bench {
    pub(crate) reassembler: Reassembler,
    start: Instant,
    pub(crate) seconds: u64,
}

/// What became of a segment.
pub(crate) type Became = Result<Option<Vec<u8>>, TransportError>;

impl Bench {
    pub(crate) fn new(fragment_max: usize) -> Self {
        let limit = FragmentMax::new(fragment_max).unwrap();
        Self {
            reassembler: Reassembler::new(limit, Duration::from_secs(TIMEOUT_SECONDS)),
            start: Instant::now(),
            seconds: 0,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.start + Duration::from_secs(self.seconds)
    }

    /// A segment from outstation 10 to master 1.
    pub(crate) fn push(&mut self, header: u8, bytes: &[u8]) -> Became {
        self.push_from(10, 1, &[&[header], bytes].concat())
    }

    /// Hands over user data, and checks what must be true after every segment.
    pub(crate) fn push_from(&mut self, source: u16, destination: u16, payload: &[u8]) -> Became {
        let data = UserData {
            source: Address::from_raw(source),
            destination: Address::from_raw(destination),
            payload: Payload::from(payload),
        };
        let now = self.now();
        let became = self
            .reassembler
            .push(now, &data)
            .map(|fragment| fragment.map(<[u8]>::to_vec));
        self.check();
        became
    }

    pub(crate) fn expire(&mut self) -> bool {
        let now = self.now();
        let expired = self.reassembler.handle_timeout(now);
        self.check();
        expired
    }

    pub(crate) fn due(&self) -> Option<u64> {
        let due = self.reassembler.poll_timeout()?;
        Some((due - self.start).as_secs())
    }

    /// Segments are accounted for.
    pub(crate) fn check(&self) {
        let counters = self.reassembler.counters();
        assert_eq!(
            counters.segments,
            counters.segments_delivered
                + counters.duplicates
                + counters.segments_dropped
                + self.reassembler.held_segments()
        );
    }
}
