//! Housekeeping: what the journal takes on disk, and how long it lasts.
//!
//! Once a second it looks at the disk, lets the [`Ladder`] say where the journal stands, does what
//! that asks, and tells it: gauges, the log, alarms of the engine.

mod disk;
mod drain;
mod tell;
mod window;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_api::Readiness;
use gridos_journal::room::{Growth, Ladder, Rung, Sight, Thresholds, WhenFull};
use gridos_journal::{JournalError, Tail};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;

use self::disk::{Disk, Looked};
use self::drain::Drain;
use self::tell::Teller;
use self::window::Window;
use super::undrained::Undrained;

/// How often it looks, and how often while the journal is full.
const PERIOD: Duration = Duration::from_secs(1);
const PERIOD_FULL: Duration = Duration::from_millis(100);
/// The growth of the journal is averaged over this.
const GROWTH_WINDOW: Duration = Duration::from_secs(600);
/// What is younger is as good as stored: it waits for the next transaction.
const KEEPS_UP: Duration = Duration::from_secs(5);
/// The part of the budget, or of the disk if that is smaller, that must be left so that the journal
/// can write until the next look.
const HEADROOM_DIVISOR: u64 = 20;

/// What housekeeping looks after.
#[derive(Debug)]
pub(super) struct Housekeeping {
    /// The folder of all streams.
    pub(super) journal_dir: PathBuf,
    /// The folder of this life's stream.
    pub(super) stream_dir: PathBuf,
    pub(super) undrained: Undrained,
    pub(super) keep: Duration,
    pub(super) segment_bytes: u64,
    pub(super) bytes_max: u64,
    pub(super) thresholds: Thresholds,
    pub(super) when_full: WhenFull,
    pub(super) durable: watch::Receiver<Tail>,
    pub(super) stored: watch::Receiver<Tail>,
    /// From here on the journal is needed to go on with the minutes that are open.
    pub(super) needed: watch::Receiver<Tail>,
    /// From here on it is needed to recall the alarms; `None`: with the earlier streams.
    pub(super) recalled: watch::Receiver<Option<Tail>>,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) readiness: Readiness,
}

impl Housekeeping {
    pub(super) async fn run(self) {
        let whole = self.bytes_max.min(disk::size(&self.journal_dir));
        let headroom = self.segment_bytes.max(whole / HEADROOM_DIVISOR);
        let mut ladder = Ladder::new(self.thresholds, self.when_full, headroom);
        let mut window = Window::new(self.keep);
        let mut growth = Growth::new(GROWTH_WINDOW);
        let mut drain = Drain::default();
        let mut teller = Teller::new(Arc::clone(&self.telemetry));
        let mut pause = Duration::ZERO;
        loop {
            tokio::time::sleep(pause).await;
            pause = PERIOD;
            let now = Instant::now();
            let stalled = self.telemetry.journal.stalled.get() > 0;
            self.readiness.on_journal_stalled(stalled);
            if stalled {
                growth.pause();
            } else {
                growth.note(now, self.telemetry.journal.position.get());
            }
            let needed = self.needed().position;
            let behind = window.note(now, needed.min(self.stored.borrow().position));
            let disk = self.disk();
            let Some(looked) = on_disk(move || disk.look(behind), &mut teller).await else {
                continue;
            };
            self.tell_of_storing(&looked, now, &mut drain);
            let autonomy = looked.room.autonomy(growth.rate());
            let refused = self.telemetry.journal.full.get() > 0;
            let standing = ladder.step(&Sight {
                room: looked.room,
                autonomy,
                refused,
            });
            teller.on_look(&looked, autonomy, growth.rate());
            teller.on_standing(&standing, self.when_full);
            if standing.rung == Rung::Full {
                pause = PERIOD_FULL;
            }
            let (disk, order) = (self.disk(), standing.order);
            let obeyed = on_disk(move || disk.obey(order), &mut teller).await;
            teller.on_given_up(obeyed.unwrap_or_default(), now);
        }
    }

    fn disk(&self) -> Disk {
        Disk {
            root: self.journal_dir.clone(),
            current: self.stream_dir.clone(),
            stored: *self.stored.borrow(),
            needed: self.needed(),
            is_recalled: self.recalled.borrow().is_some(),
            durable: *self.durable.borrow(),
            undrained: self.undrained.clone(),
            keep: self.keep,
            bytes_max: self.bytes_max,
        }
    }

    /// From where on this life's stream is needed by others than the database.
    fn needed(&self) -> Tail {
        let (minutes, recalled) = (*self.needed.borrow(), *self.recalled.borrow());
        let recalled = recalled.unwrap_or_default();
        match recalled.position < minutes.position {
            true => recalled,
            false => minutes,
        }
    }

    /// How old the oldest reading is that is not stored, and how long until there is none.
    fn tell_of_storing(&self, looked: &Looked, now: Instant, drain: &mut Drain) {
        let (store, journal) = (&self.telemetry.store, &self.telemetry.journal);
        let backlog = store.backlog_bytes.get();
        match store.connected.get() > 0 {
            true => drain.note(now, store.committed_bytes.get(), journal.position.get()),
            false => drain.forget(),
        }
        let age = looked.unstored_age;
        journal.unstored_age.set(age);
        let keeps_up = backlog == 0 || age.is_some_and(|age| age < KEEPS_UP);
        store.drain.set(match keeps_up {
            true => Some(Duration::ZERO),
            false => drain.time_for(backlog),
        });
    }
}

/// Deleting a large file can take a while, and looking at a slow disk as well.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
    teller: &mut Teller,
) -> Option<T> {
    let done = tokio::task::spawn_blocking(work).await.ok()?;
    teller.on_disk(done)
}
