//! The keys by which commands are known when they come again.

use std::collections::{HashMap, VecDeque};

use gridos_model::{AlarmAction, AlarmRecord};

use crate::memory::KEYS_MAX;
use crate::{Command, Definition, Order, UsedKey};

/// The keys of the last commands, by the key and in their order.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    by_key: HashMap<Box<str>, UsedKey>,
    order: VecDeque<Box<str>>,
}

impl Keys {
    pub(crate) fn get(&self, key: &str) -> Option<&UsedKey> {
        self.by_key.get(key)
    }

    /// Remembers a key; the oldest is forgotten when there are too many. An empty one is none.
    pub(crate) fn add(&mut self, used: UsedKey) {
        if used.key.is_empty() {
            return;
        }
        let key = used.key.clone();
        if self.by_key.insert(key.clone(), used).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }

    /// All of them, the oldest first.
    pub(crate) fn all(&self) -> VecDeque<UsedKey> {
        let used = self.order.iter().filter_map(|key| self.by_key.get(key));
        used.cloned().collect()
    }
}

/// What tells the order of a command from others of the same alarm. Who commands and why does not
/// count, nor from which version a definition is changed, nor for how long an alarm is shelved: one
/// that is to lie there until a certain time asks for less each time it is sent.
pub(crate) fn order_of(command: &Command) -> u64 {
    let (action, detail) = match &command.order {
        Order::Acknowledge => (AlarmAction::Acknowledged, command.occurrence.unwrap_or(0)),
        Order::Reset => (AlarmAction::Reset, command.occurrence.unwrap_or(0)),
        Order::Silence => (AlarmAction::Silenced, command.occurrence.unwrap_or(0)),
        Order::Shelve { is_one_shot, .. } => (AlarmAction::Shelved, u64::from(*is_one_shot)),
        Order::Unshelve => (AlarmAction::Unshelved, 0),
        Order::Suppress => (AlarmAction::Suppressed, 0),
        Order::Unsuppress => (AlarmAction::Unsuppressed, 0),
        Order::TakeOutOfService => (AlarmAction::OutOfService, 0),
        Order::PutInService => (AlarmAction::InService, 0),
        Order::Redefine { definition, .. } => (AlarmAction::Redefined, definition.fingerprint()),
    };
    print(action, detail)
}

/// The same of the command that a record tells; `definition` is the one in its note.
pub(crate) fn order_of_record(record: &AlarmRecord, definition: Option<&Definition>) -> u64 {
    let detail = match record.action {
        AlarmAction::Acknowledged | AlarmAction::Reset | AlarmAction::Silenced => record.occurrence,
        AlarmAction::Shelved => {
            let shelf = record.after.shelf;
            shelf.map_or(0, |shelf| u64::from(shelf.is_one_shot))
        }
        AlarmAction::Redefined => definition.map_or(0, Definition::fingerprint),
        AlarmAction::Raised
        | AlarmAction::Escalated
        | AlarmAction::Eased
        | AlarmAction::Returned
        | AlarmAction::ReAnnunciated
        | AlarmAction::Unshelved
        | AlarmAction::Suppressed
        | AlarmAction::Unsuppressed
        | AlarmAction::OutOfService
        | AlarmAction::InService
        | AlarmAction::Retired
        | AlarmAction::HandedOver
        | AlarmAction::TakenOver => 0,
    };
    print(record.action, detail)
}

/// The action is in the low bits, where nobody looks for it in the rest.
fn print(action: AlarmAction, detail: u64) -> u64 {
    (detail.wrapping_mul(0x9e37_79b9_7f4a_7c15) & !0xff) | u64::from(action as u8)
}
