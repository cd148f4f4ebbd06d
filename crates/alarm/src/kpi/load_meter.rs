//! The load of operators at this moment.

use gridos_model::{AlarmId, Timestamp};

use super::{ChatterMeter, FloodMeter, RateMeter, Targets};

/// What operators have to bear at this moment, by area, and the alarms that chatter.
///
/// Its times are on any clock that never steps back.
#[derive(Clone, Debug)]
pub struct LoadMeter {
    areas: Vec<(RateMeter, FloodMeter)>,
    chatter: ChatterMeter,
}

impl LoadMeter {
    /// A meter of so many areas that has seen nothing.
    pub fn new(targets: Targets, areas: usize) -> Self {
        let area = (RateMeter::new(targets), FloodMeter::new(targets));
        Self {
            areas: vec![area; areas],
            chatter: ChatterMeter::new(targets),
        }
    }

    /// An alarm of the area at the place `area` was annunciated at `now`.
    pub fn on_annunciated(&mut self, now: Timestamp, area: usize, sequence: u64, alarm: AlarmId) {
        if let Some((rate, flood)) = self.areas.get_mut(area) {
            rate.on_annunciated(now);
            flood.on_annunciated(now, sequence, alarm);
        }
    }

    /// An alarm became active at `now`.
    pub fn on_raised(&mut self, now: Timestamp, alarm: AlarmId) {
        self.chatter.on_raised(now, alarm);
    }

    /// Time has come to `now`.
    pub fn on_time(&mut self, now: Timestamp) {
        for (rate, flood) in &mut self.areas {
            rate.on_time(now);
            flood.on_time(now);
        }
        self.chatter.on_time(now);
    }

    /// The annunciations of each area in the last window, and whether it is in flood, as of when it
    /// was last told the time.
    pub fn areas(&self) -> impl Iterator<Item = (u64, bool)> {
        let areas = self.areas.iter();
        areas.map(|(rate, flood)| (rate.rate(), flood.flood().is_some()))
    }

    /// How many alarms chatter at `now`.
    pub fn chattering(&self, now: Timestamp) -> usize {
        self.chatter.chattering(now).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_flood_of_one_area_comes_and_goes() {
        let mut meter = LoadMeter::new(Targets::USUAL, 2);
        let told = |meter: &mut LoadMeter, now| {
            meter.on_time(at(now));
            meter.areas().collect::<Vec<_>>()
        };
        for second in 0..10 {
            meter.on_annunciated(at(second), 1, 1, AlarmId::from_raw(1));
        }
        assert_eq!(told(&mut meter, 9), [(0, false), (10, false)]);
        meter.on_annunciated(at(10), 1, 11, AlarmId::from_raw(2));
        assert_eq!(told(&mut meter, 10), [(0, false), (11, true)]);
        assert_eq!(told(&mut meter, 605), [(0, false), (6, true)]);
        assert_eq!(told(&mut meter, 606), [(0, false), (5, false)]);
        assert_eq!(told(&mut meter, 700), [(0, false), (0, false)]);
        // An area that nobody measures does no harm.
        meter.on_annunciated(at(700), 2, 12, AlarmId::from_raw(1));
    }

    #[test]
    fn an_alarm_chatters_until_it_leaves_off() {
        let mut meter = LoadMeter::new(Targets::USUAL, 0);
        let alarm = AlarmId::from_raw(7);
        let chattering = [0, 20, 40].map(|second| {
            meter.on_raised(at(second), alarm);
            meter.chattering(at(second))
        });
        assert_eq!(chattering, [0, 0, 1]);
        assert_eq!([59, 60].map(|second| meter.chattering(at(second))), [1, 0]);
    }
}
