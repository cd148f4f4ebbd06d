//! How far it is through the readings of many devices, each in order of time.

use gridos_model::Timestamp;

use super::Extract;
use crate::progress::Progress;

/// Shows how far it is.
#[derive(Debug)]
pub(crate) struct Way<'a> {
    progress: &'a Progress,
    from: Timestamp,
    until: Timestamp,
    devices: usize,
    done: usize,
    readings: u64,
}

impl<'a> Way<'a> {
    /// Through what `extract` asks for, of so many devices.
    pub(crate) fn new(progress: &'a Progress, extract: &Extract, devices: usize) -> Self {
        Self::between(progress, (extract.from, extract.until), devices)
    }

    /// Through a range of so many devices.
    pub(crate) fn between(
        progress: &'a Progress,
        (from, until): (Timestamp, Timestamp),
        devices: usize,
    ) -> Self {
        Self {
            progress,
            from,
            until,
            devices,
            done: 0,
            readings: 0,
        }
    }

    /// Readings of the present device came, the last of them at `last`.
    pub(crate) fn on_page(&mut self, readings: usize, last: Option<Timestamp>) {
        self.readings += readings as u64;
        let within = last.map_or(0.0, |last| {
            let whole = self.until.since(self.from).as_secs_f64();
            last.since(self.from).as_secs_f64() / whole.max(1e-9)
        });
        self.show(within);
    }

    /// The present device is done.
    pub(crate) fn on_device(&mut self) {
        self.done += 1;
        self.show(0.0);
    }

    fn show(&self, within: f64) {
        let share = share(self.done, within, self.devices);
        self.progress.reach_share(share, self.readings, "readings");
    }
}

/// How much of all devices is done, if so many are and a share of the next one is.
fn share(done: usize, within: f64, devices: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "numbers of devices")]
    let (done, devices) = (done as f64, devices.max(1) as f64);
    (done + within.clamp(0.0, 1.0)) / devices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_grows_with_time_and_devices() {
        let shares = [(0, 0.0), (0, 0.5), (1, 0.0), (3, 0.9), (4, 0.0)];
        let shares = shares.map(|(done, within)| share(done, within, 4));
        assert_eq!(shares, [0.0, 0.125, 0.25, 0.975, 1.0]);
        assert_eq!(share(0, 7.0, 0), 1.0);
    }
}
