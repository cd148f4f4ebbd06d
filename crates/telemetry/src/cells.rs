//! What each part of the engine counts in.

use crate::{Counter, Gauge, Histogram, ListenerAnswer, Note, PeerRefusal, StatusClass};

/// What Modbus sessions count in.
#[derive(Debug, Default)]
pub struct ModbusCells {
    /// Requests sent.
    pub polls: Counter,
    /// Requests without an answer in time.
    pub timeouts: Counter,
    /// Requests answered with an exception (Modbus Application Protocol V1.1b3, 7).
    pub exceptions: Counter,
    /// Connections made.
    pub connects: Counter,
    /// Scans skipped because the one before had not ended.
    pub overruns: Counter,
    /// Answers that break the protocol.
    pub protocol_errors: Counter,
    /// Connections refused or broken.
    pub io_errors: Counter,
    /// Connections open.
    pub connections: Gauge,
    /// Requests sent again because the device was busy (exceptions 5 and 6).
    pub retries: Counter,
    /// From sending a request to the last byte of its answer.
    pub round_trip: Histogram,
    /// How long after its time each scan began.
    pub lateness: Histogram,
}

/// What listeners count in, to which devices connect by themselves.
#[derive(Debug, Default)]
pub struct ListenerCells {
    /// Connections open.
    pub connections: Gauge,
    /// Connections accepted, whatever became of them.
    pub accepts: Counter,
    /// Registers and coils written that no point covers.
    pub unmapped: Counter,
    /// Values of which a part came and the rest did not come in time.
    pub incomplete: Counter,
    refusals: [Counter; PeerRefusal::ALL.len()],
    answers: [Counter; ListenerAnswer::ALL.len()],
}

impl ListenerCells {
    /// Counts somebody who was sent away for `reason`.
    pub fn refused(&self, reason: PeerRefusal) {
        self.refusals[reason as usize].increment();
    }

    /// How many were sent away for `reason`.
    pub fn refusals(&self, reason: PeerRefusal) -> u64 {
        self.refusals[reason as usize].get()
    }

    /// Counts a request that was answered with `answer`.
    pub fn answered(&self, answer: ListenerAnswer) {
        self.answers[answer as usize].increment();
    }

    /// How many requests were answered with `answer`.
    pub fn answers(&self, answer: ListenerAnswer) -> u64 {
        self.answers[answer as usize].get()
    }
}

/// What the journal counts in.
#[derive(Debug, Default)]
pub struct JournalCells {
    /// The position behind the last record appended, in bytes.
    pub position: Gauge,
    /// The position up to which everything survives a power cut, in bytes.
    pub durable: Gauge,
    /// Bytes on disk.
    pub bytes: Gauge,
    /// Segment files on disk.
    pub segments: Gauge,
    /// Syncs to the disk.
    pub syncs: Counter,
    /// Syncs that failed.
    pub sync_failures: Counter,
    /// Writes that failed.
    pub write_failures: Counter,
    /// Gaps that the journal did not take, because it could not be written for too long.
    pub gaps_unrecorded: Counter,
    /// Dead letters that the journal did not take, because it could not be written for too long.
    pub letters_unrecorded: Counter,
    /// 1 while the journal cannot be written, else 0.
    pub stalled: Gauge,
}

/// What the database writer counts in.
#[derive(Debug, Default)]
pub struct StoreCells {
    /// The journal position that the database has committed, in bytes.
    pub position: Gauge,
    /// Transactions committed.
    pub commits: Counter,
    /// Transactions or connections that failed.
    pub errors: Counter,
    /// Attempts made again after an error.
    pub retries: Counter,
    /// 1 while connected, else 0.
    pub connected: Gauge,
    /// Journal not yet in the database, in bytes.
    pub backlog_bytes: Gauge,
    /// Why nothing can be stored at the moment.
    pub trouble: Note,
}

/// What the alarm evaluation counts in.
#[derive(Debug, Default)]
pub struct AlarmCells {
    /// Changes of level.
    pub transitions: Counter,
    /// Changes that the journal did not take, because it could not be written for too long.
    pub unrecorded: Counter,
    /// Points that are not at their normal level.
    pub active: Gauge,
}

/// What the HTTP server counts in.
#[derive(Debug, Default)]
pub struct HttpCells {
    requests: [Counter; StatusClass::ALL.len()],
}

impl HttpCells {
    /// Counts a request answered with `class`.
    pub fn answered(&self, class: StatusClass) {
        self.requests[class as usize].increment();
    }

    /// Requests answered with `class`.
    pub fn requests(&self, class: StatusClass) -> u64 {
        self.requests[class as usize].get()
    }
}

/// What the ring counts in.
#[derive(Debug, Default)]
pub struct RingCells {
    /// Batches in the ring.
    pub depth: Gauge,
    /// Batches the ring can hold.
    pub capacity: Gauge,
    /// Batches refused because the ring was full.
    pub full: Counter,
}

/// What the pool of batches counts in.
#[derive(Debug, Default)]
pub struct PoolCells {
    /// Batches that are free.
    pub free: Gauge,
}
