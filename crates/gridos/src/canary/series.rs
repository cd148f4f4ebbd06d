//! The series that the judge looks at. The analysis templates ask for the same ones.

/// A counter with labels of its own.
pub(super) type Counter = (&'static str, &'static str);

/// Scans of devices that ended; with DNP3, requests.
pub(super) const SCANS: Counter = ("gridos_scans_total", "");
/// Of these, those that went wrong: refused, broken, without room, passed over.
pub(super) const ERRORS: Counter = (
    "gridos_scans_total",
    r#"outcome=~"refused|error|held_back|skipped""#,
);
/// Of these, those that nobody answered.
pub(super) const UNAVAILABLE: Counter = ("gridos_scans_total", r#"outcome="unavailable""#);
/// Batches that were stored.
pub(super) const BATCHES: Counter = ("gridos_stage_seconds_count", r#"stage="stored""#);
/// Batches that were stored within the objective.
pub(super) const WITHIN: Counter = ("gridos_stage_seconds_bucket", r#"stage="stored",le="0.5""#);
/// Batches that were stored, by when they were due.
pub(super) const DUE: Counter = ("gridos_due_seconds_count", r#"stage="stored""#);
/// Batches that were stored within the objective from when they were due.
pub(super) const DUE_WITHIN: Counter = ("gridos_due_seconds_bucket", r#"stage="stored",le="0.5""#);
/// Readings that came.
pub(super) const RECEIVED: Counter = ("gridos_readings_received_total", "");
/// Readings that came and were not kept; what clients post and no device has is theirs.
pub(super) const MISSING: &[Counter] = &[
    ("gridos_readings_lost_total", ""),
    ("gridos_readings_quarantined_total", ""),
    (
        "gridos_readings_refused_total",
        r#"reason!~"unknown_device|unknown_point|invalid""#,
    ),
];
/// Readings that were kept and are gone.
pub(super) const LOST: Counter = ("gridos_readings_lost_total", "");

/// A counter of the series that `selector` selects.
pub(super) fn select((name, labels): Counter, selector: &str) -> String {
    let both = [labels, selector];
    let both: Vec<&str> = both.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{name}{{{}}}", both.join(","))
}

/// How often a process of the series that `selector` selects began anew within `seconds` back: what it
/// counts falls to 0 then. One that has no devices counts nothing that could fall.
pub(super) fn restarts(selector: &str, seconds: f64) -> String {
    let millis = seconds * 1e3;
    format!("sum(resets({}[{millis:.0}ms]))", select(RECEIVED, selector))
}

/// The samples of something that each engine tells, over `seconds` back.
pub(super) fn samples(selector: &str, seconds: f64) -> String {
    let millis = seconds * 1e3;
    format!("{}[{millis:.0}ms]", select(RECEIVED, selector))
}

/// The 95th percentile of storing a batch, over `seconds` back.
pub(super) fn latency(selector: &str, seconds: f64) -> String {
    let buckets = select(
        ("gridos_stage_seconds_bucket", r#"stage="stored""#),
        selector,
    );
    let millis = seconds * 1e3;
    format!("histogram_quantile(0.95, sum by (le) (increase({buckets}[{millis:.0}ms])))")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_series_are_in_the_catalogue() {
        let known: BTreeSet<&str> = gridos_telemetry::catalogue()
            .iter()
            .map(|m| m.name)
            .collect();
        let all = [
            SCANS,
            ERRORS,
            UNAVAILABLE,
            BATCHES,
            WITHIN,
            DUE,
            DUE_WITHIN,
            RECEIVED,
            LOST,
        ];
        for (name, _) in all.iter().chain(MISSING) {
            let family = name.trim_end_matches("_bucket").trim_end_matches("_count");
            assert!(known.contains(name) || known.contains(family), "{name}");
        }
    }

    #[test]
    fn a_selector_goes_beside_the_labels() {
        assert_eq!(select(SCANS, ""), "gridos_scans_total{}");
        assert_eq!(
            select(BATCHES, r#"role="canary""#),
            r#"gridos_stage_seconds_count{stage="stored",role="canary"}"#
        );
    }
}
