//! What the journal has last of each outstation, so that nothing it offers again is kept twice.
//!
//! An outstation whose confirm did not arrive, because the engine was killed between the disk and
//! the network, sends the same events to the engine's next life.

use std::collections::{HashMap, VecDeque};

use gridos_collect::dnp3::Recent;
use gridos_journal::{JournalError, LayoutBook, Record};
use gridos_model::{DeadLetter, DeviceId, Events, Layout, LayoutId, Quality, Readings, Timestamp};

use crate::config::Fleet;

/// The last events and dead letters of each device of the fleet, by its place; none of a device that is
/// no outstation.
pub(super) type Recents = Vec<Recent>;

/// An event as it is journalled, by its point's position in its device's whole layout.
type Event = (u32, Timestamp, f64, Quality);

/// The last events and dead letters of each device, as they are read.
pub(super) struct Last<'a> {
    fleet: &'a Fleet,
    book: &'a LayoutBook,
    events: Vec<VecDeque<Event>>,
    letters: Vec<VecDeque<DeadLetter>>,
    devices: HashMap<DeviceId, usize>,
    has_outstations: bool,
    /// What the layouts of outstations are, those of today and those met in the journal.
    places: HashMap<LayoutId, Option<Places>>,
}

/// Which device a layout is of, and where its points are in today's.
struct Places {
    device: usize,
    /// `None`: they are today's.
    positions: Option<Box<[Option<u32>]>>,
}

impl<'a> Last<'a> {
    pub(super) fn of(fleet: &'a Fleet, book: &'a LayoutBook) -> Self {
        let outstations = outstations(fleet).map(|(device, layout)| {
            let positions = None;
            (layout.id(), Some(Places { device, positions }))
        });
        let outstations_by_id =
            self::outstations(fleet).map(|(device, layout)| (layout.device_id(), device));
        Self {
            fleet,
            book,
            events: vec![VecDeque::new(); fleet.devices.len()],
            letters: vec![VecDeque::new(); fleet.devices.len()],
            devices: outstations_by_id.collect(),
            has_outstations: self::outstations(fleet).next().is_some(),
            places: outstations.collect(),
        }
    }

    /// Takes a record in, in the order in which they were written.
    pub(super) fn take(&mut self, record: Record<'_>) -> Result<(), JournalError> {
        match record {
            Record::Readings(Readings::Events(events)) if self.has_outstations => {
                self.keep(&events)?;
            }
            Record::Letter(letter) => self.keep_letter(letter),
            Record::Readings(_)
            | Record::Transitions(_)
            | Record::Gap(_)
            | Record::Alarms(_)
            | Record::Audit(_) => {}
        }
        Ok(())
    }

    /// What was read.
    pub(super) fn recents(self) -> Recents {
        let known = self.events.into_iter().zip(&self.letters);
        let restored: Vec<Recent> = known
            .map(|(events, letters)| Recent::restore(events).with_letters(letters))
            .collect();
        let events: usize = restored.iter().map(Recent::len).sum();
        if events > 0 {
            tracing::info!(events, "events of outstations are known from the journal");
        }
        restored
    }

    fn keep(&mut self, events: &Events<'_>) -> Result<(), JournalError> {
        if !self.places.contains_key(&events.layout) {
            let places = self.find(events.layout)?;
            self.places.insert(events.layout, places);
        }
        let Some(Some(places)) = self.places.get(&events.layout) else {
            return Ok(());
        };
        let Some(kept) = self.events.get_mut(places.device) else {
            return Ok(());
        };
        let columns = events.points.iter().zip(events.times).zip(events.values);
        for (at, ((position, time), value)) in columns.enumerate() {
            let quality = events.qualities.get(at).copied().unwrap_or(Quality::GOOD);
            let position = match &places.positions {
                None => Some(*position),
                Some(today) => today.get(*position as usize).copied().flatten(),
            };
            let Some(position) = position else { continue };
            if kept.len() == Recent::EVENTS_MAX {
                kept.pop_front();
            }
            kept.push_back((position, *time, *value, quality));
        }
        Ok(())
    }

    fn keep_letter(&mut self, letter: DeadLetter) {
        let device = self.devices.get(&letter.device());
        let Some(kept) = device.and_then(|device| self.letters.get_mut(*device)) else {
            return;
        };
        if kept.len() == Recent::LETTERS_MAX {
            kept.pop_front();
        }
        kept.push_back(letter);
    }

    /// What an earlier layout of an outstation is; its points are known again by their names.
    fn find(&self, id: LayoutId) -> Result<Option<Places>, JournalError> {
        let Some(definition) = self.book.find(id)? else {
            return Ok(None);
        };
        let mut outstations = outstations(self.fleet);
        let found = outstations.find(|(_, layout)| layout.device() == definition.device);
        let Some((device, today)) = found else {
            return Ok(None);
        };
        let by_name: HashMap<&str, u32> = (0..)
            .zip(today.points())
            .map(|(position, point)| (point.name(), position))
            .collect();
        let earlier = definition.points.iter();
        let positions = earlier.map(|(name, _)| by_name.get(name.as_str()).copied());
        let positions = Some(positions.collect());
        Ok(Some(Places { device, positions }))
    }
}

/// The outstations with their whole layouts, by their places in the fleet.
fn outstations(fleet: &Fleet) -> impl Iterator<Item = (usize, &Layout)> {
    let devices = fleet.devices.iter().enumerate();
    let outstations = devices.filter(|(_, device)| device.dnp3.is_some());
    outstations.map(|(place, device)| {
        let whole = fleet.directory.device(device.index).whole();
        (place, &**whole)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gridos_journal::{Options, Streams};
    use gridos_model::Batch;

    use super::super::ends;
    use super::*;
    use crate::config::Config;

    const ADDRESSES: &str = "address = \"h\"\noutstation = 10\n";

    fn fleet(points: &str) -> Fleet {
        let text = format!(
            "[[profile]]\nname = \"p\"\nprotocol = \"dnp3\"\npoint = [{points}]\n\
             [[profile]]\nname = \"posts\"\nprotocol = \"push\"\npoint = [{{ name = \"x\" }}]\n\
             [[device]]\nname = \"other\"\nprofile = \"posts\"\n\
             [[device]]\nname = \"rtu\"\nprofile = \"p\"\n{ADDRESSES}"
        );
        let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        let config = Config::parse(&text, "g.toml", [("", ""); 0], &no_files);
        Fleet::of(&config.unwrap_or_else(|faults| panic!("{faults}"))).unwrap()
    }

    fn event(position: u32, n: u32) -> Event {
        let time = Timestamp::from_millis(1_700_000_000_000 + i64::from(n));
        (position, time, f64::from(n), Quality::RESTART)
    }

    /// A life of the engine that keeps `events` of `device`.
    fn live(dir: &Path, fleet: &Fleet, device: usize, events: &[Event]) {
        let streams = Streams::open(dir).unwrap();
        let book = LayoutBook::open(dir).unwrap();
        book.add(fleet.directory.layouts().map(|layout| &**layout))
            .unwrap();
        let mut journal = streams.begin(Options::default()).unwrap();
        let whole = fleet.directory.devices()[device].whole();
        for batch_of in events.chunks(100) {
            let mut batch = Batch::default();
            batch.start_events(whole, Timestamp::from_millis(1));
            for (position, time, value, quality) in batch_of {
                batch.push_event(*position, *time, *value, *quality);
            }
            journal.append_readings(&batch.readings().unwrap());
        }
        journal.write().unwrap();
    }

    fn restored(dir: &Path, fleet: &Fleet) -> Vec<Recent> {
        let streams = Streams::open(dir).unwrap();
        let book = LayoutBook::open(dir).unwrap();
        ends::read(streams.earlier(), &book, fleet).recents
    }

    /// They remember the same.
    fn assert_same(recent: &Recent, events: impl IntoIterator<Item = Event>) {
        let expected = Recent::restore(events);
        assert_eq!(format!("{recent:?}"), format!("{expected:?}"));
    }

    const TWO: &str = "{ name = \"a\", analog = 0 }, { name = \"b\", analog = 7, unit = \"A\" }";

    #[test]
    fn the_last_events_of_all_lives_are_known() {
        let dir = tempfile::tempdir().unwrap();
        let fleet = fleet(TWO);
        let first: Vec<Event> = (0..150).map(|n| event(n % 2, n)).collect();
        let second: Vec<Event> = (150..155).map(|n| event(1, n)).collect();
        live(dir.path(), &fleet, 1, &first);
        live(dir.path(), &fleet, 0, &[event(0, 1_000)]);
        live(dir.path(), &fleet, 1, &second);
        let recent = restored(dir.path(), &fleet);
        assert!(recent[0].is_empty());
        assert_eq!(recent[1].len(), 155);
        assert_same(&recent[1], first.into_iter().chain(second));
    }

    #[test]
    fn the_last_dead_letters_are_known() {
        let dir = tempfile::tempdir().unwrap();
        let fleet = fleet(TWO);
        let letters: Vec<DeadLetter> = (0..70_u8)
            .map(|n| {
                let device = DeviceId::of("rtu");
                DeadLetter::new(device, Timestamp::from_millis(1), "why", &[n])
            })
            .collect();
        let of_nobody = DeadLetter::new(DeviceId::of("gone"), Timestamp::EPOCH, "why", &[1]);
        live(dir.path(), &fleet, 1, &[event(0, 1)]);
        let streams = Streams::open(dir.path()).unwrap();
        let mut journal = streams.begin(Options::default()).unwrap();
        letters.iter().chain([&of_nobody]).for_each(|letter| {
            journal.append_letter(letter);
        });
        journal.write().unwrap();
        drop((journal, streams));
        let recent = restored(dir.path(), &fleet);
        let last = &letters[70 - Recent::LETTERS_MAX..];
        let expected = Recent::restore([event(0, 1)]).with_letters(last);
        assert_eq!(format!("{:?}", recent[1]), format!("{expected:?}"));
        let nothing = format!("{:?}", Recent::default());
        assert_eq!(format!("{:?}", recent[0]), nothing);
        assert_ne!(format!("{expected:?}"), nothing);
    }

    #[test]
    fn no_more_are_kept_than_are_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let fleet = fleet(TWO);
        let events: Vec<Event> = (0..5_000).map(|n| event(0, n)).collect();
        live(dir.path(), &fleet, 1, &events);
        let recent = restored(dir.path(), &fleet);
        assert_eq!(recent[1].len(), Recent::EVENTS_MAX);
        let last = events[5_000 - Recent::EVENTS_MAX..].to_vec();
        assert_same(&recent[1], last);
    }

    #[test]
    fn points_of_an_earlier_map_are_known_by_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let earlier = fleet(TWO);
        live(dir.path(), &earlier, 1, &[event(0, 1), event(1, 2)]);
        let today = fleet("{ name = \"new\", counter = 1 }, { name = \"b\", analog = 7 }");
        let recent = restored(dir.path(), &today);
        assert_same(&recent[1], [event(1, 2)]);
    }
}
