//! The one table of all objects: what every group and variation is and how it lies in a fragment.

mod analogs;
mod attributes;
mod binaries;
mod counters;
mod others;

use std::fmt;

use crate::app::layout::Format;
use crate::app::{FlagSet, Kind, Layout, Role, Variation};

/// A group of objects that say the same in different forms.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    number: u8,
    name: &'static str,
    role: Role,
    kind: Option<Kind>,
    /// The variations, one number after the other.
    rows: &'static [Row],
}

/// One variation of a group.
#[derive(Clone, Copy, Debug)]
struct Row {
    number: u8,
    name: &'static str,
    layout: Layout,
    object_bytes: Option<usize>,
    format: Option<Format>,
}

/// What is known of a variation.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    group: &'static Group,
    row: &'static Row,
}

impl Group {
    /// The group `number`; `None` if it is not in the table.
    pub fn find(number: u8) -> Option<&'static Self> {
        *PLACES.get(usize::from(number))?
    }

    /// All groups, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        GROUPS.iter().copied().flatten()
    }

    /// The number on the wire.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// The name, in lower case.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What its objects are for.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Its variations, in the order of their numbers.
    pub fn variations(&'static self) -> impl Iterator<Item = Description> {
        self.rows
            .iter()
            .map(move |row| Description { group: self, row })
    }

    const fn new(number: u8, name: &'static str, role: Role, rows: &'static [Row]) -> Self {
        let (first, mut place) = (rows[0].number as usize, 0);
        while place < rows.len() {
            assert!(
                rows[place].number as usize == first + place,
                "a variation is missing"
            );
            place += 1;
        }
        Self {
            number,
            name,
            role,
            kind: None,
            rows,
        }
    }

    /// The same group, whose objects speak of points.
    const fn of(self, kind: Kind) -> Self {
        Self {
            kind: Some(kind),
            ..self
        }
    }
}

impl Variation {
    /// What is known of it; `None` if the table does not have it.
    #[inline]
    pub fn describe(self) -> Option<Description> {
        let group = Group::find(self.group)?;
        let place = self.number.checked_sub(group.rows.first()?.number)?;
        let row = group.rows.get(usize::from(place))?;
        Some(Description { group, row })
    }
}

impl Description {
    /// The variation.
    pub const fn variation(&self) -> Variation {
        Variation::new(self.group.number, self.row.number)
    }

    /// Its group.
    pub const fn group(&self) -> &'static Group {
        self.group
    }

    /// Its name within the group, in lower case.
    pub const fn name(&self) -> &'static str {
        self.row.name
    }

    /// What its objects are for.
    pub const fn role(&self) -> Role {
        self.group.role
    }

    /// How its objects lie in a fragment.
    pub const fn layout(&self) -> Layout {
        self.row.layout
    }

    /// The octets of one object, without its prefix; `None` if objects of this variation have no
    /// whole octets of their own or tell their size themselves.
    pub const fn object_bytes(&self) -> Option<usize> {
        self.row.object_bytes
    }

    /// The points whose values its objects carry; `None` if there are none, as with the deltas of
    /// obsolete counters.
    pub const fn kind(&self) -> Option<Kind> {
        match self.row.layout {
            Layout::Fields(_) if self.row.format.is_some() => self.group.kind,
            Layout::Octets(_) | Layout::Bits | Layout::BitPairs => self.group.kind,
            Layout::Fields(_) | Layout::HeaderOnly | Layout::Attribute | Layout::Sized => None,
        }
    }

    /// What the flag octet of its objects means.
    pub const fn flag_set(&self) -> FlagSet {
        match (self.group.kind, self.row.format) {
            (Some(kind), Some(format)) if format.has_flags => kind.flag_set(),
            _ => FlagSet::None,
        }
    }

    /// How its objects hold the value of a point.
    pub(crate) const fn format(&self) -> Option<Format> {
        match self.group.kind {
            Some(_) => self.row.format,
            None => None,
        }
    }
}

impl fmt::Display for Description {
    /// As in `g30v5 analog input, 32-bit float with flags`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (variation, group, name) = (self.variation(), self.group.name, self.row.name);
        write!(f, "{variation} {group}, {name}")
    }
}

const fn row(number: u8, name: &'static str, layout: Layout) -> Row {
    Row {
        number,
        name,
        layout,
        object_bytes: layout.object_bytes(),
        format: layout.format(),
    }
}

const ANY: &str = "any variation";

/// Variation 0, with which a request leaves the choice to the outstation.
const ANY_VARIATION: Row = row(0, ANY, Layout::HeaderOnly);

const GROUPS: &[&[Group]] = &[
    attributes::GROUPS,
    binaries::GROUPS,
    counters::GROUPS,
    analogs::GROUPS,
    others::GROUPS,
];

/// Every group at its number.
static PLACES: [Option<&Group>; 256] = {
    let mut places = [None; 256];
    let mut block = 0;
    while block < GROUPS.len() {
        let groups = GROUPS[block];
        let mut place = 0;
        while place < groups.len() {
            places[groups[place].number as usize] = Some(&groups[place]);
            place += 1;
        }
        block += 1;
    }
    places
};
