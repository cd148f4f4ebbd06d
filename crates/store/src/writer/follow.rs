//! Following what others write: writers on other machines put the stream into the database, and this
//! one keeps the account.

use gridos_journal::{Read, Tail};

use super::{Writer, WriterError};
use crate::Stored;
use crate::blocking::blocking;

/// Why a writer that follows cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfollowed {
    /// The database does not answer, or something else that passes.
    ForNow,
    /// The database does not fit the stream: somebody has to look at it.
    ForEver,
}

impl Writer {
    /// Looks where the database stands, whoever brought it there: the ledger, the measures and
    /// [`Writer::stored`] follow. `end` is where the durable journal ends.
    ///
    /// # Errors
    /// If the database cannot be asked, or does not fit the stream; it is told as when it cannot be
    /// written.
    pub async fn look(&mut self, end: Tail) -> Result<Stored, Unfollowed> {
        self.end = end.position;
        let looked = self.look_on(end).await;
        self.show_backlog(end);
        looked.map_err(|error| {
            self.fail(&error);
            match error.is_for_ever() {
                true => Unfollowed::ForEver,
                false => Unfollowed::ForNow,
            }
        })
    }

    /// The stream ends for ever where it is known to end, and another one follows `behind` it, which
    /// counts as backlog, too.
    pub fn ends_before(&mut self, behind: tokio::sync::watch::Receiver<Tail>) {
        self.draining = true;
        self.behind = Some(behind);
    }

    /// Whether the database was found further back than before since the last
    /// [`Self::look_anew`].
    pub fn is_set_back(&self) -> bool {
        self.set_back
    }

    /// Nothing is known any more of where the database stands.
    pub fn look_anew(&mut self) {
        self.at = None;
        self.set_back = false;
        if let Ok(oldest) = blocking(|| self.reader.oldest()) {
            self.oldest = oldest.position;
        }
    }

    /// Nothing hinders what is to get to the database, which answers.
    pub fn flow(&mut self) {
        self.works();
    }

    /// Says why nothing gets to the database, which itself may be well.
    pub fn hinder(&mut self, trouble: &str) {
        let at = self.at;
        self.fail(&WriterError::Hindered(trouble.to_owned()));
        self.at = at;
    }

    async fn look_on(&mut self, end: Tail) -> Result<Stored, WriterError> {
        if !self.migrated {
            self.store.migrate().await?;
            self.migrated = true;
        }
        let stored = self.store.position(self.stream).await?;
        let before = self.at;
        // What was sent to others is this journal's; where they go on from there needs no proof.
        let goes_on = before.is_some_and(|at| at.position <= stored.tail.position)
            && stored.furthest().position <= end.position;
        if !goes_on {
            self.vouch(stored)?;
        }
        self.known = self.known.max(stored.tail.position);
        self.arrive(stored);
        if let Some(before) = before.filter(|_| goes_on) {
            self.measure(before, stored.tail);
        }
        Ok(stored)
    }

    /// Records how long it took to get what is between the two places into the database.
    fn measure(&mut self, from: Tail, until: Tail) {
        let mut at = from;
        while at.position < until.position {
            let (bytes_max, chunk) = (self.pace.bytes(), &mut self.chunk);
            let reader = &mut self.reader;
            match blocking(|| reader.read(at, until, bytes_max, chunk)) {
                Ok(Read::Frames) => {
                    at = self.chunk.until();
                    let bytes = self.chunk.bytes() as u64;
                    self.telemetry.store.committed_bytes.add(bytes);
                    self.record_latency();
                }
                // What cannot be read is told by whoever must skip it.
                Ok(Read::End | Read::Damaged { .. } | Read::Foreign) | Err(_) => return,
            }
        }
    }
}
