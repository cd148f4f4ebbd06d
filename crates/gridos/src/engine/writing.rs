//! Writing: what earlier lives of the engine left first, then what this one receives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gridos_journal::{EarlierStream, LayoutBook, Reader, Tail};
use gridos_store::{Store, Writer, WriterOptions};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;

/// The streams that hold something the database has not got.
#[derive(Clone, Debug, Default)]
pub(super) struct Undrained(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Undrained {
    pub(super) fn of(earlier: &[EarlierStream]) -> Self {
        let dirs = earlier.iter().map(|stream| stream.dir.clone());
        Self(Arc::new(Mutex::new(dirs.collect())))
    }

    pub(super) fn contains(&self, dir: &Path) -> bool {
        self.lock().contains(dir)
    }

    fn remove(&self, dir: &Path) {
        self.lock().remove(dir);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that is to be written, in order.
pub(super) struct Writing {
    pub(super) earlier: Vec<EarlierStream>,
    pub(super) undrained: Undrained,
    pub(super) store: Arc<dyn Store>,
    pub(super) book: Arc<LayoutBook>,
    pub(super) telemetry: Arc<Telemetry>,
    /// The knobs of each writer; where its stream ended is filled in.
    pub(super) options: WriterOptions,
    /// The writer of this life's stream.
    pub(super) current: Writer,
}

impl Writing {
    /// Writes until `stop` is true and everything durable is stored, or the database lets no more;
    /// returns whether everything is stored.
    pub(super) async fn run(
        self,
        durable: watch::Receiver<Tail>,
        stop: watch::Receiver<bool>,
    ) -> bool {
        for earlier in &self.earlier {
            let end = earlier.recovery.end;
            let writer = Writer::new(
                Arc::clone(&self.store),
                Reader::new(&earlier.dir),
                Arc::clone(&self.book),
                earlier.stream,
                Arc::clone(&self.telemetry),
                WriterOptions {
                    recovered: end,
                    ..self.options
                },
            );
            let summary = writer.drain(end, durable.clone(), stop.clone()).await;
            if summary.is_drained() {
                self.undrained.remove(&earlier.dir);
            } else if !summary.set_aside {
                return false;
            }
        }
        self.current.run(durable, stop).await.is_drained()
    }
}
