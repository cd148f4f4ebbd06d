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
        match self.0.entry(name.value.clone()) {
            Entry::Occupied(first) => {
                let what = format!("stands at {} already; rename one", first.get());
                section.fault("name", what);
            }
            Entry::Vacant(entry) => {
                entry.insert(name.place.clone());
            }
        }
    }
}
