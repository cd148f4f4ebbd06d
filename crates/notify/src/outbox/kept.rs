//! What of an outbox outlives the process.

use gridos_alarm::Now;
use serde::{Deserialize, Serialize};

use super::Outbox;
use super::ends::KeptEnd;
use super::entry::{Entry, Told};
use super::summary::{KeptSummary, Summary};
use crate::Alert;
use crate::flood::KeptMeter;

/// What of an outbox outlives the process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The last record it has heard of.
    pub sequence: u64,
    /// All alarms that the receiver has to be told of, or was told of and that are not over.
    pub entries: Vec<KeptEntry>,
    /// Ends that are told again for a while.
    pub ends: Vec<KeptEnd>,
    /// Floods, as far as they have come.
    pub meters: Vec<KeptMeter>,
    /// Their summaries.
    pub summaries: Vec<KeptSummary>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptEntry {
    /// As it is to be told.
    pub alert: Alert,
    /// As it was told last.
    pub told: Option<Told>,
    /// Whether there is something to tell.
    pub is_news: bool,
    /// Whether a flood's summary stood for it.
    #[serde(default)]
    pub is_summarised: bool,
}

impl Outbox {
    /// What must outlive the process.
    pub fn kept(&self) -> Kept {
        let entries = self.entries.values().chain(self.aside.values());
        let entries = entries.map(|entry| KeptEntry {
            alert: entry.alert.clone(),
            told: entry.told.clone(),
            is_news: entry.is_news,
            is_summarised: entry.is_summarised,
        });
        Kept {
            sequence: self.sequence,
            entries: entries.collect(),
            ends: self.ends.kept(),
            meters: self.floods.kept(),
            summaries: self.summaries.values().map(Summary::kept).collect(),
        }
    }

    /// Goes on with what an earlier process left.
    pub fn restore(&mut self, kept: Kept, now: Now) {
        self.sequence = kept.sequence;
        for entry in kept.entries {
            let name = entry.alert.alarm.clone();
            let restored = Entry {
                told: entry.told,
                is_news: entry.is_news,
                is_summarised: entry.is_summarised,
                ..Entry::new(entry.alert, now)
            };
            self.entries.insert(name, restored);
        }
        self.ends.restore(kept.ends, now);
        self.floods.restore(kept.meters);
        for summary in kept.summaries {
            let summary = Summary::restored(summary);
            let area = summary.flood().area.clone();
            self.summaries.insert(area, summary);
        }
    }
}
