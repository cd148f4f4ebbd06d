//! The book of alarms: all that are defined, where they belong, and what they are defined as now.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use gridos_alarm::{Current, Deed, Defined, Definition};
use gridos_model::{AlarmId, AlarmKind, DeviceIndex, Directory, PointId, PointIndex, PointRef};

/// All alarms that are defined, in the order of devices and points.
///
/// Which there are is fixed for one generation; what they are defined as may change within it.
#[derive(Debug, Default)]
pub struct AlarmBook {
    edition: RwLock<Arc<Edition>>,
    edited: RwLock<Arc<HashMap<AlarmId, Edited>>>,
}

/// What is in the book of one generation.
#[derive(Clone, Debug, Default)]
struct Edition {
    directory: Arc<Directory>,
    entries: Vec<Entry>,
    /// Places of entries, ascending by the alarm's id.
    by_id: Vec<u32>,
    areas: Arc<[Arc<str>]>,
    /// Points that tell only some of their values.
    reported: HashSet<PointIndex>,
    /// Alarms of devices that another engine has.
    elsewhere: HashSet<AlarmId>,
}

/// There are hundreds of thousands, so they are small; definitions and areas are shared.
#[derive(Clone, Debug)]
struct Entry {
    id: AlarmId,
    definition: Arc<Definition>,
    device: DeviceIndex,
    point: Option<PointIndex>,
    area: u32,
}

#[derive(Clone, Debug)]
struct Edited {
    definition: Arc<Definition>,
    version: u32,
    deed: Option<Deed>,
}

/// One alarm as it is defined now.
#[derive(Clone, Debug)]
pub struct BookEntry {
    /// The alarm.
    pub id: AlarmId,
    /// Its device.
    pub device: DeviceIndex,
    /// Its point; `None` if it is the device's.
    pub point: Option<PointRef>,
    /// Whether its point tells its values by exception, so that an alarm may see only those that matter to
    /// what is configured.
    pub is_reported_by_exception: bool,
    /// The operators' area it belongs to.
    pub area: Arc<str>,
    /// What it is defined as now.
    pub definition: Arc<Definition>,
    /// How often it was defined: 1 as it is configured.
    pub version: u32,
    /// Who changed the definition last, if it is not that of the configuration.
    pub edited: Option<Deed>,
    directory: Arc<Directory>,
}

impl BookEntry {
    /// What it is called: `device.point:kind` or `device:kind`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.owner(), self.kind().name())
    }

    /// What it is an alarm of: the full name of its point, or its device's.
    pub fn owner(&self) -> String {
        let point = self
            .point
            .and_then(|at| self.directory.point_name(at.index));
        point.unwrap_or_else(|| self.directory.device(self.device).name().to_owned())
    }

    /// The devices and points it belongs to.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The name of its device.
    pub fn device_name(&self) -> &str {
        self.directory.device(self.device).name()
    }

    /// What its point is measured in; empty if it has none.
    pub fn unit(&self) -> &str {
        let points = self.directory.device(self.device).whole().points();
        let point = self.point.and_then(|at| points.get(at.position as usize));
        point.map_or("", |point| point.unit())
    }

    /// The id of its point, if it has one.
    pub fn point_id(&self) -> Option<PointId> {
        let at = self.point?;
        let layout = self.directory.device(at.device).whole();
        layout.point_id(at.position as usize)
    }

    /// What it watches for.
    pub fn kind(&self) -> AlarmKind {
        self.definition.condition.kind()
    }
}

impl AlarmBook {
    /// The book of the alarms `defined` for devices and points of `directory`, each with the
    /// operators' area it belongs to.
    pub fn new(
        directory: Arc<Directory>,
        defined: impl IntoIterator<Item = (Defined, Arc<str>)>,
    ) -> Self {
        let edition = Edition::new(directory, defined);
        Self {
            edition: RwLock::new(Arc::new(edition)),
            edited: RwLock::default(),
        }
    }

    /// The same book, which knows that another engine has the devices of these alarms.
    #[must_use]
    pub fn with_elsewhere(self, elsewhere: HashSet<AlarmId>) -> Self {
        let edition = self.edition.into_inner();
        let edition = Arc::unwrap_or_clone(edition.unwrap_or_else(PoisonError::into_inner));
        Self {
            edition: RwLock::new(Arc::new(Edition {
                elsewhere,
                ..edition
            })),
            ..self
        }
    }

    /// Whether another engine has the device of that alarm.
    pub fn is_elsewhere(&self, id: AlarmId) -> bool {
        self.edition().elsewhere.contains(&id)
    }

    /// The same book, which knows that these points tell their values by exception: only when it matters to
    /// their alarms as they are configured.
    #[must_use]
    pub fn reported_by_exception(self, points: impl IntoIterator<Item = PointIndex>) -> Self {
        let edition = self.edition.into_inner();
        let edition = Arc::unwrap_or_clone(edition.unwrap_or_else(PoisonError::into_inner));
        let edition = Edition {
            reported: points.into_iter().collect(),
            ..edition
        };
        Self {
            edition: RwLock::new(Arc::new(edition)),
            ..self
        }
    }

    /// Goes on with what is in the book of another generation; nothing in it is changed at run time.
    pub fn renew(&self, next: Self) {
        let next = next.edition.into_inner();
        let next = next.unwrap_or_else(PoisonError::into_inner);
        *self.edited.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        *self.edition.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The alarm of that id, if it is defined.
    pub fn find(&self, id: AlarmId) -> Option<BookEntry> {
        let edition = self.edition();
        let id_at = |place: &u32| edition.entries[*place as usize].id;
        let found = edition.by_id.binary_search_by_key(&id, id_at).ok()?;
        let entry = edition.entries.get(edition.by_id[found] as usize)?;
        Some(edition.shown(entry, &self.edited()))
    }

    /// All of them, in the order of devices and points, as they are defined at this moment.
    pub fn iter(&self) -> impl Iterator<Item = BookEntry> {
        self.entries(0..usize::MAX)
    }

    /// The alarms of a device and of its points.
    pub fn of_device(&self, device: DeviceIndex) -> impl Iterator<Item = BookEntry> {
        let edition = self.edition();
        let entries = &edition.entries;
        let from = entries.partition_point(|entry| entry.device < device);
        let until = entries.partition_point(|entry| entry.device <= device);
        self.entries(from..until)
    }

    fn entries(&self, places: Range<usize>) -> impl Iterator<Item = BookEntry> + use<> {
        let (edition, edited) = (self.edition(), self.edited());
        let places = places.start..places.end.min(edition.entries.len());
        places.filter_map(move |at| Some(edition.shown(edition.entries.get(at)?, &edited)))
    }

    /// All areas that any alarm belongs to.
    pub fn areas(&self) -> Arc<[Arc<str>]> {
        Arc::clone(&self.edition().areas)
    }

    /// How many alarms there are.
    pub fn len(&self) -> usize {
        self.edition().entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.edition().entries.is_empty()
    }

    /// From now on `alarm` is defined as `current`.
    pub fn redefine(&self, alarm: AlarmId, current: &Current<'_>) {
        let mut edited = self.edited.write().unwrap_or_else(PoisonError::into_inner);
        let edit = Edited {
            definition: Arc::clone(current.definition),
            version: current.version,
            deed: current.edited.cloned(),
        };
        Arc::make_mut(&mut edited).insert(alarm, edit);
    }

    fn edition(&self) -> Arc<Edition> {
        Arc::clone(&self.edition.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn edited(&self) -> Arc<HashMap<AlarmId, Edited>> {
        Arc::clone(&self.edited.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Edition {
    fn new(
        directory: Arc<Directory>,
        defined: impl IntoIterator<Item = (Defined, Arc<str>)>,
    ) -> Self {
        let mut entries = Vec::new();
        let mut areas = Vec::new();
        let mut places = HashMap::new();
        for (alarm, area) in defined {
            let area = *places.entry(Arc::clone(&area)).or_insert_with(|| {
                areas.push(area);
                place(areas.len() - 1)
            });
            entries.push(Entry {
                id: alarm.id,
                definition: alarm.definition,
                device: alarm.device,
                point: alarm.point,
                area,
            });
        }
        entries.sort_by_key(|entry| (entry.device, entry.point, kind(entry)));
        entries.shrink_to_fit();
        let mut by_id: Vec<_> = (0..entries.len()).map(place).collect();
        by_id.sort_by_key(|at| entries[*at as usize].id);
        Self {
            directory,
            entries,
            by_id,
            areas: areas.into(),
            reported: HashSet::new(),
            elsewhere: HashSet::new(),
        }
    }

    fn shown(&self, entry: &Entry, edited: &HashMap<AlarmId, Edited>) -> BookEntry {
        let edit = edited.get(&entry.id);
        BookEntry {
            id: entry.id,
            device: entry.device,
            point: entry.point.and_then(|index| self.directory.locate(index)),
            is_reported_by_exception: entry
                .point
                .is_some_and(|index| self.reported.contains(&index)),
            area: self
                .areas
                .get(entry.area as usize)
                .cloned()
                .unwrap_or_default(),
            definition: Arc::clone(edit.map_or(&entry.definition, |edit| &edit.definition)),
            version: edit.map_or(1, |edit| edit.version),
            edited: edit.and_then(|edit| edit.deed.clone()),
            directory: Arc::clone(&self.directory),
        }
    }
}

fn kind(entry: &Entry) -> AlarmKind {
    entry.definition.condition.kind()
}

/// There are as many alarms as fit in 32 bits.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
