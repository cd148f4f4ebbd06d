//! The part of an engine around the writer: a durable end that moves, a stop, telemetry.

use std::sync::Arc;
use std::time::Duration;

use gridos_journal::{Reader, Tail};
use gridos_store::{Store, Writer, WriterOptions, WriterSummary};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::fixture::{Fixture, at};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running writer.
pub(crate) struct Engine {
    pub(crate) telemetry: Arc<Telemetry>,
    durable: watch::Sender<Tail>,
    stop: watch::Sender<bool>,
    stored: watch::Receiver<Tail>,
    needed: watch::Receiver<Tail>,
    writer: JoinHandle<WriterSummary>,
}

impl Engine {
    /// Starts a writer of everything the fixture has made durable so far.
    pub(crate) fn start(fixture: &mut Fixture, store: Arc<dyn Store>) -> Self {
        Self::lingering(fixture, store, Duration::from_millis(1))
    }

    /// The same with a writer that waits for more for so long.
    pub(crate) fn lingering(
        fixture: &mut Fixture,
        store: Arc<dyn Store>,
        linger: Duration,
    ) -> Self {
        let (writer, telemetry, recovered) = Self::writer(fixture, store, linger);
        let (durable, durable_end) = watch::channel(recovered);
        let (stop, stop_end) = watch::channel(false);
        Self {
            telemetry,
            durable,
            stop,
            stored: writer.stored(),
            needed: writer.needed(),
            writer: tokio::spawn(writer.run(durable_end, stop_end)),
        }
    }

    /// A writer of everything the fixture has made durable so far, and where that ends.
    fn writer(
        fixture: &mut Fixture,
        store: Arc<dyn Store>,
        linger: Duration,
    ) -> (Writer, Arc<Telemetry>, Tail) {
        let recovered = fixture.sync();
        let telemetry = Arc::new(Telemetry::new("test", ["sub1.feeder-01".to_owned()]));
        let options = WriterOptions {
            batch_bytes: 8 << 10,
            linger,
            retry_first: Duration::from_millis(1),
            retry_cap: Duration::from_millis(20),
            ..WriterOptions::new(recovered)
        };
        let writer = Writer::new(
            store,
            Reader::new(fixture.dir()),
            Arc::clone(fixture.book()),
            fixture.stream(),
            Arc::clone(&telemetry),
            options,
        );
        (writer, telemetry, recovered)
    }

    /// Makes `sweeps` sweeps of two values durable, as the pipeline would, counting them.
    pub(crate) fn work(&self, fixture: &mut Fixture, sweeps: i64) -> Tail {
        let end = self.journal(fixture, sweeps);
        self.announce(end);
        end
    }

    /// Starts a writer that drains what the fixture has made durable so far, as a stream that has
    /// ended while another one, which never grows, follows it.
    pub(crate) fn draining(fixture: &mut Fixture, store: Arc<dyn Store>) -> Self {
        let (writer, telemetry, recovered) = Self::writer(fixture, store, Duration::from_millis(1));
        let (durable, behind) = watch::channel(Tail::default());
        let (stop, stop_end) = watch::channel(false);
        Self {
            telemetry,
            durable,
            stop,
            stored: writer.stored(),
            needed: writer.needed(),
            writer: tokio::spawn(writer.drain(recovered, behind, stop_end)),
        }
    }

    /// Waits until the writer has ended by itself.
    pub(crate) async fn ended(self) -> WriterSummary {
        tokio::time::timeout(PATIENCE, self.writer)
            .await
            .expect("it does not end")
            .unwrap()
    }

    /// The journal is durable up to `end`.
    pub(crate) fn announce(&self, end: Tail) {
        self.durable.send_replace(end);
    }

    /// Does the same as [`Self::work`] without telling the writer.
    pub(crate) fn journal(&self, fixture: &mut Fixture, sweeps: i64) -> Tail {
        let pair = fixture.pair();
        let before = fixture.journal().end().readings;
        for n in 0..sweeps {
            let value = f64::from(i32::try_from(n).unwrap());
            let first = i64::try_from(before).unwrap() / 2;
            fixture.sweep(&pair, at((first + n) * 1_000), &[value, 0.5]);
        }
        self.count(u64::try_from(sweeps).unwrap() * 2);
        fixture.sync()
    }

    /// Counts readings that go to the journal.
    pub(crate) fn count(&self, readings: u64) {
        let ledger = &self.telemetry.ledger;
        for gate in [&ledger.received, &ledger.offered, &ledger.journalled] {
            gate.add(readings);
        }
    }

    /// Waits until the database stands at `tail`.
    pub(crate) async fn stored(&mut self, tail: Tail) {
        let stored = self.stored.wait_for(|stored| *stored == tail);
        tokio::time::timeout(PATIENCE, stored)
            .await
            .expect("it was not stored")
            .expect("the writer ended");
    }

    /// Waits until no minute is open at `tail`, however long it takes.
    pub(crate) async fn closed(&mut self, tail: Tail) {
        let closed = self.needed.wait_for(|needed| *needed == tail);
        closed.await.expect("the writer ended");
    }

    /// From here on the journal is needed.
    pub(crate) fn needed(&self) -> Tail {
        *self.needed.borrow()
    }

    /// Ends the writer as a kill does, wherever it is.
    pub(crate) async fn kill(self) {
        self.writer.abort();
        let killed = self.writer.await;
        assert!(killed.is_err_and(|error| error.is_cancelled()));
    }

    /// Waits until the writer has failed at least `errors` times.
    pub(crate) async fn failed(&self, errors: u64) {
        self.seen(|telemetry| telemetry.store.errors.get() >= errors)
            .await;
    }

    /// Waits until `holds` does.
    pub(crate) async fn seen(&self, holds: impl Fn(&Telemetry) -> bool) {
        let seeing = async {
            while !holds(&self.telemetry) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, seeing)
            .await
            .expect("it was not seen");
    }

    /// Drops the writer, as an engine does that has no more time.
    pub(crate) async fn abandon(self) {
        self.writer.abort();
        assert!(self.writer.await.unwrap_err().is_cancelled());
    }

    /// Tells the writer to stop and waits until it has.
    pub(crate) async fn stop(self) -> WriterSummary {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.writer)
            .await
            .expect("it does not end")
            .unwrap()
    }
}
