//! What is known of one side: stable, or the candidate.

/// What one side did within one interval. `None` is what nobody knows, which is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interval {
    /// Scans of devices that ended; with DNP3, requests.
    pub scans: Option<u64>,
    /// Of these, how many went wrong: exceptions, broken answers, no room, passed over.
    pub errors: Option<u64>,
    /// Of these, how many nobody answered: devices that are away. Neither a success nor an error.
    pub unavailable: Option<u64>,
    /// Batches that were stored.
    pub batches: Option<u64>,
    /// Of these, how many were stored within the objective.
    pub within: Option<u64>,
    /// Batches that were stored, of those that had a time at which they were due.
    pub due: Option<u64>,
    /// Of these, how many were stored within the objective from then.
    pub due_within: Option<u64>,
    /// How long storing took for 95 % of the batches, in seconds.
    pub latency: Option<f64>,
    /// Readings that came.
    pub received: Option<u64>,
    /// Readings that came and were not kept, for whatever reason.
    pub missing: Option<u64>,
    /// Readings that were kept and are gone. The first interval in which a process is seen has all that it
    /// lost before, since no process begins with a loss.
    pub lost: Option<u64>,
}

/// One side over all intervals, in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    /// The intervals; those of both sides are the same times.
    pub intervals: Vec<Interval>,
    /// How often one of its processes began anew over all of them. `None` if nobody knows.
    pub restarts: Option<u64>,
}

/// One number of an interval.
pub(crate) type Counted = fn(&Interval) -> Option<u64>;

impl Side {
    /// The sum over the intervals in which it is known, with how many these are.
    pub(crate) fn total(&self, counted: Counted) -> (u64, usize) {
        let known = self.intervals.iter().filter_map(counted);
        known.fold((0, 0), |(sum, count), value| {
            (value.saturating_add(sum), count + 1)
        })
    }

    /// The latencies of the intervals that have one.
    pub(crate) fn latencies(&self) -> Vec<f64> {
        let known = self
            .intervals
            .iter()
            .filter_map(|interval| interval.latency);
        known
            .filter(|latency| latency.is_finite() && *latency >= 0.0)
            .collect()
    }

    /// Whether it still told something in the last interval.
    pub(crate) fn is_there(&self) -> bool {
        let last = self.intervals.last();
        last.is_some_and(|interval| interval.received.is_some() && interval.scans.is_some())
    }
}
