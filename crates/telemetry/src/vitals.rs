//! How an engine did lately, in a few numbers that it can tell others.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::{Lately, Percentiles, Protocol, ScanOutcome, Telemetry};

/// How an engine did lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// From the last byte on the wire to durable.
    pub durable: Percentiles,
    /// From when it was due to durable: late polls and the devices' own time are in it.
    pub due: Percentiles,
    /// From the last byte on the wire to stored: what a canary is judged by.
    pub stored: Percentiles,
    /// Scans that ended; with DNP3, requests.
    pub scans: u64,
    /// Of these, those that brought all their readings.
    pub answered: u64,
}

/// A window over what an engine has counted, that ends now.
#[derive(Debug)]
pub struct VitalsWindow {
    durable: Lately,
    due: Lately,
    stored: Lately,
    /// Scans that had ended, and been answered, at some moments.
    marks: VecDeque<(Instant, [u64; 2])>,
}

/// What is told is about this long; longer where it is looked at more rarely than every fifth of it.
const SPAN: Duration = Duration::from_secs(20);

impl VitalsWindow {
    /// A window over an engine that had counted nothing before `start`.
    pub fn new(start: Instant) -> Self {
        Self {
            durable: Lately::new(SPAN, start),
            due: Lately::new(SPAN, start),
            stored: Lately::new(SPAN, start),
            marks: VecDeque::from([(start, [0; 2])]),
        }
    }

    /// How it did within the window that ends at `now`.
    pub fn look(&mut self, telemetry: &Telemetry, now: Instant) -> Vitals {
        let counted = counted(telemetry);
        // One mark at or beyond the window stays: it is where the window begins.
        while self
            .marks
            .get(1)
            .is_some_and(|(at, _)| now.saturating_duration_since(*at) >= SPAN)
        {
            self.marks.pop_front();
        }
        let begin = self.marks.front().map_or([0; 2], |(_, counted)| *counted);
        let is_due = |(at, _): &(Instant, _)| now.saturating_duration_since(*at) >= SPAN / 5;
        if self.marks.back().is_none_or(is_due) {
            self.marks.push_back((now, counted));
        }
        let [scans, answered] = [0, 1].map(|n: usize| counted[n].saturating_sub(begin[n]));
        let stages = &telemetry.stages;
        Vitals {
            durable: self.durable.look(&stages.durable, now),
            due: self.due.look(&stages.due.durable, now),
            stored: self.stored.look(&stages.stored, now),
            scans,
            answered,
        }
    }
}

/// Scans that have ended, and been answered.
fn counted(telemetry: &Telemetry) -> [u64; 2] {
    let ended =
        |protocol: &Protocol, outcome: &ScanOutcome| telemetry.scans.ended(*protocol, *outcome);
    let protocols = Protocol::ALL.iter();
    protocols.fold([0; 2], |[scans, answered], protocol| {
        let all: u64 = ScanOutcome::ALL
            .iter()
            .map(|outcome| ended(protocol, outcome))
            .sum();
        [
            scans + all,
            answered + ended(protocol, &ScanOutcome::Answered),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_of_the_last_seconds() {
        let (telemetry, start) = (Telemetry::new("0", []), Instant::now());
        let mut window = VitalsWindow::new(start);
        let at = |second: u64| start + Duration::from_secs(second);
        assert_eq!(window.look(&telemetry, start), Vitals::default());
        let end = |outcome, scans| telemetry.scans.end(Protocol::Modbus, outcome, scans);
        end(ScanOutcome::Answered, 90);
        end(ScanOutcome::Refused, 10);
        let record = |millis| {
            let mut recorder = telemetry.stages.durable.recorder();
            recorder.record(Protocol::Modbus, Duration::from_millis(millis));
        };
        record(7);
        for second in [1, 5, 9, 13, 17] {
            let vitals = window.look(&telemetry, at(second));
            assert_eq!((vitals.scans, vitals.answered), (100, 90), "{second}");
            assert_eq!(vitals.durable.p99.map(|p| p.as_millis()), Some(7));
            assert_eq!(vitals.due, Percentiles::default());
        }
        end(ScanOutcome::Answered, 4);
        let vitals = window.look(&telemetry, at(26));
        assert_eq!((vitals.scans, vitals.answered), (4, 4));
        assert_eq!(vitals.durable.p99, None);
    }
}
