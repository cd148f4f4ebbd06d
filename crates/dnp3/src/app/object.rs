//! Objects as they lie behind their header.

use crate::app::bytes::{take, take_unsigned};
use crate::app::{Layout, ObjectHeader, Prefix};

/// One object in whole octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    /// The index of its point; `None` if it has none.
    pub index: Option<u16>,
    /// The object without its prefix.
    pub octets: &'a [u8],
}

/// The objects behind a header, see [`ObjectHeader::objects`].
#[derive(Clone, Debug)]
pub struct Objects<'a> {
    rest: &'a [u8],
    left: u64,
    prefix: Prefix,
    /// The index of the next one, if it stands in the header.
    next_index: Option<u16>,
    size: Size,
}

/// How long an object is.
#[derive(Clone, Copy, Debug)]
enum Size {
    Fixed(usize),
    /// As its prefix says.
    Prefixed,
    /// As its own first octets say.
    Attribute,
}

impl<'a> Objects<'a> {
    pub(crate) fn new(header: &ObjectHeader<'a>) -> Self {
        let prefix = header.qualifier.prefix();
        let carried = header.carried();
        let size = match (prefix, carried.map(|description| description.layout())) {
            (Prefix::Size(_), _) => Some(Size::Prefixed),
            (_, Some(Layout::Attribute)) => Some(Size::Attribute),
            (_, Some(layout)) => layout.object_bytes().map(Size::Fixed),
            (Prefix::Index(_), None) => Some(Size::Fixed(0)),
            (Prefix::None, None) => None,
        };
        Self {
            rest: header.octets,
            left: size.and(header.range.count()).unwrap_or(0),
            prefix,
            next_index: header.first_index(),
            size: size.unwrap_or(Size::Fixed(0)),
        }
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Object<'a>;

    #[inline]
    fn next(&mut self) -> Option<Object<'a>> {
        self.left = self.left.checked_sub(1)?;
        let prefix = match self.prefix {
            Prefix::None => None,
            Prefix::Index(width) | Prefix::Size(width) => {
                Some(take_unsigned(&mut self.rest, width.bytes())?)
            }
        };
        let size = match self.size {
            Size::Fixed(size) => size,
            Size::Prefixed => usize::try_from(prefix?).ok()?,
            Size::Attribute => attribute_bytes(self.rest)?,
        };
        let (octets, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        let index = match self.prefix {
            Prefix::Index(_) => prefix.and_then(|index| u16::try_from(index).ok()),
            Prefix::None => self.next_index,
            Prefix::Size(_) => None,
        };
        self.next_index = self.next_index.map(|index| index.wrapping_add(1));
        Some(Object { index, octets })
    }
}

/// The octets of an attribute, which begins with its type and length.
pub(crate) fn attribute_bytes(octets: &[u8]) -> Option<usize> {
    let [code, length, ..] = octets else {
        return None;
    };
    let extension = if *code == EXTENDED_LIST { 256 } else { 0 };
    Some(2 + extension + usize::from(*length))
}

/// The packed objects behind a header, see [`ObjectHeader::bits`].
#[derive(Clone, Debug)]
pub struct Bits<'a> {
    octets: &'a [u8],
    /// How many bits each has: 1 or 2.
    width: u32,
    start: u32,
    position: u32,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(header: &ObjectHeader<'a>) -> Self {
        let layout = header.carried().map(|description| description.layout());
        let width = layout.and_then(Layout::packed_bits);
        let count = width.and(header.range.count());
        Self {
            octets: header.octets,
            width: width.unwrap_or(0),
            start: header.first_index().map_or(0, u32::from),
            position: 0,
            count: count
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(0),
        }
    }
}

impl Iterator for Bits<'_> {
    type Item = (u16, u8);

    #[inline]
    fn next(&mut self) -> Option<(u16, u8)> {
        if self.position >= self.count {
            return None;
        }
        let bit = self.position * self.width;
        let octet = self.octets.get(usize::try_from(bit / 8).ok()?)?;
        let value = octet >> (bit % 8) & ((1 << self.width) - 1);
        let index = u16::try_from(self.start + self.position).ok()?;
        self.position += 1;
        Some((index, value))
    }
}

/// The type and data of an attribute (group 0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AttributeValue<'a> {
    /// Type 1: text; foreign, and not always printable.
    Text(&'a [u8]),
    /// Type 2: an unsigned number of up to eight octets.
    Unsigned(u64),
    /// Type 3: a signed number of up to eight octets.
    Signed(i64),
    /// Type 4: a float of four or eight octets.
    Float(f64),
    /// Type 5: octets.
    Octets(&'a [u8]),
    /// Another type, or data that does not fit the type.
    Other {
        /// The type.
        code: u8,
        /// The data.
        data: &'a [u8],
    },
}

impl<'a> AttributeValue<'a> {
    /// Reads an object of group 0.
    pub fn read(object: Object<'a>) -> Option<Self> {
        let mut data = object.octets;
        let [code, _] = take(&mut data)?;
        let other = Self::Other { code, data };
        Some(match code {
            1 => Self::Text(data),
            2 => unsigned(data).map_or(other, Self::Unsigned),
            3 => signed(data).map_or(other, Self::Signed),
            4 => float(data).map_or(other, Self::Float),
            5 => Self::Octets(data),
            _ => other,
        })
    }
}

fn unsigned(data: &[u8]) -> Option<u64> {
    let mut octets = [0; 8];
    octets.get_mut(..data.len())?.copy_from_slice(data);
    Some(u64::from_le_bytes(octets))
}

fn signed(data: &[u8]) -> Option<i64> {
    let sign = data.last().is_some_and(|octet| *octet >= 0x80);
    let mut octets = [if sign { 0xff } else { 0 }; 8];
    octets.get_mut(..data.len())?.copy_from_slice(data);
    Some(i64::from_le_bytes(octets))
}

fn float(data: &[u8]) -> Option<f64> {
    let single = data
        .try_into()
        .map(|octets| f64::from(f32::from_le_bytes(octets)));
    let double = data.try_into().map(f64::from_le_bytes);
    single.or(double).ok()
}

/// The type of an attribute that lists more than 255 octets: its length counts from 256 on.
const EXTENDED_LIST: u8 = 255;
