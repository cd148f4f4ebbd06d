//! The shape of the measures as JSON, for the description of the API. What is written is
//! [`gridos_alarm::kpi::KpiReport`]; a test holds the two together.

use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Time;

/// All measures of a span of time, with what they are held against.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmReport)]
pub(super) struct ReportShape {
    from: Time,
    to: Time,
    targets: TargetsShape,
    /// The load of each area.
    areas: Vec<AreaShape>,
    /// How often alarms became active, told or not.
    activations: u64,
    /// Annunciations by priority.
    priorities: SplitShape,
    /// The alarms that were annunciated most, the first ten.
    bad_actors: Vec<ActorShape>,
    /// Their share of all annunciations.
    bad_actors_share: f64,
    /// Alarms that chattered, and how often they began to: the worst ten.
    chattering: Vec<ActorShape>,
    /// How many alarms chattered.
    chattering_total: u64,
    /// Alarms that returned to normal within a moment, and how often: the worst ten.
    fleeting: Vec<ActorShape>,
    /// How many alarms did.
    fleeting_total: u64,
    /// Alarms that operators see standing at the end: the ten that stand longest.
    standing: Vec<StandingShape>,
    /// How many stand.
    standing_total: u64,
    /// How many of those are stale.
    stale_total: u64,
    /// How many wait for an acknowledgement at the end.
    unacknowledged_total: u64,
    acknowledgement: WaitsShape,
}

/// The thresholds of the measures, after EEMUA 191 and ISA-18.2.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmTargets)]
struct TargetsShape {
    /// The window of operator load.
    window_seconds: f64,
    /// Annunciations per window that an operator handles without trouble, on average.
    average_acceptable: f64,
    /// Annunciations per window that are manageable at most, on average.
    average_manageable: f64,
    /// Most annunciations in any window.
    peak: u32,
    /// A flood begins when more than so many come within a window.
    flood_starts_above: u32,
    /// It ends when fewer than so many do.
    flood_ends_below: u32,
    /// The share of time in flood.
    flood_share: f64,
    /// An alarm chatters when it is raised so often …
    chatter_times: u32,
    /// … within so long.
    chatter_within_seconds: f64,
    /// An alarm is fleeting when it returns to normal within so long.
    fleeting_within_seconds: f64,
    /// An alarm is stale when it stands longer.
    stale_after_seconds: f64,
    /// Stale alarms on any day: fewer than so many.
    stale: u32,
    /// Standing alarms of an operator: fewer than so many.
    standing: u32,
    /// The shares of low, medium, and high with urgent ones.
    #[schema(min_items = 3, max_items = 3)]
    priority_split: Vec<f64>,
    /// The share of the ten most frequent alarms, at most.
    bad_actors_share: f64,
}

/// The load of one area.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmAreaLoad)]
struct AreaShape {
    area: String,
    annunciations: u64,
    /// Annunciations per window, on average.
    average: f64,
    /// In the fullest window.
    peak: u32,
    /// When that one began.
    peak_at: Time,
    /// The share of windows with more than the peak that is allowed.
    windows_over_share: f64,
    /// The floods, in order.
    floods: Vec<FloodShape>,
    /// The share of time in flood.
    flood_share: f64,
}

/// One flood.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmFlood)]
struct FloodShape {
    /// When the annunciation came that made it one.
    start: Time,
    /// When it was over; null if it goes on.
    end: Option<Time>,
    annunciations: u64,
    /// The first of them, which may tell what caused it.
    first_out: String,
    /// That one's sequence.
    first_sequence: u64,
}

/// One alarm and how often it did something.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmActor)]
struct ActorShape {
    alarm: String,
    times: u64,
}

/// One alarm that stands.
#[derive(Serialize, ToSchema)]
#[schema(as = StandingAlarm)]
struct StandingShape {
    alarm: String,
    /// Since when, as the engine learned of it.
    since: Time,
}

/// Annunciations or alarms by priority, and their shares.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmSplit)]
pub(super) struct SplitShape {
    low: u64,
    medium: u64,
    high: u64,
    urgent: u64,
    /// The shares of low, medium, and high with urgent ones; zeros if there were none.
    #[schema(min_items = 3, max_items = 3)]
    shares: Vec<f64>,
}

/// How long annunciations waited for their acknowledgement; zeros if none was acknowledged.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmWaits)]
struct WaitsShape {
    count: u64,
    p50_seconds: f64,
    p95_seconds: f64,
    max_seconds: f64,
}

#[cfg(test)]
mod tests {
    use gridos_alarm::kpi::{
        ActorReport, AreaReport, Distribution, FloodReport, KpiReport, SplitReport, StandingReport,
        Targets,
    };
    use gridos_model::Timestamp;

    use crate::openapi::fits::fits;

    #[test]
    fn a_report_is_as_described() {
        let (at, alarm) = (Timestamp::EPOCH, || "d.p:limit".to_owned());
        let flood = |end| FloodReport {
            start: at,
            end,
            annunciations: 11,
            first_out: alarm(),
            first_sequence: 1,
        };
        let actors = || {
            vec![ActorReport {
                alarm: alarm(),
                times: 3,
            }]
        };
        let report = KpiReport {
            from: at,
            until: at,
            targets: Targets::USUAL,
            areas: vec![AreaReport {
                area: "north".to_owned(),
                annunciations: 11,
                average: 1.5,
                peak: 11,
                peak_at: at,
                windows_over: 1,
                windows_over_share: 0.5,
                floods: vec![flood(None), flood(Some(at))],
                flood_share: 0.5,
            }],
            activations: 12,
            priorities: SplitReport::of([1, 2, 3, 4]),
            bad_actors: actors(),
            bad_actors_share: 1.0,
            chattering: actors(),
            chattering_total: 1,
            fleeting: actors(),
            fleeting_total: 1,
            standing: vec![StandingReport {
                alarm: alarm(),
                since: at,
            }],
            standing_total: 1,
            stale_total: 0,
            unacknowledged_total: 1,
            acknowledgement: Distribution::default(),
        };
        let report = serde_json::to_value(&report).unwrap();
        assert_eq!(fits("AlarmReport", &report), Ok(()));
        // What is described is there: nothing was taken away.
        for key in ["targets", "areas", "acknowledgement"] {
            let mut less = report.clone();
            less.as_object_mut().unwrap().remove(key);
            assert!(fits("AlarmReport", &less).is_err(), "{key}");
        }
    }
}
