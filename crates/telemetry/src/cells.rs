//! What each part of the engine counts in.

use crate::{
    Counter, Gauge, Histogram, HttpMethod, HttpRefusal, ListenerAnswer, Note, PeerRefusal,
    ReloadOutcome, Seconds, StatusClass, StoreFault,
};

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
    /// Times that segments were given up because the disk failed, and their end written anew.
    pub renewals: Counter,
    /// Gaps that the journal did not take, because it could not be written for too long.
    pub gaps_unrecorded: Counter,
    /// Dead letters that the journal did not take, because it could not be written for too long.
    pub letters_unrecorded: Counter,
    /// Deeds that the journal took, for the audit log.
    pub deeds: Counter,
    /// Deeds that it did not take, because too many waited or it could not be written for too long.
    pub deeds_unrecorded: Counter,
    /// 1 while the journal cannot be written, else 0.
    pub stalled: Gauge,
    /// 1 while it cannot be written because its budget or the disk is used up, else 0.
    pub full: Gauge,
    /// Bytes it can still take if all that is stored is deleted.
    pub room: Gauge,
    /// Bytes by which it grows in a second, smoothed.
    pub growth: Gauge,
    /// How long the room lasts at that rate.
    pub autonomy: Seconds,
    /// How old the oldest reading is that is not stored; 0 if all are.
    pub unstored_age: Seconds,
    /// The rung of the ladder that is climbed as room gets short, from 0.
    pub rung: Gauge,
    /// Segments that were deleted although they were not stored.
    pub given_up_segments: Counter,
    /// Readings in them.
    pub given_up_readings: Counter,
}

/// What the database writer counts in.
#[derive(Debug, Default)]
pub struct StoreCells {
    /// The journal position that the database has committed, in bytes.
    pub position: Gauge,
    /// Transactions committed.
    pub commits: Counter,
    /// Journal in them, in bytes.
    pub committed_bytes: Counter,
    /// How long each took, from the first byte to the commit.
    pub transaction: Histogram,
    /// Journal that one takes at most at present, in bytes.
    pub transaction_limit: Gauge,
    /// How long one waits for more at present, in milliseconds.
    pub linger_ms: Gauge,
    /// Transactions or connections that failed.
    pub errors: Counter,
    /// Attempts made again after an error.
    pub retries: Counter,
    /// 1 while connected, else 0.
    pub connected: Gauge,
    /// Journal not yet in the database, in bytes.
    pub backlog_bytes: Gauge,
    /// How long it takes until everything is stored, at the present rate; 0 if it keeps up.
    pub drain: Seconds,
    /// Times that readings of the minutes that were open could not be added up again.
    pub minutes_partial: Counter,
    /// Why nothing can be stored at the moment.
    pub trouble: Note,
    /// What upkeep counts in.
    pub upkeep: UpkeepCells,
    faults: [Counter; StoreFault::ALL.len()],
}

impl StoreCells {
    /// Counts a transaction or connection that failed because of `fault`.
    pub fn failed(&self, fault: StoreFault) {
        self.errors.increment();
        self.faults[fault as usize].increment();
    }

    /// How many failed because of `fault`.
    pub fn faults(&self, fault: StoreFault) -> u64 {
        self.faults[fault as usize].get()
    }
}

/// What the upkeep of the database counts in.
#[derive(Debug, Default)]
pub struct UpkeepCells {
    /// Whole partitions after the present one, of the table that has the fewest.
    pub partitions_ahead: Gauge,
    /// Partitions dropped because all in them was too old.
    pub partitions_dropped: Counter,
    /// Rows deleted because they were too old, or too many.
    pub rows_deleted: Counter,
    /// Runs of upkeep that failed.
    pub errors: Counter,
    /// When all that was due was last done, in seconds since 1970; 0 if never.
    pub done: Gauge,
}

/// What the HTTP server counts in.
#[derive(Debug, Default)]
pub struct HttpCells {
    /// Clients that follow a stream of events.
    pub streams: Gauge,
    /// Clients that were not let in to follow one, because there were too many.
    pub streams_refused: Counter,
    /// Clients that did not take what they were sent for too long.
    pub streams_cut: Counter,
    /// Times that a client got newer values later, because it had not taken those before.
    pub streams_conflated: Counter,
    requests: [Counter; StatusClass::ALL.len()],
    refusals: [Counter; HttpRefusal::ALL.len()],
    times: [Histogram; HttpMethod::ALL.len()],
}

impl HttpCells {
    /// How long requests of `method` took, from their head to that of the answer.
    pub fn time(&self, method: HttpMethod) -> &Histogram {
        &self.times[method as usize]
    }

    /// Counts a request answered with `class`.
    pub fn answered(&self, class: StatusClass) {
        self.requests[class as usize].increment();
    }

    /// Counts a request that was refused for `reason`.
    pub fn refused(&self, reason: HttpRefusal) {
        self.refusals[reason as usize].increment();
    }

    /// Requests refused for `reason`.
    pub fn refusals(&self, reason: HttpRefusal) -> u64 {
        self.refusals[reason as usize].get()
    }

    /// Requests answered with `class`.
    pub fn requests(&self, class: StatusClass) -> u64 {
        self.requests[class as usize].get()
    }
}

/// What reloads of the configuration count in.
#[derive(Debug, Default)]
pub struct ConfigCells {
    reloads: [Counter; ReloadOutcome::ALL.len()],
    /// Configurations that were taken since the start: 1 is the first.
    pub generation: Gauge,
    /// When the last one was taken, in seconds since 1970.
    pub taken: Gauge,
    /// Places of points in the columns that are nobody's until the next start.
    pub left_points: Gauge,
}

impl ConfigCells {
    /// Counts a reload that ended with `outcome`.
    pub fn reloaded(&self, outcome: ReloadOutcome) {
        self.reloads[outcome as usize].increment();
    }

    /// Reloads that ended with `outcome`.
    pub fn reloads(&self, outcome: ReloadOutcome) -> u64 {
        self.reloads[outcome as usize].get()
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
