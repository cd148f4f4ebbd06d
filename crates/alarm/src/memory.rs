//! What of the alarms outlives the process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use gridos_model::{AlarmAction, AlarmId, AlarmRecord, Note};
use serde::{Deserialize, Serialize};

use crate::desk::{RESTED_MAX, order_of_record};
use crate::{Case, Deed, Definition};

/// So many keys of commands are remembered; the oldest is forgotten first.
pub const KEYS_MAX: usize = 4_096;

/// All that must be known to go on after a restart: that of a snapshot, and of the records after it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// The last record's sequence; 0 if there never was one.
    pub sequence: u64,
    /// The alarms that something happened to: all that are not at rest, and some that are again.
    pub cases: BTreeMap<AlarmId, Case>,
    /// The definitions that were changed at run time.
    pub edits: BTreeMap<AlarmId, Edit>,
    /// The keys of the last commands, the oldest first.
    pub keys: VecDeque<UsedKey>,
}

/// A definition that was changed at run time.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Counts the changes, from 1 for the first definition of the configuration.
    pub version: u32,
    /// The fingerprint of the configured definition that it replaces; see [`Definition::fingerprint`].
    pub base: u64,
    /// The definition.
    pub definition: Arc<Definition>,
    /// Who changed it, when and why.
    pub deed: Deed,
}

/// A command came with this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedKey {
    /// The key.
    pub key: Box<str>,
    /// The alarm that was commanded.
    pub alarm: AlarmId,
    /// The alarm's last record when the command was done.
    pub sequence: u64,
    /// What tells its order from others.
    pub order: u64,
}

impl Memory {
    /// Adds what a later record tells; an earlier one is passed over.
    pub fn apply(&mut self, record: &AlarmRecord) {
        if record.sequence <= self.sequence {
            return;
        }
        self.sequence = record.sequence;
        let case = self.cases.entry(record.alarm);
        case.or_insert_with(|| Case::new(record.alarm))
            .apply(record);
        let is_foreign = record.action == AlarmAction::TakenOver;
        let Some(note) = record.note.as_deref().filter(|_| !is_foreign) else {
            return;
        };
        let edit = (record.action == AlarmAction::Redefined)
            .then(|| Edit::of_record(record, note))
            .flatten();
        self.remember_key(record, note, edit.as_ref());
        if let Some(edit) = edit {
            self.edits.insert(record.alarm, edit);
        }
    }

    /// Forgets the earliest of the alarms that are at rest again, beyond as many as are remembered.
    pub fn forget_rested(&mut self) {
        let at_rest = |case: &&Case| case.facts.is_at_rest();
        let rested = self.cases.values().filter(at_rest);
        let mut rested: Vec<_> = rested.map(|case| (case.sequence, case.alarm)).collect();
        rested.sort_unstable();
        let forgotten = rested.len().saturating_sub(RESTED_MAX);
        for (_, alarm) in &rested[..forgotten] {
            self.cases.remove(alarm);
        }
    }

    fn remember_key(&mut self, record: &AlarmRecord, note: &Note, edit: Option<&Edit>) {
        if note.key.is_empty() {
            return;
        }
        let definition = edit.map(|edit| &*edit.definition);
        self.keys.push_back(UsedKey {
            key: note.key.clone(),
            alarm: record.alarm,
            sequence: record.sequence,
            order: order_of_record(record, definition),
        });
        if self.keys.len() > KEYS_MAX {
            self.keys.pop_front();
        }
    }
}

/// A changed definition in a record's note: the definition's own keys, and these.
#[derive(Serialize, Deserialize)]
struct Written<D> {
    version: u32,
    base: u64,
    #[serde(flatten)]
    definition: D,
}

impl Edit {
    /// The text of a record's note: the definition as JSON with the keys `version` and `base`.
    pub(crate) fn text(&self) -> Box<str> {
        let written = Written {
            version: self.version,
            base: self.base,
            definition: &*self.definition,
        };
        // A checked definition has no number that JSON has not.
        serde_json::to_string(&written).unwrap_or_default().into()
    }

    /// The change that a record tells; `None` if the text is of no definition.
    fn of_record(record: &AlarmRecord, note: &Note) -> Option<Self> {
        let written: Written<Definition> = serde_json::from_str(&note.definition).ok()?;
        Some(Self {
            version: written.version,
            base: written.base,
            definition: Arc::new(written.definition),
            deed: Deed {
                by: note.by.clone(),
                at: record.received,
                comment: note.comment.clone(),
            },
        })
    }
}
