//! Names that may be there once: a second one is found also where either thing is faulty otherwise.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::fault::Place;
use super::name::Name;
use super::section::Section;
use super::source::Found;

/// The names of all things of one kind, each with the place where it came first.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Name, Place>);

impl Names {
    /// Notes the name of `section`, and reports it if another has it already.
    pub(super) fn note(&mut self, section: &Section<'_>, name: &Found<Name>) {
        if let Some(first) = self.first(name) {
            let what = format!("stands at {first} already; rename one");
            section.fault("name", what);
        }
    }

    /// Notes a name that `section` makes up by its `key`, and reports it if another has it already.
    pub(super) fn note_made_up(&mut self, section: &Section<'_>, key: &str, name: &Found<Name>) {
        if let Some(first) = self.first(name) {
            let name = &name.value;
            let what = format!("makes a point '{name}', which stands at {first} already");
            section.fault(key, what + "; rename one");
        }
    }

    /// Whether something is called `name`.
    pub(super) fn contains(&self, name: &Name) -> bool {
        self.0.contains_key(name)
    }

    /// The place where `name` came first, if that was before.
    fn first(&mut self, name: &Found<Name>) -> Option<Place> {
        match self.0.entry(name.value.clone()) {
            Entry::Occupied(first) => Some(first.get().clone()),
            Entry::Vacant(entry) => {
                entry.insert(name.place.clone());
                None
            }
        }
    }
}
