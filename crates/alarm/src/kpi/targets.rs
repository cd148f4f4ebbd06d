//! What the measures are held against.

use std::time::Duration;

use serde::Serialize;

/// The thresholds of the measures, shown beside the figures.
///
/// All from secondary sources on EEMUA 191 (3rd edition) and ISA-18.2-2016 / IEC 62682, which are
/// not free to read; the numbers of a plant's own alarm philosophy come before them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Targets {
    /// The window of operator load: 10 minutes.
    #[serde(
        rename = "window_seconds",
        serialize_with = "crate::seconds::serialize"
    )]
    pub window: Duration,
    /// Annunciations per window that an operator handles without trouble: 1 on average.
    pub average_acceptable: f64,
    /// Annunciations per window that are manageable at most: 2 on average.
    pub average_manageable: f64,
    /// Most annunciations in any window: 10.
    pub peak: u32,
    /// A flood begins when more than so many come within a window: 10.
    pub flood_starts_above: u32,
    /// It ends when fewer than so many do: 5.
    pub flood_ends_below: u32,
    /// The share of time in flood: less than 1 %.
    pub flood_share: f64,
    /// An alarm chatters when it is raised so often: 3 times…
    pub chatter_times: u32,
    /// … within so long: a minute.
    #[serde(
        rename = "chatter_within_seconds",
        serialize_with = "crate::seconds::serialize"
    )]
    pub chatter_within: Duration,
    /// An alarm is fleeting when it returns to normal within so long: a minute.
    #[serde(
        rename = "fleeting_within_seconds",
        serialize_with = "crate::seconds::serialize"
    )]
    pub fleeting_within: Duration,
    /// An alarm is stale when it stands longer: a day.
    #[serde(
        rename = "stale_after_seconds",
        serialize_with = "crate::seconds::serialize"
    )]
    pub stale_after: Duration,
    /// Stale alarms on any day: fewer than 5.
    pub stale: u32,
    /// Standing alarms of an operator: fewer than 10.
    pub standing: u32,
    /// The shares of low, medium, and high with urgent ones: 80, 15 and 5 %.
    pub priority_split: [f64; 3],
    /// The share of the ten most frequent alarms: at most 5 %.
    pub bad_actors_share: f64,
}

impl Targets {
    /// The usual figures.
    pub const USUAL: Self = Self {
        window: Duration::from_secs(600),
        average_acceptable: 1.0,
        average_manageable: 2.0,
        peak: 10,
        flood_starts_above: 10,
        flood_ends_below: 5,
        flood_share: 0.01,
        chatter_times: 3,
        chatter_within: Duration::from_secs(60),
        fleeting_within: Duration::from_secs(60),
        stale_after: Duration::from_secs(24 * 3_600),
        stale: 5,
        standing: 10,
        priority_split: [0.80, 0.15, 0.05],
        bad_actors_share: 0.05,
    };
}

impl Targets {
    /// How long before a span records are to be added, so that nothing that goes on when it begins
    /// is missed.
    pub fn lead(&self) -> Duration {
        self.window.max(self.chatter_within)
    }
}

impl Default for Targets {
    fn default() -> Self {
        Self::USUAL
    }
}
