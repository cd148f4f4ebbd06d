//! Names for the ids in records, from the layout book.

use std::collections::HashMap;

use gridos_journal::{LayoutBook, LayoutDefinition};
use gridos_model::{AlarmId, AlarmKind, DeviceId, LayoutId, PointId};

/// How many layouts are kept: the book has the others.
const LAYOUTS_KEPT: usize = 4_096;

/// The layout book, asked by id.
pub(crate) struct Names {
    book: Option<LayoutBook>,
    layouts: HashMap<LayoutId, Option<LayoutDefinition>>,
    /// By device and by point; read when the first of them is asked for.
    others: Option<Others>,
    /// All alarms that there may be; likewise.
    alarms: Option<HashMap<AlarmId, (Owner, AlarmKind)>>,
}

/// What an alarm is of.
#[derive(Clone, Copy)]
enum Owner {
    Device(DeviceId),
    Point(PointId),
}

#[derive(Default)]
struct Others {
    devices: HashMap<DeviceId, String>,
    points: HashMap<PointId, String>,
}

impl Names {
    pub(crate) fn of(book: Option<LayoutBook>) -> Self {
        Self {
            book,
            layouts: HashMap::new(),
            others: None,
            alarms: None,
        }
    }

    pub(crate) fn layout(&mut self, id: LayoutId) -> Option<&LayoutDefinition> {
        if self.layouts.len() >= LAYOUTS_KEPT && !self.layouts.contains_key(&id) {
            self.layouts.clear();
        }
        let book = &self.book;
        let find = || book.as_ref()?.find(id).ok()?;
        self.layouts.entry(id).or_insert_with(find).as_ref()
    }

    pub(crate) fn device(&mut self, id: DeviceId) -> Option<String> {
        self.others().devices.get(&id).cloned()
    }

    /// The full name, `device.point`.
    pub(crate) fn point(&mut self, id: PointId) -> Option<String> {
        self.others().points.get(&id).cloned()
    }

    /// The name, `device.point:kind` or `device:link`.
    pub(crate) fn alarm(&mut self, id: AlarmId) -> Option<String> {
        if self.alarms.is_none() {
            self.alarms = Some(self.others().alarms());
        }
        let (owner, kind) = *self.alarms.as_ref()?.get(&id)?;
        let owner = match owner {
            Owner::Device(device) => self.device(device),
            Owner::Point(point) => self.point(point),
        };
        owner.map(|owner| format!("{owner}:{kind}"))
    }

    fn others(&mut self) -> &Others {
        let book = &self.book;
        self.others.get_or_insert_with(|| {
            let mut others = Others::default();
            let Some(book) = book else { return others };
            for id in book.ids() {
                let Ok(Some(layout)) = book.find(id) else {
                    continue;
                };
                for (point, _) in &layout.points {
                    let name = format!("{}.{point}", layout.device);
                    let id = PointId::of(&layout.device, point);
                    others.points.entry(id).or_insert(name);
                }
                let id = DeviceId::of(&layout.device);
                others.devices.entry(id).or_insert(layout.device);
            }
            others
        })
    }
}

impl Others {
    fn alarms(&self) -> HashMap<AlarmId, (Owner, AlarmKind)> {
        let devices = self.devices.iter();
        let devices = devices.map(|(id, name)| (Owner::Device(*id), name));
        let points = self.points.iter();
        let points = points.map(|(id, name)| (Owner::Point(*id), name));
        let owners = devices.chain(points);
        let each = owners.flat_map(|(owner, name)| {
            let alarms = AlarmId::each_of(name).into_iter();
            alarms.map(move |(kind, alarm)| (alarm, (owner, kind)))
        });
        each.collect()
    }
}
