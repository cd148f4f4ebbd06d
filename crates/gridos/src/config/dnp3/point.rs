//! `[[profile.point]]` of an outstation: one point, or one per index.

use std::collections::HashMap;

use gridos_collect::dnp3::{MappedPoint, PointKind};

use super::super::alarm::PointAlarms;
use super::super::fault::Place;
use super::super::judgement::{self, StateTexts};
use super::super::name::Name;
use super::super::names::Names;
use super::super::point::{self, Common};
use super::super::section::{Section, shown};
use super::super::source::Found;
use super::index::{self, Indexes};

/// A point of an outstation.
#[derive(Clone, Debug)]
pub(super) struct OutstationPoint {
    pub(super) common: Common,
    pub(super) mapped: MappedPoint,
    pub(super) states: Option<StateTexts>,
}

/// The points of an outstation that others of the profile are already.
#[derive(Debug, Default)]
pub(super) struct Taken(HashMap<(PointKind, u16), (Name, Place)>);

/// What stands in a name for the index of each point of a range.
const PLACEHOLDER: &str = "{n}";

/// Reads a point, or those of a range: a name with `{n}` for each index.
pub(super) fn read(
    section: &mut Section<'_>,
    profile: &str,
    names: &mut Names,
    taken: &mut Taken,
) -> Vec<OutstationPoint> {
    let name = section.text("name");
    let name = section.demand("name", name, "name = \"current_a\"");
    if let Some(name) = &name {
        section.rename(format!("{profile} point '{}'", name.value));
    }
    let indexes = index::read(section);
    let unit = point::read_unit(section);
    let scale = section.number("scale").map_or(1.0, |found| found.value);
    let offset = section.number("offset").map_or(0.0, |found| found.value);
    let states = judgement::read_states(section);
    if scale == 0.0 {
        section.fault("scale", "is 0, which would make every reading the offset");
    }
    for key in ["scale", "offset"].iter().filter(|key| section.has(key)) {
        if section.has("states") {
            section.fault(key, "cannot stand beside states; remove one");
        }
    }
    let is_plain = scale == 1.0 && offset == 0.0;
    let is_double_bit = indexes
        .as_ref()
        .is_some_and(|i| i.kind == PointKind::DoubleBit);
    let states = match is_double_bit && is_plain {
        true => states.or_else(double_bit_states),
        false => states,
    };
    let is_text = indexes.as_ref().is_some_and(|i| i.kind.is_text());
    let alarms = if is_text {
        refuse_number_keys(section);
        PointAlarms::of_text()
    } else {
        PointAlarms::read(section, states.as_ref())
    };
    let (Some(name), Some(indexes)) = (name, indexes) else {
        return Vec::new();
    };
    let named = named(section, &name, &indexes, names);
    taken.note(section, &indexes, &named);
    let point = |(name, index): (Found<Name>, u16)| OutstationPoint {
        common: Common {
            name,
            unit: unit.clone(),
            alarms: alarms.clone(),
        },
        mapped: MappedPoint {
            scale,
            offset,
            ..MappedPoint::new(indexes.kind, index)
        },
        states: states.clone(),
    };
    named.into_iter().map(point).collect()
}

/// The names of all points of an entry with their indexes; none if they cannot be named.
fn named(
    section: &Section<'_>,
    name: &Found<&str>,
    indexes: &Indexes,
    names: &mut Names,
) -> Vec<(Found<Name>, u16)> {
    let has_placeholder = name.value.contains(PLACEHOLDER);
    if indexes.is_range != has_placeholder {
        let key = indexes.key;
        let what = if indexes.is_range {
            format!("must have {{n}} in it, in place of the index, where {key} is a range")
        } else {
            format!("has {{n}} in it, but {key} is one index; write a range such as \"0..31\"")
        };
        section.fault("name", format_args!("{} {what}", shown(name.value)));
        return Vec::new();
    }
    let mut all = Vec::new();
    for index in indexes.range.clone() {
        let text = name.value.replace(PLACEHOLDER, &index.to_string());
        let own = match Name::plain(&text) {
            Ok(own) => Found::new(own, &name.place),
            Err(error) => {
                section.fault("name", format_args!("{} {error}", shown(&text)));
                return Vec::new();
            }
        };
        if indexes.is_range {
            names.note_made_up(section, "name", &own);
        } else {
            names.note(section, &own);
        }
        all.push((own, index));
    }
    all
}

fn refuse_number_keys(section: &Section<'_>) {
    let keys = [
        "unit",
        "limits",
        "alarm",
        "alarm_defaults",
        "scale",
        "offset",
        "states",
    ];
    for key in keys.iter().filter(|key| section.has(key)) {
        let what = "cannot stand beside octets, whose readings are texts; remove it";
        section.fault(key, what);
    }
}

/// What the four states of a double-bit input are called unless said otherwise.
fn double_bit_states() -> Option<StateTexts> {
    let texts = ["intermediate", "off", "on", "indeterminate"];
    Some((0..).zip(texts.map(Box::from)).collect())
}

impl Taken {
    /// Notes the points of an entry, and reports the first one that another entry has already.
    fn note(&mut self, section: &Section<'_>, indexes: &Indexes, named: &[(Found<Name>, u16)]) {
        let mut is_reported = false;
        for (name, index) in named {
            let own = (name.value.clone(), name.place.clone());
            let key = (indexes.kind, *index);
            if let Some((first, place)) = self.0.get(&key) {
                if !is_reported {
                    let kind = indexes.kind;
                    let what = format!(
                        "{kind} {index} is point '{first}' at {place} already; correct one"
                    );
                    section.fault(indexes.key, what);
                }
                is_reported = true;
                continue;
            }
            self.0.insert(key, own);
        }
    }
}
