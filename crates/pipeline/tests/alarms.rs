//! Alarms as operators and the next life of the engine see them.

#![cfg(test)]

mod rig;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use gridos_alarm::{Case, Command, Condition, Order, Outcome, Refusal};
use gridos_journal::{Chunk, Options, Read, Reader, Record, Streams, Tail};
use gridos_model::{
    AlarmAction, AlarmFlags, AlarmId, AlarmKind, AlarmRecord, AlarmState, Directory,
    DirectoryBuilder, LinkChange, LinkState, Note, Point, Quality, Suppression, Timestamp,
};
use gridos_pipeline::{
    AlarmCommands, AlarmKeeper, Following, NotDone, Pipeline, Recalled, SyncOptions, Turn, Views,
    alarm_commands,
};
use gridos_ring::{Beside, Intake, Pool, Receipt, ring};
use gridos_telemetry::{CommandOutcome, Telemetry};
use tempfile::TempDir;

/// One life of an engine: points `d.a` and `d.b`, each with a high limit of 100.
struct Life {
    directory: Arc<Directory>,
    intake: Intake,
    views: Views,
    commands: AlarmCommands,
    telemetry: Arc<Telemetry>,
    pipeline: Pipeline,
    keeper: AlarmKeeper,
    _streams: Streams,
}

fn live(root: &Path) -> Life {
    let mut builder = DirectoryBuilder::default();
    let points = vec![Point::new("a", ""), Point::new("b", "")];
    builder.add("d", points, &[]).unwrap();
    let directory = Arc::new(builder.build());
    let telemetry = Arc::new(Telemetry::new("0", ["d".to_owned()]));
    let (producer, consumer) = ring(8);
    let pool = Pool::new(16, 2);
    let defined = ["d.a", "d.b"].map(|point| rig::limit_alarm(&directory, point, 100.0));
    let mut defined = defined.to_vec();
    defined.push(rig::alarm(&directory, "d.a", Condition::Quality));
    defined.push(rig::alarm(&directory, "d", Condition::Link));
    let (alarms, views) = rig::alarms(&directory, defined);
    let (commands, queue) = alarm_commands(producer.clone(), Arc::clone(&telemetry));
    let streams = Streams::open(root).unwrap();
    let journal = streams.begin(Options::default()).unwrap();
    let Recalled { memory, keeper } = AlarmKeeper::recall(root, &streams, &journal);
    let mut turn = Turn::new(
        consumer,
        pool.clone(),
        (alarms, queue),
        journal,
        views.clone(),
        Arc::clone(&telemetry),
    );
    turn.restore(memory, &HashSet::new(), keeper.mark());
    let pipeline = Pipeline::start(turn, SyncOptions::default(), producer.clone()).unwrap();
    let intake = Intake::new(pool, producer, Arc::clone(&telemetry));
    Life {
        directory,
        intake,
        views,
        commands,
        telemetry,
        pipeline,
        keeper,
        _streams: streams,
    }
}

impl Life {
    /// A good value of the point at `position`, judged and durable when this returns.
    fn read(&self, position: u32, millis: i64, value: f64) {
        self.read_late(position, (millis, millis), value);
    }

    /// The same of one that is received some time after it was true.
    fn read_late(&self, position: u32, (time, received): (i64, i64), value: f64) {
        let mut batch = self.intake.take().unwrap();
        let layout = self.directory.devices()[0].whole();
        let [time, received] = [time, received].map(Timestamp::from_millis);
        batch.start_events(layout, received);
        batch.push_event(position, time, value, Quality::GOOD);
        let (receipt, receiver) = Receipt::pair();
        let offered = self.intake.offer(batch, Instant::now(), Some(receipt));
        offered.unwrap();
        block_on(receiver.wait()).unwrap();
    }

    fn give(&self, point: &str, occurrence: Option<u64>, order: Order) -> Result<Outcome, NotDone> {
        block_on(self.commands.give(Command {
            alarm: alarm(point),
            occurrence,
            worst: None,
            order,
            note: Note {
                by: "ada".into(),
                comment: "seen".into(),
                ..Note::default()
            },
        }))
    }

    /// What stands on the board, but for what only a reading of this life can say.
    fn standing(&self) -> (u64, Vec<Case>) {
        self.views.alarms.look(|table| {
            let cases = table.cases.values().map(|case| {
                let mut case = (**case).clone();
                case.facts.flags.remove(AlarmFlags::UNCONFIRMED);
                case
            });
            (table.sequence, cases.collect())
        })
    }

    fn stop(self) {
        self.pipeline.stop().unwrap();
    }

    /// Makes a snapshot of what is durable.
    fn keep(&self) {
        self.keeper.keep(*self.pipeline.durable().borrow()).unwrap();
    }

    /// What state the alarm of `point` is displayed in.
    fn state(&self, point: &str) -> AlarmState {
        self.views.alarms.look(|table| {
            let case = table.cases.get(&alarm(point));
            case.map_or(AlarmState::Normal, |case| case.facts.state())
        })
    }
}

fn alarm(point: &str) -> AlarmId {
    AlarmId::of(point, AlarmKind::Limit)
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.build().unwrap().block_on(future)
}

/// What happened to alarms in the stream in `dir`, as far as it is durable.
fn recorded(dir: &Path, until: Tail) -> Vec<AlarmRecord> {
    let (mut reader, mut chunk) = (Reader::new(dir), Chunk::default());
    let (mut at, mut all) = (Tail::default(), Vec::new());
    while reader.read(at, until, 1 << 20, &mut chunk).unwrap() == Read::Frames {
        for (_, record) in chunk.records() {
            if let Record::Alarms(records) = record.unwrap() {
                all.extend(records);
            }
        }
        at = chunk.until();
    }
    all
}

#[test]
fn a_command_is_durable_before_it_is_answered() {
    let root = TempDir::new().unwrap();
    let life = live(root.path());
    let durable = life.pipeline.durable();
    let dir = Streams::dirs(root.path()).unwrap().remove(0);
    for round in 0..20 {
        life.read(0, 2 * round, 150.0);
        let raised = recorded(&dir, *durable.borrow()).pop().unwrap();
        let seen = (raised.action, raised.occurrence);
        assert_eq!(seen, (AlarmAction::Raised, raised.sequence));
        let given = life.give("d.a", Some(raised.occurrence), Order::Acknowledge);
        assert!(given.unwrap().is_changed);
        let last = recorded(&dir, *durable.borrow()).pop().unwrap();
        assert_eq!(last.action, AlarmAction::Acknowledged);
        assert_eq!(&*last.note.unwrap().by, "ada");
        assert_eq!(life.state("d.a"), AlarmState::Acknowledged);
        life.read(0, 2 * round + 1, 50.0);
        assert_eq!(life.state("d.a"), AlarmState::Normal);
    }
    life.stop();
}

#[test]
fn what_changes_nothing_is_answered_and_what_is_refused_says_why() {
    let root = TempDir::new().unwrap();
    let life = live(root.path());
    life.read(0, 1, 150.0);
    let acknowledge = |occurrence| life.give("d.a", Some(occurrence), Order::Acknowledge);
    assert!(acknowledge(1).unwrap().is_changed);
    let position = life.telemetry.journal.position.get();
    assert!(!acknowledge(1).unwrap().is_changed);
    assert_eq!(life.telemetry.journal.position.get(), position);
    life.read(0, 2, 50.0);
    life.read(0, 3, 150.0);
    let (seen, present) = (1, 4);
    let moved = NotDone::Refused(Refusal::Moved { seen, present });
    assert_eq!(acknowledge(1), Err(moved));
    let unknown = life.give("d.c", Some(1), Order::Acknowledge);
    assert_eq!(unknown, Err(NotDone::Refused(Refusal::Unknown)));
    let commands = |outcome| life.telemetry.alarms.commands(outcome);
    let counted = [
        CommandOutcome::Done,
        CommandOutcome::Unchanged,
        CommandOutcome::Refused,
    ];
    assert_eq!(counted.map(commands), [1, 1, 2]);
    let commands = life.commands.clone();
    life.stop();
    // Nobody carries it out any more.
    let late = Command {
        alarm: alarm("d.a"),
        occurrence: None,
        worst: None,
        order: Order::Unshelve,
        note: Note::default(),
    };
    assert_eq!(block_on(commands.give(late)), Err(NotDone::NotDurable));
}

/// Nothing comes but time.
#[test]
fn an_alarm_comes_back_from_its_shelf_by_itself() {
    let root = TempDir::new().unwrap();
    let life = live(root.path());
    life.read(0, 1, 150.0);
    let shelve = Order::Shelve {
        period: Duration::from_secs(1),
        is_one_shot: false,
    };
    life.give("d.a", None, shelve).unwrap();
    assert_eq!(life.state("d.a"), AlarmState::Shelved);
    let shelved = life.telemetry.alarms.shelved.get();
    assert_eq!((shelved, rig::active(&life.views.alarms)), (1, 0));
    let mut changed = life.views.alarms.changed();
    block_on(changed.wait_for(|sequence| *sequence > 2)).unwrap();
    assert_eq!(life.state("d.a"), AlarmState::Unacknowledged);
    let last = life.views.alarms.since(2, 9).unwrap();
    assert!(last.iter().any(|record| record.is_annunciated), "{last:?}");
    life.stop();
}

#[test]
fn a_reader_that_looks_for_long_delays_no_turn() {
    let root = TempDir::new().unwrap();
    let life = live(root.path());
    life.read(0, 1, 150.0);
    let (looking, is_looking) = mpsc::channel();
    let (enough, is_enough) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let board = &life.views.alarms;
        let reader = scope.spawn(move || {
            board.look(|table| {
                looking.send(()).unwrap();
                is_enough.recv().unwrap();
                table.sequence
            })
        });
        is_looking.recv().unwrap();
        life.read(1, 2, 150.0);
        life.give("d.b", Some(2), Order::Acknowledge).unwrap();
        assert_eq!(life.state("d.b"), AlarmState::Acknowledged);
        enough.send(()).unwrap();
        assert_eq!(reader.join().unwrap(), 1);
    });
    life.stop();
}

/// What a process that is killed now leaves in the journal folder `root`.
fn killed(root: &Path) -> TempDir {
    let left = TempDir::new().unwrap();
    copy(root, left.path());
    left
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => {
                fs::create_dir(&to).unwrap();
                copy(&path, &to);
            }
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}

/// A life that ends in a kill; what it leaves, and what stood on its board.
fn live_and_die(root: &Path, deeds: impl FnOnce(&Life)) -> (TempDir, (u64, Vec<Case>)) {
    let life = live(root);
    deeds(&life);
    let (left, standing) = (killed(root), life.standing());
    life.stop();
    (left, standing)
}

#[test]
fn a_killed_engine_goes_on_where_it_was_and_tells_nobody_again() {
    let root = TempDir::new().unwrap();
    let shelve = Order::Shelve {
        period: Duration::from_secs(3_600),
        is_one_shot: true,
    };
    let (left, before) = live_and_die(root.path(), |life| {
        life.read(0, 1, 150.0);
        life.read(1, 2, 150.0);
        life.keep();
        life.give("d.a", Some(1), Order::Acknowledge).unwrap();
        life.give("d.b", None, shelve).unwrap();
    });
    assert_eq!((before.0, before.1.len()), (4, 2));
    let life = live(left.path());
    assert_eq!(life.standing(), before);
    assert!(life.views.alarms.look(|table| {
        let unconfirmed = |case: &Arc<Case>| case.facts.flags.contains(AlarmFlags::UNCONFIRMED);
        table.cases.values().all(unconfirmed)
    }));
    assert_eq!(life.views.alarms.since(3, 9), None);
    // What is still so is no news.
    life.read(0, 3, 151.0);
    life.read(1, 4, 151.0);
    assert_eq!(life.standing(), before);
    assert_eq!(life.telemetry.alarms.records_in_all(), 0);
    // It is in doubt no more, which is shown, and no record.
    assert!(!life.views.alarms.look(|table| {
        let unconfirmed = |case: &Arc<Case>| case.facts.flags.contains(AlarmFlags::UNCONFIRMED);
        table.cases.values().any(unconfirmed)
    }));
    let confirmed = Following::Confirmed(vec![alarm("d.a"), alarm("d.b")]);
    assert_eq!(life.views.alarms.following(4, 0), Some(confirmed));
    // The occurrence is the one that was seen before, and the shelf's one shot is done with it.
    life.read(1, 5, 50.0);
    life.read(0, 6, 50.0);
    let told = life.views.alarms.since(4, 9).unwrap();
    assert!(told.iter().all(|record| !record.is_annunciated), "{told:?}");
    assert!(
        told.iter()
            .all(|record| [1, 2].contains(&record.occurrence)),
        "{told:?}"
    );
    let states = ["d.a", "d.b"].map(|point| life.state(point));
    assert_eq!(
        states,
        [AlarmState::Normal, AlarmState::ReturnedUnacknowledged]
    );
    life.stop();
}

/// A7.2: also across a restart what is older than what an alarm knows is of the past.
#[test]
fn pitfall_2_what_is_older_than_what_raised_an_alarm_before_a_kill_does_not_end_it() {
    let root = TempDir::new().unwrap();
    let (left, before) = live_and_die(root.path(), |life| life.read(0, 100, 150.0));
    let life = live(left.path());
    life.read_late(0, (99, 200), 50.0);
    assert_eq!(life.standing(), before);
    life.read_late(0, (101, 200), 50.0);
    assert_eq!(life.state("d.a"), AlarmState::ReturnedUnacknowledged);
    life.stop();
}

/// Everything that was durable is known again, whatever became of the snapshot: it is as old as the
/// killed life's beginning, of several lives before, damaged or gone.
#[test]
fn the_journal_makes_good_what_the_snapshot_lacks() {
    let root = TempDir::new().unwrap();
    let mut snapshots = Vec::new();
    let mut keep = |left: &Path| snapshots.push(fs::read(left.join("alarms.snapshot")).unwrap());
    let (first, _) = live_and_die(root.path(), |life| {
        life.read(0, 1, 150.0);
        life.keep();
        life.give("d.a", Some(1), Order::Acknowledge).unwrap();
    });
    keep(first.path());
    let (second, _) = live_and_die(first.path(), |life| {
        life.read(0, 2, 50.0);
        life.read(1, 3, 150.0);
        life.read(0, 4, 150.0);
        life.give("d.b", None, Order::TakeOutOfService).unwrap();
    });
    keep(second.path());
    let (third, before) = live_and_die(second.path(), |life| {
        life.keep();
        life.read(0, 5, 50.0);
        life.keep();
        // At rest, and from there on another story.
        life.give("d.a", Some(5), Order::Acknowledge).unwrap();
        life.give("d.a", None, Order::Suppress).unwrap();
    });
    keep(third.path());
    let whole = snapshots[2].clone();
    snapshots.push(whole[..whole.len() - 1].to_vec());
    snapshots.push([&whole[..40], &[!whole[40]], &whole[41..]].concat());
    assert_eq!(before.1.len(), 2);
    for (nth, snapshot) in snapshots.iter().map(Some).chain([None]).enumerate() {
        let left = killed(third.path());
        let path = left.path().join("alarms.snapshot");
        match snapshot {
            Some(snapshot) => fs::write(&path, snapshot).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let life = live(left.path());
        assert_eq!(life.standing(), before, "snapshot {nth}");
        // From now on the new one is enough.
        life.stop();
        for dir in Streams::dirs(left.path()).unwrap() {
            fs::remove_dir_all(dir).unwrap();
        }
        let life = live(left.path());
        assert_eq!(life.standing(), before, "snapshot {nth}");
        life.stop();
    }
}

/// What a batch tells of lost points is held back with it, and what completes them is judged first.
#[test]
fn a_loss_counts_before_the_readings_beside_it_and_a_restoration_after_them() {
    let root = TempDir::new().unwrap();
    let life = live(root.path());
    let offer = |state, millis, quality| {
        let mut batch = life.intake.take().unwrap();
        let layout = life.directory.devices()[0].whole();
        let time = Timestamp::from_millis(millis);
        batch.start_events(layout, time);
        batch.push_event(0, time, 1.0, quality);
        let change = LinkChange {
            device: layout.device_index(),
            state,
            time,
        };
        let beside = Beside {
            link: Some(change),
            ..Beside::default()
        };
        let (receipt, receiver) = Receipt::pair();
        let offered = life
            .intake
            .offer_with(batch, Instant::now(), Some(receipt), beside);
        offered.unwrap();
        block_on(receiver.wait()).unwrap();
    };
    offer(LinkState::Lost, 1, Quality::COMM_LOST);
    offer(LinkState::Restored, 2, Quality::GOOD);
    let told = life.views.alarms.since(0, 99).unwrap();
    let link = AlarmId::of("d", AlarmKind::Link);
    let of_link = told.iter().filter(|record| record.alarm == link);
    let actions: Vec<_> = of_link.map(|record| record.action).collect();
    assert_eq!(actions, [AlarmAction::Raised, AlarmAction::Returned]);
    let quality = AlarmId::of("d.a", AlarmKind::Quality);
    let of_quality: Vec<_> = told
        .iter()
        .filter(|record| record.alarm == quality)
        .collect();
    assert!(!of_quality.is_empty());
    assert!(
        of_quality.iter().all(|record| !record.is_annunciated),
        "{of_quality:?}"
    );
    assert!(
        of_quality[0].after.suppression.contains(Suppression::LINK),
        "{of_quality:?}"
    );
    life.stop();
}
