//! The points behind a header, one by one, as the wire types them.

use crate::app::bytes::take;
use crate::app::layout::{Format, TimeField};
use crate::app::object::{Bits, Objects};
use crate::app::{
    CommonTime, DoubleBit, Flags, Layout, Number, ObjectHeader, PointTime, Timestamp, Value,
};

/// The value of one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point<'a> {
    /// Its index within its [`super::Kind`].
    pub index: u16,
    /// The value.
    pub value: Value<'a>,
    /// The flags; [`Flags::ONLINE`] if the object has none. For command events, the status.
    pub flags: Flags,
    /// When it was true; `None` if the object does not say, or counts from a common time that the
    /// fragment does not have.
    pub time: Option<PointTime>,
}

/// The points behind a header, see [`ObjectHeader::points`].
#[derive(Clone, Debug)]
pub struct Points<'a> {
    source: Source<'a>,
    common: CommonTime,
}

#[derive(Clone, Debug)]
enum Source<'a> {
    None,
    Bits(Bits<'a>),
    BitPairs(Bits<'a>),
    Fields(Objects<'a>, Format),
    Octets(Objects<'a>),
}

impl<'a> ObjectHeader<'a> {
    /// The values of points behind this header, in order; none if [`ObjectHeader::kind`] is.
    ///
    /// `common` is the common time before this header in its fragment. For many numbers see
    /// [`ObjectHeader::for_each_reading`], which is quicker.
    pub fn points(&self, common: CommonTime) -> Points<'a> {
        let source = match (self.kind(), self.carried()) {
            (Some(_), Some(description)) => match (description.layout(), description.format()) {
                (Layout::Bits, _) => Source::Bits(self.bits()),
                (Layout::BitPairs, _) => Source::BitPairs(self.bits()),
                (Layout::Octets(_), _) => Source::Octets(self.objects()),
                (_, Some(format)) => Source::Fields(self.objects(), format),
                (_, None) => Source::None,
            },
            _ => Source::None,
        };
        Points { source, common }
    }
}

impl<'a> Iterator for Points<'a> {
    type Item = Point<'a>;

    fn next(&mut self) -> Option<Point<'a>> {
        let (index, value) = match &mut self.source {
            Source::None => return None,
            Source::Bits(bits) => {
                let (index, bit) = bits.next()?;
                (index, Value::Binary(bit != 0))
            }
            Source::BitPairs(bits) => {
                let (index, bits) = bits.next()?;
                (index, Value::DoubleBit(DoubleBit::from_bits(bits)))
            }
            Source::Octets(objects) => {
                let object = objects.next()?;
                (object.index?, Value::Octets(object.octets))
            }
            Source::Fields(objects, format) => {
                let object = objects.next()?;
                return read(object.index?, object.octets, *format, self.common);
            }
        };
        Some(Point {
            index,
            value,
            flags: Flags::ONLINE,
            time: None,
        })
    }
}

/// Reads one object, whose length was checked.
fn read(
    index: u16,
    mut octets: &[u8],
    format: Format,
    common: CommonTime,
) -> Option<Point<'static>> {
    let flags = if format.has_flags {
        let [octet] = take(&mut octets)?;
        Flags::new(octet)
    } else {
        Flags::ONLINE
    };
    let value = match format.number {
        Number::Binary => Value::Binary(flags.raw() & 0x80 != 0),
        Number::DoubleBit => Value::DoubleBit(DoubleBit::from_bits(flags.raw() >> 6)),
        Number::Uint16 => Value::Uint16(u16::from_le_bytes(take(&mut octets)?)),
        Number::Uint32 => Value::Uint32(u32::from_le_bytes(take(&mut octets)?)),
        Number::Int16 => Value::Int16(i16::from_le_bytes(take(&mut octets)?)),
        Number::Int32 => Value::Int32(i32::from_le_bytes(take(&mut octets)?)),
        Number::Float32 => Value::Float32(f32::from_le_bytes(take(&mut octets)?)),
        Number::Float64 => Value::Float64(f64::from_le_bytes(take(&mut octets)?)),
    };
    let time = match format.time {
        TimeField::None => None,
        TimeField::Absolute => Some(PointTime {
            milliseconds: Timestamp::from_octets(take(&mut octets)?).milliseconds(),
            is_synchronised: true,
        }),
        TimeField::Relative => common.after(u16::from_le_bytes(take(&mut octets)?)),
    };
    Some(Point {
        index,
        value,
        flags,
        time,
    })
}
