//! The journal's side of an engine: devices, streams of its lives, and a witness of all of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gridos_journal::{
    EarlierStream, Journal, JournalError, LayoutBook, Options, Position, Reader, StreamId, Streams,
    Tail,
};
use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmKind, AlarmRecord, AuditRecord, Batch,
    DeadLetter, Deed, DeedOutcome, DeviceId, Directory, DirectoryBuilder, Gap, GapReason, Layout,
    LayoutId, Level, Note, Point, PointId, Priority, Quality, Readings, Shelf, Sweep, TimeQuality,
    Timestamp, Transition,
};
use tempfile::TempDir;

use crate::dice::Dice;
use crate::witness::Witness;

/// Midnight of 2026-11-23.
const MIDNIGHT: Timestamp = Timestamp::from_millis(1_795_392_000_000);
const DEVICES: [&str; 3] = ["sub1.feeder-01", "sub1.feeder-02", "sub2.meter"];
const POINTS: [&str; 5] = ["ia", "ib", "ic", "state", "taps"];

/// A journal folder and what is appended to it.
pub(crate) struct Site {
    root: TempDir,
    directory: Directory,
    book: Arc<LayoutBook>,
    options: Options,
    /// The stream of this life, and the hold on the folder.
    current: Option<(Journal, Streams)>,
    witness: Witness,
    dice: Dice,
    /// Counts what was appended: no two values are alike.
    nth: u32,
}

impl Site {
    pub(crate) fn new(seed: u64, options: Options) -> Self {
        let root = TempDir::new().unwrap();
        let mut builder = DirectoryBuilder::default();
        for device in DEVICES {
            let points = POINTS.map(|name| Point::new(name, "A"));
            builder.add(device, points.to_vec(), &[0..2, 2..5]).unwrap();
        }
        let directory = builder.build();
        let book = LayoutBook::open(root.path()).unwrap();
        book.add(directory.layouts().map(Arc::as_ref)).unwrap();
        Self {
            root,
            witness: Witness::new(&directory),
            directory,
            book: Arc::new(book),
            options,
            current: None,
            dice: Dice::new(seed),
            nth: 0,
        }
    }

    pub(crate) fn book(&self) -> &Arc<LayoutBook> {
        &self.book
    }

    pub(crate) fn witness(&self) -> &Witness {
        &self.witness
    }

    /// Ends the stream of this life, as the end of the process does, and begins the next one;
    /// returns what earlier lives left.
    pub(crate) fn begin(&mut self) -> Vec<EarlierStream> {
        self.current = None;
        let streams = Streams::open(self.root.path()).unwrap();
        let journal = streams.begin(self.options).unwrap();
        let earlier = streams.earlier().to_vec();
        self.current = Some((journal, streams));
        earlier
    }

    pub(crate) fn stream(&mut self) -> StreamId {
        self.journal().stream()
    }

    /// The folder of this life's stream.
    pub(crate) fn dir(&mut self) -> PathBuf {
        self.journal().dir().to_owned()
    }

    fn journal(&mut self) -> &mut Journal {
        &mut self.current.as_mut().unwrap().0
    }

    /// Makes everything appended durable; returns where it ends.
    pub(crate) fn sync(&mut self) -> Tail {
        self.try_sync().unwrap()
    }

    /// The same for a journal that may be full.
    pub(crate) fn try_sync(&mut self) -> Result<Tail, JournalError> {
        let journal = self.journal();
        let end = journal.write()?;
        journal.syncer().sync()?;
        let (dir, stream) = (journal.dir().to_owned(), journal.stream());
        self.witness.follow(&dir, stream, &self.book, end);
        Ok(end)
    }

    /// Deletes the segments of this life's stream that lie before `position`; returns how many.
    pub(crate) fn trim(&mut self, position: Position) -> usize {
        let (dir, stream) = (self.dir(), self.stream());
        let trimmed = Journal::trim(&dir, position).unwrap();
        let oldest = Reader::new(&dir).oldest().unwrap();
        self.witness.saw_trimmed(stream, oldest.position);
        trimmed
    }

    /// Deletes the streams of earlier lives.
    pub(crate) fn forget_earlier(&mut self) {
        let current = self.dir();
        let is_needed = |dir: &Path| dir == current;
        Streams::trim(self.root.path(), is_needed, |_| true).unwrap();
    }

    /// Appends so many records of all kinds.
    pub(crate) fn append(&mut self, records: usize) {
        for _ in 0..records {
            match self.dice.below(17) {
                0..8 => self.sweep(),
                8..11 => self.events(),
                11 => self.texts(),
                12 => self.transitions(),
                13 => self.gap(),
                14 => self.letter(),
                15 => self.alarms(),
                _ => self.malformed(),
            }
        }
    }

    fn sweep(&mut self) {
        let layout = self.layout();
        let (time, received) = (self.time(), self.now());
        let qualities = [
            TimeQuality::Synchronised,
            TimeQuality::Unsynchronised,
            TimeQuality::None,
        ];
        let mut batch = Batch::default();
        batch.start_sweep(&layout, time, self.dice.one_of(&qualities), received);
        for _ in 0..layout.len() {
            let (value, quality) = (self.value(), self.quality());
            batch.push(value, quality);
        }
        self.journal().append_readings(&batch.readings().unwrap());
    }

    /// Events of one device: few, or more than fit a row.
    fn events(&mut self) {
        let layout = self.layout();
        let mut batch = Batch::default();
        let received = self.now();
        batch.start_events(&layout, received);
        let count = match self.dice.once_in(8) {
            true => 150,
            false => 1 + self.dice.below(5),
        };
        for _ in 0..count {
            let point = self.dice.below(layout.len() as u64);
            let (time, value, quality) = (self.time(), self.value(), self.quality());
            assert!(batch.push_event(u32::try_from(point).unwrap(), time, value, quality));
        }
        self.journal().append_readings(&batch.readings().unwrap());
    }

    fn texts(&mut self) {
        let layout = self.layout();
        let mut batch = Batch::default();
        let received = self.now();
        batch.start_texts(&layout, received);
        for point in 0..2 {
            let text = format!("Straße {} 'ü' \\", self.count());
            let (time, quality) = (self.time(), self.quality());
            assert!(batch.push_text(point, time, text.as_bytes(), quality));
        }
        self.journal().append_readings(&batch.readings().unwrap());
    }

    fn transitions(&mut self) {
        let one = Transition {
            point: PointId::of(self.dice.one_of(&DEVICES), self.dice.one_of(&POINTS)),
            from: Level::Normal,
            to: Level::HighHigh,
            time: self.time(),
            received: self.now(),
            value: self.value(),
            quality: self.quality(),
            occurrence: u64::from(self.count()),
        };
        let other = Transition {
            from: Level::HighHigh,
            to: Level::Normal,
            ..one
        };
        self.journal().append_transitions(&[one, other]);
    }

    /// An alarm of a point or a device, and what somebody does about it.
    fn alarms(&mut self) {
        let (device, point) = (self.dice.one_of(&DEVICES), self.dice.one_of(&POINTS));
        let alarm = match self.dice.once_in(4) {
            true => AlarmId::of(device, AlarmKind::Link),
            false => AlarmId::of(&format!("{device}.{point}"), AlarmKind::Limit),
        };
        let sequence = u64::from(self.count());
        let raised = AlarmRecord {
            sequence,
            alarm,
            occurrence: sequence,
            action: AlarmAction::Raised,
            is_annunciated: self.dice.once_in(2),
            from: Level::Normal,
            time: self.time(),
            received: self.now(),
            value: self.value(),
            quality: self.quality(),
            after: AlarmFacts {
                level: Level::High,
                worst: Level::High,
                priority: self.dice.one_of(&Priority::ALL),
                flags: AlarmFlags::UNACKNOWLEDGED,
                ..AlarmFacts::REST
            },
            note: None,
        };
        let shelved = AlarmRecord {
            sequence: u64::from(self.count()),
            action: AlarmAction::Shelved,
            is_annunciated: false,
            from: Level::High,
            received: self.now(),
            after: AlarmFacts {
                shelf: Some(Shelf {
                    until: self.time(),
                    is_one_shot: self.dice.once_in(2),
                }),
                ..raised.after
            },
            note: Some(Box::new(Note {
                by: "ana".into(),
                comment: format!("Störung {} '\"\\", self.count()).into(),
                ..Note::default()
            })),
            ..raised.clone()
        };
        self.journal().append_alarms(&[raised, shelved]);
        self.deed();
    }

    fn deed(&mut self) {
        let (sequence, time) = (self.count(), self.now());
        let deed = Deed {
            principal: "ana".to_owned(),
            kind: "user".to_owned(),
            address: "10.0.0.7".to_owned(),
            action: "PUT /api/v1/config".to_owned(),
            target: String::new(),
            outcome: DeedOutcome::ALL[sequence as usize % 3],
            status: 200,
            detail: format!("Störung {sequence} '\"\\"),
        };
        self.journal()
            .append_audit(&[AuditRecord::new(u64::from(sequence), time, deed)]);
    }

    fn gap(&mut self) {
        let gap = Gap {
            device: DeviceId::of(self.dice.one_of(&DEVICES)),
            from: self.now(),
            until: self.now(),
            reason: self
                .dice
                .one_of(&[GapReason::DeviceDown, GapReason::EngineDown]),
        };
        self.journal().append_gap(&gap);
    }

    fn letter(&mut self) {
        let device = DeviceId::of(self.dice.one_of(&DEVICES));
        let (octets, received) = (self.count().to_be_bytes(), self.now());
        let letter = DeadLetter::new(device, received, "no such object", &octets);
        self.journal().append_letter(&letter);
    }

    /// A sweep that is too short for its layout, or of a layout that nobody knows.
    fn malformed(&mut self) {
        let known = self.layout().id();
        let layout = self.dice.one_of(&[known, LayoutId::from_raw(99)]);
        let sweep = Sweep {
            layout,
            time: self.time(),
            time_quality: TimeQuality::None,
            received: self.now(),
            values: &[1.5],
            qualities: &[],
        };
        self.journal().append_readings(&Readings::Sweep(sweep));
    }

    fn layout(&mut self) -> Arc<Layout> {
        let layouts: Vec<_> = self.directory.layouts().collect();
        Arc::clone(self.dice.one_of(&layouts))
    }

    fn count(&mut self) -> u32 {
        self.nth += 1;
        self.nth
    }

    fn now(&mut self) -> Timestamp {
        MIDNIGHT.saturating_add(Duration::from_millis(20 * u64::from(self.count())))
    }

    /// Mostly about now; seldom late by up to a month, or ahead by up to a year.
    fn time(&mut self) -> Timestamp {
        let now = self.now();
        match self.dice.below(30) {
            0 => now.saturating_add(Duration::from_secs(self.dice.below(365 * 86_400))),
            1..4 => now.saturating_sub(Duration::from_secs(self.dice.below(30 * 86_400))),
            _ => now.saturating_sub(Duration::from_micros(self.dice.below(5_000_000))),
        }
    }

    fn value(&mut self) -> f64 {
        let value = f64::from(self.count());
        match self.dice.below(40) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => -value,
            3 => value * 1e-300,
            4 => value.sqrt(),
            _ => value,
        }
    }

    fn quality(&mut self) -> Quality {
        let qualities = [
            Quality::GOOD,
            Quality::GOOD,
            Quality::OFFLINE,
            Quality::LATE,
        ];
        self.dice.one_of(&qualities)
    }
}
