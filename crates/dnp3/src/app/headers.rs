//! The object headers of a fragment, each checked against what is left of it.

use std::iter::FusedIterator;

use crate::app::bytes::{take, take_unsigned};
use crate::app::object::attribute_bytes;
use crate::app::{
    Description, Function, Layout, ObjectError, ObjectErrorKind, ObjectHeader, Prefix, Qualifier,
    Range, RangeForm, Role, Variation, Width,
};

/// The object headers of a fragment in order, until the first that cannot be read.
///
/// A header is yielded only after the sizes of all its objects were compared with what is left of
/// the fragment, in 64 bits. After an error it ends. One pass over the headers and their objects
/// is linear in the length of the fragment.
#[derive(Clone, Debug)]
pub struct ObjectHeaders<'a> {
    fragment: &'a [u8],
    offset: usize,
    function: Function,
}

impl<'a> ObjectHeaders<'a> {
    /// The object headers of `fragment` from `offset` on, as `function` means them.
    ///
    /// The function decides whether objects follow the headers, and which may. See
    /// [`super::Request::headers`] and [`super::Response::headers`] for the usual way here.
    pub fn new(fragment: &'a [u8], offset: usize, function: Function) -> Self {
        Self {
            fragment,
            offset,
            function,
        }
    }

    /// The header at the offset, and what is behind its objects.
    fn read(&self) -> Result<(ObjectHeader<'a>, &'a [u8]), ObjectError> {
        let mut rest = self.fragment.get(self.offset..).unwrap_or_default();
        let variation = take(&mut rest).map(|[group, number]| Variation::new(group, number));
        let error = |kind| ObjectError {
            offset: self.offset,
            variation,
            kind,
        };
        let (Some(variation), Some([octet])) = (variation, take(&mut rest)) else {
            return Err(error(ObjectErrorKind::Cut));
        };
        let claim = Claim::read(self.function, variation, octet, &mut rest).map_err(error)?;
        let (octets, rest) = claim.split(rest).map_err(error)?;
        let header = ObjectHeader {
            offset: self.offset,
            variation,
            description: claim.description,
            qualifier: claim.qualifier,
            range: claim.range,
            carries_objects: claim.carries_objects,
            octets,
        };
        Ok((header, rest))
    }
}

impl<'a> Iterator for ObjectHeaders<'a> {
    type Item = Result<ObjectHeader<'a>, ObjectError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.offset >= self.fragment.len() {
            return None;
        }
        Some(match self.read() {
            Ok((header, rest)) => {
                self.offset = self.fragment.len() - rest.len();
                Ok(header)
            }
            Err(error) => {
                self.offset = self.fragment.len();
                Err(error)
            }
        })
    }
}

impl FusedIterator for ObjectHeaders<'_> {}

/// What a header claims to be behind it.
struct Claim {
    function: Function,
    description: Option<Description>,
    qualifier: Qualifier,
    range: Range,
    carries_objects: bool,
}

impl Claim {
    /// Takes the range off the start of `rest`.
    fn read(
        function: Function,
        variation: Variation,
        octet: u8,
        rest: &mut &[u8],
    ) -> Result<Self, ObjectErrorKind> {
        let qualifier = Qualifier::decode(octet).ok_or(ObjectErrorKind::Qualifier { octet })?;
        let description = variation.describe();
        let carries_objects = match qualifier.range() {
            RangeForm::All => false,
            RangeForm::SizedCount => true,
            RangeForm::Span(_) | RangeForm::Addresses(_) | RangeForm::Count(_) => {
                function.carries_objects() || is_argument(description, function)
            }
        };
        Ok(Self {
            function,
            description,
            qualifier,
            range: range(qualifier.range(), rest)?,
            carries_objects,
        })
    }

    /// The objects with their prefixes, and what is behind them.
    fn split<'a>(&self, rest: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), ObjectErrorKind> {
        let needed = self.needed(rest)?;
        let (octets, rest) = rest.split_at(bounded(needed, rest)?);
        if self.qualifier.prefix() == Prefix::Index(Width::Four) {
            let stride = needed / self.count();
            for mut object in octets.chunks_exact(usize::try_from(stride).unwrap_or(usize::MAX)) {
                point_index(take(&mut object).map_or(0, u32::from_le_bytes))?;
            }
        }
        Ok((octets, rest))
    }

    /// The octets that the objects take with their prefixes; maybe more than `rest` has.
    fn needed(&self, rest: &[u8]) -> Result<u64, ObjectErrorKind> {
        let misfit = ObjectErrorKind::Misfit {
            qualifier: self.qualifier,
        };
        if self.range == Range::All && self.function.is_response() {
            return Err(misfit);
        }
        let prefix = self.qualifier.prefix().bytes() as u64;
        if !self.carries_objects {
            return Ok(self.count() * prefix);
        }
        let is_sized = self.qualifier.range() == RangeForm::SizedCount;
        let Some(description) = self.description else {
            return if is_sized {
                self.walk(rest, sized)
            } else {
                Err(ObjectErrorKind::Unknown)
            };
        };
        if !has_place(description, self.function) {
            let function = self.function;
            return Err(ObjectErrorKind::Misplaced { function });
        }
        let layout = description.layout();
        if layout == Layout::HeaderOnly {
            return Err(ObjectErrorKind::HeaderOnly);
        }
        if is_sized != (layout == Layout::Sized) || !self.tells_indexes(description) {
            return Err(misfit);
        }
        match (layout.packed_bits(), description.object_bytes()) {
            (Some(bits), _) => Ok((self.count() * u64::from(bits)).div_ceil(8)),
            (_, Some(bytes)) => Ok(self.count() * (prefix + bytes as u64)),
            (None, None) if is_sized => self.walk(rest, sized),
            (None, None) => self.walk(rest, attribute),
        }
    }

    /// Whether the qualifier gives the objects indexes if they need some, and not in a way that
    /// their kind rules out: packed objects come in ranges; events come one by one, but for
    /// strings, which devices send in ranges; there are fewer than 2^16 sets of attributes.
    fn tells_indexes(&self, description: Description) -> bool {
        let (role, layout) = (description.role(), description.layout());
        let is_packed = layout.packed_bits().is_some();
        match self.qualifier.range() {
            RangeForm::Span(_) => !role.is_event() || matches!(layout, Layout::Octets(_)),
            RangeForm::Count(_) | RangeForm::Addresses(_) if is_packed => false,
            RangeForm::Count(_) if layout == Layout::Attribute => {
                matches!(
                    self.qualifier.prefix(),
                    Prefix::Index(Width::One | Width::Two)
                )
            }
            RangeForm::Count(_) | RangeForm::Addresses(_) => {
                let is_indexed = role.is_indexed() || description.kind().is_some();
                self.qualifier.prefix() != Prefix::None || !is_indexed
            }
            RangeForm::All | RangeForm::SizedCount => true,
        }
    }

    /// How many objects the header speaks of; 1 if all there are.
    fn count(&self) -> u64 {
        self.range.count().unwrap_or(1)
    }

    /// Objects that each have to be looked at: `size` tells the octets of the first one in what is
    /// left behind its prefix, `None` if too little is left to tell. Every object takes an octet
    /// or more, so this ends before the fragment does.
    fn walk(
        &self,
        rest: &[u8],
        size: impl Fn(&[u8], Prefix) -> Option<u64>,
    ) -> Result<u64, ObjectErrorKind> {
        let mut needed = 0;
        for _ in 0..self.count() {
            let left = rest.get(bounded(needed, rest)?..).unwrap_or_default();
            let size = size(left, self.qualifier.prefix());
            needed += size.unwrap_or(left.len() as u64 + 1);
        }
        Ok(needed)
    }
}

/// Objects that are arguments of functions whose other headers only name objects: the time to
/// freeze at, and authentication.
fn is_argument(description: Option<Description>, function: Function) -> bool {
    let freezes_at_time = matches!(
        function,
        Function::FreezeAtTime | Function::FreezeAtTimeNoResponse
    );
    let role = description.map(|description| description.role());
    role == Some(Role::Security) || (freezes_at_time && role == Some(Role::Time))
}

/// The octets of an object that begins with its size.
fn sized(mut left: &[u8], prefix: Prefix) -> Option<u64> {
    let size = take_unsigned(&mut left, prefix.bytes())?;
    Some(prefix.bytes() as u64 + u64::from(size))
}

/// The octets of an object that tells its size behind its prefix.
fn attribute(left: &[u8], prefix: Prefix) -> Option<u64> {
    let bytes = attribute_bytes(left.get(prefix.bytes()..)?)?;
    Some((prefix.bytes() + bytes) as u64)
}

/// Takes the range of the form `form` off the start of `rest`.
fn range(form: RangeForm, rest: &mut &[u8]) -> Result<Range, ObjectErrorKind> {
    let mut number = |width: Width| take_unsigned(rest, width.bytes()).ok_or(ObjectErrorKind::Cut);
    match form {
        RangeForm::All => Ok(Range::All),
        RangeForm::Span(width) => {
            let (start, stop) = (number(width)?, number(width)?);
            ordered(start, stop)?;
            Ok(Range::Span {
                start: point_index(start)?,
                stop: point_index(stop)?,
            })
        }
        RangeForm::Addresses(width) => {
            let (start, stop) = (number(width)?, number(width)?);
            ordered(start, stop)?;
            Ok(Range::Addresses { start, stop })
        }
        RangeForm::Count(width) => counted(number(width)?),
        RangeForm::SizedCount => counted(number(Width::One)?),
    }
}

fn ordered(start: u32, stop: u32) -> Result<(), ObjectErrorKind> {
    if start > stop {
        return Err(ObjectErrorKind::Reversed { start, stop });
    }
    Ok(())
}

fn counted(count: u32) -> Result<Range, ObjectErrorKind> {
    if count == 0 {
        return Err(ObjectErrorKind::Empty);
    }
    Ok(Range::Count(count))
}

fn point_index(index: u32) -> Result<u16, ObjectErrorKind> {
    u16::try_from(index).map_err(|_| ObjectErrorKind::Index { index })
}

/// `needed` as a length within `rest`.
fn bounded(needed: u64, rest: &[u8]) -> Result<usize, ObjectErrorKind> {
    let left = rest.len();
    let bytes = usize::try_from(needed).ok().filter(|bytes| *bytes <= left);
    bytes.ok_or(ObjectErrorKind::Short { needed, left })
}

/// Whether fragments with `function` may carry such objects. Static objects may come unasked:
/// AN2013-004b does not list them, but they harm nobody, and dropping them would lose values.
fn has_place(description: Description, function: Function) -> bool {
    let role = description.role();
    let only_asked = matches!(
        role,
        Role::Command | Role::Deadband | Role::Delay | Role::Class | Role::Indications
    );
    let is_unasked = function == Function::UnsolicitedResponse;
    let is_authentication = function == Function::AuthenticationResponse;
    !(is_unasked && only_asked) && (!is_authentication || role == Role::Security)
}
