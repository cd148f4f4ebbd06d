//! The bounds within which requests are served.

use std::time::Duration;

use crate::LineMapping;

/// Bounds of requests; each exists so that no client can take memory or time without end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The most bytes a posted body may have; default 4 MiB.
    ///
    /// Each post under way may hold some four times as much.
    pub body_bytes_max: usize,
    /// The most readings put into one batch, 1 to 65,536; default 4,096. More readings of one
    /// device go into several batches.
    pub batch_readings_max: usize,
    /// The most batches one post may fill; default 64. It should be well below the size of the
    /// pool and the ring, or a large post finds no room however often it is sent.
    pub batches_per_post_max: usize,
    /// The most posts decoded or waiting for the disk at once; default 64. Those with more than 64 KiB count
    /// while they are read, too.
    pub posts_max: usize,
    /// The most readings that one user or token, or one address if nobody is asked, may post a second, with ten
    /// seconds' worth at once; default 0, which is no limit.
    pub readings_per_second_max: u64,
    /// The most changes, which is every request that changes something but posts of readings and
    /// sign-ins, that one user or token, or one address if nobody is asked, may ask for a second,
    /// with ten seconds' worth at once; default 100. 0 is no limit.
    pub changes_per_second_max: u64,
    /// Which points the fields of line protocol are.
    pub line_mapping: LineMapping,
    /// The most commands about alarms whose bodies are read at once; default 64.
    pub orders_max: usize,
    /// The most clients that follow the alarms or the stream at once, each over a connection of its
    /// own; default 256.
    pub streams_max: usize,
    /// The most questions to the store at once; default 8. Others wait for their turn.
    pub questions_max: usize,
    /// The most connections at once; default 512. Others wait to be accepted.
    pub connections_max: usize,
    /// The longest a client may take to send a head or a body; default 10 s.
    pub reading_timeout: Duration,
    /// The longest an answer to a GET may take; default 10 s.
    pub answer_timeout: Duration,
    /// The longest a post waits until its readings are durable; default 30 s.
    pub receipt_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_bytes_max: 4 << 20,
            batch_readings_max: 4_096,
            batches_per_post_max: 64,
            posts_max: 64,
            readings_per_second_max: 0,
            changes_per_second_max: 100,
            line_mapping: LineMapping::default(),
            orders_max: 64,
            streams_max: 256,
            questions_max: 8,
            connections_max: 512,
            reading_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(10),
            receipt_timeout: Duration::from_secs(30),
        }
    }
}
