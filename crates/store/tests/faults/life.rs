//! One life of an engine: writers that carry first what earlier lives left, then what comes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gridos_journal::{EarlierStream, LayoutBook, Reader, StreamId, Tail};
use gridos_store::{Store, Writer, WriterOptions};
use gridos_telemetry::{LedgerSnapshot, Telemetry};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::site::Site;

/// The longest that anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running engine.
pub(crate) struct Life {
    pub(crate) telemetry: Arc<Telemetry>,
    durable: watch::Sender<Tail>,
    stop: watch::Sender<bool>,
    /// Where the database stands in the stream of this life.
    stored: watch::Receiver<Tail>,
    /// How many earlier streams are drained.
    drained: watch::Receiver<usize>,
    earlier: usize,
    writing: JoinHandle<()>,
}

/// What the writers of a life have in common.
struct Hand {
    store: Arc<dyn Store>,
    book: Arc<LayoutBook>,
    telemetry: Arc<Telemetry>,
}

impl Hand {
    fn writer(&self, dir: PathBuf, stream: StreamId, recovered: Tail) -> Writer {
        let options = WriterOptions {
            batch_bytes: 16 << 10,
            linger: Duration::from_millis(1),
            retry_first: Duration::from_millis(1),
            retry_cap: Duration::from_millis(50),
            ..WriterOptions::new(recovered)
        };
        Writer::new(
            Arc::clone(&self.store),
            Reader::new(&dir),
            Arc::clone(&self.book),
            stream,
            Arc::clone(&self.telemetry),
            options,
        )
    }
}

impl Life {
    /// Begins a new stream and starts to write, the oldest first.
    pub(crate) fn start(site: &mut Site, store: Arc<dyn Store>) -> Self {
        let earlier = site.begin();
        let telemetry = Arc::new(Telemetry::new("test", ["sub1.feeder-01".to_owned()]));
        let hand = Hand {
            store,
            book: Arc::clone(site.book()),
            telemetry: Arc::clone(&telemetry),
        };
        let mut writer = hand.writer(site.dir(), site.stream(), Tail::default());
        let (durable, durable_end) = watch::channel(Tail::default());
        let (stop, stop_end) = watch::channel(false);
        let (draining, drained) = watch::channel(0);
        Self {
            telemetry,
            durable,
            stop,
            stored: writer.stored(),
            drained,
            earlier: earlier.len(),
            writing: tokio::spawn(async move {
                let ends = (durable_end, stop_end);
                loop {
                    draining.send_replace(0);
                    match drain(&hand, &earlier, &ends, &draining).await {
                        Drained::All => {}
                        Drained::SetBack => continue,
                        Drained::NotAll => break,
                    }
                    let (durable, stop) = ends.clone();
                    if !writer.run_on(durable, stop).await.set_back {
                        break;
                    }
                }
            }),
        }
    }

    /// Another engine at work on the stream of this life: a zombie.
    pub(crate) fn twin(&self, site: &mut Site, store: Arc<dyn Store>) -> Self {
        let telemetry = Arc::new(Telemetry::new("zombie", ["sub1.feeder-01".to_owned()]));
        let hand = Hand {
            store,
            book: Arc::clone(site.book()),
            telemetry: Arc::clone(&telemetry),
        };
        let writer = hand.writer(site.dir(), site.stream(), Tail::default());
        let (durable, durable_end) = watch::channel(*self.durable.borrow());
        let (stop, stop_end) = watch::channel(false);
        Self {
            telemetry,
            durable,
            stop,
            stored: writer.stored(),
            drained: watch::channel(0).1,
            earlier: 0,
            writing: tokio::spawn(async move {
                writer.run(durable_end, stop_end).await;
            }),
        }
    }

    /// What the site has made durable up to `end` is there to be written.
    pub(crate) fn announce(&self, end: Tail) {
        let before = self.durable.borrow().readings;
        let ledger = &self.telemetry.ledger;
        for gate in [&ledger.received, &ledger.offered, &ledger.journalled] {
            gate.add(end.readings - before);
        }
        self.durable.send_replace(end);
    }

    /// Waits until everything announced is stored, and what earlier lives left before it.
    pub(crate) async fn settled(&mut self) {
        let end = *self.durable.borrow();
        let earlier = self.earlier;
        let settling = async {
            let drained = self.drained.wait_for(|drained| *drained == earlier);
            drained.await.expect("a stream was set aside");
            let stored = self.stored.wait_for(|stored| *stored == end);
            stored.await.expect("the writer ended");
        };
        if tokio::time::timeout(PATIENCE, settling).await.is_err() {
            let trouble = self.telemetry.store.trouble.get();
            panic!("it was not stored: {trouble:?}");
        }
        self.seen(|telemetry| telemetry.ledger.snapshot().in_journal == 0)
            .await;
    }

    /// How often the writers have failed.
    pub(crate) fn failures(&self) -> u64 {
        self.telemetry.store.errors.get()
    }

    /// Waits until the writers have failed so often.
    pub(crate) async fn failed(&self, failures: u64) {
        self.seen(|telemetry| telemetry.store.errors.get() >= failures)
            .await;
    }

    /// Waits until they have failed some times from now on.
    pub(crate) async fn fails(&self) {
        self.failed(self.failures() + 3).await;
    }

    /// Waits until `holds` does.
    pub(crate) async fn seen(&self, holds: impl Fn(&Telemetry) -> bool) {
        let seeing = async {
            while !holds(&self.telemetry) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, seeing).await;
        seen.unwrap_or_else(|_| panic!("it was not seen: {:?}", self.ledger()));
    }

    /// Where all readings are.
    pub(crate) fn ledger(&self) -> LedgerSnapshot {
        self.telemetry.ledger.snapshot()
    }

    /// What the engine says is wrong with the database.
    pub(crate) fn trouble(&self) -> String {
        self.telemetry.store.trouble.get().unwrap_or_default()
    }

    /// Whether everything that earlier lives left is stored.
    pub(crate) fn is_drained(&self) -> bool {
        *self.drained.borrow() == self.earlier
    }

    /// Up to where was announced.
    pub(crate) fn durable(&self) -> Tail {
        *self.durable.borrow()
    }

    /// Where the database stands in the stream of this life.
    pub(crate) fn stored(&self) -> Tail {
        *self.stored.borrow()
    }

    /// Stops in order.
    pub(crate) async fn stop(&mut self) {
        self.stop.send_replace(true);
        let ended = tokio::time::timeout(PATIENCE, &mut self.writing).await;
        ended.expect("it does not end").unwrap();
    }

    /// Ends at once, in the middle of whatever it does.
    pub(crate) async fn kill(&mut self) {
        self.writing.abort();
        let _ = (&mut self.writing).await;
    }
}

/// What became of what earlier lives left.
enum Drained {
    All,
    SetBack,
    NotAll,
}

/// Writes what earlier lives left, as far as the disk has it.
async fn drain(
    hand: &Hand,
    earlier: &[EarlierStream],
    (durable, stop): &(watch::Receiver<Tail>, watch::Receiver<bool>),
    draining: &watch::Sender<usize>,
) -> Drained {
    let mut drained = Drained::All;
    for left in earlier {
        if left.dir.exists() {
            let end = left.recovery.end;
            let writer = hand.writer(left.dir.clone(), left.stream, end);
            let summary = writer.drain(end, durable.clone(), stop.clone()).await;
            if !summary.is_drained() {
                return Drained::NotAll;
            }
            if summary.set_back {
                drained = Drained::SetBack;
            }
        }
        draining.send_modify(|drained| *drained += 1);
    }
    drained
}
