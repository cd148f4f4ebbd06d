//! An alarm board of the test's own, and a notifier that follows it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gridos_alarm::{Case, Condition, Defined, Definition, Limits};
use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmKind, AlarmRecord, Directory,
    DirectoryBuilder, Level, Point, PointIndex, Priority, Quality,
};
use gridos_notify::{Access, Address, Notifier, Receiver, Sender, Sources, Target};
use gridos_pipeline::{AlarmBoard, AlarmBook};
use gridos_telemetry::{NotifyOutcome, Telemetry};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Devices `feeder-0` to `feeder-299`, each with the points `p` and `q`.
pub(crate) const DEVICES: u32 = 300;

/// What an engine is to a notifier.
pub(crate) struct Engine {
    pub(crate) sources: Sources,
    pub(crate) dir: TempDir,
    /// Whether the journal's disk takes what happens.
    pub(crate) is_disk_well: bool,
    /// How long the notifier waits for that.
    pub(crate) unrecorded_after: Duration,
    sequence: u64,
    notifier: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

impl Engine {
    pub(crate) fn new() -> Self {
        let directory = Arc::new(directory());
        let defined: Vec<_> = (0..2 * DEVICES).map(|n| defined(&directory, n)).collect();
        Self {
            sources: Sources {
                board: Arc::new(AlarmBoard::default()),
                book: Arc::new(AlarmBook::new(Arc::clone(&directory), defined)),
                telemetry: Arc::new(Telemetry::new("0", [])),
            },
            dir: TempDir::new().unwrap(),
            is_disk_well: true,
            unrecorded_after: Duration::from_secs(3_600),
            sequence: 0,
            notifier: None,
        }
    }

    /// Tells the webhook at `url`.
    pub(crate) fn notify(&mut self, url: &str) {
        self.notify_with(Receiver::Webhook, url, &Access::default());
    }

    pub(crate) fn notify_with(&mut self, receiver: Receiver, url: &str, access: &Access) {
        let address = Address::parse(receiver, url).unwrap();
        let target = Target {
            gather: Duration::from_millis(20),
            unrecorded_after: self.unrecorded_after,
            retry_first: Duration::from_millis(10),
            ..Target::new("pager", receiver, "engine")
        };
        let sender = Sender::new(address, access).unwrap();
        let notifier = Notifier::new(target, sender, self.state(), self.sources.clone());
        let (stop, stopped) = watch::channel(false);
        self.notifier = Some((stop, tokio::spawn(notifier.run(stopped))));
    }

    pub(crate) fn state(&self) -> &Path {
        self.dir.path()
    }

    /// Whether the state on disk has what was told.
    pub(crate) fn has_kept_that_it_told(&self) -> bool {
        let text = std::fs::read_to_string(self.state().join("pager.json"));
        text.is_ok_and(|text| text.contains("\"is_news\":false"))
    }

    /// Ends the notifier in order.
    pub(crate) async fn stop(&mut self) {
        let (stop, task) = self.notifier.take().unwrap();
        stop.send_replace(true);
        task.await.unwrap();
    }

    /// The process ends without a word.
    pub(crate) async fn kill(&mut self) {
        let (_stop, task) = self.notifier.take().unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }

    /// Another process begins with a table of its own.
    pub(crate) fn begin(&mut self, sequence: u64, cases: impl IntoIterator<Item = Case>) {
        self.sequence = sequence;
        self.sources.board = Arc::new(AlarmBoard::new(sequence, cases));
    }

    /// What stands now.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let table = self.sources.board.table();
        table.cases.values().map(|case| Case::clone(case)).collect()
    }

    /// The alarm of that point is raised.
    pub(crate) fn raise(&mut self, point: &str) {
        self.sequence += 1;
        let after = AlarmFacts {
            level: Level::High,
            worst: Level::High,
            priority: Priority::Medium,
            flags: AlarmFlags::UNACKNOWLEDGED,
            ..AlarmFacts::REST
        };
        self.show(point, AlarmAction::Raised, self.sequence, after);
    }

    /// It returns to normal.
    pub(crate) fn end(&mut self, point: &str) {
        let table = self.sources.board.table();
        let occurrence = table.cases.get(&id(point)).unwrap().occurrence;
        self.sequence += 1;
        self.show(point, AlarmAction::Returned, occurrence, AlarmFacts::REST);
    }

    fn show(&self, point: &str, action: AlarmAction, occurrence: u64, after: AlarmFacts) {
        let now = SystemTime::now().into();
        let is_raised = action == AlarmAction::Raised;
        let from = if is_raised {
            Level::Normal
        } else {
            Level::High
        };
        self.sources.board.show(&[AlarmRecord {
            sequence: self.sequence,
            alarm: id(point),
            occurrence,
            action,
            is_annunciated: is_raised,
            from,
            time: now,
            received: now,
            value: 101.3,
            quality: Quality::GOOD,
            after,
            note: None,
        }]);
        if self.is_disk_well {
            self.recover();
        }
    }

    /// The disk has taken all that happened.
    pub(crate) fn recover(&self) {
        self.sources.board.on_durable(self.sequence);
    }

    pub(crate) fn messages(&self, outcome: NotifyOutcome) -> u64 {
        self.sources.telemetry.notify.messages(outcome)
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.sources.telemetry.notify.waiting.get()
    }
}

fn id(point: &str) -> AlarmId {
    AlarmId::of(point, AlarmKind::Limit)
}

fn directory() -> Directory {
    let mut builder = DirectoryBuilder::default();
    for device in 0..DEVICES {
        let points = vec![Point::new("p", "A"), Point::new("q", "A")];
        builder
            .add(&format!("feeder-{device}"), points, &[])
            .unwrap();
    }
    builder.build()
}

fn defined(directory: &Directory, n: u32) -> (Defined, Arc<str>) {
    let point = PointIndex::new(n);
    let name = directory.point_name(point).unwrap();
    let limits = Limits::new(None, Some(100.0), None, None, 1.0).unwrap();
    let defined = Defined {
        id: id(&name),
        device: directory.find_point(&name).unwrap().device,
        point: Some(point),
        reference: None,
        definition: Arc::new(Definition::new(Condition::Limit(limits))),
    };
    (defined, Arc::from("north"))
}
