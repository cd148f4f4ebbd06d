//! The shared store: keys with revisions, compare-and-swap, and a log for its watches.

use std::collections::BTreeMap;

use gridos_fleet::{MemberRecord, Plan, Revision, Share, WriteError};

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Record(String, Option<MemberRecord>),
    Plan(Plan),
    Share(Share),
}

#[derive(Clone, Debug)]
pub(crate) struct Write {
    /// None: whatever stands there.
    pub(crate) expect: Option<Expect>,
    pub(crate) value: Value,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect {
    Nothing,
    At(Revision),
}

#[derive(Default)]
pub(crate) struct Store {
    /// Counts how often all was lost.
    pub(crate) id: u64,
    pub(crate) is_down: bool,
    revision: u64,
    pub(crate) log: Vec<(Revision, Value)>,
    newest: BTreeMap<String, usize>,
}

impl Value {
    fn key(&self) -> String {
        match self {
            Self::Record(name, _) => format!("session.{name}"),
            Self::Plan(_) => "plan".to_owned(),
            Self::Share(_) => "share".to_owned(),
        }
    }

    fn is_there(&self) -> bool {
        !matches!(self, Self::Record(_, None))
    }
}

impl Store {
    /// All is lost, and revisions begin anew.
    pub(crate) fn wipe(&mut self) {
        *self = Self {
            id: self.id + 1,
            is_down: self.is_down,
            ..Self::default()
        };
    }

    pub(crate) fn write(&mut self, write: Write) -> Result<Revision, WriteError> {
        let key = write.value.key();
        let stands = self.newest.get(&key).map(|place| &self.log[*place]);
        let stands = stands.filter(|(_, value)| value.is_there());
        let fits = match write.expect {
            None => true,
            Some(Expect::Nothing) => stands.is_none(),
            Some(Expect::At(revision)) => stands.is_some_and(|(at, _)| *at == revision),
        };
        if !fits {
            return Err(WriteError::Conflict);
        }
        self.revision += 1;
        let revision = Revision::from_raw(self.revision);
        self.newest.insert(key, self.log.len());
        self.log.push((revision, write.value));
        Ok(revision)
    }

    /// What a new watch is told first, in the order of revisions: of each key the newest.
    pub(crate) fn snapshot(&self) -> Vec<(Revision, Value)> {
        let mut places: Vec<_> = self.newest.values().copied().collect();
        places.sort_unstable();
        places
            .iter()
            .map(|place| self.log[*place].clone())
            .collect()
    }

    pub(crate) fn plan(&self) -> Option<&Plan> {
        let place = self.newest.get("plan")?;
        match &self.log[*place].1 {
            Value::Plan(plan) => Some(plan),
            Value::Record(..) | Value::Share(_) => None,
        }
    }
}
