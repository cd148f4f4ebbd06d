//! The measures as they are shown.

use std::time::Duration;

use gridos_model::{AlarmId, Priority, Timestamp};
use serde::{Serialize, Serializer};

use super::episode::Episode;
use super::load::Load;
use super::{Flood, Measures, Targets};

/// So many of the most frequent alarms, and of those that stand longest, are told by name.
const NAMED_MAX: usize = 10;

/// All measures of a span of time, with what they are held against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KpiReport {
    /// Where the span begins.
    #[serde(serialize_with = "instant")]
    pub from: Timestamp,
    /// Where it ends.
    #[serde(rename = "to", serialize_with = "instant")]
    pub until: Timestamp,
    /// The thresholds.
    pub targets: Targets,
    /// The load of each area.
    pub areas: Vec<AreaReport>,
    /// How often alarms became active, told or not.
    pub activations: u64,
    /// Annunciations by priority.
    pub priorities: SplitReport,
    /// The alarms that were annunciated most, the first ten.
    pub bad_actors: Vec<ActorReport>,
    /// Their share of all annunciations.
    pub bad_actors_share: f64,
    /// Alarms that chattered, and how often they began to: the worst ten.
    pub chattering: Vec<ActorReport>,
    /// How many alarms chattered.
    pub chattering_total: usize,
    /// Alarms that returned to normal within a moment, and how often: the worst ten.
    pub fleeting: Vec<ActorReport>,
    /// How many alarms did.
    pub fleeting_total: usize,
    /// Alarms that operators see standing at the end: the ten that stand longest.
    pub standing: Vec<StandingReport>,
    /// How many stand.
    pub standing_total: usize,
    /// How many of those are stale.
    pub stale_total: usize,
    /// How many wait for an acknowledgement at the end.
    pub unacknowledged_total: usize,
    /// How long annunciations waited for their acknowledgement.
    pub acknowledgement: Distribution,
}

/// The load of one area.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AreaReport {
    /// The area.
    pub area: String,
    /// Annunciations.
    pub annunciations: u64,
    /// Per window, on average.
    pub average: f64,
    /// In the fullest window.
    pub peak: u32,
    /// When that one began.
    #[serde(serialize_with = "instant")]
    pub peak_at: Timestamp,
    /// Windows with more than the peak that is allowed.
    #[serde(skip)]
    pub windows_over: u64,
    /// Their share.
    pub windows_over_share: f64,
    /// The floods, in order.
    pub floods: Vec<FloodReport>,
    /// The share of time in flood.
    pub flood_share: f64,
}

/// One flood.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FloodReport {
    /// When the annunciation came that made it one.
    #[serde(serialize_with = "instant")]
    pub start: Timestamp,
    /// When it was over; null if it goes on.
    #[serde(serialize_with = "optional_instant")]
    pub end: Option<Timestamp>,
    /// Annunciations.
    pub annunciations: u64,
    /// The first of them, which may tell what caused it.
    pub first_out: String,
    /// That one's sequence.
    pub first_sequence: u64,
}

/// One alarm and how often it did something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActorReport {
    /// The alarm.
    pub alarm: String,
    /// How often.
    pub times: u64,
}

/// One alarm that stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StandingReport {
    /// The alarm.
    pub alarm: String,
    /// Since when, as the engine learned of it.
    #[serde(serialize_with = "instant")]
    pub since: Timestamp,
}

/// Annunciations or alarms by priority, and their shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SplitReport {
    /// Low ones.
    pub low: u64,
    /// Medium ones.
    pub medium: u64,
    /// High ones.
    pub high: u64,
    /// Urgent ones.
    pub urgent: u64,
    /// The shares of low, medium, and high with urgent ones; zeros if there were none.
    pub shares: [f64; 3],
}

/// How durations are distributed; zeros if there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Distribution {
    /// How many.
    pub count: usize,
    /// The median, in seconds.
    pub p50_seconds: f64,
    /// 95 % are no longer.
    pub p95_seconds: f64,
    /// The longest.
    pub max_seconds: f64,
}

pub(super) fn of(
    measures: &Measures,
    until: Timestamp,
    area_names: &[String],
    name_of: &dyn Fn(AlarmId) -> String,
) -> KpiReport {
    let loads = measures.areas.iter().zip(area_names);
    let span = Span {
        targets: &measures.targets,
        from: measures.from,
        until,
    };
    let areas: Vec<_> = loads
        .map(|(load, name)| span.area(load, name, name_of))
        .collect();
    let total: u64 = measures.areas.iter().map(|load| load.annunciations).sum();
    let alarms = Alarms { measures, name_of };
    let (bad_actors, _) = alarms.most(|episode| episode.annunciations);
    let (chattering, chattering_total) = alarms.most(|episode| episode.chatters);
    let (fleeting, fleeting_total) = alarms.most(|episode| episode.fleeting);
    let of_bad_actors: u64 = bad_actors.iter().map(|actor| actor.times).sum();
    let stale_after = measures.targets.stale_after;
    let episodes = || measures.alarms.values();
    let shown = || episodes().filter_map(Episode::shown_since);
    KpiReport {
        from: measures.from,
        until,
        targets: measures.targets,
        areas,
        activations: episodes().map(|episode| episode.activations).sum(),
        priorities: split(&measures.areas),
        bad_actors_share: share(of_bad_actors, total),
        bad_actors,
        chattering,
        chattering_total,
        fleeting,
        fleeting_total,
        standing: alarms.standing(),
        standing_total: shown().count(),
        stale_total: shown()
            .filter(|since| until.since(*since) > stale_after)
            .count(),
        unacknowledged_total: episodes()
            .filter(|episode| episode.waiting.is_some())
            .count(),
        acknowledgement: distribution(&measures.waits),
    }
}

/// The span that is reported.
struct Span<'a> {
    targets: &'a Targets,
    from: Timestamp,
    until: Timestamp,
}

impl Span<'_> {
    fn area(&self, load: &Load, name: &str, name_of: &dyn Fn(AlarmId) -> String) -> AreaReport {
        let length = self.until.since(self.from).as_secs_f64();
        let windows = length / self.targets.window.as_secs_f64();
        let (peak, peak_at) = load.peak;
        let flood = |flood: &Flood| FloodReport {
            start: flood.start,
            end: flood.end,
            annunciations: flood.annunciations,
            first_out: name_of(flood.first_out),
            first_sequence: flood.first_sequence,
        };
        AreaReport {
            area: name.to_owned(),
            annunciations: load.annunciations,
            average: ratio(as_number(load.annunciations), windows),
            peak,
            peak_at,
            windows_over: load.windows_over,
            windows_over_share: ratio(as_number(load.windows_over), windows.ceil()),
            floods: load.floods.iter().map(flood).collect(),
            flood_share: ratio(load.flooded(self.until).as_secs_f64(), length),
        }
    }
}

/// The alarms that are reported by name.
struct Alarms<'a> {
    measures: &'a Measures,
    name_of: &'a dyn Fn(AlarmId) -> String,
}

impl Alarms<'_> {
    /// The ten that did it most, and how many did it at all.
    fn most(&self, times: impl Fn(&Episode) -> u64) -> (Vec<ActorReport>, usize) {
        let alarms = self.measures.alarms.iter();
        let counts = alarms.map(|(alarm, episode)| (times(episode), *alarm));
        let mut counts: Vec<_> = counts.filter(|(times, _)| *times > 0).collect();
        counts.sort_by_key(|(times, alarm)| (std::cmp::Reverse(*times), *alarm));
        let named = counts.iter().take(NAMED_MAX);
        let named = named.map(|(times, alarm)| ActorReport {
            alarm: (self.name_of)(*alarm),
            times: *times,
        });
        (named.collect(), counts.len())
    }

    /// The ten that stand longest.
    fn standing(&self) -> Vec<StandingReport> {
        let alarms = self.measures.alarms.iter();
        let since = |(alarm, episode): (&AlarmId, &Episode)| Some((episode.shown_since()?, *alarm));
        let mut standing: Vec<_> = alarms.filter_map(since).collect();
        standing.sort_unstable();
        let named = standing.into_iter().take(NAMED_MAX);
        let named = named.map(|(since, alarm)| StandingReport {
            alarm: (self.name_of)(alarm),
            since,
        });
        named.collect()
    }
}

fn split(loads: &[Load]) -> SplitReport {
    let of = |priority: Priority| {
        let counts = loads
            .iter()
            .map(|load| load.by_priority[priority as usize - 1]);
        counts.sum::<u64>()
    };
    SplitReport::of(Priority::ALL.map(of))
}

impl SplitReport {
    /// The split of so many, in the order of [`Priority::ALL`].
    pub fn of(counts: [u64; Priority::ALL.len()]) -> Self {
        let [low, medium, high, urgent] = counts;
        let total = low + medium + high + urgent;
        Self {
            low,
            medium,
            high,
            urgent,
            shares: [low, medium, high + urgent].map(|part| share(part, total)),
        }
    }
}

/// Nearest-rank percentiles.
fn distribution(waits: &[Duration]) -> Distribution {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).map_or(0.0, Duration::as_secs_f64)
    };
    Distribution {
        count: sorted.len(),
        p50_seconds: at(50),
        p95_seconds: at(95),
        max_seconds: at(100),
    }
}

fn share(part: u64, total: u64) -> f64 {
    ratio(as_number(part), as_number(total))
}

/// 0 of nothing.
fn ratio(part: f64, whole: f64) -> f64 {
    match whole > 0.0 {
        true => part / whole,
        false => 0.0,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of annunciations are far below 2^53"
)]
fn as_number(count: u64) -> f64 {
    count as f64
}

fn instant<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(time)
}

fn optional_instant<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => instant(time, to),
        None => to.serialize_none(),
    }
}
