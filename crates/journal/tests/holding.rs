//! Freeing what is stored, giving up what is not, and what is known of the hole afterwards.

#![cfg(test)]

use std::path::{Path, PathBuf};

use gridos_journal::{
    Chunk, GivenUp, Holding, Journal, Options, Position, Read, Reader, Sacrifice, Tail,
};
use gridos_model::{LayoutId, Readings, Sweep, TimeQuality, Timestamp};
use tempfile::TempDir;

const SEGMENT: u64 = 4 << 10;

/// A journal of many segments, one sweep of three values a second.
struct Field {
    dir: TempDir,
    journal: Journal,
    /// The end behind each sweep.
    ends: Vec<Tail>,
}

impl Field {
    fn new(sweeps: i64) -> Self {
        let dir = TempDir::new().unwrap();
        let options = Options {
            segment_bytes: SEGMENT,
            ..Options::default()
        };
        let (journal, _) = Journal::open(dir.path(), options).unwrap();
        let mut field = Self {
            dir,
            journal,
            ends: Vec::new(),
        };
        field.sweep(sweeps);
        field
    }

    fn sweep(&mut self, sweeps: i64) {
        for _ in 0..sweeps {
            let second = i64::try_from(self.ends.len()).unwrap();
            let time = Timestamp::from_millis(second * 1_000);
            self.journal.append_readings(&Readings::Sweep(Sweep {
                layout: LayoutId::from_raw(1),
                time,
                time_quality: TimeQuality::Synchronised,
                received: time,
                values: &[1.0, 2.0, 3.0],
                qualities: &[],
            }));
            self.ends.push(self.journal.write().unwrap());
        }
        self.journal.syncer().sync().unwrap();
    }

    fn end(&self) -> Tail {
        self.journal.end()
    }

    fn holding(&self, stored: Tail) -> Holding {
        Holding {
            dir: self.dir.path().to_owned(),
            stored: Some(stored),
        }
    }

    fn files(&self, suffix: &str) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|found| found == suffix))
            .collect();
        files.sort();
        files
    }

    fn bytes(&self) -> u64 {
        Journal::usage(self.dir.path()).unwrap().0
    }

    /// The place behind the oldest segments.
    fn bases(&self) -> Vec<Position> {
        let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().parse().ok();
        let files = self.files("journal");
        files.iter().filter_map(name).map(Position::new).collect()
    }

    /// The readings in front of each base.
    fn readings_at(&self, position: Position) -> u64 {
        let end = self.ends.iter().find(|end| end.position == position);
        end.map_or(0, |end| end.readings)
    }
}

fn read_at(dir: &Path, from: Tail, until: Tail) -> Result<Read, String> {
    let read = Reader::new(dir).read(from, until, 1, &mut Chunk::default());
    read.map_err(|error| error.to_string())
}

#[test]
fn what_is_stored_goes_first_and_only_as_much_as_must() {
    let field = Field::new(600);
    let bases = field.bases();
    assert!(bases.len() > 8, "{}", bases.len());
    let stored = Tail {
        position: bases[5].plus(160),
        readings: 0,
    };
    let holding = field.holding(stored);
    let before = field.bytes();
    let freeable = holding.freeable().unwrap();
    assert!(
        (4 * SEGMENT..=5 * SEGMENT).contains(&freeable),
        "{freeable}"
    );
    assert_eq!(holding.free(0).unwrap(), 0);
    let freed = holding.free(SEGMENT + SEGMENT / 2).unwrap();
    assert_eq!(field.bases(), bases[2..]);
    assert_eq!(field.bytes(), before - freed);
    assert_eq!(holding.free(u64::MAX).unwrap(), freeable - freed);
    // The segment in which the database stands is needed.
    assert_eq!(field.bases(), bases[5..]);
    assert_eq!(holding.freeable().unwrap(), 0);
}

#[test]
fn what_is_given_up_leaves_one_mark_and_the_rest_readable() {
    let mut field = Field::new(600);
    let bases = field.bases();
    let stored = field.ends[10];
    assert!(bases[1] > stored.position, "within the first segment");
    let holding = field.holding(stored);
    let first = holding.give_up(1).unwrap();
    let lost = field.readings_at(bases[1]) - stored.readings;
    assert_eq!((first.segments, first.readings), (1, lost));
    let more = holding.give_up(SEGMENT + SEGMENT / 2).unwrap();
    assert_eq!(more.segments, 2);
    let expected = field.readings_at(bases[3]) - field.readings_at(bases[1]);
    assert_eq!(more.readings, expected);
    assert_eq!(field.bases(), bases[3..]);
    assert_eq!(
        field.files("given-up").len(),
        1,
        "one mark for the whole row"
    );

    let dir = field.dir.path();
    let until = field.journal.end();
    let trimmed = read_at(dir, stored, until).unwrap_err();
    assert!(trimmed.contains("is gone"), "{trimmed}");
    let hole = GivenUp::find(dir, stored.position).unwrap().unwrap();
    assert_eq!(hole.from, Tail::default());
    let resume = Tail {
        position: bases[3],
        readings: field.readings_at(bases[3]),
    };
    assert_eq!(GivenUp::find(dir, resume.position).unwrap(), None);
    assert_eq!(read_at(dir, resume, until), Ok(Read::Frames));

    // The database has told the loss and goes on; then the disk is full again.
    let stored = field.ends[500];
    field.holding(stored).free(u64::MAX).unwrap();
    field.sweep(300);
    let bases = field.bases();
    field.holding(stored).give_up(1).unwrap();
    assert_eq!(field.files("given-up").len(), 2, "another hole");
    let hole = GivenUp::find(field.dir.path(), stored.position).unwrap();
    assert_eq!(hole.unwrap().from.position, bases[0]);
    GivenUp::forget(field.dir.path(), stored.position).unwrap();
    assert_eq!(field.files("given-up").len(), 1, "the first story is told");
    GivenUp::forget(field.dir.path(), field.end().position).unwrap();
    assert_eq!(field.files("given-up"), Vec::<PathBuf>::new());
}

#[test]
fn the_last_segment_is_never_given_up() {
    let field = Field::new(300);
    let last = field.bases().last().copied();
    let holding = field.holding(Tail::default());
    let all = holding.give_up(u64::MAX).unwrap();
    assert!(all.segments > 3);
    assert_eq!(field.bases(), Vec::from_iter(last));
    assert_eq!(holding.give_up(u64::MAX).unwrap(), Sacrifice::default());
    let (again, recovery) = {
        let Field { dir, journal, .. } = field;
        let end = journal.end();
        drop(journal);
        let (journal, recovery) = Journal::open(dir.path(), Options::default()).unwrap();
        assert_eq!(journal.end(), end);
        (dir, recovery)
    };
    assert_eq!(recovery.torn_bytes, 0);
    drop(again);
}

#[test]
fn a_drained_stream_goes_as_a_whole_unless_it_is_held() {
    let field = Field::new(300);
    let holding = Holding {
        stored: None,
        ..field.holding(Tail::default())
    };
    let bytes = field.bytes();
    assert_eq!(holding.freeable().unwrap(), bytes);
    assert_eq!(holding.free(1).unwrap(), 0, "it is held");
    let Field { dir, journal, .. } = field;
    drop(journal);
    assert_eq!(holding.free(1).unwrap(), bytes);
    assert!(!dir.path().exists());
}

#[test]
fn times_and_octets_around_a_span_are_found() {
    let field = Field::new(300);
    let until = field.end();
    let mut reader = Reader::new(field.dir.path());
    let second = |n: i64| Some(Timestamp::from_millis(n * 1_000));
    let (from, to) = (field.ends[99], field.ends[101]);
    assert_eq!(reader.received_before(from).unwrap(), second(99));
    assert_eq!(reader.received_from(to, until).unwrap(), second(102));
    assert_eq!(reader.received_from(until, until).unwrap(), None);
    assert_eq!(reader.received_before(Tail::default()).unwrap(), None);
    let span = to.position.bytes_since(from.position);
    let octets = |reader: &mut Reader, max| reader.octets(from.position, to.position, max);
    let whole = octets(&mut reader, 1 << 20).unwrap();
    assert_eq!(whole.len() as u64, span);
    assert_eq!(octets(&mut reader, 10).unwrap(), whole[..10]);
}
