//! The measures of a span of time, added up record by record.

use std::collections::HashMap;
use std::time::Duration;

use gridos_model::{AlarmAction, AlarmId, Timestamp};

use super::episode::Episode;
use super::load::Load;
use super::report::{self, KpiReport};
use super::{AlarmCounts, ChatterMeter, Occurred, Standing, Targets};

/// What happened in a span of time. It keeps something per alarm that did anything, and a number
/// per acknowledgement.
///
/// Records of a while before the span may be added as well ([`Targets::lead`]): they do not count,
/// and a flood or a chatter that goes on when the span begins is seen as one.
#[derive(Clone, Debug)]
pub struct Measures {
    pub(super) targets: Targets,
    pub(super) from: Timestamp,
    pub(super) areas: Vec<Load>,
    pub(super) alarms: HashMap<AlarmId, Episode>,
    pub(super) waits: Vec<Duration>,
    chatter: ChatterMeter,
}

impl Measures {
    /// Measures from `from` on, of so many areas.
    pub fn new(targets: Targets, from: Timestamp, areas: usize) -> Self {
        Self {
            targets,
            from,
            areas: vec![Load::new(targets, from); areas],
            alarms: HashMap::new(),
            waits: Vec::new(),
            chatter: ChatterMeter::new(targets),
        }
    }

    /// Takes note of an alarm that stood, or waited, before the span began: without it, what stands
    /// longest would not be seen at all.
    pub fn seed(&mut self, standing: &Standing) {
        let episode = Episode::standing(standing);
        self.alarms.insert(standing.alarm, episode);
    }

    /// Adds the next record, in the order of sequences; those of areas that are not measured are
    /// passed over.
    pub fn add(&mut self, occurred: &Occurred) {
        let Some(load) = self.areas.get_mut(occurred.area) else {
            return;
        };
        let counts = occurred.received >= self.from;
        if occurred.is_annunciated {
            load.on_annunciated(occurred);
        }
        let episode = self.alarms.entry(occurred.alarm).or_default();
        // What stands and is raised again was met anew by an engine that had forgotten it.
        let is_activation = occurred.action == AlarmAction::Raised && !episode.is_active();
        let waited = episode.add(occurred, &self.targets, counts);
        self.waits.extend(waited.filter(|_| counts));
        if is_activation {
            let begins = self.chatter.on_raised(occurred.received, occurred.alarm);
            episode.chatters += u64::from(begins && counts);
        }
    }

    /// How often each alarm that did anything did what, in no order.
    pub fn alarms(&self) -> impl Iterator<Item = (AlarmId, AlarmCounts)> {
        let alarms = self.alarms.iter();
        alarms.map(|(alarm, episode)| (*alarm, episode.counts()))
    }

    /// The report of all up to `until`. `area_names` are those of the areas in their order, and
    /// `name_of` gives that of an alarm.
    pub fn finish(
        mut self,
        until: Timestamp,
        area_names: &[String],
        name_of: impl Fn(AlarmId) -> String,
    ) -> KpiReport {
        for load in &mut self.areas {
            load.finish(until);
        }
        report::of(&self, until, area_names, &name_of)
    }
}
