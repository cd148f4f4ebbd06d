//! Every variation that carries points: written, read, the same.

use gridos_dnp3::app::{
    Control, Description, DoubleBit, Field, Flags, Group, Iin, Kind, Layout, Number, Point,
    PointTime, Response, ResponseWriter, Role, Sequence, Value, Width,
};
use proptest::prelude::*;

use crate::build::{points, readings, split};

/// What a variation carries, drawn for one point.
#[derive(Clone, Debug)]
struct Draw {
    bits: u64,
    octets: Vec<u8>,
    flags: u8,
    milliseconds: u64,
    is_synchronised: bool,
}

fn draw() -> impl Strategy<Value = Draw> {
    (
        any::<u64>(),
        prop::collection::vec(any::<u8>(), 255),
        any::<u8>(),
        1_600_000_000_000..1_600_000_200_000u64,
        any::<bool>(),
    )
        .prop_map(
            |(bits, octets, flags, milliseconds, is_synchronised)| Draw {
                bits,
                octets,
                flags,
                milliseconds,
                is_synchronised,
            },
        )
}

/// All variations that the writer can write.
fn writable() -> Vec<Description> {
    Group::all()
        .flat_map(Group::variations)
        .filter(|description| description.kind().is_some())
        .filter(|description| description.role() != Role::Command)
        .collect()
}

fn low<const N: usize>(bits: u64) -> [u8; N] {
    *bits.to_le_bytes().first_chunk().unwrap()
}

/// The point that `draw` makes of a variation, as reading it must give it back.
fn point<'a>(description: &Description, index: u16, draw: &'a Draw) -> Point<'a> {
    let mut point = Point {
        index,
        value: Value::Binary(draw.bits & 1 == 1),
        flags: Flags::ONLINE,
        time: None,
    };
    let fields = match description.layout() {
        Layout::Bits => return point,
        Layout::BitPairs => {
            let value = Value::DoubleBit(DoubleBit::from_bits(draw.flags));
            return Point { value, ..point };
        }
        Layout::Octets(length) => {
            let value = Value::Octets(&draw.octets[..usize::from(length)]);
            return Point { value, ..point };
        }
        Layout::Fields(fields) => fields,
        other @ (Layout::HeaderOnly | Layout::Attribute | Layout::Sized) => panic!("{other:?}"),
    };
    for field in fields {
        match field {
            Field::Flags | Field::Status => point.flags = Flags::new(draw.flags),
            Field::BinaryState | Field::CommandState => {
                point.flags = Flags::new(draw.flags);
                point.value = Value::Binary(draw.flags & 0x80 != 0);
            }
            Field::DoubleBitState => {
                point.flags = Flags::new(draw.flags);
                point.value = Value::DoubleBit(DoubleBit::from_bits(draw.flags >> 6));
            }
            Field::Value(number) => point.value = value(*number, draw.bits),
            Field::Time => {
                point.time = Some(PointTime {
                    milliseconds: draw.milliseconds,
                    is_synchronised: true,
                });
            }
            Field::RelativeTime => {
                point.time = Some(PointTime {
                    milliseconds: draw.milliseconds,
                    is_synchronised: draw.is_synchronised,
                });
            }
            other @ (Field::Delta(_) | Field::Named(..) | Field::Opaque(..)) => {
                panic!("{other:?} in {description}")
            }
        }
    }
    point
}

fn value(number: Number, bits: u64) -> Value<'static> {
    match number {
        Number::Uint16 => Value::Uint16(u16::from_le_bytes(low(bits))),
        Number::Uint32 => Value::Uint32(u32::from_le_bytes(low(bits))),
        Number::Int16 => Value::Int16(i16::from_le_bytes(low(bits))),
        Number::Int32 => Value::Int32(i32::from_le_bytes(low(bits))),
        Number::Float32 => Value::Float32(f32::from_le_bytes(low(bits))),
        Number::Float64 => Value::Float64(f64::from_le_bytes(low(bits))),
        other @ (Number::Binary | Number::DoubleBit) => panic!("{other:?}"),
    }
}

/// The octets of a value, so that floats that are not numbers compare too.
fn exact(point: &Point<'_>) -> String {
    let mut bits = format!("{:?}", point.value);
    if let Value::Float32(value) = point.value {
        bits = format!("f32 {:#x}", value.to_bits());
    }
    if let Value::Float64(value) = point.value {
        bits = format!("f64 {:#x}", value.to_bits());
    }
    format!("{} {bits} {:?} {:?}", point.index, point.flags, point.time)
}

fn write(
    writer: &mut ResponseWriter,
    description: &Description,
    width: Width,
    written: &[Point<'_>],
) -> usize {
    let variation = description.variation();
    if description.role().is_event() {
        let event = |point: &&Point<'_>| writer.event(variation, width, point).is_ok();
        written.iter().take_while(event).count()
    } else {
        let points = written.iter().copied();
        writer.static_points(variation, points).unwrap_or(0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_variation_round_trips(
        draws in prop::collection::vec(draw(), 1..12),
        start in prop_oneof![0..10u16, 245..260u16, 65_500..65_520u16],
        width in prop_oneof![Just(Width::One), Just(Width::Two)],
        limit in 249..2_048usize,
    ) {
        for description in writable() {
            let written: Vec<_> = (start..)
                .zip(&draws)
                .map(|(index, draw)| point(&description, index, draw))
                .collect();
            let mut writer = ResponseWriter::new(limit);
            let count = write(&mut writer, &description, width, &written);
            let fragment = writer.finish(Control::single(Sequence::ZERO), Iin::empty());
            prop_assert!(fragment.len() <= limit);
            let (headers, error) = split(Response::parse(fragment).unwrap().headers());
            prop_assert_eq!(error, None);
            let is_event = headers.iter().any(|header| header.is_event());
            prop_assert_eq!(is_event, count > 0 && description.role().is_event());
            let read: Vec<_> = points(fragment).iter().map(exact).collect();
            let expected: Vec<_> = written[..count].iter().map(exact).collect();
            prop_assert_eq!(read, expected, "{}", description);
            let numbers = readings(fragment);
            let has_numbers = !matches!(description.layout(), Layout::Octets(_));
            prop_assert_eq!(numbers.len(), if has_numbers { count } else { 0 });
        }
    }
}

#[test]
fn all_kinds_of_points_are_written() {
    let mut kinds: Vec<_> = writable().iter().filter_map(Description::kind).collect();
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.first(), Some(&Kind::BinaryInput));
    assert_eq!(kinds.len(), 13);
}
