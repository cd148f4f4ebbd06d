//! A small plant: some devices with alarms, two clocks, and everything that was recorded.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{
    Alarms, Case, Command, Condition, Defined, Definition, Limits, Memory, Now, Order, Outcome,
    Refusal,
};
use gridos_model::{
    AlarmId, AlarmKind, AlarmRecord, DeviceIndex, Directory, DirectoryBuilder, Events, LinkChange,
    LinkState, Note, Point, Quality, Readings, Timestamp,
};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// Limits at 0, 10, 100 and 110 with a deadband of 2: 50 is normal, 105 high, 120 high-high.
pub(crate) fn limits() -> Definition {
    let limits = Limits::new(Some(110.0), Some(100.0), Some(10.0), Some(0.0), 2.0).unwrap();
    Definition::new(Condition::Limit(limits))
}

pub(crate) struct Plant {
    pub(crate) directory: Arc<Directory>,
    pub(crate) defined: Vec<Defined>,
    pub(crate) alarms: Alarms,
    pub(crate) now: Now,
    /// All that was recorded.
    pub(crate) records: Vec<AlarmRecord>,
    confirmed: Vec<AlarmId>,
}

impl Plant {
    /// `devices` devices `d0`, `d1`, … with a point `p` each, which has all the alarms of
    /// `definitions`; those of links are of the device.
    pub(crate) fn new(devices: usize, definitions: &[Definition]) -> Self {
        let directory = directory(devices);
        let defined = defined(&directory, definitions);
        Self {
            alarms: Alarms::new(Arc::clone(&directory), &defined),
            directory,
            defined,
            now: Now {
                wall: Timestamp::from_millis(1_800_000_000_000),
                mono: Duration::ZERO,
            },
            records: Vec::new(),
            confirmed: Vec::new(),
        }
    }

    pub(crate) fn of_limits() -> Self {
        Self::new(1, &[limits()])
    }

    /// The id of the alarm of that kind of the device.
    pub(crate) fn id(&self, device: usize, kind: AlarmKind) -> AlarmId {
        let owner = match kind == AlarmKind::Link {
            true => format!("d{device}"),
            false => format!("d{device}.p"),
        };
        AlarmId::of(&owner, kind)
    }

    pub(crate) fn case(&self, device: usize, kind: AlarmKind) -> Case {
        self.alarms.case(self.id(device, kind)).unwrap()
    }

    /// What happened since the last time, and notes it.
    pub(crate) fn take(&mut self) -> Vec<AlarmRecord> {
        let records = self.alarms.records().to_vec();
        self.confirmed = self.alarms.confirmed().to_vec();
        self.alarms.clear_records();
        self.records.extend(records.iter().cloned());
        records
    }

    /// What the last thing that happened confirmed.
    pub(crate) fn confirmed(&self) -> Vec<AlarmId> {
        self.confirmed.clone()
    }

    pub(crate) fn send(&mut self, device: usize, value: f64) -> Vec<AlarmRecord> {
        self.send_with(device, value, Quality::GOOD)
    }

    pub(crate) fn send_with(
        &mut self,
        device: usize,
        value: f64,
        quality: Quality,
    ) -> Vec<AlarmRecord> {
        let whole = self.directory.devices()[device].whole();
        let events = Events {
            layout: whole.id(),
            received: self.now.wall,
            points: &[0],
            times: &[self.now.wall],
            values: &[value],
            qualities: &[quality],
        };
        let readings = Readings::Events(events);
        self.alarms.on_readings(whole.first(), &readings, self.now);
        self.take()
    }

    pub(crate) fn link(&mut self, device: usize, state: LinkState) -> Vec<AlarmRecord> {
        let change = LinkChange {
            device: self.device(device),
            state,
            time: self.now.wall,
        };
        self.alarms.on_link(&change, self.now);
        self.take()
    }

    fn device(&self, device: usize) -> DeviceIndex {
        self.directory.find_device(&format!("d{device}")).unwrap()
    }

    /// Lets time pass, and everything happen that is due meanwhile, each at its time.
    pub(crate) fn wait(&mut self, time: Duration) -> Vec<AlarmRecord> {
        let end = self.now.mono + time;
        let mut records = Vec::new();
        while let Some(deadline) = self.alarms.next_deadline().filter(|at| *at <= end) {
            self.pass(deadline.saturating_sub(self.now.mono));
            self.alarms.on_time(self.now);
            records.extend(self.take());
        }
        self.pass(end - self.now.mono);
        self.alarms.on_time(self.now);
        records.extend(self.take());
        records
    }

    fn pass(&mut self, time: Duration) {
        self.now.mono += time;
        self.now.wall = self.now.wall.saturating_add(time);
    }

    /// Commands the alarm of that kind of the first device, as somebody who sees its present
    /// occurrence.
    pub(crate) fn order(&mut self, kind: AlarmKind, order: Order) -> Result<Outcome, Refusal> {
        let occurrence = Some(self.case(0, kind).occurrence);
        self.command(&self.command_of(kind, occurrence, order))
    }

    pub(crate) fn command_of(
        &self,
        kind: AlarmKind,
        occurrence: Option<u64>,
        order: Order,
    ) -> Command {
        Command {
            alarm: self.id(0, kind),
            occurrence,
            worst: None,
            order,
            note: note("work on the line"),
        }
    }

    pub(crate) fn command(&mut self, command: &Command) -> Result<Outcome, Refusal> {
        let outcome = self.alarms.on_command(command, self.now);
        self.take();
        outcome
    }

    /// Gives the alarm of that kind of the first device another definition.
    pub(crate) fn redefine(
        &mut self,
        kind: AlarmKind,
        edit: impl FnOnce(&mut Definition),
    ) -> Result<Outcome, Refusal> {
        let id = self.id(0, kind);
        let mut definition = Definition::clone(self.alarms.definition(id).unwrap().definition);
        edit(&mut definition);
        let order = Order::Redefine {
            definition: Arc::new(definition),
            if_version: None,
        };
        self.command(&self.command_of(kind, None, order))
    }

    /// Changes the `n`-th definition of the configuration, for the next process.
    pub(crate) fn configure(&mut self, n: usize, edit: impl FnOnce(&mut Definition)) {
        edit(Arc::make_mut(&mut self.defined[n].definition));
    }

    /// Ends the process in order and begins another one after `gone`, with what was remembered.
    pub(crate) fn restart(&mut self, gone: Duration) -> Vec<AlarmRecord> {
        let memory = self.alarms.memory();
        self.restart_with(memory, gone)
    }

    pub(crate) fn restart_with(&mut self, memory: Memory, gone: Duration) -> Vec<AlarmRecord> {
        self.now.wall = self.now.wall.saturating_add(gone);
        self.now.mono = Duration::ZERO;
        self.alarms = Alarms::new(Arc::clone(&self.directory), &self.defined);
        self.alarms.restore(memory, &HashSet::new(), self.now);
        self.take()
    }
}

fn directory(devices: usize) -> Arc<Directory> {
    let mut builder = DirectoryBuilder::default();
    for device in 0..devices {
        let points = vec![Point::new("p", "A")];
        builder.add(&format!("d{device}"), points, &[]).unwrap();
    }
    Arc::new(builder.build())
}

fn defined(directory: &Directory, definitions: &[Definition]) -> Vec<Defined> {
    let definitions: Vec<_> = definitions.iter().cloned().map(Arc::new).collect();
    let mut defined = Vec::new();
    for device in directory.devices() {
        for definition in &definitions {
            let kind = definition.condition.kind();
            let point = (kind != AlarmKind::Link).then(|| device.whole().first());
            let owner = match point {
                Some(_) => format!("{}.p", device.name()),
                None => device.name().to_owned(),
            };
            defined.push(Defined {
                id: AlarmId::of(&owner, kind),
                device: device.whole().device_index(),
                point,
                reference: None,
                definition: Arc::clone(definition),
            });
        }
    }
    defined
}

pub(crate) fn note(comment: &str) -> Note {
    Note {
        by: "ada".into(),
        comment: comment.into(),
        ..Note::default()
    }
}

/// What is recorded, such as `link raised!, quality returned`; what operators are told has the `!`.
pub(crate) fn told(records: &[AlarmRecord]) -> String {
    let owners = (0..9).flat_map(|device| [format!("d{device}"), format!("d{device}.p")]);
    let owners: Vec<_> = owners.collect();
    let is_of = |record: &AlarmRecord, kind| {
        let mut ids = owners.iter().map(|owner| AlarmId::of(owner, kind));
        ids.any(|id| id == record.alarm)
    };
    let told = records.iter().map(|record| {
        let kind = AlarmKind::ALL.into_iter().find(|kind| is_of(record, *kind));
        let sign = if record.is_annunciated { "!" } else { "" };
        format!("{} {}{sign}", kind.unwrap(), record.action)
    });
    told.collect::<Vec<_>>().join(", ")
}
