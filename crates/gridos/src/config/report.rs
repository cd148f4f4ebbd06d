//! `report = { … }`: when the value of a point is worth telling.

use std::time::Duration;

use gridos_modbus::{Report, Span};

use super::alarm::{self, PointAlarms};
use super::section::Section;

pub(super) const KEYS: &[&str] = &["deadband", "deadband_percent", "at_least"];

/// How long a value that does not move is not told, unless said otherwise.
const AT_LEAST_DEFAULT: Duration = Duration::from_secs(600);

/// The report under `report` in `point`, if it is given and possible.
pub(super) fn read(
    point: &Section<'_>,
    span: Option<&Span>,
    alarms: &PointAlarms,
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
    let report = Report {
        deadband: absolute.or(of_range).unwrap_or(0.0),
        at_least: at_least.map_or(AT_LEAST_DEFAULT, |found| found.value),
        // Where its alarms begin and end, a value does not pass without being told.
        edges: alarm::edges(alarms.definitions()),
    };
    alarms.refuse_blind(point, &report);
    Some(report)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use gridos_alarm::{
        Condition, Deadbands, Defined, Definition, Judge, Judged, Limits, LimitsSpec, Now,
        Reference, States, WhichStates,
    };
    use gridos_modbus::LastReport;
    use gridos_model::{
        AlarmId, DirectoryBuilder, Events, LayoutId, Point, PointIndex, Quality, Readings,
        Timestamp,
    };
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn judge_of(alarm: &Definition) -> Judge {
        let mut builder = DirectoryBuilder::default();
        let device = builder.add("d", vec![Point::new("p", "")], &[]).unwrap();
        let defined = Defined {
            id: AlarmId::from_raw(1),
            device,
            point: Some(PointIndex::new(0)),
            reference: None,
            definition: Arc::new(alarm.clone()),
        };
        Judge::new(1, &[PointIndex::new(0)], &[defined])
    }

    fn judge(judge: &mut Judge, nanos: i64, value: f64, quality: Quality) -> Vec<Judged> {
        let time = Timestamp::from_nanos(nanos);
        let mut judged = Vec::new();
        let events = Events {
            layout: LayoutId::from_raw(1),
            received: time,
            points: &[0],
            times: &[time],
            values: &[value],
            qualities: &[quality],
        };
        let now = Now {
            wall: time,
            mono: Duration::ZERO,
        };
        let readings = Readings::Events(events);
        judge.on_readings(PointIndex::new(0), &readings, now, &mut judged);
        judged
    }

    proptest! {
        /// An alarm that sees only what is reported comes and goes with the same values as one
        /// that sees everything, however wide the deadband of the report.
        #[test]
        fn no_report_blinds_an_alarm(
            watched in 0..3_u8,
            deadband in select(vec![0.0, 0.5, 3.0, 1_000.0]),
            alarm_deadband in select(vec![0.0, 0.5, 2.0]),
            own in proptest::collection::vec(proptest::option::of(select(vec![0.0, 0.5, 2.0])), 4),
            missing in 0..15_u8,
            series in proptest::collection::vec(
                (-10..130_i32, select(vec![Quality::GOOD, Quality::GOOD, Quality::GOOD, Quality::COMM_LOST, Quality::OUT_OF_RANGE])),
                1..120,
            ),
        ) {
            let given = |bit: u8, limit| (missing >> bit & 1 == 0).then_some(limit);
            let (high_high, high) = (given(0, 50.0), given(1, 40.0));
            let (low, low_low) = (given(2, 10.0), given(3, 5.0));
            let deadbands = Deadbands {
                high_high: own[0].filter(|_| high_high.is_some()),
                high: own[1].filter(|_| high.is_some()),
                low: own[2].filter(|_| low.is_some()),
                low_low: own[3].filter(|_| low_low.is_some()),
            };
            let spec = LimitsSpec { high_high, high, low, low_low, deadband: alarm_deadband, deadbands };
            let limits = Limits::try_from(spec).unwrap();
            let which = WhichStates::Abnormal(vec![5, 20]);
            let alarm = Definition::new(match watched {
                0 => Condition::Limit(limits),
                1 => Condition::Deviation { from: Reference::Setpoint(7.3), limits },
                _ => Condition::State(States { which, on_change_only: false }),
            });
            let report = Report {
                deadband,
                at_least: Duration::from_secs(3_600),
                edges: alarm::edges([&alarm]),
            };
            let (mut sees_all, mut sees_reports) = (judge_of(&alarm), judge_of(&alarm));
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
