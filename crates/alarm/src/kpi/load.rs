//! The load of one area's operator: annunciations by window, and floods.

use std::time::Duration;

use gridos_model::{Priority, Timestamp};

use super::{Flood, FloodMeter, Occurred, Targets};

/// What one area's operator was told.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) annunciations: u64,
    pub(super) by_priority: [u64; Priority::ALL.len()],
    /// The fullest window: how many, and when it began.
    pub(super) peak: (u32, Timestamp),
    /// Windows with more than the peak that is allowed.
    pub(super) windows_over: u64,
    pub(super) floods: Vec<Flood>,
    targets: Targets,
    meter: FloodMeter,
    /// The present window: its number and its annunciations so far.
    window: (u64, u32),
    from: Timestamp,
}

impl Load {
    pub(super) fn new(targets: Targets, from: Timestamp) -> Self {
        Self {
            annunciations: 0,
            by_priority: [0; Priority::ALL.len()],
            peak: (0, from),
            windows_over: 0,
            floods: Vec::new(),
            targets,
            meter: FloodMeter::new(targets),
            window: (0, 0),
            from,
        }
    }

    pub(super) fn on_annunciated(&mut self, occurred: &Occurred) {
        let Occurred {
            sequence,
            alarm,
            received,
            ..
        } = *occurred;
        if received < self.from {
            self.meter.on_annunciated(received, sequence, alarm);
            return;
        }
        self.annunciations += 1;
        self.by_priority[occurred.priority as usize - 1] += 1;
        let ended = self.meter.on_annunciated(received, sequence, alarm);
        self.floods.extend(ended);
        let number = self.number(received);
        if number != self.window.0 {
            self.window = (number, 0);
        }
        self.window.1 += 1;
        let count = self.window.1;
        self.windows_over += u64::from(count == self.targets.peak + 1);
        if count > self.peak.0 {
            let begin = self
                .targets
                .window
                .saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
            self.peak = (count, self.from.saturating_add(begin));
        }
    }

    /// Nothing more comes before `until`.
    pub(super) fn finish(&mut self, until: Timestamp) {
        self.floods.extend(self.meter.on_time(until));
        self.floods.extend(self.meter.flood().copied());
    }

    /// How long it was in flood before `until`.
    pub(super) fn flooded(&self, until: Timestamp) -> Duration {
        let begin = |flood: &Flood| flood.start.max(self.from);
        let length = |flood: &Flood| flood.end.unwrap_or(until).since(begin(flood));
        self.floods.iter().map(length).sum()
    }

    fn number(&self, time: Timestamp) -> u64 {
        let window = self.targets.window.as_nanos().max(1);
        u64::try_from(time.since(self.from).as_nanos() / window).unwrap_or(u64::MAX)
    }
}
