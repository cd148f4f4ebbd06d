//! Which point of the engine each point of an outstation is.

use std::fmt;
use std::ops::Range;

use gridos_dnp3::app::Kind;
use gridos_model::POINTS_PER_LAYOUT_MAX;

/// The kinds of points that are collected; points are numbered within their kind.
///
/// How each becomes a number: a binary is 0 or 1; a double-bit is 0 while intermediate, 1 if off, 2
/// if on, 3 if indeterminate; counters and analogs are what they are. Octet strings become texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PointKind {
    /// Groups 1 and 2.
    Binary,
    /// Groups 3 and 4.
    DoubleBit,
    /// The state of outputs: groups 10 and 11.
    BinaryOutput,
    /// Groups 20 and 22.
    Counter,
    /// Groups 21 and 23.
    FrozenCounter,
    /// Groups 30 and 32.
    Analog,
    /// Groups 31 and 33.
    FrozenAnalog,
    /// The setpoints of outputs: groups 40 and 42.
    AnalogOutput,
    /// Groups 110 and 111: its readings are texts.
    Octets,
}

/// One point of an outstation that is collected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MappedPoint {
    /// Its kind.
    pub kind: PointKind,
    /// Its index within the kind.
    pub index: u16,
    /// What its value is multiplied by; 1 leaves it exact. Without meaning for octet strings.
    pub scale: f64,
    /// What is added then.
    pub offset: f64,
}

/// The points of an outstation, in the order of its device's whole layout.
#[derive(Clone, Debug, PartialEq)]
pub struct PointMap {
    points: Box<[MappedPoint]>,
    groups: Box<[Range<usize>]>,
    /// By kind: where its points are, by index.
    runs: [Box<[Run]>; KINDS],
    /// By kind: its groups, by index.
    blocks: [Box<[Block]>; KINDS],
}

/// Points with one index after the other at one position after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: u16,
    last: u16,
    position: u32,
}

/// A group of points that are read together: all of one kind, one index after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Its place among the groups.
    pub(super) group: usize,
    /// The index of its first point.
    pub(super) first: u16,
    /// The index of its last point.
    pub(super) last: u16,
}

/// Why points are no map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointMapError {
    /// Two points of the engine are the same one of the outstation.
    #[error("{kind} {index} is mapped twice")]
    Twice {
        /// Its kind.
        kind: PointKind,
        /// Its index.
        index: u16,
    },
    /// A scale of 0 would lose the value, and one that is not finite would make none.
    #[error("the scale of {kind} {index} must be finite and not 0, its offset finite")]
    Scale {
        /// The kind of the point.
        kind: PointKind,
        /// Its index.
        index: u16,
    },
    /// More points than a layout can have, or none.
    #[error("{count} points; allowed are 1 to {POINTS_PER_LAYOUT_MAX}")]
    Count {
        /// How many there are.
        count: usize,
    },
}

/// How many kinds there are.
const KINDS: usize = 9;

/// Fewer points than this are no group: as events of one batch they cost less than as a batch of
/// their own.
const GROUP_POINTS_MIN: usize = 4;

/// More groups than this would make too many batches of one fragment: the smallest are none.
const GROUPS_MAX: usize = 32;

impl PointKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; KINDS] = [
        Self::Binary,
        Self::DoubleBit,
        Self::BinaryOutput,
        Self::Counter,
        Self::FrozenCounter,
        Self::Analog,
        Self::FrozenAnalog,
        Self::AnalogOutput,
        Self::Octets,
    ];

    /// Whether its readings are texts.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Octets)
    }

    /// What points of the kind are called in a configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::DoubleBit => "double_bit",
            Self::BinaryOutput => "binary_output",
            Self::Counter => "counter",
            Self::FrozenCounter => "frozen_counter",
            Self::Analog => "analog",
            Self::FrozenAnalog => "frozen_analog",
            Self::AnalogOutput => "analog_output",
            Self::Octets => "octets",
        }
    }

    /// The kind of points with values on the wire of `kind`; `None` if such are not collected.
    pub const fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::BinaryInput => Self::Binary,
            Kind::DoubleBitInput => Self::DoubleBit,
            Kind::BinaryOutput => Self::BinaryOutput,
            Kind::Counter => Self::Counter,
            Kind::FrozenCounter => Self::FrozenCounter,
            Kind::AnalogInput => Self::Analog,
            Kind::FrozenAnalogInput => Self::FrozenAnalog,
            Kind::AnalogOutput => Self::AnalogOutput,
            Kind::OctetString => Self::Octets,
            Kind::BinaryCommand
            | Kind::AnalogInputDeadband
            | Kind::AnalogCommand
            | Kind::VirtualTerminal => return None,
        })
    }
}

impl fmt::Display for PointKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Binary => "binary input",
            Self::DoubleBit => "double-bit input",
            Self::BinaryOutput => "binary output",
            Self::Counter => "counter",
            Self::FrozenCounter => "frozen counter",
            Self::Analog => "analog input",
            Self::FrozenAnalog => "frozen analog input",
            Self::AnalogOutput => "analog output",
            Self::Octets => "octet string",
        })
    }
}

impl MappedPoint {
    /// The point at `index` of `kind`, whose value is taken as it is.
    pub const fn new(kind: PointKind, index: u16) -> Self {
        Self {
            kind,
            index,
            scale: 1.0,
            offset: 0.0,
        }
    }

    /// Whether its readings are texts: then its point in the layout must be one of texts.
    pub const fn is_text(&self) -> bool {
        self.kind.is_text()
    }
}

impl PointMap {
    /// The map of `points`, which stand in the order of the device's whole layout.
    ///
    /// # Errors
    /// If a point is there twice, a scale or an offset is none, or there are too many or no points.
    pub fn new(points: Vec<MappedPoint>) -> Result<Self, PointMapError> {
        let count = points.len();
        if count == 0 || count > POINTS_PER_LAYOUT_MAX {
            return Err(PointMapError::Count { count });
        }
        for MappedPoint {
            kind,
            index,
            scale,
            offset,
        } in points.iter().copied()
        {
            if !scale.is_finite() || scale == 0.0 || !offset.is_finite() {
                return Err(PointMapError::Scale { kind, index });
            }
        }
        let groups = groups(&points);
        let mut runs = [const { Vec::new() }; KINDS];
        for (position, point) in (0..).zip(&points) {
            runs[point.kind as usize].push(Run {
                first: point.index,
                last: point.index,
                position,
            });
        }
        for (runs, kind) in runs.iter_mut().zip(PointKind::ALL) {
            runs.sort_unstable_by_key(|run| run.first);
            if let Some(index) = twice(runs) {
                return Err(PointMapError::Twice { kind, index });
            }
            runs.dedup_by(|next, run| {
                let joins = u32::from(next.first) == u32::from(run.last) + 1
                    && next.position == run.position + u32::from(run.last - run.first) + 1;
                if joins {
                    run.last = next.last;
                }
                joins
            });
        }
        let mut blocks = [const { Vec::new() }; KINDS];
        for (group, range) in groups.iter().enumerate() {
            if let (Some(first), Some(last)) = (points.get(range.start), points.get(range.end - 1))
            {
                blocks[first.kind as usize].push(Block {
                    group,
                    first: first.index,
                    last: last.index,
                });
            }
        }
        for blocks in &mut blocks {
            blocks.sort_unstable_by_key(|block: &Block| block.first);
        }
        Ok(Self {
            points: points.into(),
            groups: groups.into(),
            runs: runs.map(Into::into),
            blocks: blocks.map(Into::into),
        })
    }

    /// The points, in the order of the device's whole layout.
    pub fn points(&self) -> &[MappedPoint] {
        &self.points
    }

    /// The ranges of positions whose points are read together, each a group of the device in the
    /// directory: neighbours of one kind with one index after the other. Texts are in none, and
    /// neither are points with fewer than three such neighbours. There are 32 groups at most, the
    /// largest ones.
    pub fn groups(&self) -> &[Range<usize>] {
        &self.groups
    }

    /// The position of the point at `index` of `kind`.
    #[inline]
    pub fn position(&self, kind: PointKind, index: u16) -> Option<u32> {
        let runs = &self.runs[kind as usize];
        let run = match &**runs {
            [run] => run,
            runs => {
                let behind = runs.partition_point(|run| run.first <= index);
                runs.get(behind.checked_sub(1)?)?
            }
        };
        (run.first <= index && index <= run.last)
            .then(|| run.position + u32::from(index - run.first))
    }

    /// The value of the point at `position` whose value on the wire is `raw`.
    #[inline]
    pub(super) fn scaled(&self, position: u32, raw: f64) -> f64 {
        match self.points.get(position as usize) {
            Some(point) => raw * point.scale + point.offset,
            None => raw,
        }
    }

    /// The group of `kind` that begins between the indexes `start` and `stop`, both included, and
    /// ends behind `stop`.
    pub(super) fn block_cut_at(&self, kind: PointKind, start: u16, stop: u16) -> Option<Block> {
        let blocks = &self.blocks[kind as usize];
        let behind = blocks.partition_point(|block| block.first <= stop);
        let last = blocks.get(behind.checked_sub(1)?)?;
        (last.first >= start && last.last > stop).then_some(*last)
    }

    /// The groups of `kind` that lie between the indexes `start` and `stop`, both included.
    pub(super) fn blocks_within(&self, kind: PointKind, start: u16, stop: u16) -> &[Block] {
        let blocks = &self.blocks[kind as usize];
        let from = blocks.partition_point(|block| block.first < start);
        let within = blocks.get(from..).unwrap_or_default();
        // They do not overlap, so that their last indexes ascend as well.
        let count = within.partition_point(|block| block.last <= stop);
        within.get(..count).unwrap_or_default()
    }
}

/// An index that two runs have; they ascend.
fn twice(runs: &[Run]) -> Option<u16> {
    let pair = runs.windows(2).find(|pair| match pair {
        [one, other] => one.first == other.first,
        _ => false,
    })?;
    pair.first().map(|run| run.first)
}

fn groups(points: &[MappedPoint]) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut start = 0;
    for run in points.chunk_by(|one, next| {
        one.kind == next.kind && u32::from(next.index) == u32::from(one.index) + 1
    }) {
        let range = start..start + run.len();
        start = range.end;
        let is_text = run.first().is_some_and(MappedPoint::is_text);
        if run.len() >= GROUP_POINTS_MIN && !is_text {
            groups.push(range);
        }
    }
    if groups.len() > GROUPS_MAX {
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        groups.truncate(GROUPS_MAX);
        groups.sort_by_key(|group| group.start);
    }
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(points: &[(PointKind, u16)]) -> Result<PointMap, PointMapError> {
        let points = points.iter();
        PointMap::new(points.map(|(k, i)| MappedPoint::new(*k, *i)).collect())
    }

    #[test]
    fn neighbours_with_rising_indexes_are_groups() {
        use PointKind::{Analog, Binary, Octets};
        let binaries = (10..15).map(|index| (Binary, index));
        let others = [(Analog, 3), (Analog, 2), (Analog, 7)];
        let analogs = (100..104).map(|index| (Analog, index));
        let texts = (0..8).map(|index| (Octets, index));
        let points: Vec<_> = binaries.chain(others).chain(analogs).chain(texts).collect();
        let map = map(&points).unwrap();
        assert_eq!(map.groups(), [0..5, 8..12]);
        assert_eq!(map.position(Binary, 12), Some(2));
        assert_eq!(map.position(Binary, 15), None);
        assert_eq!(map.position(Binary, 9), None);
        assert_eq!(map.position(Analog, 2), Some(6));
        assert_eq!(map.position(Analog, 103), Some(11));
        assert_eq!(map.position(Octets, 0), Some(12));
        assert_eq!(map.position(PointKind::Counter, 0), None);
        let within = |start, stop| map.blocks_within(Binary, start, stop).len();
        assert_eq!(
            [
                within(0, 65_535),
                within(10, 14),
                within(11, 14),
                within(10, 13)
            ],
            [1, 1, 0, 0]
        );
        let cut = |start, stop| {
            map.block_cut_at(Binary, start, stop)
                .map(|block| block.last)
        };
        assert_eq!(
            [cut(0, 13), cut(10, 10), cut(0, 14), cut(11, 13), cut(0, 9)],
            [Some(14), Some(14), None, None, None]
        );
    }

    #[test]
    fn only_the_largest_groups_are_groups() {
        // Groups of 4, 5, 6 and so on, with a gap behind each.
        let mut points = Vec::new();
        let mut index = 0;
        for length in 4..64 {
            points.extend((index..index + length).map(|index| (PointKind::Analog, index)));
            index += length + 1;
        }
        let map = map(&points).unwrap();
        let lengths: Vec<_> = map.groups().iter().map(Range::len).collect();
        assert_eq!(lengths, (32..64).collect::<Vec<_>>());
    }

    #[test]
    fn nonsense_is_refused() {
        let twice = map(&[(PointKind::Binary, 1), (PointKind::Binary, 1)]);
        assert_eq!(
            twice.unwrap_err().to_string(),
            "binary input 1 is mapped twice"
        );
        assert_eq!(map(&[]), Err(PointMapError::Count { count: 0 }));
        for scale in [0.0, f64::NAN, f64::INFINITY] {
            let point = MappedPoint {
                scale,
                ..MappedPoint::new(PointKind::Analog, 0)
            };
            let error = PointMap::new(vec![point]).unwrap_err();
            assert!(matches!(error, PointMapError::Scale { .. }));
        }
    }

    proptest! {
        #[test]
        fn every_point_is_found(indexes in prop::collection::hash_set(0_u16..300, 1..200)) {
            let points: Vec<_> = indexes.iter().map(|i| (PointKind::Counter, *i)).collect();
            let map = map(&points).unwrap();
            for index in 0..=300 {
                let position = points.iter().position(|(_, i)| *i == index);
                let found = map.position(PointKind::Counter, index);
                prop_assert_eq!(found.map(|at| at as usize), position);
            }
        }
    }
}
