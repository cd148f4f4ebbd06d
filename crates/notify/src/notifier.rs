//! The task that follows the alarm board for one receiver.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use gridos_alarm::{Case, Now};
use gridos_model::{AlarmAction, AlarmFlags, AlarmId, AlarmRecord, Timestamp};
use gridos_pipeline::{AlarmBoard, AlarmBook, AlarmTable};
use gridos_telemetry::{NotifyOutcome, Telemetry};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::client::{SendError, Sender};
use crate::reach::Reach;
use crate::state::StateFile;
use crate::{Alert, Delivery, Kept, Outbox, Standing, Target};

/// How often it looks whether something is due.
const TICK: Duration = Duration::from_millis(250);
/// Its state is written no more often.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// So many records are taken from the board at a time.
const RECORDS_AT_ONCE: usize = 1_024;

/// Alarms as they are known to the engine.
#[derive(Clone, Debug)]
pub struct Sources {
    /// What stands, and what happened lately.
    pub board: Arc<AlarmBoard>,
    /// What is defined.
    pub book: Arc<AlarmBook>,
    /// Where it is counted.
    pub telemetry: Arc<Telemetry>,
}

/// What follows the alarm board for one receiver.
#[derive(Debug)]
pub struct Notifier {
    outbox: Outbox,
    sender: Sender,
    state: StateFile,
    sources: Sources,
    /// What is known of the alarms that are not at rest.
    cases: BTreeMap<AlarmId, Case>,
    /// Alarms that another engine goes on with, and of which the outbox does not know that yet.
    handed_over: HashSet<AlarmId>,
    /// What may be told.
    reach: Reach,
    /// The table to go on from, as soon as all that is in it may be told.
    awaited: Option<Arc<AlarmTable>>,
    began: Instant,
    saved: Option<Instant>,
    is_changed: bool,
    /// The last write of its state failed.
    is_unsaved: bool,
    is_failing: bool,
    summarised: u64,
    waiting: u64,
}

type Saving = JoinHandle<std::io::Result<()>>;
type Sending = Pin<Box<dyn Future<Output = (Delivery, Result<(), SendError>)> + Send>>;

impl Notifier {
    /// Tells `target` by `sender`; what must outlive the process is in a file of `dir`.
    pub fn new(target: Target, sender: Sender, dir: &Path, sources: Sources) -> Self {
        let state = StateFile::new(dir, &target.name);
        Self {
            reach: Reach::new(target.unrecorded_after),
            outbox: Outbox::new(target),
            sender,
            state,
            sources,
            cases: BTreeMap::new(),
            handed_over: HashSet::new(),
            awaited: None,
            began: Instant::now(),
            saved: None,
            is_changed: true,
            is_unsaved: false,
            is_failing: false,
            summarised: 0,
            waiting: 0,
        }
    }

    /// Tells what is to be told until `stop` becomes true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let kept = self.state.load();
        self.outbox.restore(kept, self.now());
        let mut durable = self.sources.board.durable();
        // The board knows no records of before the start; the table tells whatever it is.
        self.resync();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut sending: Option<Sending> = None;
        let mut saving: Option<Saving> = None;
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stopped| *stopped) => break,
                (delivery, result) = finished(&mut sending) => {
                    sending = None;
                    self.on_sent(delivery, result);
                }
                saved = written(&mut saving) => {
                    saving = None;
                    self.on_saved(saved);
                }
                _ = durable.changed() => {}
                _ = ticks.tick() => {}
            }
            self.follow();
            if sending.is_none() {
                sending = self.poll();
            }
            self.report();
            if saving.is_none() {
                saving = self.save(SAVE_EVERY);
            }
        }
        if let Some(saving) = saving {
            self.on_saved(saving.await.unwrap_or_else(|error| Err(error.into())));
        }
        // What is under way counts as not taken: it is sent again after the next start.
        if let Some(saving) = self.save(Duration::ZERO) {
            self.on_saved(saving.await.unwrap_or_else(|error| Err(error.into())));
        }
    }

    /// All records since the last one that may be told.
    fn follow(&mut self) {
        let last = self.last();
        if let Some(table) = self.awaited.take_if(|table| table.sequence <= last) {
            self.go_on_from(&table);
        }
        while self.awaited.is_none() && self.outbox.sequence() < last {
            let since = self.outbox.sequence();
            let Some(records) = self.sources.board.since(since, RECORDS_AT_ONCE) else {
                return self.resync();
            };
            let told = records.iter().filter(|record| record.sequence <= last);
            told.for_each(|record| self.take(record));
            self.hand_over();
            if self.outbox.sequence() == since {
                return;
            }
        }
    }

    /// The last record that may be told.
    fn last(&mut self) -> u64 {
        // In this order: what is durable was shown.
        let durable = *self.sources.board.durable().borrow();
        let shown = *self.sources.board.changed().borrow();
        let was_patient = self.reach.is_patient();
        let last = self.reach.last(durable, shown, self.began.elapsed());
        if was_patient && !self.reach.is_patient() {
            let receiver = &self.outbox.target().name;
            tracing::warn!(
                receiver,
                "the journal takes nothing: what is not durable is told"
            );
        }
        last
    }

    fn take(&mut self, record: &AlarmRecord) {
        let now = self.now();
        let case = self.cases.entry(record.alarm);
        let case = case.or_insert_with(|| Case::new(record.alarm));
        case.apply(record);
        let alert = alert(case, &self.sources);
        let facts = case.facts;
        let is_told = facts.is_active() && !facts.is_hidden() && case.annunciations > 0;
        let is_seen = !facts.flags.contains(AlarmFlags::UNACKNOWLEDGED);
        if facts.is_at_rest() {
            self.cases.remove(&record.alarm);
        }
        self.is_changed = true;
        let (sequence, is_annunciated) = (record.sequence, record.is_annunciated);
        match alert {
            _ if record.action == AlarmAction::HandedOver => {
                self.handed_over.insert(record.alarm);
                self.outbox.pass(sequence);
            }
            Some(alert) if record.action == AlarmAction::TakenOver => {
                self.hand_over();
                if is_told {
                    self.outbox.take_over(sequence, alert, is_seen, now);
                }
                self.outbox.pass(sequence);
            }
            Some(alert) => {
                let outbox = &mut self.outbox;
                outbox.on_record(sequence, alert, is_annunciated, now);
            }
            None => self.outbox.pass(sequence),
        }
    }

    /// Another engine tells of what it goes on with.
    fn hand_over(&mut self) {
        if !self.handed_over.is_empty() {
            let handed_over = std::mem::take(&mut self.handed_over);
            self.outbox.hand_over(|alarm| handed_over.contains(&alarm));
        }
    }

    /// Records are missing: the table says how it is now, once that may be told.
    fn resync(&mut self) {
        let table = self.sources.board.table();
        if table.sequence <= self.last() {
            self.go_on_from(&table);
        } else {
            self.awaited = Some(table);
        }
    }

    fn go_on_from(&mut self, table: &AlarmTable) {
        let cases = table.cases.iter();
        self.cases = cases
            .map(|(alarm, case)| (*alarm, Case::clone(case)))
            .collect();
        let active = self.cases.values().filter(|case| case.facts.is_active());
        let standing = active.filter_map(|case| {
            Some(Standing {
                alert: alert(case, &self.sources)?,
                is_hidden: case.facts.is_hidden() || case.annunciations == 0,
                annunciated: case.annunciated.unwrap_or(Timestamp::EPOCH),
            })
        });
        let standing: Vec<_> = standing.collect();
        let now = self.now();
        let book = &self.sources.book;
        self.outbox.hand_over(|alarm| book.is_elsewhere(alarm));
        self.outbox.resync(table.sequence, standing, now);
        self.is_changed = true;
    }

    fn poll(&mut self) -> Option<Sending> {
        let book = Arc::clone(&self.sources.book);
        let name_of = move |alarm| match book.find(alarm) {
            Some(entry) => entry.name(),
            None => alarm.to_string(),
        };
        let now = self.now();
        let delivery = self.outbox.poll(now, &name_of)?;
        let sender = self.sender.clone();
        Some(Box::pin(async move {
            let result = sender.send(&delivery.body).await;
            (delivery, result)
        }))
    }

    fn on_sent(&mut self, delivery: Delivery, result: Result<(), SendError>) {
        let now = self.now();
        let receiver = &self.outbox.target().name;
        let outcome = match &result {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!(receiver, "takes notifications again");
                }
                NotifyOutcome::Taken
            }
            Err(error @ SendError::Rejected { .. }) => {
                tracing::error!(receiver, %error, "a notification is refused, and not sent again");
                NotifyOutcome::Rejected
            }
            Err(error @ SendError::Failed(_)) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(receiver, %error, "notifications wait until it takes them");
                }
                NotifyOutcome::Failed
            }
        };
        self.sources.telemetry.notify.sent(outcome);
        match outcome {
            NotifyOutcome::Failed => {
                self.outbox.on_failed(now);
            }
            NotifyOutcome::Taken | NotifyOutcome::Rejected => self.outbox.on_taken(delivery, now),
        }
        self.is_changed = true;
    }

    fn report(&mut self) {
        let cells = &self.sources.telemetry.notify;
        // Several receivers share the cell.
        let waiting = self.outbox.waiting() as u64;
        cells.waiting.add(waiting);
        cells
            .waiting
            .sub(std::mem::replace(&mut self.waiting, waiting));
        let summarised = self.outbox.summarised();
        cells.summarised.add(summarised - self.summarised);
        self.summarised = summarised;
    }

    /// Begins to write its state, if it changed and was not written within `every`. A disk may be
    /// slow, so it is done elsewhere.
    fn save(&mut self, every: Duration) -> Option<Saving> {
        let is_due = self.saved.is_none_or(|saved| saved.elapsed() >= every);
        if !self.is_changed || !is_due {
            return None;
        }
        self.saved = Some(Instant::now());
        self.is_changed = false;
        let (state, kept): (_, Kept) = (self.state.clone(), self.outbox.kept());
        Some(spawn_blocking(move || state.save(&kept)))
    }

    fn on_saved(&mut self, saved: std::io::Result<()>) {
        let was_unsaved = std::mem::replace(&mut self.is_unsaved, saved.is_err());
        if let Err(error) = saved {
            self.is_changed = true;
            if !was_unsaved {
                let receiver = &self.outbox.target().name;
                tracing::warn!(
                    receiver, %error,
                    "what was notified cannot be written; after a restart it may be told again"
                );
            }
        }
    }

    fn now(&self) -> Now {
        Now {
            wall: SystemTime::now().into(),
            mono: self.began.elapsed(),
        }
    }
}

/// The outcome of what is under way; never if nothing is.
async fn finished(sending: &mut Option<Sending>) -> (Delivery, Result<(), SendError>) {
    match sending {
        Some(sending) => sending.await,
        None => std::future::pending().await,
    }
}

/// The outcome of the write that is under way; never if none is.
async fn written(saving: &mut Option<Saving>) -> std::io::Result<()> {
    match saving {
        Some(saving) => saving.await.unwrap_or_else(|error| Err(error.into())),
        None => std::future::pending().await,
    }
}

/// The case as an alert; `None` if its alarm is not defined any more.
fn alert(case: &Case, sources: &Sources) -> Option<Alert> {
    let entry = sources.book.find(case.alarm)?;
    Some(Alert::of(case, &entry, entry.unit()))
}
