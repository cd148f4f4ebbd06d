//! One object header and the objects behind it.

use crate::app::bytes::take;
use crate::app::object::{Bits, Objects};
use crate::app::{
    CommonTime, Description, Field, FlagSet, Kind, Layout, Prefix, Qualifier, Role, TimeQuality,
    Timestamp, Variation,
};

/// Which objects a header speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// All there are.
    All,
    /// Those of the points from `start` to `stop`, both included.
    Span {
        /// The first index.
        start: u16,
        /// The last index; not less than `start`.
        stop: u16,
    },
    /// Those at the virtual addresses from `start` to `stop`, both included; obsolete.
    Addresses {
        /// The first address.
        start: u32,
        /// The last address; not less than `start`.
        stop: u32,
    },
    /// So many, at least 1; in a READ, so many at most.
    Count(u32),
}

/// An object header whose objects were checked to be there.
///
/// Only [`super::ObjectHeaders`] makes them, so the iterators of this type meet no surprise: the
/// work they do is bounded by the octets of the fragment.
#[derive(Clone, Copy, Debug)]
pub struct ObjectHeader<'a> {
    pub(crate) offset: usize,
    pub(crate) variation: Variation,
    pub(crate) description: Option<Description>,
    pub(crate) qualifier: Qualifier,
    pub(crate) range: Range,
    pub(crate) carries_objects: bool,
    /// All objects with their prefixes.
    pub(crate) octets: &'a [u8],
}

impl<'a> ObjectHeader<'a> {
    /// Where it begins, counted from the first octet of the fragment.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The type of the objects.
    pub fn variation(&self) -> Variation {
        self.variation
    }

    /// What is known of the variation; `None` if the table does not have it.
    pub fn description(&self) -> Option<Description> {
        self.description
    }

    /// How it says which objects follow.
    pub fn qualifier(&self) -> Qualifier {
        self.qualifier
    }

    /// Which objects it speaks of.
    pub fn range(&self) -> Range {
        self.range
    }

    /// How many objects it speaks of; `None` if all there are.
    pub fn count(&self) -> Option<u64> {
        self.range.count()
    }

    /// Whether objects follow; otherwise the header only names them.
    pub fn carries_objects(&self) -> bool {
        self.carries_objects
    }

    /// The octets of all objects with their prefixes; empty if none follow.
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The points whose values follow; `None` if none do. Headers of events without points carry
    /// what this crate can only skip.
    pub fn kind(&self) -> Option<Kind> {
        self.carried()?.kind()
    }

    /// What [`super::Flags`] of the points mean.
    pub fn flag_set(&self) -> FlagSet {
        match self.carried() {
            Some(description) => description.flag_set(),
            None => FlagSet::None,
        }
    }

    /// Whether objects follow that the outstation keeps until the fragment is confirmed. An
    /// unknown variation counts as one, as nobody can tell.
    pub fn is_event(&self) -> bool {
        match self.description {
            Some(description) => self.carries_objects && description.role().is_event(),
            None => self.carries_objects,
        }
    }

    /// What the times of its points are worth, if `common` is the common time before it.
    pub fn time_quality(&self, common: CommonTime) -> TimeQuality {
        let fields = match self.carried().map(|description| description.layout()) {
            Some(Layout::Fields(fields)) => fields,
            _ => &[],
        };
        match (fields.last(), common.base()) {
            (Some(Field::Time), _) => TimeQuality::Synchronised,
            (Some(Field::RelativeTime), Some(base)) if base.is_synchronised => {
                TimeQuality::Synchronised
            }
            (Some(Field::RelativeTime), Some(_)) => TimeQuality::Unsynchronised,
            _ => TimeQuality::None,
        }
    }

    /// The objects as octets, with their indexes if they have any. Packed objects have no octets
    /// of their own: see [`ObjectHeader::bits`]. In a request that lists indexes, the objects are
    /// empty.
    pub fn objects(&self) -> Objects<'a> {
        Objects::new(self)
    }

    /// Packed objects with their indexes: 0 or 1, or 0 to 3 for double-bits; none for others.
    pub fn bits(&self) -> Bits<'a> {
        Bits::new(self)
    }

    /// The last time that a header of group 50 or 51 carries.
    pub fn time(&self) -> Option<Timestamp> {
        let role = self.carried()?.role();
        if !matches!(role, Role::Time | Role::CommonTime) {
            return None;
        }
        let mut octets = self.objects().last()?.octets;
        take(&mut octets).map(Timestamp::from_octets)
    }

    /// The delay in milliseconds that a header of group 52 carries: up to 65,535,000.
    pub fn delay_milliseconds(&self) -> Option<u32> {
        let unit = match self.carried()?.variation() {
            Variation::DELAY_COARSE => 1_000,
            Variation::DELAY_FINE => 1,
            _ => return None,
        };
        let mut octets = self.objects().next()?.octets;
        take(&mut octets).map(|octets| u32::from(u16::from_le_bytes(octets)) * unit)
    }

    /// The description if objects follow.
    pub(crate) fn carried(&self) -> Option<Description> {
        self.description.filter(|_| self.carries_objects)
    }

    /// The index of the first point, if the points have one after the other.
    pub(crate) fn first_index(&self) -> Option<u16> {
        match (self.range, self.qualifier.prefix()) {
            (Range::Span { start, .. }, Prefix::None) => Some(start),
            _ => None,
        }
    }
}

impl Range {
    /// How many objects it has; `None` for all there are. At most 2^32.
    pub fn count(self) -> Option<u64> {
        match self {
            Self::All => None,
            Self::Span { start, stop } => Some(u64::from(stop) - u64::from(start) + 1),
            Self::Addresses { start, stop } => Some(u64::from(stop) - u64::from(start) + 1),
            Self::Count(count) => Some(u64::from(count)),
        }
    }
}
