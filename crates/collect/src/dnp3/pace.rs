//! How long after its time a request is made, and how long its answer takes from then on.

use std::time::Instant;

use gridos_dnp3::master::Times;
use gridos_telemetry::{Protocol, Telemetry};

/// The request of one outstation that was seen last, of which there is one at most.
#[derive(Debug, Default)]
pub(super) struct Pace {
    asked: Option<Instant>,
}

impl Pace {
    /// Looks at the request that waits for its answer by now. One that waits no more has its answer,
    /// or was given up.
    pub(super) fn look(&mut self, asking: Option<Times>, now: Instant, telemetry: &Telemetry) {
        let asked = asking.map(|times| times.asked);
        let before = std::mem::replace(&mut self.asked, asked);
        if before == asked {
            return;
        }
        if let Some(asked) = before {
            let round_trip = telemetry.scans.round_trip(Protocol::Dnp3);
            round_trip.record(now.saturating_duration_since(asked));
        }
        if let Some(Times { due, asked }) = asking {
            let lateness = telemetry.scans.lateness(Protocol::Dnp3);
            lateness.record(asked.saturating_duration_since(due));
        }
    }

    /// The connection has ended: nothing is known of the request under way.
    pub(super) fn forget(&mut self) {
        self.asked = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn each_request_counts_once_and_one_that_is_cut_off_has_no_answer() {
        let telemetry = Telemetry::new("0", []);
        let (mut pace, start) = (Pace::default(), Instant::now());
        let times = |due: u32, asked: u32| Times {
            due: start + due * MS,
            asked: start + asked * MS,
        };
        let mut look = |asking, now: u32| pace.look(asking, start + now * MS, &telemetry);
        look(Some(times(0, 3)), 3);
        look(Some(times(0, 3)), 5);
        look(Some(times(10, 10)), 24);
        look(None, 50);
        look(None, 60);
        look(Some(times(70, 70)), 70);
        pace.forget();
        let (scans, sum) = (
            &telemetry.scans,
            |histogram: &gridos_telemetry::Histogram| {
                let buckets = histogram.buckets();
                (buckets.count(), buckets.sum())
            },
        );
        assert_eq!(sum(scans.lateness(Protocol::Dnp3)), (3, 3 * MS));
        assert_eq!(sum(scans.round_trip(Protocol::Dnp3)), (2, 61 * MS));
        assert_eq!(sum(scans.lateness(Protocol::Modbus)).0, 0);
    }
}
