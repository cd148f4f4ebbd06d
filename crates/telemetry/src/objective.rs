//! The latencies that the engine promises, each a bound of the buckets.

use std::time::Duration;

use crate::StageName;

/// What 95 of 100 batches keep within, from the last byte on the wire to the stage: alarms are
/// shown within 5 ms, receipts given within 10 ms, and readings stored within half a second.
pub const OBJECTIVES: [(StageName, Duration); 3] = [
    (StageName::Alarm, Duration::from_millis(5)),
    (StageName::Durable, Duration::from_millis(10)),
    (StageName::Stored, Duration::from_millis(500)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BUCKET_BOUNDS;

    /// Else the share within an objective would be a guess between two bounds.
    #[test]
    fn each_objective_is_a_bound() {
        for (stage, objective) in OBJECTIVES {
            assert!(BUCKET_BOUNDS.contains(&objective), "{}", stage.label());
        }
    }
}
