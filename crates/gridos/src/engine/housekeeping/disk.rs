//! The disk: what is on it, and deleting from it as ordered.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use gridos_journal::room::{Order, Room};
use gridos_journal::{
    GivenUp, Holding, Journal, JournalError, Position, Reader, Sacrifice, Streams, Tail,
};
use gridos_model::Timestamp;

use super::super::undrained::Undrained;

/// The journal's folder at one moment.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) root: PathBuf,
    /// The folder of this life's stream, and how far it is stored and durable.
    pub(super) current: PathBuf,
    pub(super) stored: Tail,
    /// From here on it is needed to go on with the minutes that are open, or to recall the alarms.
    pub(super) needed: Tail,
    /// Whether the earlier streams are not needed for the alarms any more.
    pub(super) is_recalled: bool,
    pub(super) durable: Tail,
    pub(super) undrained: Undrained,
    pub(super) keep: Duration,
    pub(super) bytes_max: u64,
}

/// What was seen on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looked {
    pub(super) room: Room,
    pub(super) segments: u64,
    /// How old the oldest record is that is not stored; zero if all are, `None` if nobody can tell.
    pub(super) unstored_age: Option<Duration>,
}

impl Disk {
    /// Deletes what has left the safety window, up to `behind` in this life's stream, and looks at
    /// what is left.
    pub(super) fn look(&self, behind: Position) -> Result<Looked, JournalError> {
        Journal::trim(&self.current, behind)?;
        GivenUp::forget(&self.current, behind)?;
        let is_needed =
            |dir: &Path| dir == self.current || !self.is_recalled || self.undrained.contains(dir);
        let is_old = |changed: SystemTime| changed.elapsed().is_ok_and(|age| age >= self.keep);
        Streams::trim(&self.root, is_needed, is_old)?;
        let (used, segments) = Journal::usage(&self.root)?;
        let mut freeable = 0;
        for holding in self.holdings(self.stored)? {
            freeable += holding.freeable()?;
        }
        let room = Room {
            used,
            budget: self.bytes_max,
            free: free_bytes(&self.root),
            freeable,
        };
        Ok(Looked {
            room,
            segments: segments as u64,
            unstored_age: self.unstored_age(),
        })
    }

    /// Does what the ladder says; returns what was given up.
    pub(super) fn obey(&self, order: Order) -> Result<Sacrifice, JournalError> {
        let (free, give_up) = match order {
            Order::Keep => return Ok(Sacrifice::default()),
            Order::Free { bytes } => (bytes, 0),
            Order::GiveUp { bytes } => (u64::MAX, bytes),
        };
        let mut left = free;
        // Rather readings missing in the rows of a minute than readings that find no place.
        for stored in [self.needed, self.stored] {
            for holding in self.holdings(stored)? {
                left = left.saturating_sub(holding.free(left)?);
            }
        }
        let mut total = Sacrifice::default();
        for holding in self.holdings(self.stored)? {
            if total.bytes >= give_up || self.undrained.is_set_aside(&holding.dir) {
                continue;
            }
            let more = holding.give_up(give_up - total.bytes)?;
            total.segments += more.segments;
            total.bytes += more.bytes;
            total.readings += more.readings;
        }
        Ok(total)
    }

    /// All streams, the oldest first, that of this life as stored up to `stored`.
    fn holdings(&self, stored: Tail) -> Result<Vec<Holding>, JournalError> {
        let dirs = Streams::dirs(&self.root)?.into_iter();
        let holding = |dir: PathBuf| {
            let stored = match dir == self.current {
                true => Some(stored),
                false => self.undrained.stored(&dir),
            };
            Holding { dir, stored }
        };
        Ok(dirs.map(holding).collect())
    }

    fn unstored_age(&self) -> Option<Duration> {
        let received = match self.undrained.oldest() {
            Some((dir, stored, end)) => first_received(&dir, stored, end),
            None if self.stored.position >= self.durable.position => return Some(Duration::ZERO),
            None => first_received(&self.current, self.stored, self.durable),
        };
        Some(Timestamp::from(SystemTime::now()).since(received?))
    }
}

/// When the first record behind `stored` that is left was received.
fn first_received(dir: &Path, stored: Tail, end: Tail) -> Option<Timestamp> {
    let mut reader = Reader::new(dir);
    let oldest = reader.oldest().ok()?;
    let from = match oldest.position > stored.position {
        true => oldest,
        false => stored,
    };
    reader.received_from(from, end).ok()?
}

/// Bytes of the whole file system of `dir`.
pub(super) fn size(dir: &Path) -> u64 {
    rustix::fs::statvfs(dir).map_or(u64::MAX, |system| {
        system.f_blocks.saturating_mul(system.f_frsize)
    })
}

/// Bytes that this process may still write to the file system of `dir`; a system that does not
/// tell sets no bound.
fn free_bytes(dir: &Path) -> u64 {
    rustix::fs::statvfs(dir).map_or(u64::MAX, |system| {
        system.f_bavail.saturating_mul(system.f_frsize)
    })
}

#[cfg(test)]
mod tests {
    use gridos_journal::Options;
    use gridos_model::{DeviceId, Gap, GapReason};
    use tempfile::TempDir;

    use super::*;

    /// A folder with two earlier streams and this life's, each of several segments.
    struct Lives {
        dir: TempDir,
        streams: Streams,
        journal: Journal,
    }

    fn live(root: &Path) -> (Streams, Journal) {
        let streams = Streams::open(root).unwrap();
        let options = Options {
            segment_bytes: 1_024,
            ..Options::default()
        };
        let mut journal = streams.begin(options).unwrap();
        for second in 0..100_i64 {
            let time = Timestamp::from_millis(second * 1_000);
            journal.append_gap(&Gap {
                device: DeviceId::of("d"),
                from: time,
                until: time,
                reason: GapReason::EngineDown,
            });
            journal.write().unwrap();
        }
        (streams, journal)
    }

    impl Lives {
        fn new() -> Self {
            let dir = TempDir::new().unwrap();
            drop(live(dir.path()));
            drop(live(dir.path()));
            let (streams, journal) = live(dir.path());
            Self {
                dir,
                streams,
                journal,
            }
        }

        /// The disk, with nothing stored of this life and the earlier streams undrained.
        fn disk(&self) -> Disk {
            Disk {
                root: self.dir.path().to_owned(),
                current: self.journal.dir().to_owned(),
                stored: Tail::default(),
                durable: self.journal.end(),
                needed: Tail::default(),
                is_recalled: true,
                undrained: Undrained::of(self.streams.earlier()),
                keep: Duration::from_secs(3_600),
                bytes_max: 1 << 30,
            }
        }

        /// How many segments each stream has.
        fn segments(&self) -> Vec<usize> {
            let dirs = ["000001", "000002", "000003"].map(|name| self.dir.path().join(name));
            let count = |dir: &PathBuf| Journal::usage(dir).map_or(0, |(_, segments)| segments);
            dirs.iter().map(count).collect()
        }
    }

    #[test]
    fn the_oldest_stream_that_is_not_set_aside_is_given_up_first() {
        let lives = Lives::new();
        let disk = lives.disk();
        let before = lives.segments();
        assert!(before.iter().all(|segments| *segments > 4), "{before:?}");
        assert_eq!(disk.look(Position::START).unwrap().room.freeable, 0);
        disk.undrained.set_aside(&lives.dir.path().join("000001"));
        let given_up = disk.obey(Order::GiveUp { bytes: 1 }).unwrap();
        assert_eq!(given_up.segments, 1);
        let after = lives.segments();
        assert_eq!(after, [before[0], before[1] - 1, before[2]]);
        // More than that stream has: this life's is next, and the last of each stays.
        disk.obey(Order::GiveUp { bytes: u64::MAX }).unwrap();
        assert_eq!(lives.segments(), [before[0], 1, 1]);
    }

    #[test]
    fn what_is_stored_is_freed_the_oldest_first() {
        let lives = Lives::new();
        let disk = Disk {
            stored: lives.journal.end(),
            ..lives.disk()
        };
        let before = lives.segments();
        disk.undrained.remove(&lives.dir.path().join("000001"));
        let looked = disk.look(Position::START).unwrap();
        let (first, _) = Journal::usage(&lives.dir.path().join("000001")).unwrap();
        assert!(looked.room.freeable > first, "{looked:?}");
        assert_eq!(disk.obey(Order::Keep).unwrap(), Sacrifice::default());
        assert_eq!(lives.segments(), before);
        disk.obey(Order::Free { bytes: 1 }).unwrap();
        assert_eq!(lives.segments(), [0, before[1], before[2]]);
        disk.obey(Order::Free { bytes: u64::MAX }).unwrap();
        assert_eq!(lives.segments(), [0, before[1], 1]);
        assert_eq!(disk.look(Position::START).unwrap().room.freeable, 0);
    }

    #[test]
    fn earlier_streams_stay_until_the_alarms_are_kept_elsewhere() {
        let lives = Lives::new();
        let before = lives.segments();
        let look = |is_recalled| {
            let disk = Disk {
                is_recalled,
                undrained: Undrained::default(),
                keep: Duration::ZERO,
                ..lives.disk()
            };
            disk.look(Position::START).unwrap();
            lives.segments()
        };
        assert_eq!(look(false), before);
        assert_eq!(look(true), [0, 0, before[2]]);
    }

    #[test]
    fn the_oldest_unstored_record_is_found_in_the_oldest_stream() {
        let lives = Lives::new();
        let disk = lives.disk();
        let age = |disk: &Disk| disk.look(Position::START).unwrap().unstored_age;
        // The records are of 1970.
        assert!(age(&disk).unwrap() > Duration::from_secs(86_400 * 365 * 50));
        for name in ["000001", "000002"] {
            disk.undrained.remove(&lives.dir.path().join(name));
        }
        let all = Disk {
            stored: lives.journal.end(),
            ..disk
        };
        assert_eq!(age(&all), Some(Duration::ZERO));
    }
}
