//! The points of an outstation.

use std::ops::Range;

use super::PointKind;
use crate::app::{Class, Variation};

/// The points that outstations of the same make have: shared by all of them, never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointTable {
    /// By kind, then by index.
    definitions: Box<[PointDefinition]>,
    /// Where each kind ends.
    ends: [usize; PointKind::ALL.len()],
}

/// One point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointDefinition {
    /// What it measures.
    pub kind: PointKind,
    /// Its number within its kind.
    pub index: u16,
    /// The class of its events; [`Class::Zero`] makes none. Its present value is in class 0 in
    /// either case.
    pub class: Class,
    /// How its present value is told when the master leaves the choice.
    pub static_variation: Variation,
    /// How its events are told when the master leaves the choice.
    pub event_variation: Variation,
}

/// Which point of a [`PointTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PointId(u32);

/// The definitions are no table of points. The caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointTableError {
    /// Two points have the same kind and index.
    #[error("there are two points {} {index}", kind.kind())]
    Twice {
        /// The kind of both.
        kind: PointKind,
        /// The index of both.
        index: u16,
    },
    /// A point cannot be told in that variation.
    #[error("{} {index} cannot be told as {variation}", kind.kind())]
    Variation {
        /// The kind of the point.
        kind: PointKind,
        /// Its index.
        index: u16,
        /// The variation it was given.
        variation: Variation,
    },
}

impl PointDefinition {
    /// A point whose values are told in the usual variations of its kind.
    pub const fn new(kind: PointKind, index: u16, class: Class) -> Self {
        Self {
            kind,
            index,
            class,
            static_variation: kind.static_variation(),
            event_variation: kind.event_variation(),
        }
    }

    /// The same point, whose present value is told in variation `number` of its group.
    #[must_use]
    pub const fn with_static(self, number: u8) -> Self {
        let static_variation = Variation::new(self.kind.static_group(), number);
        Self {
            static_variation,
            ..self
        }
    }

    /// The same point, whose events are told in variation `number` of their group.
    #[must_use]
    pub const fn with_event(self, number: u8) -> Self {
        let event_variation = Variation::new(self.kind.event_group(), number);
        Self {
            event_variation,
            ..self
        }
    }

    fn check(&self) -> Result<(), PointTableError> {
        let variations = [
            (self.static_variation, self.kind.static_variation()),
            (self.event_variation, self.kind.event_variation()),
        ];
        for (variation, usual) in variations {
            let is_told = variation == usual || tells(self.kind, variation);
            if variation.group != usual.group || !is_told {
                return Err(PointTableError::Variation {
                    kind: self.kind,
                    index: self.index,
                    variation,
                });
            }
        }
        Ok(())
    }
}

/// Whether objects of `variation` can hold the value of any point of `kind`. Strings are of
/// different lengths, so no variation of theirs can hold them all.
pub(super) fn tells(kind: PointKind, variation: Variation) -> bool {
    let told = variation
        .describe()
        .and_then(|description| description.kind());
    kind != PointKind::OctetString && told == Some(kind.kind())
}

impl PointTable {
    /// The table of `definitions`, in whatever order.
    ///
    /// # Errors
    /// If two are of the same point, or one cannot be told as it says.
    pub fn new(
        definitions: impl IntoIterator<Item = PointDefinition>,
    ) -> Result<Self, PointTableError> {
        let mut definitions: Box<[_]> = definitions.into_iter().collect();
        definitions.sort_by_key(|definition| (definition.kind, definition.index));
        definitions.iter().try_for_each(PointDefinition::check)?;
        for (one, other) in definitions.iter().zip(definitions.iter().skip(1)) {
            if (one.kind, one.index) == (other.kind, other.index) {
                return Err(PointTableError::Twice {
                    kind: one.kind,
                    index: one.index,
                });
            }
        }
        let end = |kind| definitions.partition_point(|definition| definition.kind <= kind);
        let ends = PointKind::ALL.map(end);
        Ok(Self { definitions, ends })
    }

    /// How many points.
    pub fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    /// The point with that kind and index.
    pub fn find(&self, kind: PointKind, index: u16) -> Option<PointId> {
        let span = self.span(kind, index, index);
        let place = u32::try_from(span.start).ok()?;
        (span.len() == 1).then_some(PointId(place))
    }

    /// What a point is; `None` if it is one of another table.
    pub fn definition(&self, point: PointId) -> Option<&PointDefinition> {
        self.definitions.get(point.place())
    }

    /// All points with what they are, by kind and index.
    pub fn iter(&self) -> impl Iterator<Item = (PointId, &PointDefinition)> {
        (0..).map(PointId).zip(&self.definitions)
    }

    /// All definitions, by place.
    pub(super) fn definitions(&self) -> &[PointDefinition] {
        &self.definitions
    }

    /// The places of all points of `kind`.
    pub(super) fn of_kind(&self, kind: PointKind) -> Range<usize> {
        let place = kind.place();
        let start = place
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let end = self.ends.get(place);
        start.copied().unwrap_or(0)..end.copied().unwrap_or(0)
    }

    /// The places of the points of `kind` whose indexes are `start` to `stop`.
    pub(super) fn span(&self, kind: PointKind, start: u16, stop: u16) -> Range<usize> {
        let all = self.of_kind(kind);
        let of_kind = self.definitions.get(all.clone()).unwrap_or_default();
        let first = of_kind.partition_point(|definition| definition.index < start);
        let end = of_kind.partition_point(|definition| definition.index <= stop);
        all.start + first..all.start + end.max(first)
    }
}

impl PointId {
    /// Its place in the table.
    pub(super) fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analog(index: u16) -> PointDefinition {
        PointDefinition::new(PointKind::AnalogInput, index, Class::One)
    }

    fn binary(index: u16) -> PointDefinition {
        PointDefinition::new(PointKind::BinaryInput, index, Class::Zero)
    }

    #[test]
    fn points_are_found_by_kind_and_index() {
        let table = PointTable::new([analog(5), binary(9), analog(2), binary(0)]).unwrap();
        let order: Vec<_> = table
            .iter()
            .map(|(id, definition)| (id.place(), definition.index))
            .collect();
        assert_eq!(order, [(0, 0), (1, 9), (2, 2), (3, 5)]);
        assert_eq!(table.find(PointKind::AnalogInput, 5), Some(PointId(3)));
        assert_eq!(table.find(PointKind::AnalogInput, 3), None);
        assert_eq!(table.find(PointKind::Counter, 0), None);
        assert_eq!(table.of_kind(PointKind::BinaryInput), 0..2);
        assert_eq!(table.of_kind(PointKind::DoubleBitInput), 2..2);
        assert_eq!(table.of_kind(PointKind::AnalogInput), 2..4);
        assert_eq!(table.of_kind(PointKind::OctetString), 4..4);
        assert_eq!(table.span(PointKind::AnalogInput, 0, 4), 2..3);
        assert_eq!(table.span(PointKind::AnalogInput, 3, 4), 3..3);
    }

    #[test]
    fn no_table_has_a_point_twice_or_one_that_cannot_be_told() {
        let twice = PointTable::new([analog(1), binary(1), analog(1)]);
        let kind = PointKind::AnalogInput;
        assert_eq!(twice, Err(PointTableError::Twice { kind, index: 1 }));
        for wrong in [
            analog(1).with_static(0),
            analog(1).with_static(7),
            analog(1).with_event(9),
            PointDefinition::new(PointKind::Counter, 1, Class::One).with_static(3),
            PointDefinition::new(PointKind::OctetString, 1, Class::One).with_static(4),
            PointDefinition {
                static_variation: Variation::new(40, 1),
                ..analog(1)
            },
        ] {
            let refused = PointTable::new([wrong]);
            assert!(
                matches!(refused, Err(PointTableError::Variation { .. })),
                "{wrong:?}"
            );
        }
        let good = analog(1).with_static(3).with_event(8);
        assert!(PointTable::new([good]).is_ok());
        assert_eq!(
            PointTableError::Twice { kind, index: 1 }.to_string(),
            "there are two points analog input 1"
        );
    }
}
