//! What is known of the alarms of shared devices: kept for this engine, and noted for whoever takes them next.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use gridos_alarm::Case;
use gridos_model::{AlarmId, DeviceId, DeviceIndex};
use gridos_pipeline::{AlarmBook, AlarmTable};
use gridos_roster::Note;

use crate::config::{Channel, Fleet};

/// What was known here when a device went elsewhere, and what was said last of those that are here.
#[derive(Debug, Default)]
pub(super) struct AlarmNotes {
    /// Of alarms that another engine may have gone on with.
    known: HashMap<AlarmId, Case>,
    /// How what was said of each channel looked.
    said: HashMap<DeviceId, Look>,
    /// The table that was looked at last.
    sequence: u64,
}

/// How many cases there are, and the last record of them: another record makes another look.
type Look = (usize, u64);

/// What goes on with devices that are taken.
#[derive(Debug, Default)]
pub(super) struct TakenOver {
    /// What was known of their alarms.
    pub(super) cases: Vec<Case>,
    /// What this engine knew of alarms that are over by now.
    pub(super) forgotten: Vec<Case>,
}

/// The alarms of each device of `devices`.
pub(super) fn alarms_of(
    fleet: &Fleet,
    devices: &HashSet<DeviceIndex>,
) -> HashMap<AlarmId, DeviceIndex> {
    let alarms = fleet.alarms().map(|alarm| alarm.defined);
    let here = alarms.filter(|alarm| devices.contains(&alarm.device));
    here.map(|alarm| (alarm.id, alarm.device)).collect()
}

/// The channel of each device.
pub(super) fn channels_of(channels: &[Channel]) -> HashMap<DeviceIndex, DeviceId> {
    let each = channels.iter().flat_map(|channel| {
        let devices = channel.devices.iter();
        devices.map(|device| (*device, channel.id))
    });
    each.collect()
}

impl AlarmNotes {
    /// Keeps what is known of alarms that are elsewhere from now on. Nothing is of one that was handed over: it has
    /// no occurrence.
    pub(super) fn keep(&mut self, cases: impl IntoIterator<Item = Case>) {
        let known = cases
            .into_iter()
            .filter(|case| !case.facts.is_at_rest() || case.occurrence > 0);
        self.known.extend(known.map(|case| (case.alarm, case)));
    }

    /// What is to be noted of `channels` that are given back, of whose alarms `cases` are not at rest.
    pub(super) fn give(
        &mut self,
        channels: &[DeviceId],
        cases: Vec<Case>,
        channel_of: impl Fn(AlarmId) -> Option<DeviceId>,
    ) -> Vec<(DeviceId, Bytes)> {
        let mut by_channel: HashMap<DeviceId, Vec<&Case>> = HashMap::new();
        for case in &cases {
            if let Some(channel) = channel_of(case.alarm) {
                by_channel.entry(channel).or_default().push(case);
            }
        }
        let said = channels.iter().map(|channel| {
            self.said.remove(channel);
            let cases = by_channel.get(channel).into_iter().flatten();
            (*channel, write(cases.copied()))
        });
        let said = said.collect();
        self.keep(cases);
        said
    }

    /// What goes on with `alarms` of one channel that is taken, of which `note` was noted last.
    ///
    /// If this engine had it last, it knows better what came after the note, if anything did; otherwise what it
    /// knew is of before.
    pub(super) fn take<'a>(
        &mut self,
        alarms: impl Iterator<Item = &'a AlarmId>,
        note: Option<&Note>,
        taken: &mut TakenOver,
    ) {
        let noted = note.map(|note| read(&note.said)).unwrap_or_default();
        let is_own = note.is_none_or(|note| note.is_own);
        let mut noted: HashMap<_, _> = noted.into_iter().map(|case| (case.alarm, case)).collect();
        for alarm in alarms {
            match (self.known.remove(alarm), noted.remove(alarm)) {
                (Some(own), Some(noted)) if is_own && own.sequence >= noted.sequence => {
                    taken.cases.push(own);
                }
                (_, Some(noted)) => taken.cases.push(noted),
                (Some(own), None) if is_own => taken.cases.push(own),
                (Some(own), None) if !own.facts.is_at_rest() => taken.forgotten.push(own),
                (Some(_) | None, None) => {}
            }
        }
    }

    /// Whether something may have to be noted of the channels that are `held`, as of the record `sequence`.
    pub(super) fn is_due(&self, sequence: u64, mut held: impl Iterator<Item = DeviceId>) -> bool {
        sequence != self.sequence || held.any(|channel| !self.said.contains_key(&channel))
    }

    /// What is to be noted of the channels that are `held`, as far as it is another by `table` than was said.
    pub(super) fn news(
        &mut self,
        table: &AlarmTable,
        book: &AlarmBook,
        held: impl Iterator<Item = DeviceId>,
        channel_of: &HashMap<DeviceIndex, DeviceId>,
    ) -> Vec<(DeviceId, Bytes)> {
        self.sequence = table.sequence;
        let mut by_channel: HashMap<DeviceId, Vec<&Case>> = HashMap::new();
        for case in table.cases.values() {
            let channel = book.find(case.alarm).map(|entry| entry.device);
            if let Some(channel) = channel.and_then(|device| channel_of.get(&device)) {
                by_channel.entry(*channel).or_default().push(case);
            }
        }
        let mut news = Vec::new();
        for channel in held {
            let cases = by_channel.remove(&channel).unwrap_or_default();
            let last = cases.iter().map(|case| case.sequence).max();
            let look = (cases.len(), last.unwrap_or(0));
            if self.said.insert(channel, look) != Some(look) {
                news.push((channel, write(cases.into_iter())));
            }
        }
        news
    }
}

/// One case a line.
fn write<'a>(cases: impl Iterator<Item = &'a Case>) -> Bytes {
    let lines: Vec<_> = cases.map(Case::to_json).collect();
    lines.join("\n").into()
}

/// What cannot be read is passed over: a later version may have written it, and its alarm is raised anew.
fn read(said: &Bytes) -> Vec<Case> {
    let text = String::from_utf8_lossy(said);
    text.lines().filter_map(Case::of_json).collect()
}

#[cfg(test)]
mod tests {
    use gridos_model::{AlarmFlags, AlarmKind, Level};

    use super::*;

    fn case(name: &str, sequence: u64, is_active: bool) -> Case {
        let mut case = Case::new(AlarmId::of(name, AlarmKind::Limit));
        case.sequence = sequence;
        case.occurrence = 1;
        if is_active {
            case.facts.level = Level::High;
            case.facts.flags.insert(AlarmFlags::UNACKNOWLEDGED);
        }
        case
    }

    fn note(is_own: bool, cases: &[Case]) -> Note {
        Note {
            is_own,
            said: write(cases.iter()),
        }
    }

    /// The sequences that go on and that are forgotten, of what was known here and is noted.
    fn taken(known: &[Case], note: Option<&Note>) -> (Vec<u64>, Vec<u64>) {
        let mut notes = AlarmNotes::default();
        notes.keep(known.iter().cloned());
        let ids = ["d.a", "d.b"].map(|name| AlarmId::of(name, AlarmKind::Limit));
        let mut taken = TakenOver::default();
        notes.take(ids.iter(), note, &mut taken);
        assert!(notes.known.is_empty());
        let sequences = |cases: Vec<Case>| cases.iter().map(|case| case.sequence).collect();
        (sequences(taken.cases), sequences(taken.forgotten))
    }

    #[test]
    fn whoever_had_it_last_knows() {
        let (a, b) = (case("d.a", 5, true), case("d.b", 6, true));
        let noted = [case("d.a", 4, true), case("d.b", 7, true)];
        let known = [a.clone(), b];
        assert_eq!(taken(&known, None), (vec![5, 6], vec![]));
        assert_eq!(
            taken(&known, Some(&note(true, &noted))),
            (vec![5, 7], vec![])
        );
        assert_eq!(
            taken(&known, Some(&note(false, &noted))),
            (vec![4, 7], vec![])
        );
        assert_eq!(taken(&known, Some(&note(false, &[]))), (vec![], vec![5, 6]));
        assert_eq!(taken(&[], Some(&note(false, &noted))), (vec![4, 7], vec![]));
        // It returned to normal after it was noted, and before the engine died.
        let rested = [case("d.a", 9, false)];
        assert_eq!(taken(&rested, Some(&note(true, &[a]))), (vec![9], vec![]));
        // It was given to another engine, or to none, when this one ended.
        let given = [Case {
            occurrence: 0,
            ..case("d.b", 9, false)
        }];
        assert_eq!(
            taken(&given, Some(&note(true, &noted))),
            (vec![4, 7], vec![])
        );
        let odd = Note {
            is_own: false,
            said: "{}\n\u{fffd}".into(),
        };
        assert_eq!(taken(&rested, Some(&odd)), (vec![], vec![]));
    }

    #[test]
    fn what_is_given_back_is_said_of_each_channel() {
        let mut notes = AlarmNotes::default();
        let channels = ["d", "e"].map(DeviceId::of);
        let cases = vec![case("d.a", 1, true), case("d.b", 2, true)];
        let said = notes.give(&channels, cases.clone(), |_| Some(channels[0]));
        assert_eq!(said[0].0, channels[0]);
        assert_eq!(read(&said[0].1), cases);
        assert_eq!(said[1], (channels[1], Bytes::new()));
        assert_eq!(notes.known.len(), 2);
    }
}
