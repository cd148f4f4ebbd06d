//! Which writer puts which journal into the database.
//!
//! All writers say every second that they are there, and each journal is written by that one of them
//! whose name and it together have the highest score (rendezvous hashing). So nobody has to agree with
//! anybody, and a writer that comes or goes moves only its own part. For a moment two may take one
//! journal for theirs: that is only wasted work, for the database takes each record once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gridos_journal::StreamId;

/// How often a writer says that it is there.
pub(crate) const BEAT_EVERY: Duration = Duration::from_secs(1);
/// One that said nothing for so long is gone.
const GONE_AFTER: Duration = Duration::from_secs(5);
/// Names that are known at most; whoever may speak here could make up others.
const PEERS_MAX: usize = 1_024;

/// The writers that are there.
#[derive(Debug)]
pub(crate) struct Peers {
    own: String,
    heard: BTreeMap<String, Instant>,
}

impl Peers {
    /// Only the one called `own`.
    pub(crate) fn new(own: String) -> Self {
        Self {
            own,
            heard: BTreeMap::new(),
        }
    }

    /// A writer said that it is there, or that it leaves.
    pub(crate) fn on_heard(&mut self, name: &str, leaves: bool, now: Instant) {
        if leaves {
            self.heard.remove(name);
        } else if self.heard.len() < PEERS_MAX || self.heard.contains_key(name) {
            self.heard.insert(name.to_owned(), now);
        }
    }

    /// How many are there, this one included.
    pub(crate) fn count(&self, now: Instant) -> usize {
        1 + self.others(now).count()
    }

    /// Whether this one is to write `stream`.
    pub(crate) fn is_own(&self, stream: StreamId, now: Instant) -> bool {
        let own = score(&self.own, stream);
        let mut others = self.others(now);
        others.all(|other| (score(other, stream), other) < (own, self.own.as_str()))
    }

    fn others(&self, now: Instant) -> impl Iterator<Item = &str> {
        let is_there = move |heard: Instant| now.saturating_duration_since(heard) < GONE_AFTER;
        let heard = self.heard.iter();
        let there = heard.filter(move |(name, heard)| is_there(**heard) && **name != self.own);
        there.map(|(name, _)| name.as_str())
    }
}

/// The same on every machine: FNV-1a, and a final mix so that short names spread.
fn score(name: &str, stream: StreamId) -> u64 {
    let octets = name.bytes().chain(stream.raw().to_le_bytes());
    let hash = octets.fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["a", "b", "c"];

    fn crew(now: Instant) -> Vec<Peers> {
        let peers = NAMES.map(|own| {
            let mut peers = Peers::new(own.to_owned());
            NAMES
                .iter()
                .for_each(|name| peers.on_heard(name, false, now));
            peers
        });
        peers.into()
    }

    fn owners(crew: &[Peers], stream: u64, now: Instant) -> Vec<&str> {
        let stream = StreamId::from_raw(stream);
        let own = crew.iter().filter(|peers| peers.is_own(stream, now));
        own.map(|peers| peers.own.as_str()).collect()
    }

    #[test]
    fn each_journal_has_one_writer_and_all_have_some() {
        let now = Instant::now();
        let crew = crew(now);
        let mut count = BTreeMap::new();
        for stream in 0..300 {
            let owners = owners(&crew, stream, now);
            assert_eq!(owners.len(), 1, "{stream}: {owners:?}");
            *count.entry(owners[0]).or_insert(0) += 1;
        }
        assert!(
            count.len() == 3 && count.values().all(|count| *count > 60),
            "{count:?}"
        );
    }

    #[test]
    fn who_goes_moves_only_its_own_part() {
        let now = Instant::now();
        let (before, mut after) = (crew(now), crew(now));
        after
            .iter_mut()
            .for_each(|peers| peers.on_heard("c", true, now));
        let silent = now + GONE_AFTER;
        for stream in 0..100 {
            let had = owners(&before, stream, now);
            let has = owners(&after[..2], stream, now);
            assert_eq!(has.len(), 1);
            assert!(had == ["c"] || had == has);
            // Nobody is heard any more: each takes all.
            assert_eq!(owners(&before, stream, silent).len(), 3);
        }
        assert_eq!((before[0].count(now), before[0].count(silent)), (3, 1));
    }
}
