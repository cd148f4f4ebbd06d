//! The knobs of a writer, and how it ended.

use std::time::Duration;

use gridos_journal::Tail;

/// The knobs of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterOptions {
    /// Where the journal ended when it was opened: what of it is not stored was carried over.
    pub recovered: Tail,
    /// Journal bytes of one transaction under load, at most; 4 MiB by default. It is less while
    /// commits take over a second.
    pub batch_bytes: usize,
    /// How long a smaller transaction waits for more, at most; 100 ms by default. It is less where
    /// commits are slow, so that while little comes the database shows within 5/4 of it what is
    /// durable.
    pub linger: Duration,
    /// The longest first wait after a failure; 100 ms by default. It doubles with each further.
    pub retry_first: Duration,
    /// The longest wait after any number of failures; 10 s by default.
    pub retry_cap: Duration,
    /// Whether what cannot be read of the journal is skipped and counted as lost, as it must be where
    /// it is the only one; true by default. A writer of a copy ends there instead.
    pub skips: bool,
    /// Whether a writer of a copy ends if that lacks what the minutes are made of that are open; false by
    /// default: then readings are missing in them.
    pub recalls: bool,
}

impl WriterOptions {
    /// The defaults for a journal that ended at `recovered` when it was opened.
    pub fn new(recovered: Tail) -> Self {
        Self {
            recovered,
            batch_bytes: 4 << 20,
            linger: Duration::from_millis(100),
            retry_first: Duration::from_millis(100),
            retry_cap: Duration::from_secs(10),
            skips: true,
            recalls: false,
        }
    }
}

/// How a writer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterSummary {
    /// Where the database stood when last heard of; the start if never.
    pub stored: Tail,
    /// Where the durable journal ended.
    pub durable: Tail,
    /// The database does not fit an earlier stream, which was set aside: neither stored nor lost.
    pub set_aside: bool,
    /// The database was found further back than before: a backup was restored, or a replica took
    /// over that lagged. It may lack the ends of other streams, too.
    pub set_back: bool,
    /// The copy that was to be written lacks what the database needs next, or does not fit it.
    pub lacks: bool,
}

impl WriterSummary {
    /// Whether everything durable is stored; the rest is carried over to the next start.
    pub fn is_drained(&self) -> bool {
        self.stored.position >= self.durable.position
    }
}
