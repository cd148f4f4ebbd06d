//! A chunk into the database, and what is learnt from it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gridos_journal::{Record, Tail};
use gridos_model::Timestamp;
use gridos_telemetry::StoreFault;
use tokio::time::Instant;

use super::{Turn, Writer, WriterError};
use crate::StoreError;
use crate::contents::is_single;

impl Writer {
    /// Writes the chunk.
    pub(super) async fn commit(&mut self) -> Result<Turn, WriterError> {
        self.known = self.known.max(self.chunk.until().position);
        let begun = Instant::now();
        let written = match self.suspect.take() {
            Some((at, reason)) if at == self.chunk.from() && is_single(&self.chunk) => {
                let (chunk, book) = (&self.chunk, &self.book);
                self.store.condemn(self.stream, chunk, book, &reason).await
            }
            _ => self.store.write(self.stream, &self.chunk, &self.book).await,
        };
        let took = begun.elapsed();
        if let Err(StoreError::Content { reason, at }) = &written {
            self.search_for_a_record(reason, *at);
            return Ok(Turn::Moved);
        }
        if written.is_err() {
            self.pace.on_failed(took);
        }
        self.settle(written).await?;
        if self.at == Some(self.chunk.until()) {
            self.learn(took);
            self.record_latency();
        }
        Ok(Turn::Moved)
    }

    /// The chunk was committed, and took so long.
    fn learn(&mut self, took: Duration) {
        let (at, bytes) = (self.chunk.until(), self.chunk.bytes());
        self.pace.on_committed(bytes, took);
        self.search.on_committed(at, bytes, self.pace.bytes());
        let cells = &self.telemetry.store;
        cells.committed_bytes.add(bytes as u64);
        cells.transaction.record(took);
        cells.transaction_limit.set(self.pace.bytes() as u64);
        let linger = u64::try_from(self.pace.linger().as_millis());
        cells.linger_ms.set(linger.unwrap_or(u64::MAX));
    }

    /// The database refuses one of the chunk's records for its content: the next chunks are
    /// smaller, until it stands alone; and once it was refused alone, it is condemned.
    fn search_for_a_record(&mut self, reason: &str, hint: Option<Tail>) {
        let (stream, hinted) = (self.stream, hint.is_some());
        tracing::debug!(%stream, reason, hinted, "searching for a record that is refused");
        self.telemetry.store.failed(StoreFault::Content);
        let from = self.chunk.from();
        if is_single(&self.chunk) {
            self.suspect = Some((from, reason.to_owned()));
            self.search.on_alone();
        } else {
            self.search.on_refused(from, self.chunk.bytes(), hint);
        }
        self.at = None;
    }

    pub(super) fn record_latency(&mut self) {
        let now = Timestamp::from(SystemTime::now());
        let telemetry = Arc::clone(&self.telemetry);
        let protocols = telemetry.protocols.look();
        // What an earlier life of the engine left is on nobody's trail: it is due when it came.
        let marks = if self.draining {
            Vec::new()
        } else {
            telemetry
                .trail
                .take_until(self.chunk.until().position.get())
        };
        let mut marks = marks.into_iter().peekable();
        for (at, record) in self.chunk.records() {
            let Ok(record) = record else { continue };
            self.covered = record.received().or(self.covered);
            if let Record::Readings(readings) = record {
                let protocol = protocols.of(readings.layout().raw());
                let stored = now.since(readings.received());
                self.recorder.record(protocol, stored);
                // A mark stands at the end of its record, and the next record begins there.
                while marks.next_if(|mark| mark.end <= at.get()).is_some() {}
                let lead = marks
                    .peek()
                    .filter(|mark| self.chunk.is_end_of(mark.end, at));
                let lead = lead.map(|mark| mark.lead).unwrap_or_default();
                self.due.record(protocol, stored + lead);
            }
        }
        self.recorder.flush();
        self.due.flush();
    }
}
