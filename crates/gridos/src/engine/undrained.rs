//! The streams of earlier lives that hold something the database has not got.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gridos_journal::{EarlierStream, Tail};
use tokio::sync::watch;

/// The undrained streams by their folders; cloning shares them.
#[derive(Clone, Debug, Default)]
pub(super) struct Undrained(Arc<Mutex<BTreeMap<PathBuf, Stream>>>);

#[derive(Debug)]
struct Stream {
    end: Tail,
    /// How far it is stored, once somebody writes it.
    stored: Option<watch::Receiver<Tail>>,
    /// The database does not fit it: somebody has to look at it.
    is_set_aside: bool,
}

impl Undrained {
    pub(super) fn of(earlier: &[EarlierStream]) -> Self {
        let undrained = Self::default();
        earlier.iter().for_each(|stream| undrained.insert(stream));
        undrained
    }

    /// The database has not got all of `earlier`, or it is not known.
    pub(super) fn insert(&self, earlier: &EarlierStream) {
        let entry = Stream {
            end: earlier.recovery.end,
            stored: None,
            is_set_aside: false,
        };
        self.lock().insert(earlier.dir.clone(), entry);
    }

    pub(super) fn contains(&self, dir: &Path) -> bool {
        self.lock().contains_key(dir)
    }

    /// The stream of `dir` is being written; `stored` is how far.
    pub(super) fn begin(&self, dir: &Path, stored: watch::Receiver<Tail>) {
        if let Some(stream) = self.lock().get_mut(dir) {
            stream.stored = Some(stored);
        }
    }

    /// The database has all of it.
    pub(super) fn remove(&self, dir: &Path) {
        self.lock().remove(dir);
    }

    /// The database does not fit it.
    pub(super) fn set_aside(&self, dir: &Path) {
        if let Some(stream) = self.lock().get_mut(dir) {
            stream.is_set_aside = true;
        }
    }

    pub(super) fn is_set_aside(&self, dir: &Path) -> bool {
        self.lock()
            .get(dir)
            .is_some_and(|stream| stream.is_set_aside)
    }

    /// How far the stream of `dir` is stored, the start if nobody knows; `None` if it is drained.
    pub(super) fn stored(&self, dir: &Path) -> Option<Tail> {
        self.lock().get(dir).map(Stream::stored)
    }

    /// The oldest that is not set aside: its folder, how far it is stored, and its end.
    pub(super) fn oldest(&self) -> Option<(PathBuf, Tail, Tail)> {
        let streams = self.lock();
        let (dir, stream) = streams.iter().find(|(_, stream)| !stream.is_set_aside)?;
        Some((dir.clone(), stream.stored(), stream.end))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Stream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    fn stored(&self) -> Tail {
        self.stored
            .as_ref()
            .map_or_else(Tail::default, |stored| *stored.borrow())
    }
}
