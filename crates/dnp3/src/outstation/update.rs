//! Updates: what the process tells the outstation.

use super::event::Occurrence;
use super::held::Held;
use super::{Moment, Outstation, PointId};
use crate::app::{Class, EventClasses, Flags, Value};

/// A value of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update<'a> {
    /// The value; of the kind of the point.
    pub value: Value<'a>,
    /// Its flags. State bits are set from the value.
    pub flags: Flags,
    /// When it became so by a right clock: milliseconds since 1970-01-01 00:00 UTC. The outstation
    /// stamps it with what its own clock showed then.
    pub unix_ms: u64,
    /// Whether it makes an event.
    pub change: Change,
}

/// Whether an update makes an event, if the class of its point makes events at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// If the value or the quality is another one than before.
    #[default]
    Detect,
    /// In any case.
    Force,
    /// Never.
    Suppress,
}

/// An update that the outstation does not take. The caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// The point is one of another table.
    #[error("there is no such point")]
    Point,
    /// The value is of another kind than the point.
    #[error("the point cannot have such a value")]
    Value,
    /// The string has no room in a fragment.
    #[error("a string of {bytes} octets has no room; {limit} octets have")]
    Long {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
}

impl<'a> Update<'a> {
    /// A good value since `unix_ms`, which makes an event if it is another one than before.
    pub const fn new(value: Value<'a>, unix_ms: u64) -> Self {
        Self {
            value,
            flags: Flags::ONLINE,
            unix_ms,
            change: Change::Detect,
        }
    }

    /// The same with other flags.
    #[must_use]
    pub const fn with_flags(self, flags: Flags) -> Self {
        Self { flags, ..self }
    }

    /// The same, which makes an event in any case.
    #[must_use]
    pub const fn forced(self) -> Self {
        Self {
            change: Change::Force,
            ..self
        }
    }

    /// The same, which never makes an event.
    #[must_use]
    pub const fn silent(self) -> Self {
        Self {
            change: Change::Suppress,
            ..self
        }
    }
}

impl Outstation {
    /// Sets the value of a point, connected or not, and says the number of the event that it
    /// makes: even of one that has no room and is lost at once ([`super::Overflow::DropNewest`]).
    ///
    /// # Errors
    /// If the point cannot have the value; then nothing happens.
    pub fn update(
        &mut self,
        point: PointId,
        update: Update<'_>,
        at: Moment,
    ) -> Result<Option<u64>, UpdateError> {
        let definition = *self.points.definition(point).ok_or(UpdateError::Point)?;
        if let Value::Octets(octets) = update.value {
            let (bytes, limit) = (octets.len(), self.config.string_bytes());
            if bytes > limit {
                return Err(UpdateError::Long { bytes, limit });
            }
        }
        let kind = definition.kind;
        let held = Held::new(kind, update.value).ok_or(UpdateError::Value)?;
        let time = self.clock.stamp(update.unix_ms, at.now);
        let class = event_class(self.class(point));
        let present = self
            .values
            .get_mut(point.place())
            .ok_or(UpdateError::Point)?;
        let set = kind.kind().flag_set();
        let has_changed = match update.change {
            Change::Force => true,
            Change::Suppress => false,
            Change::Detect => {
                update.flags.quality(set) != present.flags.quality(set)
                    || !held.is_same(&present.held)
            }
        };
        present.held = held.clone();
        present.flags = update.flags;
        present.time = time;
        let Some(class) = class.filter(|_| has_changed) else {
            return Ok(None);
        };
        if self.config.capacities.of(kind) == 0 {
            return Ok(None);
        }
        let occurrence = Occurrence {
            point,
            kind,
            class,
            held,
            flags: update.flags,
            time,
        };
        let (capacities, overflow) = (&self.config.capacities, self.config.overflow);
        let number = self.events.add(occurrence, capacities, overflow);
        self.on_event(class, at.now);
        Ok(Some(number))
    }
}

/// The class among those of events; `None` for class 0.
fn event_class(class: Class) -> Option<EventClasses> {
    Some(match class {
        Class::Zero => return None,
        Class::One => EventClasses::ONE,
        Class::Two => EventClasses::TWO,
        Class::Three => EventClasses::THREE,
    })
}
