//! Floods of all areas, for which a summary is sent.

use std::collections::BTreeMap;

use gridos_alarm::kpi::{Flood, FloodMeter, Targets};
use gridos_model::{AlarmId, Timestamp};
use serde::{Deserialize, Serialize};

/// A flood of one area that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaFlood {
    /// The area.
    pub area: String,
    /// The flood.
    pub flood: Flood,
}

/// The floods of all areas.
#[derive(Debug, Default)]
pub struct Floods {
    meters: BTreeMap<String, FloodMeter>,
}

/// What is known of one area's annunciations, to outlive the process: a flood does not end because
/// the engine was restarted in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMeter {
    area: String,
    /// Times in nanoseconds since 1970, sequences and alarms.
    last: Vec<(i64, u64, u64)>,
    flood: Option<KeptFlood>,
}

/// A flood on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptFlood {
    start_ns: i64,
    annunciations: u64,
    first_out: u64,
    first_sequence: u64,
}

impl Floods {
    /// An alarm of `area` was annunciated at `now`.
    pub fn on_annunciated(&mut self, area: &str, now: Timestamp, sequence: u64, alarm: AlarmId) {
        let meter = match self.meters.get_mut(area) {
            Some(meter) => meter,
            None => self
                .meters
                .entry(area.to_owned())
                .or_insert_with(|| FloodMeter::new(Targets::USUAL)),
        };
        meter.on_annunciated(now, sequence, alarm);
    }

    /// Time has come to `now`: floods end by themselves.
    pub fn on_time(&mut self, now: Timestamp) {
        for meter in self.meters.values_mut() {
            meter.on_time(now);
        }
    }

    /// Whether `area` is in flood.
    pub fn is_on(&self, area: &str) -> bool {
        let meter = self.meters.get(area);
        meter.is_some_and(|meter| meter.flood().is_some())
    }

    /// Those that go on.
    pub fn on(&self) -> impl Iterator<Item = AreaFlood> {
        self.meters.iter().filter_map(|(area, meter)| {
            Some(AreaFlood {
                area: area.clone(),
                flood: *meter.flood()?,
            })
        })
    }

    /// What must outlive the process.
    pub(crate) fn kept(&self) -> Vec<KeptMeter> {
        let meters = self.meters.iter().map(|(area, meter)| KeptMeter {
            area: area.clone(),
            last: meter
                .last()
                .map(|(time, sequence, alarm)| (time.as_nanos(), sequence, alarm.raw()))
                .collect(),
            flood: meter.flood().map(KeptFlood::of),
        });
        meters.collect()
    }

    /// Goes on with what an earlier process left.
    pub(crate) fn restore(&mut self, kept: Vec<KeptMeter>) {
        for KeptMeter { area, last, flood } in kept {
            let last = last.into_iter().map(|(time, sequence, alarm)| {
                let alarm = AlarmId::from_raw(alarm);
                (Timestamp::from_nanos(time), sequence, alarm)
            });
            let flood = flood.map(KeptFlood::flood);
            let meter = FloodMeter::resume(Targets::USUAL, last, flood);
            self.meters.insert(area, meter);
        }
    }
}

impl KeptFlood {
    pub(crate) fn of(flood: &Flood) -> Self {
        Self {
            start_ns: flood.start.as_nanos(),
            annunciations: flood.annunciations,
            first_out: flood.first_out.raw(),
            first_sequence: flood.first_sequence,
        }
    }

    pub(crate) fn flood(self) -> Flood {
        Flood {
            start: Timestamp::from_nanos(self.start_ns),
            end: None,
            annunciations: self.annunciations,
            first_out: AlarmId::from_raw(self.first_out),
            first_sequence: self.first_sequence,
        }
    }
}
