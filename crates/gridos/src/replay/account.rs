//! What all alarms did over a time range, measured as the engine measures it.

use std::collections::HashMap;
use std::time::Duration;

use gridos_alarm::kpi::{AlarmCounts, KpiReport, Measures, Occurred, Standing, Targets};
use gridos_model::{AlarmId, AlarmRecord, Timestamp};

use super::Range;
use super::activity::Activity;

/// What the figures are held against.
pub(super) const TARGETS: Targets = Targets::USUAL;

/// What all alarms did over a time range, as it is gathered.
///
/// Devices are replayed one after the other, and the load of operators is of all together: so what
/// occurred is kept until the end, some hundred bytes each.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    from: Timestamp,
    until: Timestamp,
    standing: Vec<Standing>,
    occurred: Vec<Occurred>,
    areas: Vec<String>,
    places: HashMap<Box<str>, usize>,
    alarms: HashMap<AlarmId, Known>,
}

/// An alarm that did something.
#[derive(Clone, Debug)]
struct Known {
    name: Box<str>,
    activity: Activity,
}

/// What all alarms did over a time range.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    /// The measures, as `/api/v1/alarms/metrics` has them.
    pub(super) report: KpiReport,
    alarms: HashMap<Box<str>, OfAlarm>,
}

/// What one alarm did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OfAlarm {
    pub(super) counts: AlarmCounts,
    /// How long it was active.
    pub(super) active: Duration,
}

/// The window with the most annunciations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peak {
    /// Whose operators had it.
    pub(crate) area: String,
    /// When it began.
    pub(crate) from: Timestamp,
    /// How many there were.
    pub(crate) annunciations: u32,
}

impl Account {
    pub(crate) fn new(range: &Range) -> Self {
        Self {
            from: range.from,
            until: range.until,
            standing: Vec::new(),
            occurred: Vec::new(),
            areas: Vec::new(),
            places: HashMap::new(),
            alarms: HashMap::new(),
        }
    }

    /// Takes note of an alarm that stood before anything is taken.
    pub(super) fn seed(&mut self, alarm: &str, area: &str, standing: Standing) {
        self.place(area);
        let known = self.known(alarm, standing.alarm);
        known.activity = Activity::since(standing.raised);
        self.standing.push(standing);
    }

    /// Takes what happened next to the alarm called `alarm`, of the operators of `area`.
    pub(super) fn take(&mut self, alarm: &str, area: &str, record: &AlarmRecord) {
        let from = self.from;
        self.known(alarm, record.alarm).activity.take(record, from);
        let place = self.place(area);
        self.occurred.push(Occurred::of(record, place));
    }

    /// Ends the count.
    pub(crate) fn end(mut self) -> Sums {
        // Of one instant the order stays in which it was taken.
        self.occurred.sort_by_key(|occurred| occurred.received);
        self.sort_areas();
        let mut measures = Measures::new(TARGETS, self.from, self.areas.len());
        self.standing.iter().for_each(|alarm| measures.seed(alarm));
        for (sequence, occurred) in (1..).zip(&self.occurred) {
            // Each device was replayed with numbers of its own.
            measures.add(&Occurred {
                sequence,
                ..*occurred
            });
        }
        let mut alarms: HashMap<Box<str>, OfAlarm> = HashMap::new();
        for (alarm, counts) in measures.alarms() {
            let Some(known) = self.alarms.get(&alarm) else {
                continue;
            };
            let active = known.activity.until(self.from, self.until);
            let did_anything = counts != AlarmCounts::default() || active > Duration::ZERO;
            if did_anything {
                alarms.insert(known.name.clone(), OfAlarm { counts, active });
            }
        }
        let name_of = |alarm: AlarmId| {
            let known = self.alarms.get(&alarm);
            known.map_or_else(|| alarm.to_string(), |known| known.name.to_string())
        };
        Sums {
            report: measures.finish(self.until, &self.areas, name_of),
            alarms,
        }
    }

    /// Devices come in any order; areas are shown by their names.
    fn sort_areas(&mut self) {
        let mut sorted: Vec<usize> = (0..self.areas.len()).collect();
        sorted.sort_by_key(|place| &self.areas[*place]);
        let mut places = vec![0; sorted.len()];
        for (new, old) in sorted.into_iter().enumerate() {
            places[old] = new;
        }
        for occurred in &mut self.occurred {
            occurred.area = places[occurred.area];
        }
        self.areas.sort();
    }

    fn known(&mut self, name: &str, alarm: AlarmId) -> &mut Known {
        self.alarms.entry(alarm).or_insert_with(|| Known {
            name: name.into(),
            activity: Activity::default(),
        })
    }

    fn place(&mut self, area: &str) -> usize {
        if let Some(place) = self.places.get(area) {
            return *place;
        }
        let place = self.areas.len();
        self.areas.push(area.to_owned());
        self.places.insert(area.into(), place);
        place
    }
}

impl Sums {
    /// What the alarm did; nothing if it did nothing.
    pub(super) fn of(&self, alarm: &str) -> OfAlarm {
        self.alarms.get(alarm).copied().unwrap_or_default()
    }

    /// The names of the alarms that did anything, in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.alarms.keys().map(|name| &**name)
    }

    /// The sum over all alarms of what `of` says of each.
    pub(super) fn sum(&self, of: impl Fn(&AlarmCounts) -> u64) -> u64 {
        self.alarms.values().map(|alarm| of(&alarm.counts)).sum()
    }

    /// How long alarms were active, all together.
    pub(super) fn active(&self) -> Duration {
        self.alarms.values().map(|alarm| alarm.active).sum()
    }

    /// How often operators were told.
    pub(super) fn told(&self) -> u64 {
        self.report
            .areas
            .iter()
            .map(|area| area.annunciations)
            .sum()
    }

    /// The same in a window of an area on average; over all areas together.
    pub(super) fn average(&self) -> f64 {
        self.report
            .areas
            .iter()
            .map(|area| area.average)
            .sum::<f64>()
            + 0.0
    }

    /// The window with the most annunciations; the first of those that have as many.
    pub(super) fn peak(&self) -> Option<Peak> {
        let told = self.report.areas.iter().filter(|area| area.peak > 0);
        let peak = told.max_by_key(|area| (area.peak, std::cmp::Reverse(area.peak_at)))?;
        Some(Peak {
            area: peak.area.clone(),
            from: peak.peak_at,
            annunciations: peak.peak,
        })
    }

    /// How many windows of an area have more annunciations than an operator can take in.
    pub(super) fn windows_over(&self) -> u64 {
        self.report.areas.iter().map(|area| area.windows_over).sum()
    }

    /// How many floods there were.
    pub(super) fn floods(&self) -> usize {
        self.report.areas.iter().map(|area| area.floods.len()).sum()
    }
}
