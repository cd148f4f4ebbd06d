//! Values as an outstation keeps them.

use std::sync::Arc;

use super::PointKind;
use crate::app::{DoubleBit, Value};

/// A value of its own, not of the fragment or the caller it came from. It can be written in every
/// variation of its kind: analogs are kept as the widest float, counters in 32 bits.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Binary(bool),
    DoubleBit(DoubleBit),
    Counter(u32),
    Analog(f64),
    /// 1 to 255 octets; shared between the present value and the events of it.
    Octets(Arc<[u8]>),
}

impl Held {
    /// `value` as that of a point of `kind`; `None` if such a point cannot have it. No octets
    /// become one that is zero, as an empty object cannot be sent.
    pub(super) fn new(kind: PointKind, value: Value<'_>) -> Option<Self> {
        use PointKind as Of;
        Some(match (kind, value) {
            (Of::BinaryInput | Of::BinaryOutput, Value::Binary(bit)) => Self::Binary(bit),
            (Of::DoubleBitInput, Value::DoubleBit(state)) => Self::DoubleBit(state),
            (Of::Counter | Of::FrozenCounter, Value::Uint16(count)) => Self::Counter(count.into()),
            (Of::Counter | Of::FrozenCounter, Value::Uint32(count)) => Self::Counter(count),
            (
                Of::AnalogInput | Of::FrozenAnalogInput | Of::AnalogOutput,
                Value::Int16(_) | Value::Int32(_) | Value::Float32(_) | Value::Float64(_),
            ) => Self::Analog(value.number()?),
            (Of::OctetString, Value::Octets([])) => Self::Octets(Arc::from([0])),
            (Of::OctetString, Value::Octets(octets)) => Self::Octets(Arc::from(octets)),
            _ => return None,
        })
    }

    /// What a point of `kind` has before anybody updates it.
    pub(super) fn initial(kind: PointKind) -> Self {
        match kind {
            PointKind::BinaryInput | PointKind::BinaryOutput => Self::Binary(false),
            PointKind::DoubleBitInput => Self::DoubleBit(DoubleBit::Indeterminate),
            PointKind::Counter | PointKind::FrozenCounter => Self::Counter(0),
            PointKind::AnalogInput | PointKind::FrozenAnalogInput | PointKind::AnalogOutput => {
                Self::Analog(0.0)
            }
            PointKind::OctetString => Self::Octets(Arc::from([0])),
        }
    }

    /// For the wire.
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Binary(bit) => Value::Binary(*bit),
            Self::DoubleBit(state) => Value::DoubleBit(*state),
            Self::Counter(count) => Value::Uint32(*count),
            Self::Analog(number) => Value::Float64(*number),
            Self::Octets(octets) => Value::Octets(octets),
        }
    }

    /// Whether both are the same; what is not a number is the same as itself, so that it makes no
    /// event with every update.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Analog(one), Self::Analog(other)) => one.to_bits() == other.to_bits(),
            (one, other) => one.value() == other.value(),
        }
    }

    /// The number of the variation that an octet string takes: its length.
    pub(super) fn length(&self) -> Option<u8> {
        match self {
            Self::Octets(octets) => u8::try_from(octets.len()).ok(),
            Self::Binary(_) | Self::DoubleBit(_) | Self::Counter(_) | Self::Analog(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_has_values_of_its_kind_only() {
        let values = [
            Value::Binary(true),
            Value::DoubleBit(DoubleBit::On),
            Value::Uint16(3),
            Value::Uint32(4),
            Value::Int16(-5),
            Value::Int32(-6),
            Value::Float32(7.5),
            Value::Float64(8.5),
            Value::Octets(b"nine"),
        ];
        let taken = |kind| values.map(|value| u8::from(Held::new(kind, value).is_some()));
        assert_eq!(taken(PointKind::BinaryInput), [1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            taken(PointKind::DoubleBitInput),
            [0, 1, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(taken(PointKind::FrozenCounter), [0, 0, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(taken(PointKind::AnalogOutput), [0, 0, 0, 0, 1, 1, 1, 1, 0]);
        assert_eq!(taken(PointKind::OctetString), [0, 0, 0, 0, 0, 0, 0, 0, 1]);
        for kind in PointKind::ALL {
            let initial = Held::initial(kind);
            assert!(Held::new(kind, initial.value()).is_some_and(|same| same.is_same(&initial)));
        }
    }

    #[test]
    fn what_is_not_a_number_stays_the_same() {
        let nan = Held::Analog(f64::NAN);
        assert!(nan.is_same(&nan) && !nan.is_same(&Held::Analog(0.0)));
        assert!(!Held::Analog(0.0).is_same(&Held::Analog(-0.0)));
    }

    #[test]
    fn an_empty_string_becomes_a_zero() {
        let empty = Held::new(PointKind::OctetString, Value::Octets(b"")).unwrap();
        assert_eq!(
            (empty.value(), empty.length()),
            (Value::Octets(&[0]), Some(1))
        );
    }
}
