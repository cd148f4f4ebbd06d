//! `report = { … }`: when the value of a point is worth telling.

use std::time::Duration;

use gridos_alarm::Limits;
use gridos_modbus::{Report, Span};

use super::section::Section;

pub(super) const KEYS: &[&str] = &["deadband", "deadband_percent", "at_least"];

/// How long a value that does not move is not told, unless said otherwise.
const AT_LEAST_DEFAULT: Duration = Duration::from_secs(600);

/// The report under `report` in `point`, if it is given and possible.
pub(super) fn read(
    point: &Section<'_>,
    span: Option<&Span>,
    limits: Option<&Limits>,
) -> Option<Report> {
    let title = format!("{} report", point.title());
    let section = point.table("report", KEYS, title)?;
    let periods = Duration::from_secs(1)..=Duration::from_secs(86_400);
    let at_least = section.duration("at_least", &periods);
    let absolute = section.number("deadband").map(|found| found.value);
    let percent = section.number("deadband_percent").map(|found| found.value);
    if section.has("deadband") && section.has("deadband_percent") {
        section.fault("deadband_percent", "stands beside deadband; remove one");
    }
    for (key, value) in [("deadband", absolute), ("deadband_percent", percent)] {
        if value.is_some_and(|value| value < 0.0) {
            section.fault(key, "is negative; write 0 to tell every change");
            return None;
        }
    }
    let of_range = match (percent, span) {
        (Some(percent), Some(span)) => Some(span.width() * percent / 100.0),
        (Some(_), None) => {
            let what = "needs a range of the point, of which it is a share; write for example \
                        range = [0, 500]";
            section.fault("deadband_percent", what);
            None
        }
        (None, _) => None,
    };
    Some(Report {
        deadband: absolute.or(of_range).unwrap_or(0.0),
        at_least: at_least.map_or(AT_LEAST_DEFAULT, |found| found.value),
        edges: edges(limits),
    })
}

/// What a value may not cross without being told: where its alarms begin and end.
pub(super) fn edges(limits: Option<&Limits>) -> std::sync::Arc<[f64]> {
    limits.into_iter().flat_map(Limits::edges).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use gridos_alarm::Evaluator;
    use gridos_modbus::LastReport;
    use gridos_model::{
        Events, LayoutId, PointId, PointIndex, Quality, Readings, Timestamp, Transition,
    };
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn judge(
        evaluator: &mut Evaluator,
        nanos: i64,
        value: f64,
        quality: Quality,
    ) -> Vec<Transition> {
        let time = Timestamp::from_nanos(nanos);
        let mut transitions = Vec::new();
        let events = Events {
            layout: LayoutId::from_raw(1),
            received: time,
            points: &[0],
            times: &[time],
            values: &[value],
            qualities: &[quality],
        };
        evaluator.evaluate(
            PointIndex::new(0),
            &Readings::Events(events),
            &mut transitions,
        );
        transitions
    }

    proptest! {
        /// An alarm that sees only what is reported comes and goes with the same values as one
        /// that sees everything, however wide the deadband of the report.
        #[test]
        fn no_report_blinds_an_alarm(
            deadband in select(vec![0.0, 0.5, 3.0, 1_000.0]),
            alarm_deadband in select(vec![0.0, 0.5, 2.0]),
            missing in 0..15_u8,
            series in proptest::collection::vec(
                (-10..130_i32, select(vec![Quality::GOOD, Quality::GOOD, Quality::GOOD, Quality::COMM_LOST, Quality::OUT_OF_RANGE])),
                1..120,
            ),
        ) {
            let given = |bit: u8, limit| (missing >> bit & 1 == 0).then_some(limit);
            let (highs, lows) = ((given(0, 50.0), given(1, 40.0)), (given(2, 10.0), given(3, 5.0)));
            let limits = Limits::new(highs.0, highs.1, lows.0, lows.1, alarm_deadband).unwrap();
            let report = Report {
                deadband,
                at_least: Duration::from_secs(3_600),
                edges: edges(Some(&limits)),
            };
            let mut sees_all = Evaluator::new(1);
            sees_all.set(PointIndex::new(0), PointId::of("d", "p"), limits);
            let mut sees_reports = Evaluator::new(1);
            sees_reports.set(PointIndex::new(0), PointId::of("d", "p"), limits);
            let now = Instant::now();
            let mut last: Option<LastReport> = None;
            for (nanos, (halves, quality)) in (0..).zip(series) {
                let value = f64::from(halves) / 2.0;
                let all = judge(&mut sees_all, nanos, value, quality);
                let mut reported = Vec::new();
                if report.is_due(last.as_ref(), value, quality, now) {
                    last = Some(LastReport { value, quality, at: now });
                    reported = judge(&mut sees_reports, nanos, value, quality);
                }
                prop_assert_eq!(all, reported);
            }
        }
    }
}
