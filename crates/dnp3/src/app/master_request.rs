//! All that a master of this crate can send.

use bitflags::bitflags;

use crate::app::{Control, Function, Qualifier, Sequence, Timestamp, Variation, Width};

/// A request of a master that only reads.
///
/// This type is the only way to a request fragment, and it has no word for SELECT, OPERATE,
/// DIRECT_OPERATE, freezes, restarts, files or applications. What it can write is the clock, the
/// restart bit, and which classes of events are sent unasked or at all.
///
/// ```compile_fail
/// let operate = gridos_dnp3::app::MasterRequest::DirectOperate;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MasterRequest<'a> {
    /// Confirms the fragment with the sequence number that [`MasterRequest::encode`] is given. The
    /// outstation forgets the events in it and does not answer.
    Confirm {
        /// Whether the fragment was an unsolicited response.
        unsolicited: bool,
    },
    /// READ: asks for objects.
    Read(&'a [Selection]),
    /// WRITE of g80v1, index 7, value 0: clears [`super::Iin::DEVICE_RESTART`].
    ClearRestart,
    /// WRITE of g50v1: sets the clock; the time is corrected for the delay of the line.
    WriteTime(Timestamp),
    /// WRITE of g50v3: sets the clock by the time at which [`MasterRequest::RecordCurrentTime`]
    /// was sent.
    WriteRecordedTime(Timestamp),
    /// ENABLE_UNSOLICITED: events of these classes may come unasked.
    EnableUnsolicited(EventClasses),
    /// DISABLE_UNSOLICITED: events of these classes may not come unasked.
    DisableUnsolicited(EventClasses),
    /// ASSIGN_CLASS: puts points into classes.
    AssignClass(&'a [Assignment<'a>]),
    /// DELAY_MEASURE: asks how long the outstation takes to answer.
    DelayMeasure,
    /// RECORD_CURRENT_TIME: asks the outstation to note when this arrives.
    RecordCurrentTime,
}

/// A class of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Static values.
    Zero,
    /// Events, by custom the urgent ones.
    One,
    /// Events.
    Two,
    /// Events.
    Three,
}

bitflags! {
    /// Classes of events.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct EventClasses: u8 {
        /// Class 1.
        const ONE = 1 << 0;
        /// Class 2.
        const TWO = 1 << 1;
        /// Class 3.
        const THREE = 1 << 2;
    }
}

/// Which objects a request speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    variation: Variation,
    extent: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    All,
    Span(u16, u16),
    UpTo(u16),
}

/// Points that go into a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment<'a> {
    /// The class; class 0 takes points out of the others.
    pub class: Class,
    /// The points, by the groups of their static objects and variation 0.
    pub points: &'a [Selection],
}

/// A request has more object headers than fit one fragment. The caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the request takes {length} octets, more than {}",
    MasterRequest::BYTES_MAX
)]
pub struct RequestTooLong {
    /// The octets it would have.
    pub length: usize,
}

impl MasterRequest<'_> {
    /// The octets of a request at most: what an outstation takes by custom.
    pub const BYTES_MAX: usize = 2_048;

    /// The function that it is sent with.
    pub const fn function(&self) -> Function {
        match self {
            Self::Confirm { .. } => Function::Confirm,
            Self::Read(_) => Function::Read,
            Self::ClearRestart | Self::WriteTime(_) | Self::WriteRecordedTime(_) => Function::Write,
            Self::EnableUnsolicited(_) => Function::EnableUnsolicited,
            Self::DisableUnsolicited(_) => Function::DisableUnsolicited,
            Self::AssignClass(_) => Function::AssignClass,
            Self::DelayMeasure => Function::DelayMeasure,
            Self::RecordCurrentTime => Function::RecordCurrentTime,
        }
    }

    /// Whether the outstation answers it: all but a confirm.
    pub const fn is_answered(&self) -> bool {
        !matches!(self, Self::Confirm { .. })
    }

    /// Appends the fragment with the number `sequence` to `out`.
    ///
    /// # Errors
    /// If there are too many headers; then nothing is appended.
    pub fn encode(&self, sequence: Sequence, out: &mut Vec<u8>) -> Result<(), RequestTooLong> {
        let start = out.len();
        let control = Control {
            uns: matches!(self, Self::Confirm { unsolicited: true }),
            ..Control::single(sequence)
        };
        out.extend([control.encode(), self.function().code()]);
        match self {
            Self::Confirm { .. } | Self::DelayMeasure | Self::RecordCurrentTime => {}
            Self::Read(selections) => {
                for selection in *selections {
                    selection.encode(out);
                }
            }
            Self::ClearRestart => {
                let restart = Selection::span(Variation::INDICATIONS, 7, 7);
                restart.encode(out);
                out.push(0);
            }
            Self::WriteTime(time) => write_time(Variation::TIME, *time, out),
            Self::WriteRecordedTime(time) => write_time(Variation::RECORDED_TIME, *time, out),
            Self::EnableUnsolicited(classes) | Self::DisableUnsolicited(classes) => {
                for class in classes.iter_classes() {
                    Selection::class(class).encode(out);
                }
            }
            Self::AssignClass(assignments) => {
                for assignment in *assignments {
                    Selection::class(assignment.class).encode(out);
                    for points in assignment.points {
                        points.encode(out);
                    }
                }
            }
        }
        let length = out.len() - start;
        if length > Self::BYTES_MAX {
            out.truncate(start);
            return Err(RequestTooLong { length });
        }
        Ok(())
    }
}

impl Class {
    /// Its object: g60v1 to g60v4.
    pub const fn variation(self) -> Variation {
        match self {
            Self::Zero => Variation::CLASS_0,
            Self::One => Variation::CLASS_1,
            Self::Two => Variation::CLASS_2,
            Self::Three => Variation::CLASS_3,
        }
    }
}

impl EventClasses {
    /// The classes in it, ascending.
    pub fn iter_classes(self) -> impl Iterator<Item = Class> {
        [
            (Self::ONE, Class::One),
            (Self::TWO, Class::Two),
            (Self::THREE, Class::Three),
        ]
        .into_iter()
        .filter(move |(bit, _)| self.contains(*bit))
        .map(|(_, class)| class)
    }
}

impl Selection {
    /// What an integrity poll reads: all events first, so that no older event follows the static
    /// values.
    pub const INTEGRITY: [Self; 4] = [
        Self::class(Class::One),
        Self::class(Class::Two),
        Self::class(Class::Three),
        Self::class(Class::Zero),
    ];

    /// All objects of a class.
    pub const fn class(class: Class) -> Self {
        Self::all(class.variation())
    }

    /// All objects of a variation.
    pub const fn all(variation: Variation) -> Self {
        Self {
            variation,
            extent: Extent::All,
        }
    }

    /// The objects of the points from one index to the other, both included, in whatever order
    /// the two are given.
    pub const fn span(variation: Variation, one: u16, other: u16) -> Self {
        let extent = if one <= other {
            Extent::Span(one, other)
        } else {
            Extent::Span(other, one)
        };
        Self { variation, extent }
    }

    /// So many objects of a variation or class at most, and at least 1.
    pub const fn up_to(variation: Variation, count: u16) -> Self {
        let count = if count == 0 { 1 } else { count };
        Self {
            variation,
            extent: Extent::UpTo(count),
        }
    }

    fn encode(self, out: &mut Vec<u8>) {
        out.extend([self.variation.group, self.variation.number]);
        match self.extent {
            Extent::All => out.push(Qualifier::ALL.octet()),
            Extent::Span(start, stop) => {
                let width = narrowest(stop);
                out.push(Qualifier::of_span(width).octet());
                put(start, width, out);
                put(stop, width, out);
            }
            Extent::UpTo(count) => {
                let width = narrowest(count);
                let qualifier = match width {
                    Width::One => Qualifier::COUNT_8,
                    Width::Two | Width::Four => Qualifier::COUNT_16,
                };
                out.push(qualifier.octet());
                put(count, width, out);
            }
        }
    }
}

fn write_time(variation: Variation, time: Timestamp, out: &mut Vec<u8>) {
    Selection::up_to(variation, 1).encode(out);
    out.extend(time.to_octets());
}

fn narrowest(number: u16) -> Width {
    if number <= u16::from(u8::MAX) {
        Width::One
    } else {
        Width::Two
    }
}

fn put(number: u16, width: Width, out: &mut Vec<u8>) {
    out.extend(number.to_le_bytes().into_iter().take(width.bytes()));
}
