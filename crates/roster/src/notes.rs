//! What members note of channels for whoever takes them next.
//!
//! Notes stand in the same bucket as the records of members, so the watch tells what was noted before it tells
//! that a channel was let go, or that a session was closed.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bytes::Bytes;
use gridos_fleet::{Epoch, Revision, WriteError};
use gridos_model::DeviceId;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Note;
use crate::bucket::{Bucket, NOTE};
use crate::format::note::{self, Noted};

/// So many are written at once.
const WRITES_MAX: usize = 32;
/// How long a hand-over may wait until what is noted of it stands; what stood before counts then.
const NOTE_WITHIN: Duration = Duration::from_secs(2);
/// So often a note of something that is let go is tried again, when somebody wrote in between.
const TRIES: usize = 3;

/// What is noted, and what is to be.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// This member's instance.
    own: u64,
    known: HashMap<DeviceId, (Revision, Noted)>,
    /// To be written, unless the channel is let go before.
    waiting: BTreeMap<DeviceId, Noted>,
    writes: JoinSet<Written>,
}

type Written = (DeviceId, Noted, Result<Revision, WriteError>);

impl Notes {
    pub(crate) fn new(own: u64) -> Self {
        Self {
            own,
            ..Self::default()
        }
    }

    /// Nothing that stood stands any more. What is under way may have been for what stood before; it is said again
    /// when its channel is let go.
    pub(crate) fn on_other_store(&mut self) {
        self.known.clear();
        self.writes = JoinSet::new();
    }

    /// The watch told what stands as `revision`.
    pub(crate) fn on_seen(&mut self, channel: DeviceId, revision: Revision, noted: Option<Noted>) {
        if self
            .known
            .get(&channel)
            .is_some_and(|(known, _)| *known >= revision)
        {
            return;
        }
        match noted {
            Some(noted) => self.known.insert(channel, (revision, noted)),
            None => self.known.remove(&channel),
        };
    }

    /// What was noted of a channel last.
    pub(crate) fn of(&self, channel: DeviceId) -> Option<Note> {
        let (_, noted) = self.known.get(&channel)?;
        Some(Note {
            is_own: noted.by == self.own,
            said: noted.said.clone(),
        })
    }

    /// Notes what is said of a channel that is held under `epoch`.
    pub(crate) fn say(&mut self, channel: DeviceId, epoch: Epoch, said: Bytes) {
        let noted = self.noted(epoch, said);
        match self.is_said(channel, &noted) {
            true => drop(self.waiting.remove(&channel)),
            false => drop(self.waiting.insert(channel, noted)),
        }
    }

    /// Begins to write what waits.
    pub(crate) fn write(&mut self, bucket: Option<&Bucket>) {
        let Some(bucket) = bucket else { return };
        while self.writes.len() < WRITES_MAX
            && let Some((channel, noted)) = self.waiting.pop_first()
        {
            let (bucket, expect) = (bucket.clone(), self.expected(channel));
            self.writes.spawn(async move {
                let key = key(channel);
                let written = bucket.write(&key, expect, Some(note::write(&noted)));
                let written = timeout(NOTE_WITHIN, written).await;
                (channel, noted, written.unwrap_or(Err(WriteError::Unknown)))
            });
        }
    }

    /// The next one that was written; never, while none is. May be dropped while it waits.
    pub(crate) async fn next_written(&mut self) -> Written {
        loop {
            match self.writes.join_next().await {
                Some(Ok(written)) => return written,
                // None of them panics.
                Some(Err(_)) => {}
                None => return std::future::pending().await,
            }
        }
    }

    /// `is_held`: whether the channel still is, under the epoch of the note.
    pub(crate) fn on_written(&mut self, (channel, noted, written): Written, is_held: bool) {
        match written {
            Ok(revision) => self.on_seen(channel, revision, Some(noted)),
            Err(_) if is_held && !self.is_outdated(channel, noted.epoch) => {
                self.waiting.entry(channel).or_insert(noted);
            }
            Err(_) => {}
        }
    }

    /// Notes the last words about channels that are let go; ends when they stand, or it takes too long.
    pub(crate) fn close(
        &mut self,
        bucket: Option<Bucket>,
        closed: Vec<(DeviceId, Epoch, Bytes)>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let mut writes = JoinSet::new();
        for (channel, epoch, said) in closed {
            self.waiting.remove(&channel);
            let noted = self.noted(epoch, said);
            if self.is_said(channel, &noted) && !self.is_under_way() {
                continue;
            }
            if let Some(bucket) = bucket.clone() {
                let expect = self.expected(channel);
                writes.spawn(async move { settle(&bucket, channel, expect, &noted).await });
            }
        }
        async move {
            if timeout(NOTE_WITHIN, writes.join_all()).await.is_err() {
                tracing::warn!(
                    "what is known of alarms of devices that are given back could not be noted"
                );
            }
        }
    }

    fn noted(&self, epoch: Epoch, said: Bytes) -> Noted {
        Noted {
            epoch,
            by: self.own,
            said,
        }
    }

    /// Whether nothing has to be written for that to stand. Of what nobody ever said anything, nothing need be said.
    fn is_said(&self, channel: DeviceId, noted: &Noted) -> bool {
        match self.known.get(&channel) {
            Some((_, known)) => known == noted || known.epoch > noted.epoch,
            None => noted.said.is_empty(),
        }
    }

    /// Whether an earlier write may still arrive.
    fn is_under_way(&self) -> bool {
        !self.writes.is_empty()
    }

    fn is_outdated(&self, channel: DeviceId, epoch: Epoch) -> bool {
        self.known
            .get(&channel)
            .is_some_and(|(_, known)| known.epoch > epoch)
    }

    fn expected(&self, channel: DeviceId) -> u64 {
        self.known
            .get(&channel)
            .map_or(0, |(revision, _)| revision.raw())
    }
}

/// Writes a note over whatever stands there under an epoch that is not later.
async fn settle(bucket: &Bucket, channel: DeviceId, mut expect: u64, noted: &Noted) {
    let key = key(channel);
    for _ in 0..TRIES {
        let written = bucket.write(&key, expect, Some(note::write(noted))).await;
        if written.is_ok() {
            return;
        }
        let Ok(Some((bytes, revision))) = bucket.read(&key).await else {
            continue;
        };
        if note::read(&key, &bytes).is_ok_and(|stands| stands.epoch > noted.epoch) {
            return;
        }
        expect = revision;
    }
}

fn key(channel: DeviceId) -> String {
    format!("{NOTE}{:016x}", channel.raw())
}

/// The channel of a key behind its prefix.
pub(crate) fn channel(hex: &str) -> Option<DeviceId> {
    u64::from_str_radix(hex, 16).ok().map(DeviceId::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_is_written_and_nothing_over_a_later_holder() {
        let mut notes = Notes::new(1);
        let channel = DeviceId::of("a");
        assert_eq!(super::channel(&key(channel)[NOTE.len()..]), Some(channel));
        let epoch = Epoch::from_raw;
        notes.say(channel, epoch(4), Bytes::new());
        assert!(notes.waiting.is_empty(), "nobody ever said anything");
        notes.say(channel, epoch(4), "x".into());
        assert!(!notes.waiting.is_empty());
        let noted = |epoch, by, said: &'static str| Noted {
            epoch,
            by,
            said: said.into(),
        };
        notes.on_seen(
            channel,
            Revision::from_raw(9),
            Some(noted(epoch(4), 1, "x")),
        );
        notes.say(channel, epoch(4), "x".into());
        assert!(notes.waiting.is_empty(), "it stands");
        notes.say(channel, epoch(4), Bytes::new());
        assert!(!notes.waiting.is_empty(), "it is over");
        notes.on_seen(
            channel,
            Revision::from_raw(8),
            Some(noted(epoch(4), 1, "old")),
        );
        assert_eq!(
            notes.of(channel).map(|note| (note.is_own, note.said)),
            Some((true, "x".into()))
        );
        notes.on_seen(
            channel,
            Revision::from_raw(10),
            Some(noted(epoch(5), 2, "y")),
        );
        notes.say(channel, epoch(4), "z".into());
        assert!(notes.waiting.is_empty(), "another has it");
        assert_eq!(notes.of(channel).map(|note| note.is_own), Some(false));
        let late = (channel, noted(epoch(4), 1, "z"), Err(WriteError::Conflict));
        notes.on_written(late, true);
        assert!(notes.waiting.is_empty());
    }
}
