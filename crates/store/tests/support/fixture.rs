//! A journal of the test's own, and chunks of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gridos_journal::{Chunk, Journal, LayoutBook, Options, Position, Read, Reader, StreamId, Tail};
use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmKind, AlarmRecord, Batch, Directory,
    DirectoryBuilder, Epoch, Layout, LayoutId, Level, Point, Priority, Quality, Readings, Sweep,
    TimeQuality, Timestamp, Transition,
};
use tempfile::TempDir;

/// Midnight of 2026-11-23.
pub(crate) const MIDNIGHT: Timestamp = Timestamp::from_millis(1_795_392_000_000);

/// The point of an event, when it was and what.
pub(crate) type Change = (u32, Timestamp, f64, Quality);

/// A journal with one device of three points, the first two of which are also read together.
pub(crate) struct Fixture {
    dir: TempDir,
    directory: Directory,
    journal: Journal,
    book: Arc<LayoutBook>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with_options(Options::default())
    }

    pub(crate) fn with_options(options: Options) -> Self {
        Self::in_dir(TempDir::new().unwrap(), options)
    }

    /// A copy of a journal as it was when it ended at `end` within its only segment.
    pub(crate) fn restored(segment: &Path, end: Tail) -> Self {
        let dir = TempDir::new().unwrap();
        let copy = dir.path().join(segment.file_name().unwrap());
        std::fs::copy(segment, &copy).unwrap();
        let file = std::fs::File::options().write(true).open(copy).unwrap();
        let length = offset_of(end.position) as u64;
        file.set_len(length).unwrap();
        Self::in_dir(dir, Options::default())
    }

    fn in_dir(dir: TempDir, options: Options) -> Self {
        let points = ["ia", "ib", "state"].map(|name| Point::new(name, "A"));
        let mut builder = DirectoryBuilder::default();
        builder
            .add("sub1.feeder-01", points.to_vec(), &[0..2, 2..3])
            .unwrap();
        let directory = builder.build();
        let (journal, _) = Journal::open(dir.path(), options).unwrap();
        let book = LayoutBook::open(dir.path()).unwrap();
        book.add(directory.layouts().map(Arc::as_ref)).unwrap();
        Self {
            dir,
            directory,
            journal,
            book: Arc::new(book),
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn book(&self) -> &Arc<LayoutBook> {
        &self.book
    }

    pub(crate) fn stream(&self) -> StreamId {
        self.journal.stream()
    }

    pub(crate) fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// The layout of all three points.
    pub(crate) fn whole(&self) -> Arc<Layout> {
        Arc::clone(self.directory.devices()[0].whole())
    }

    /// The layout of the first two points.
    pub(crate) fn pair(&self) -> Arc<Layout> {
        Arc::clone(&self.directory.devices()[0].groups()[0])
    }

    /// Appends a sweep of `layout` received 1 ms after `time`.
    pub(crate) fn sweep(
        &mut self,
        layout: &Arc<Layout>,
        time: Timestamp,
        values: &[f64],
    ) -> Position {
        let values: Vec<_> = values.iter().map(|v| (*v, Quality::GOOD)).collect();
        self.judged_sweep(layout, time, TimeQuality::Synchronised, &values)
    }

    pub(crate) fn judged_sweep(
        &mut self,
        layout: &Arc<Layout>,
        time: Timestamp,
        time_quality: TimeQuality,
        values: &[(f64, Quality)],
    ) -> Position {
        let received = time.saturating_add(Duration::from_millis(1));
        self.append_sweep(layout, time, time_quality, received, values)
    }

    /// Appends a sweep of two values that claims to be of whatever time.
    pub(crate) fn sweep_received(
        &mut self,
        received: Timestamp,
        time: Timestamp,
        values: [f64; 2],
    ) -> Position {
        let values = values.map(|value| (value, Quality::GOOD));
        self.append_sweep(
            &self.pair(),
            time,
            TimeQuality::Synchronised,
            received,
            &values,
        )
    }

    /// Appends a sweep of two values, received at `received` while the device was held under `epoch`.
    pub(crate) fn held_sweep(
        &mut self,
        epoch: u64,
        received: Timestamp,
        values: [f64; 2],
    ) -> Position {
        let mut batch = Batch::default();
        let time_quality = TimeQuality::Synchronised;
        batch.start_sweep(&self.pair(), received, time_quality, received);
        batch.extend(values);
        let epoch = Epoch::new(epoch).unwrap();
        let readings = batch.readings().unwrap();
        self.journal.append_held_readings(&readings, epoch)
    }

    fn append_sweep(
        &mut self,
        layout: &Arc<Layout>,
        time: Timestamp,
        time_quality: TimeQuality,
        received: Timestamp,
        values: &[(f64, Quality)],
    ) -> Position {
        let mut batch = Batch::default();
        batch.start_sweep(layout, time, time_quality, received);
        values.iter().for_each(|(v, q)| batch.push(*v, *q));
        batch.check().unwrap();
        self.journal.append_readings(&batch.readings().unwrap())
    }

    /// Appends events of the layout of all points, received when the last of them happened.
    pub(crate) fn events(&mut self, changes: &[Change]) -> Position {
        let last = changes.iter().map(|change| change.1).max();
        self.events_received(last.unwrap_or(MIDNIGHT), changes)
    }

    /// Appends events of the layout of all points that claim to be of whatever time.
    pub(crate) fn events_received(&mut self, received: Timestamp, changes: &[Change]) -> Position {
        let mut batch = Batch::default();
        batch.start_events(&self.whole(), received);
        for (position, time, value, quality) in changes {
            assert!(batch.push_event(*position, *time, *value, *quality));
        }
        self.journal.append_readings(&batch.readings().unwrap())
    }

    /// Appends texts of the layout of all points, received when the last of them was true.
    pub(crate) fn texts(&mut self, texts: &[(u32, Timestamp, &[u8], Quality)]) -> Position {
        let last = texts.iter().map(|text| text.1).max();
        self.texts_received(last.unwrap_or(MIDNIGHT), texts)
    }

    /// Appends texts of the layout of all points that claim to be of whatever time.
    pub(crate) fn texts_received(
        &mut self,
        received: Timestamp,
        texts: &[(u32, Timestamp, &[u8], Quality)],
    ) -> Position {
        let mut batch = Batch::default();
        batch.start_texts(&self.whole(), received);
        for (position, time, text, quality) in texts {
            assert!(batch.push_text(*position, *time, text, *quality));
        }
        self.journal.append_readings(&batch.readings().unwrap())
    }

    /// Appends columns as they are, right or wrong.
    pub(crate) fn readings(&mut self, readings: &Readings<'_>) -> Position {
        self.journal.append_readings(readings)
    }

    pub(crate) fn transitions(&mut self, transitions: &[Transition]) -> Position {
        self.journal.append_transitions(transitions)
    }

    /// Makes the record at `position` of the only segment one of a kind that nobody knows.
    pub(crate) fn make_unknown(&mut self, position: Position) {
        self.sync();
        let mut bytes = std::fs::read(self.segment()).unwrap();
        let frame = &mut bytes[offset_of(position)..];
        let length = 48 + u32::from_le_bytes(frame[0..4].try_into().unwrap()) as usize;
        frame[36..38].copy_from_slice(&99_u16.to_le_bytes());
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&frame[0..4]), &frame[8..length]);
        frame[4..8].copy_from_slice(&checksum.to_le_bytes());
        std::fs::write(self.segment(), bytes).unwrap();
    }

    /// Damages the record at `position` of the only segment.
    pub(crate) fn damage(&self, position: Position) {
        let mut bytes = std::fs::read(self.segment()).unwrap();
        bytes[offset_of(position)..][..8].fill(0xff);
        std::fs::write(self.segment(), bytes).unwrap();
    }

    /// The oldest segment.
    pub(crate) fn segment(&self) -> PathBuf {
        let paths = std::fs::read_dir(self.dir()).unwrap();
        let paths = paths.map(|entry| entry.unwrap().path());
        let segments = paths.filter(|path| path.extension().is_some_and(|e| e == "journal"));
        segments.min().unwrap()
    }

    /// Makes everything appended durable; returns where it ends.
    pub(crate) fn sync(&mut self) -> Tail {
        let written = self.journal.write().unwrap();
        self.journal.syncer().sync().unwrap();
        written
    }

    /// Everything from `from` on, which must fit one read.
    pub(crate) fn chunk(&mut self, from: Tail) -> Chunk {
        let end = self.sync();
        let mut chunk = Chunk::default();
        let read = Reader::new(self.dir.path()).read(from, end, 64 << 20, &mut chunk);
        assert_eq!(read.unwrap(), Read::Frames);
        assert_eq!(chunk.until(), end);
        chunk
    }

    /// A chunk of everything so far.
    pub(crate) fn all(&mut self) -> Chunk {
        self.chunk(Tail::default())
    }
}

/// Appends a sweep of two values whose layout nobody knows.
pub(crate) fn foreign(fixture: &mut Fixture) {
    fixture.readings(&Readings::Sweep(Sweep {
        layout: LayoutId::from_raw(99),
        time: MIDNIGHT,
        time_quality: TimeQuality::None,
        received: MIDNIGHT,
        values: &[1.5, 2.5],
        qualities: &[],
    }));
}

/// An alarm that is raised at `received`, half a second after it happened.
pub(crate) fn raised(
    sequence: u64,
    owner: &str,
    kind: AlarmKind,
    received: Timestamp,
) -> AlarmRecord {
    AlarmRecord {
        sequence,
        alarm: AlarmId::of(owner, kind),
        occurrence: sequence,
        action: AlarmAction::Raised,
        is_annunciated: true,
        from: Level::Normal,
        time: received.saturating_sub(Duration::from_millis(500)),
        received,
        value: 105.5,
        quality: Quality::GOOD,
        after: AlarmFacts {
            level: Level::High,
            worst: Level::High,
            priority: Priority::Medium,
            flags: AlarmFlags::UNACKNOWLEDGED,
            ..AlarmFacts::REST
        },
        note: None,
    }
}

/// Where in the first segment a record begins: behind a header of 64 bytes.
fn offset_of(position: Position) -> usize {
    64 + usize::try_from(position.get()).unwrap()
}

/// `millis` after [`MIDNIGHT`].
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(MIDNIGHT.as_millis() + millis)
}
