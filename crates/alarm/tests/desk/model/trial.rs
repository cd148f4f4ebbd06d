//! The plant beside the model, and what is checked between them.

use std::collections::BTreeMap;
use std::time::Duration;

use gridos_alarm::{Case, Command, Condition, Definition, Limits, Memory, Order, Outcome, Refusal};
use gridos_model::{AlarmAction, AlarmFlags, AlarmId, AlarmRecord, Level, Quality, Suppression};

use super::alarm::Alarm;
use super::step::{OrderStep, Seen, Step};
use super::world::{Loss, World};
use super::{DEVICES, KINDS, RE_ALARM};
use crate::plant::{Plant, note};

const MINUTE: Duration = Duration::from_secs(60);

/// The plant, the model, and what is checked between them.
pub(super) struct Trial {
    pub(super) plant: Plant,
    pub(super) world: World,
    pub(super) snapshot: Memory,
    pub(super) last: Option<Command>,
    pub(super) commands: usize,
    /// What records alone tell.
    pub(super) shadows: BTreeMap<AlarmId, Case>,
    pub(super) checked: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Behaviour {
    pub(super) needs_acknowledgement: bool,
    pub(super) latches: bool,
    pub(super) is_told_again: bool,
}

pub(super) fn definition(condition: Condition, behaviour: Behaviour) -> Definition {
    Definition {
        needs_acknowledgement: behaviour.needs_acknowledgement,
        latches: behaviour.latches,
        re_alarm: behaviour
            .is_told_again
            .then_some(MINUTE * u32::try_from(RE_ALARM).unwrap()),
        ..Definition::new(condition)
    }
}

pub(super) fn limits(high: f64) -> Condition {
    let (high_high, low, low_low) = (Some(high + 10.0), Some(10.0), Some(0.0));
    Condition::Limit(Limits::new(high_high, Some(high), low, low_low, 2.0).unwrap())
}

pub(super) fn minutes(minutes: u64) -> Duration {
    MINUTE * u32::try_from(minutes).unwrap()
}

impl Trial {
    pub(super) fn new(behaviours: [Behaviour; 3]) -> Self {
        let conditions = [limits(100.0), Condition::Quality, Condition::Link];
        let definitions: Vec<_> = conditions
            .into_iter()
            .zip(behaviours)
            .map(|(condition, behaviour)| definition(condition, behaviour))
            .collect();
        let alarm = |n: usize| Alarm {
            kind: KINDS[n],
            high: 100.0,
            is_enabled: true,
            response: 0,
            needs_acknowledgement: behaviours[n].needs_acknowledgement,
            latches: behaviours[n].latches,
            is_told_again: behaviours[n].is_told_again,
            level: Level::Normal,
            worst: Level::Normal,
            waiting: Vec::new(),
            is_untold: false,
            is_latched: false,
            is_silenced: false,
            is_out: false,
            is_asked_off: false,
            is_held: false,
            shelf: None,
            occurrences: 0,
            since: 0,
            value: None,
            is_confirmed: true,
            told: 0,
        };
        let plant = Plant::new(DEVICES, &definitions);
        Self {
            world: World {
                alarms: vec![[alarm(0), alarm(1), alarm(2)]; DEVICES],
                losses: [Loss::No; DEVICES],
                mono: 0,
                wall: plant.now.wall.as_millis() / 60_000,
            },
            plant,
            snapshot: Memory::default(),
            last: None,
            commands: 0,
            shadows: BTreeMap::new(),
            checked: 0,
        }
    }

    pub(super) fn step(&mut self, step: &Step) {
        match *step {
            Step::Send(device, value, is_bad) => {
                self.world.send(device, value, is_bad);
                let quality = if is_bad {
                    Quality::COMM_LOST
                } else {
                    Quality::GOOD
                };
                self.plant.send_with(device, value, quality);
            }
            Step::Link(device) => {
                let state = self.world.link(device);
                self.plant.link(device, state);
            }
            Step::Order(device, n, order, seen) => self.order(device, n, order, seen),
            Step::Again => {
                if let Some(command) = self.last.clone() {
                    let before = self.plant.records.len();
                    let outcome = self.plant.command(&command).unwrap();
                    assert!(!outcome.is_changed);
                    assert_eq!(self.plant.records.len(), before);
                }
            }
            Step::Wait(time) => {
                let end = self.world.mono + i64::try_from(time).unwrap();
                self.world.minute();
                while self.world.mono < end {
                    self.world.mono += 1;
                    self.world.wall += 1;
                    self.world.minute();
                }
                self.plant.wait(minutes(time));
            }
            Step::Set(by) => {
                self.world.wall += by;
                let wall = self.plant.now.wall;
                let by_time = minutes(by.unsigned_abs());
                self.plant.now.wall = match by < 0 {
                    true => wall.saturating_sub(by_time),
                    false => wall.saturating_add(by_time),
                };
            }
            Step::Snapshot => self.snapshot = self.plant.alarms.memory(),
            Step::Restart(gone, is_crash) => self.restart(gone, is_crash),
        }
        self.check();
    }

    pub(super) fn order(&mut self, device: usize, n: usize, order: OrderStep, seen: Seen) {
        // Only the limit's condition and whether it is judged are changed.
        let is_of_limits = matches!(order, OrderStep::Limit(_) | OrderStep::Enable(_));
        let order = match is_of_limits && n != 0 {
            true => OrderStep::Response(7),
            false => order,
        };
        let alarm = &mut self.world.alarms[device][n];
        let expected = alarm.obey(order, seen, [self.world.mono, self.world.wall]);
        let command = self.command(device, n, order, seen);
        let outcome = self.plant.command(&command);
        assert_eq!(word(&outcome), expected, "{command:?}");
        if outcome.is_ok() {
            self.last = Some(command);
        }
    }

    pub(super) fn command(
        &mut self,
        device: usize,
        n: usize,
        order: OrderStep,
        seen: Seen,
    ) -> Command {
        self.commands += 1;
        let alarm = self.plant.id(device, KINDS[n]);
        let mut note = note("as the model wants it");
        note.key = format!("k{}", self.commands).into();
        let occurrence = self.plant.case(device, KINDS[n]).occurrence;
        let current = self.plant.alarms.definition(alarm).unwrap().definition;
        let present = Definition::clone(current);
        let order = match order {
            OrderStep::Acknowledge => Order::Acknowledge,
            OrderStep::Reset => Order::Reset,
            OrderStep::Silence => Order::Silence,
            OrderStep::Shelve(time, is_one_shot) => Order::Shelve {
                period: minutes(time),
                is_one_shot,
            },
            OrderStep::Unshelve => Order::Unshelve,
            OrderStep::Suppress => Order::Suppress,
            OrderStep::Unsuppress => Order::Unsuppress,
            OrderStep::Out => Order::TakeOutOfService,
            OrderStep::In => Order::PutInService,
            OrderStep::Limit(high) => redefine(Definition {
                condition: limits(high),
                ..present
            }),
            OrderStep::Enable(is_enabled) => redefine(Definition {
                is_enabled,
                ..present
            }),
            OrderStep::Response(n) => redefine(Definition {
                response: "!".repeat(n.into()),
                ..present
            }),
        };
        let occurrence = match seen {
            Seen::Present => Some(occurrence),
            Seen::Older => Some(occurrence.wrapping_sub(1)),
            Seen::None => None,
        };
        Command {
            alarm,
            occurrence,
            worst: None,
            order,
            note,
        }
    }

    pub(super) fn restart(&mut self, gone: u64, is_crash: bool) {
        let mut memory = self.plant.alarms.memory();
        if is_crash {
            let mut found = self.snapshot.clone();
            self.plant
                .records
                .iter()
                .for_each(|record| found.apply(record));
            assert_eq!(found.sequence, memory.sequence);
            assert_eq!(found.edits, memory.edits);
            assert_eq!(without_doubts(&found), without_doubts(&memory));
            memory = found;
            // Only commands that changed something are in the records.
            self.last = None;
        }
        self.world.restart(i64::try_from(gone).unwrap());
        let records = self.plant.restart_with(memory, minutes(gone));
        assert_eq!(records, []);
        self.snapshot = self.plant.alarms.memory();
    }

    pub(super) fn check(&mut self) {
        let new = &self.plant.records[self.checked..];
        for (sequence, record) in (self.checked as u64 + 1..).zip(new) {
            assert_eq!(record.sequence, sequence);
            let shadow = self.shadows.entry(record.alarm);
            let shadow = shadow.or_insert_with(|| Case::new(record.alarm));
            shadow.apply(record);
            if record.action == AlarmAction::Raised {
                assert_eq!(record.occurrence, sequence);
            }
        }
        for device in 0..DEVICES {
            for n in 0..KINDS.len() {
                self.check_alarm(device, n);
            }
        }
        self.checked = self.plant.records.len();
        let alarms = self.world.alarms.iter_mut().flatten();
        alarms.for_each(|alarm| alarm.told = 0);
    }

    pub(super) fn check_alarm(&self, device: usize, n: usize) {
        let model = &self.world.alarms[device][n];
        let case = self.plant.case(device, KINDS[n]);
        let facts = case.facts;
        let what = format!("{} of d{device}: {model:?}", KINDS[n]);
        assert_eq!(
            (facts.level, facts.worst),
            (model.level, model.worst),
            "{what}"
        );
        assert_eq!(
            facts.flags - AlarmFlags::UNCONFIRMED,
            model.flags(),
            "{what}"
        );
        let mut suppression = Suppression::empty();
        suppression.set(Suppression::LINK, model.is_held);
        suppression.set(Suppression::ASKED, model.is_asked_off);
        assert_eq!(facts.suppression, suppression, "{what}");
        let shelf = facts.shelf.map(|shelf| {
            let until = shelf.until.as_millis() / 60_000;
            (until, shelf.is_one_shot)
        });
        assert_eq!(
            shelf,
            model.shelf.map(|(_, until, one)| (until, one)),
            "{what}"
        );
        let new = self.plant.records[self.checked..].iter();
        let own: Vec<&AlarmRecord> = new.filter(|record| record.alarm == case.alarm).collect();
        let told = own.iter().filter(|record| record.is_annunciated).count();
        assert_eq!(told, model.told, "{what} {own:?}");
        let all = self.plant.records.iter();
        let raised = all.filter(|r| r.alarm == case.alarm && r.action == AlarmAction::Raised);
        assert_eq!(raised.count(), model.occurrences, "{what}");
        let is_doubtful = facts.flags.contains(AlarmFlags::UNCONFIRMED);
        if !model.is_confirmed && model.is_active() {
            assert!(is_doubtful, "{what}");
        }
        if model.is_confirmed && !own.is_empty() {
            assert!(!is_doubtful, "{what}");
        }
        let shadow = self.shadows.get(&case.alarm).cloned();
        let shadow = shadow.unwrap_or_else(|| Case::new(case.alarm));
        assert_eq!(without_doubt(case), without_doubt(shadow), "{what}");
    }
}

fn redefine(definition: Definition) -> Order {
    Order::Redefine {
        definition: definition.into(),
        if_version: None,
    }
}

/// A case as text, as NaN is not equal to itself. The mark of a restored alarm is in no record until
/// something happens to it.
pub(super) fn without_doubt(mut case: Case) -> String {
    case.facts.flags.remove(AlarmFlags::UNCONFIRMED);
    format!("{case:?}")
}

pub(super) fn without_doubts(memory: &Memory) -> Vec<String> {
    memory.cases.values().cloned().map(without_doubt).collect()
}

pub(super) fn word(outcome: &Result<Outcome, Refusal>) -> Result<bool, &'static str> {
    let words = [
        (Refusal::NeverRaised, "never"),
        (Refusal::NotLatched, "not latched"),
        (Refusal::StillActive, "active"),
        (Refusal::NotAcknowledged, "unacknowledged"),
    ];
    match outcome {
        Ok(outcome) => Ok(outcome.is_changed),
        Err(Refusal::Moved { .. }) => Err("moved"),
        Err(Refusal::NoOccurrence { .. }) => Err("which"),
        Err(Refusal::Period { .. }) => Err("period"),
        Err(refusal) => {
            let word = words.iter().find(|(known, _)| known == refusal);
            Err(word.unwrap().1)
        }
    }
}
