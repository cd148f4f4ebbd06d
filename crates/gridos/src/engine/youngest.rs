//! When each point was read last in earlier lives, so that what is older stays late.

use std::collections::HashMap;

use gridos_journal::{JournalError, LayoutBook};
use gridos_model::{Directory, LayoutId, PointIndex, Quality, Readings, Timestamp};

/// When each point was read last, as far as the ends of the streams tell.
#[derive(Debug)]
pub(super) struct Youngest {
    /// By point; [`Timestamp::MIN`] where it is not known.
    times: Vec<Timestamp>,
    /// The last sweep of each layout: one number for all of its points.
    sweeps: HashMap<LayoutId, Timestamp>,
    /// What the layouts are, those of today and those met in the journal.
    places: HashMap<LayoutId, Places>,
}

/// Where the points of a layout are today.
#[derive(Debug)]
enum Places {
    /// From that one on, so many.
    From(PointIndex, usize),
    /// One by one: the device has another map today. Empty if the device is gone.
    Named(Box<[Option<PointIndex>]>),
}

impl Youngest {
    pub(super) fn of(directory: &Directory) -> Self {
        let today = directory.layouts().map(|layout| {
            let places = Places::From(layout.first(), layout.len());
            (layout.id(), places)
        });
        Self {
            times: vec![Timestamp::MIN; directory.point_count()],
            sweeps: HashMap::new(),
            places: today.collect(),
        }
    }

    /// Takes readings in, in the order in which they were journalled.
    pub(super) fn take(
        &mut self,
        readings: &Readings<'_>,
        directory: &Directory,
        book: &LayoutBook,
    ) -> Result<(), JournalError> {
        match readings {
            Readings::Sweep(sweep) => {
                let time = sweep.time.min(sweep.received);
                self.sweeps.insert(sweep.layout, time);
                self.know(sweep.layout, directory, book)
            }
            Readings::Events(events) => {
                self.know(events.layout, directory, book)?;
                let told = events.points.iter().zip(events.times);
                self.note(events.layout, told, events.qualities, events.received);
                Ok(())
            }
            Readings::Texts(texts) => {
                self.know(texts.layout, directory, book)?;
                let told = texts.points.iter().zip(texts.times);
                self.note(texts.layout, told, texts.qualities, texts.received);
                Ok(())
            }
        }
    }

    /// The points of which anything is known, each with the time of its youngest reading.
    pub(super) fn known(mut self) -> impl Iterator<Item = (PointIndex, Timestamp)> {
        for (layout, time) in std::mem::take(&mut self.sweeps) {
            let Some(places) = self.places.get(&layout) else {
                continue;
            };
            for position in 0..places.len() {
                note(&mut self.times, places.at(position), time);
            }
        }
        let points = self.times.into_iter().enumerate();
        let points = points.filter(|(_, time)| *time > Timestamp::MIN);
        points.filter_map(|(point, time)| Some((PointIndex::new(u32::try_from(point).ok()?), time)))
    }

    /// Looks up what an earlier layout was; its points are known again by their names.
    fn know(
        &mut self,
        layout: LayoutId,
        directory: &Directory,
        book: &LayoutBook,
    ) -> Result<(), JournalError> {
        if self.places.contains_key(&layout) {
            return Ok(());
        }
        let definition = book.find(layout)?;
        let points = definition.map(|definition| {
            let device = definition.device;
            let points = definition.points.into_iter();
            let today = points.map(|(name, _)| directory.find_point(&format!("{device}.{name}")));
            today.map(|at| at.map(|at| at.index)).collect()
        });
        let places = Places::Named(points.unwrap_or_default());
        self.places.insert(layout, places);
        Ok(())
    }

    /// As [`gridos_pipeline::Turn`] does it: what came late, or from a clock that was never set, is no
    /// measure.
    fn note<'a>(
        &mut self,
        layout: LayoutId,
        told: impl Iterator<Item = (&'a u32, &'a Timestamp)>,
        qualities: &[Quality],
        received: Timestamp,
    ) {
        let no_measure = Quality::LATE | Quality::CLOCK_UNSYNCHRONISED;
        let Some(places) = self.places.get(&layout) else {
            return;
        };
        for (at, (position, time)) in told.enumerate() {
            let quality = qualities.get(at).copied().unwrap_or_default();
            if !quality.intersects(no_measure) {
                let point = places.at(*position as usize);
                note(&mut self.times, point, (*time).min(received));
            }
        }
    }
}

fn note(times: &mut [Timestamp], point: Option<PointIndex>, time: Timestamp) {
    let known = point.and_then(|point| times.get_mut(point.get()));
    if let Some(known) = known {
        *known = time.max(*known);
    }
}

impl Places {
    fn len(&self) -> usize {
        match self {
            Self::From(_, count) => *count,
            Self::Named(points) => points.len(),
        }
    }

    fn at(&self, position: usize) -> Option<PointIndex> {
        match self {
            Self::From(first, count) if position < *count => {
                let position = u32::try_from(position).ok()?;
                Some(PointIndex::new(
                    u32::try_from(first.get()).ok()?.checked_add(position)?,
                ))
            }
            Self::From(..) => None,
            Self::Named(points) => points.get(position).copied().flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use gridos_journal::{Options, Streams};
    use gridos_model::{Batch, Layout, TimeQuality};

    use super::super::ends;
    use super::*;
    use crate::config::{Config, Fleet};

    fn fleet(points: &str) -> Fleet {
        let text = format!(
            "[[profile]]\nname = \"p\"\nprotocol = \"push\"\npoint = [{points}]\n\
             [[device]]\nname = \"first\"\nprofile = \"p\"\n\
             [[device]]\nname = \"second\"\nprofile = \"p\"\n"
        );
        let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        let config = Config::parse(&text, "g.toml", [("", ""); 0], &no_files);
        Fleet::of(&config.unwrap_or_else(|faults| panic!("{faults}"))).unwrap()
    }

    const THREE: &str = "{ name = \"a\" }, { name = \"b\" }, { name = \"t\", type = \"string\" }";

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// A life of the engine that keeps `batches`.
    fn live(dir: &Path, fleet: &Fleet, batches: &[Batch]) {
        let streams = Streams::open(dir).unwrap();
        let book = LayoutBook::open(dir).unwrap();
        book.add(fleet.directory.layouts().map(|layout| &**layout))
            .unwrap();
        let mut journal = streams.begin(Options::default()).unwrap();
        for batch in batches {
            journal.append_readings(&batch.readings().unwrap());
        }
        journal.write().unwrap();
    }

    /// What the next life knows, by the points' names.
    fn known(dir: &Path, fleet: &Fleet) -> Vec<(String, i64)> {
        let streams = Streams::open(dir).unwrap();
        let book = LayoutBook::open(dir).unwrap();
        let known = ends::read(streams.earlier(), &book, fleet).youngest.known();
        known
            .map(|(point, time)| (fleet.directory.point_name(point).unwrap(), time.as_millis()))
            .collect()
    }

    fn whole(fleet: &Fleet, device: usize) -> &Arc<Layout> {
        fleet.directory.devices()[device].whole()
    }

    /// Events of a device, each with position, time and quality.
    fn events(fleet: &Fleet, device: usize, received: i64, told: &[(u32, i64, Quality)]) -> Batch {
        let mut batch = Batch::default();
        batch.start_events(whole(fleet, device), at(received));
        for (position, time, quality) in told {
            assert!(batch.push_event(*position, at(*time), 1.0, *quality));
        }
        batch
    }

    fn named(known: &[(&str, i64)]) -> Vec<(String, i64)> {
        let known = known.iter();
        known
            .map(|(name, time)| ((*name).to_owned(), *time))
            .collect()
    }

    #[test]
    fn the_youngest_reading_of_each_point_is_known_over_all_lives() {
        let dir = tempfile::tempdir().unwrap();
        let fleet = fleet(THREE);
        let good = Quality::GOOD;
        let first = events(
            &fleet,
            0,
            90,
            &[(0, 50, good), (0, 60, good), (0, 40, Quality::LATE)],
        );
        let mut sweep = Batch::default();
        sweep.start_sweep(whole(&fleet, 1), at(70), TimeQuality::Synchronised, at(70));
        sweep.extend([1.0, 2.0, 3.0]);
        let mut text = Batch::default();
        text.start_texts(whole(&fleet, 0), at(90));
        assert!(text.push_text(2, at(80), "v1", good));
        live(dir.path(), &fleet, &[first, sweep, text]);
        // A clock that is ahead, one that was never set, and one that is behind the sweep.
        let unset = Quality::CLOCK_UNSYNCHRONISED;
        let ahead = events(&fleet, 0, 100, &[(0, 900, good), (1, 95, unset)]);
        let behind = events(&fleet, 1, 100, &[(1, 99, good), (0, 69, good)]);
        live(dir.path(), &fleet, &[ahead, behind]);
        let expected = [
            ("first.a", 100),
            ("first.t", 80),
            ("second.a", 70),
            ("second.b", 99),
            ("second.t", 70),
        ];
        assert_eq!(known(dir.path(), &fleet), named(&expected));
    }

    #[test]
    fn points_of_an_earlier_map_are_known_by_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let earlier = fleet(THREE);
        let good = Quality::GOOD;
        let told = events(&earlier, 1, 90, &[(0, 50, good), (1, 60, good)]);
        live(dir.path(), &earlier, &[told]);
        let today = fleet("{ name = \"new\" }, { name = \"b\" }");
        assert_eq!(known(dir.path(), &today), named(&[("second.b", 60)]));
    }
}
