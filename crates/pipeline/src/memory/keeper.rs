//! Keeping what is known of alarms: snapshots, made beside the pipeline.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gridos_alarm::Memory;
use gridos_journal::{Journal, Streams, Tail};
use tokio::sync::watch;

use super::file::{self, SnapshotError};
use super::{AlarmMark, Cadence, Snapshot, Source, recall};
use crate::chain::Chain;

/// Makes the snapshots of one life of the engine.
///
/// It takes nothing of the pipeline: what is durable in the journal is what is kept, read and put
/// together as at a start. So a snapshot never waits for a turn nor a turn for a snapshot, and can
/// never be ahead of the journal.
#[derive(Debug)]
pub struct AlarmKeeper {
    root: PathBuf,
    earlier: Vec<Source>,
    /// This life's stream.
    current: Source,
    mark: Arc<AlarmMark>,
    /// When the last snapshot was tried, and where it stands; `None`: there is none of this life.
    last: Mutex<Instant>,
    kept: watch::Sender<Option<Tail>>,
}

/// What an earlier life left of alarms, and who keeps them in this one.
#[derive(Debug)]
pub struct Recalled {
    /// What is known.
    pub memory: Memory,
    /// Who keeps it.
    pub keeper: AlarmKeeper,
}

impl AlarmKeeper {
    /// Recalls the alarms from the folder `root` of all streams, and keeps them as of the beginning
    /// of this life's `journal`, so that the earlier streams are needed no more.
    pub fn recall(root: &Path, streams: &Streams, journal: &Journal) -> Recalled {
        let snapshot = file::read(root).unwrap_or_else(|error| {
            let error = Chain(&error);
            tracing::error!(%error, "the snapshot of the alarms is lost; all of the journal is read");
            None
        });
        let earlier: Vec<_> = streams.earlier().iter().map(Source::from).collect();
        let memory = recall(snapshot, &earlier);
        let keeper = Self {
            root: root.to_owned(),
            earlier,
            current: Source {
                dir: journal.dir().to_owned(),
                stream: journal.stream(),
                until: Tail::default(),
            },
            mark: Arc::default(),
            last: Mutex::new(Instant::now()),
            kept: watch::Sender::new(None),
        };
        if let Err(error) = keeper.write(memory.clone(), Tail::default()) {
            let error = Chain(&error);
            tracing::warn!(%error, "no snapshot of the alarms can be written; earlier streams are kept");
        }
        Recalled { memory, keeper }
    }

    /// What the pipeline says where the last record of an alarm is.
    pub fn mark(&self) -> Arc<AlarmMark> {
        Arc::clone(&self.mark)
    }

    /// From where on this life's stream is needed for alarms; `None`: earlier ones are as well.
    pub fn kept(&self) -> watch::Receiver<Option<Tail>> {
        self.kept.subscribe()
    }

    /// Whether a snapshot is due at the end `durable` of what is durable.
    pub fn is_due(&self, cadence: Cadence, durable: Tail) -> bool {
        let kept = *self.kept.borrow();
        let since = kept.unwrap_or_default().position;
        let has_records = kept.is_none() || self.mark.get() > since;
        let bytes = durable.position.bytes_since(since);
        cadence.is_due(self.age(), bytes, has_records)
    }

    /// Keeps what is known at the end `durable` of what is durable; blocks while it reads and writes.
    ///
    /// # Errors
    /// If the snapshot cannot be written; the last one stays then.
    pub fn keep(&self, durable: Tail) -> Result<(), SnapshotError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Instant::now();
        let mut sources = self.earlier.clone();
        sources.push(Source {
            until: durable,
            ..self.current.clone()
        });
        let snapshot = file::read(&self.root).unwrap_or_default();
        self.write(recall(snapshot, &sources), durable)
    }

    fn write(&self, mut memory: Memory, tail: Tail) -> Result<(), SnapshotError> {
        memory.forget_rested();
        let snapshot = Snapshot {
            memory,
            stream: self.current.stream,
            tail,
        };
        file::write(&self.root, &snapshot)?;
        self.kept.send_replace(Some(tail));
        Ok(())
    }

    fn age(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.elapsed()
    }
}
