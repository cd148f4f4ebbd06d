//! The readings of a post that were not taken: the first ones as they are, all of them as counts.

use std::collections::BTreeMap;

use gridos_telemetry::{Ledger, Refusal};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::problem::Problem;

/// How many refused readings an answer names; a body full of them must not make a larger answer.
pub(super) const REFUSED_SHOWN_MAX: usize = 100;

/// One reading that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusedReading {
    /// Its place in the post.
    pub(super) index: usize,
    /// The line that it is on, from 1, if the format has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    /// The point as it was written; null if that could not be read.
    pub(super) point: Option<String>,
    #[serde(rename = "reason", serialize_with = "as_label")]
    #[schema(value_type = String)]
    pub(super) why: Refusal,
    pub(super) detail: String,
}

/// The readings of one post that were not taken, in the order of the post.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Refusals {
    /// The first [`REFUSED_SHOWN_MAX`] of them.
    #[serde(rename = "refused")]
    pub(super) shown: Vec<RefusedReading>,
    #[serde(rename = "refused_total")]
    pub(super) total: u64,
    /// How many by the label of their reason; one that there was not is left out.
    #[serde(rename = "refused_by")]
    by: BTreeMap<&'static str, u64>,
}

fn as_label<S: Serializer>(why: &Refusal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(why.label())
}

impl Refusals {
    pub(super) fn add(&mut self, refused: RefusedReading) {
        self.total += 1;
        *self.by.entry(refused.why.label()).or_default() += 1;
        if self.shown.len() < REFUSED_SHOWN_MAX {
            self.shown.push(refused);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many for `why`.
    pub(super) fn count(&self, why: Refusal) -> u64 {
        self.by.get(why.label()).copied().unwrap_or(0)
    }

    /// Adds to `problem` what an answer that is none has.
    pub(super) fn tell(&self, problem: Problem) -> Problem {
        problem
            .with("refused", &self.shown)
            .with("refused_total", self.total)
            .with("refused_by", &self.by)
    }

    /// Counts all of them as received and refused.
    pub(super) fn enter(&self, ledger: &Ledger) {
        ledger.received.add(self.total);
        for why in Refusal::ALL {
            match self.count(*why) {
                0 => {}
                count => ledger.refuse(*why, count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_named_and_all_are_counted() {
        let mut refusals = Refusals::default();
        for index in 0..250 {
            refusals.add(RefusedReading {
                index,
                line: None,
                point: None,
                why: if index % 5 == 0 {
                    Refusal::Invalid
                } else {
                    Refusal::UnknownPoint
                },
                detail: String::new(),
            });
        }
        let shown: Vec<_> = refusals.shown.iter().map(|refused| refused.index).collect();
        assert_eq!(shown, (0..REFUSED_SHOWN_MAX).collect::<Vec<_>>());
        let json = serde_json::to_value(&refusals).unwrap();
        assert_eq!(json["refused_total"], 250);
        let by = serde_json::json!({"invalid": 50, "unknown_point": 200});
        assert_eq!(json["refused_by"], by);
        let ledger = Ledger::default();
        refusals.enter(&ledger);
        let snapshot = ledger.snapshot();
        assert_eq!((snapshot.received, snapshot.refused), (250, 250));
        assert_eq!(snapshot.refused_for(Refusal::Invalid), 50);
    }
}
