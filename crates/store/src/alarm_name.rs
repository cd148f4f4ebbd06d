//! What alarms are of: their ids are hashes of names, which only the layout book can tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gridos_journal::{LayoutBook, LayoutDefinition};
use gridos_model::{AlarmId, AlarmKind, AlarmRecord, DeviceId, PointId};

use crate::StoreError;
use crate::blocking::blocking;
use crate::introduction::find;

/// What an alarm is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlarmOwner {
    pub(crate) device: DeviceId,
    /// `None` if it is of the device itself.
    pub(crate) point: Option<PointId>,
}

/// An alarm and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlarmName {
    pub(crate) name: String,
    pub(crate) owner: AlarmOwner,
    pub(crate) kind: AlarmKind,
}

/// Alarms whose owner was looked for; `None` if nobody knows it.
pub(crate) type KnownAlarms = HashMap<AlarmId, Option<AlarmOwner>>;

/// Those alarms of `records` that are not known.
pub(crate) fn unknown(records: &[AlarmRecord], known: &KnownAlarms) -> BTreeSet<AlarmId> {
    let alarms = records.iter().map(|record| record.alarm);
    alarms.filter(|alarm| !known.contains_key(alarm)).collect()
}

/// Which of `wanted` are alarms of the devices and points in `book`, by reckoning the ids of all that
/// there may be: some tenths of a second for millions, and done only for alarms that the database has never seen.
pub(crate) fn search(
    book: &LayoutBook,
    mut wanted: BTreeSet<AlarmId>,
) -> Result<BTreeMap<AlarmId, AlarmName>, StoreError> {
    blocking(|| {
        let mut found = BTreeMap::new();
        for id in book.ids() {
            if wanted.is_empty() {
                break;
            }
            if let Some(layout) = find(book, id)? {
                search_layout(&layout, &mut wanted, &mut found);
            }
        }
        Ok(found)
    })
}

fn search_layout(
    layout: &LayoutDefinition,
    wanted: &mut BTreeSet<AlarmId>,
    found: &mut BTreeMap<AlarmId, AlarmName>,
) {
    let device = DeviceId::of(&layout.device);
    let mut look = |owner: AlarmOwner, name: &str| {
        for (kind, alarm) in AlarmId::each_of(name) {
            if wanted.remove(&alarm) {
                let name = format!("{name}:{kind}");
                found.insert(alarm, AlarmName { name, owner, kind });
            }
        }
    };
    let of_device = AlarmOwner {
        device,
        point: None,
    };
    look(of_device, &layout.device);
    for (point, _) in &layout.points {
        let of_point = AlarmOwner {
            device,
            point: Some(PointId::of(&layout.device, point)),
        };
        look(of_point, &format!("{}.{point}", layout.device));
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::{DirectoryBuilder, Point};
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn alarms_are_found_by_what_the_book_has() {
        let dir = TempDir::new().unwrap();
        let mut builder = DirectoryBuilder::default();
        for device in ["a.b", "c"] {
            let points = vec![Point::new("p", "V"), Point::new("q", "V")];
            builder.add(device, points, &[0..1, 1..2]).unwrap();
        }
        let directory = builder.build();
        let book = LayoutBook::open(dir.path()).unwrap();
        book.add(directory.layouts().map(AsRef::as_ref)).unwrap();
        let names = ["a.b:link", "a.b.q:stale", "c.p:limit", "c.gone:limit"];
        let wanted = names.map(|name| AlarmId::of_name(name).unwrap());
        let found = search(&book, wanted.into()).unwrap();
        let of = |name: &str| found.get(&AlarmId::of_name(name).unwrap());
        for (name, device, point) in [
            ("a.b:link", "a.b", None),
            ("a.b.q:stale", "a.b", Some("q")),
            ("c.p:limit", "c", Some("p")),
        ] {
            let found = of(name).unwrap();
            let owner = AlarmOwner {
                device: DeviceId::of(device),
                point: point.map(|point| PointId::of(device, point)),
            };
            assert_eq!((&*found.name, found.owner), (name, owner));
            assert!(name.ends_with(found.kind.name()));
        }
        assert_eq!((of("c.gone:limit"), found.len()), (None, 3));
    }
}
