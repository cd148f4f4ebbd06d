//! The alarms of one point, and those that all points of a profile have.

use std::sync::Arc;

use gridos_alarm::Definition;
use gridos_modbus::Report;
use gridos_model::AlarmKind;

use super::super::judgement::StateTexts;
use super::super::section::Section;
use super::edges::blindness;
use super::entry::{self, Entry};
use super::{AlarmsByPosition, limits};

/// The kinds that all points of a profile may have: those that need no number of a point.
const KINDS_OF_DEFAULTS: [AlarmKind; 3] = [AlarmKind::Quality, AlarmKind::Stale, AlarmKind::Frozen];

/// What one point says of its alarms: one of each kind at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct PointAlarms {
    entries: Vec<Entry>,
    /// Whether the point has none of those that all points of its profile have.
    refuses_defaults: bool,
}

impl PointAlarms {
    /// Reads `limits`, `alarm` and `alarm_defaults` of a point; `states` is what its numbers are
    /// called.
    pub(in super::super) fn read(point: &Section<'_>, states: Option<&StateTexts>) -> Self {
        Self {
            refuses_defaults: point.flag("alarm_defaults") == Some(false),
            ..Self::read_own(point, states)
        }
    }

    /// Reads `limits` and `alarm` of a point of a single device.
    pub(in super::super) fn read_own(point: &Section<'_>, states: Option<&StateTexts>) -> Self {
        let mut entries: Vec<Entry> = limits::read(point).into_iter().collect();
        read_entries(point, "alarm", states, &mut entries);
        Self {
            entries,
            refuses_defaults: false,
        }
    }

    /// A point whose readings are texts.
    pub(in super::super) fn of_text() -> Self {
        Self {
            entries: Vec::new(),
            refuses_defaults: true,
        }
    }

    /// Whether it says nothing.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What it says.
    pub(in super::super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The alarms it says.
    pub(in super::super) fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.entries.iter().map(|entry| &*entry.definition)
    }

    /// Reports the alarms of `point` that would be wrong if it is told as `report` says.
    pub(in super::super) fn refuse_blind(&self, point: &Section<'_>, report: &Report) {
        for entry in &self.entries {
            if let Some(what) = blindness(&entry.definition, report) {
                let what = format!("alarm '{}': {what}", entry.kind());
                point.report_at(&entry.place, what);
            }
        }
    }

    /// The alarms it has with `defaults`, by their kinds.
    pub(in super::super) fn with(&self, defaults: &[Entry]) -> Vec<Arc<Definition>> {
        let is_missing = |other: &&Entry| self.entries.iter().all(|own| own.kind() != other.kind());
        let defaults = defaults.iter().filter(|_| !self.refuses_defaults);
        let all = self.entries.iter().chain(defaults.filter(is_missing));
        let mut all: Vec<Arc<Definition>> = all.map(|e| Arc::clone(&e.definition)).collect();
        all.sort_by_key(|definition| definition.condition.kind());
        all
    }
}

/// The alarms that all points of `profile` have unless they say otherwise.
pub(in super::super) fn read_defaults(profile: &Section<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    read_entries(profile, "alarm_defaults", None, &mut entries);
    for entry in entries
        .iter()
        .filter(|e| !KINDS_OF_DEFAULTS.contains(&e.kind()))
    {
        let what = format!(
            "alarm_defaults '{}': is no alarm for every point; allowed are quality, stale and \
             frozen, and the others as alarm of a point",
            entry.kind()
        );
        profile.report_at(&entry.place, what);
    }
    entries
}

/// Reads the list under `key` behind `entries`.
fn read_entries(
    section: &Section<'_>,
    key: &str,
    states: Option<&StateTexts>,
    entries: &mut Vec<Entry>,
) {
    let title = format!("{} {key}", section.title());
    for mut one in section.tables(key, entry::KEYS, &title) {
        let Some(entry) = entry::read(&mut one, states) else {
            continue;
        };
        match entries.iter().find(|other| other.kind() == entry.kind()) {
            Some(first) => {
                let place = &first.place;
                let what = "a point has one alarm of each kind; remove one";
                one.fault("kind", format_args!("stands at {place} already: {what}"));
            }
            None => entries.push(entry),
        }
    }
}

/// The alarms of all points of a layout, given those of each point by its position.
pub(in super::super) fn by_position(
    points: impl IntoIterator<Item = (usize, Vec<Arc<Definition>>)>,
) -> AlarmsByPosition {
    let each = |(at, alarms): (usize, Vec<_>)| alarms.into_iter().map(move |alarm| (at, alarm));
    points.into_iter().flat_map(each).collect()
}

/// The alarms of a profile's points with those of a device's own in the place of the same kinds.
pub(in super::super) fn with_own<'a>(
    profile: &[(usize, Arc<Definition>)],
    own: impl IntoIterator<Item = (usize, &'a PointAlarms)>,
) -> AlarmsByPosition {
    let own = own.into_iter();
    own.fold(profile.into(), |all, (at, alarms)| {
        replaced(&all, at, &alarms.entries)
    })
}

/// `alarms` with those of the point at `at` that are of the kinds of `own` replaced.
pub(super) fn replaced<'a>(
    alarms: &[(usize, Arc<Definition>)],
    at: usize,
    own: impl IntoIterator<Item = &'a Entry>,
) -> AlarmsByPosition {
    let mut all = alarms.to_vec();
    for entry in own {
        all.retain(|(other, alarm)| *other != at || alarm.condition.kind() != entry.kind());
        all.push((at, Arc::clone(&entry.definition)));
    }
    all.sort_by_key(|(at, alarm)| (*at, alarm.condition.kind()));
    all.into()
}
