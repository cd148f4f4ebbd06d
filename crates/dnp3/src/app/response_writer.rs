//! A response fragment as an outstation builds it.

use crate::app::encode::{Packer, Unfit, object, relative};
use crate::app::layout::TimeField;
use crate::app::{
    CommonTime, Control, Description, Function, Iin, Layout, Point, PointTime, Qualifier, Response,
    Role, Timestamp, Value, Variation, Width,
};

/// Builds one response fragment, up to a size.
///
/// Objects are appended until a call says [`WriteError::Full`]; [`ResponseWriter::finish`] then
/// puts the header before them. A call that fails leaves the fragment as it was. The writer keeps
/// its memory for the next fragment: [`ResponseWriter::clear`].
#[derive(Clone, Debug)]
pub struct ResponseWriter {
    octets: Vec<u8>,
    limit: usize,
    common: CommonTime,
    open: Option<Events>,
}

/// The header of events to which more can be added.
#[derive(Clone, Copy, Debug)]
struct Events {
    variation: Variation,
    width: Width,
    /// Where its count lies.
    place: usize,
    count: u16,
}

/// A point was not appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The fragment has no room for it: finish this one and begin another.
    #[error("the fragment is full")]
    Full,
    /// The variation carries no values of points, or not in this way: static objects go by
    /// [`ResponseWriter::static_points`], events by [`ResponseWriter::event`]. The caller's mistake.
    #[error("{variation} cannot be written so")]
    Variation {
        /// The variation asked for.
        variation: Variation,
    },
    /// The value is of a kind that the variation cannot carry. The caller's mistake.
    #[error("the value is none of {variation}")]
    Value {
        /// The variation asked for.
        variation: Variation,
    },
    /// The variation carries a time and the point has none that fits. The caller's mistake.
    #[error("the time is none of {variation}")]
    Time {
        /// The variation asked for.
        variation: Variation,
    },
}

impl ResponseWriter {
    /// The smallest limit: a fragment that fits one link frame.
    pub const BYTES_MIN: usize = 249;

    /// An empty fragment that will have at most `limit` octets, header included; less than
    /// [`ResponseWriter::BYTES_MIN`] counts as that.
    pub fn new(limit: usize) -> Self {
        let mut writer = Self {
            octets: Vec::new(),
            limit: limit.max(Self::BYTES_MIN),
            common: CommonTime::NONE,
            open: None,
        };
        writer.clear();
        writer
    }

    /// Begins another fragment.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.octets.resize(Response::HEADER_BYTES, 0);
        self.common = CommonTime::NONE;
        self.open = None;
    }

    /// Whether it has no objects yet.
    pub fn is_empty(&self) -> bool {
        self.octets.len() == Response::HEADER_BYTES
    }

    /// The octets it has so far, header included.
    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Appends static objects of points whose indexes follow each other, as many as fit, and says
    /// how many; a gap ends them too, and so does a point that is no object of the variation. The
    /// range takes one octet for each index if the indexes of all `points` do.
    ///
    /// # Errors
    /// [`WriteError::Full`] if not even the first one fits; a mistake of the caller if the first
    /// one is no object of the variation.
    pub fn static_points<'p>(
        &mut self,
        variation: Variation,
        points: impl ExactSizeIterator<Item = Point<'p>>,
    ) -> Result<usize, WriteError> {
        let description = described(variation, |role| {
            matches!(role, Role::Static | Role::Deadband)
        })?;
        let mut points = points.peekable();
        let Some(first) = points.peek().map(|point| usize::from(point.index)) else {
            return Ok(0);
        };
        let is_narrow = first + points.len() <= usize::from(u8::MAX) + 1;
        let width = if is_narrow { Width::One } else { Width::Two };
        let start = self.octets.len();
        let place = self.header(variation, Qualifier::of_span(width));
        self.octets.resize(place + 2 * width.bytes(), 0);
        let mut packer = Packer::default();
        let mut count = 0;
        for point in points {
            if usize::from(point.index) != first + count {
                break;
            }
            let appended = self.append(variation, |writer| {
                match description.layout().packed_bits() {
                    Some(bits) => packer.push(point.value, bits, &mut writer.octets),
                    None => writer.object(&point, &description),
                }
            });
            match appended {
                Ok(()) => count += 1,
                Err(error) if count == 0 => {
                    self.octets.truncate(start);
                    return Err(error);
                }
                Err(_) => break,
            }
        }
        self.put(place, first, width);
        self.put(place + width.bytes(), first + count - 1, width);
        self.open = None;
        Ok(count)
    }

    /// Appends an event, behind the same header as the event before if that is of the same
    /// variation. The index takes `width` octets, one or two; two if one is too few.
    ///
    /// A relative time counts from the last common time; if it cannot, a header with a common
    /// time, that of `point`, goes before.
    ///
    /// # Errors
    /// [`WriteError::Full`] if it does not fit; otherwise a mistake of the caller.
    pub fn event(
        &mut self,
        variation: Variation,
        width: Width,
        point: &Point<'_>,
    ) -> Result<(), WriteError> {
        let description = described(variation, Role::is_event)?;
        let [low, high] = point.index.to_le_bytes();
        let width = if high == 0 && width == Width::One {
            Width::One
        } else {
            Width::Two
        };
        let mut events = None;
        self.append(variation, |writer| {
            writer.base(&description, point)?;
            events = Some(writer.events(variation, width));
            match width {
                Width::One => writer.octets.push(low),
                Width::Two | Width::Four => writer.octets.extend_from_slice(&[low, high]),
            }
            writer.object(point, &description)
        })?;
        self.open = events.map(|events| Events {
            count: events.count + 1,
            ..events
        });
        if let Some(events) = self.open {
            self.put(events.place, usize::from(events.count), width);
        }
        Ok(())
    }

    /// Appends a time delay in milliseconds (g52v2), the answer to DELAY_MEASURE.
    ///
    /// # Errors
    /// [`WriteError::Full`].
    pub fn delay_fine(&mut self, milliseconds: u16) -> Result<(), WriteError> {
        self.single(Variation::DELAY_FINE, &milliseconds.to_le_bytes())
    }

    /// Appends a time delay in seconds (g52v1), the answer to DELAY_MEASURE and to restarts.
    ///
    /// # Errors
    /// [`WriteError::Full`].
    pub fn delay_coarse(&mut self, seconds: u16) -> Result<(), WriteError> {
        self.single(Variation::DELAY_COARSE, &seconds.to_le_bytes())
    }

    /// Appends the time of the clock (g50v1).
    ///
    /// # Errors
    /// [`WriteError::Full`].
    pub fn time(&mut self, time: Timestamp) -> Result<(), WriteError> {
        self.single(Variation::TIME, &time.to_octets())
    }

    /// Appends a common time of occurrence (g51v1 or g51v2), from which relative times of the
    /// events behind it count.
    ///
    /// # Errors
    /// [`WriteError::Full`]; [`WriteError::Time`] if six octets cannot hold the time.
    pub fn common_time(&mut self, time: PointTime) -> Result<(), WriteError> {
        let variation = time.common_variation();
        let octets = Timestamp::new(time.milliseconds).ok_or(WriteError::Time { variation })?;
        self.single(variation, &octets.to_octets())?;
        self.common = CommonTime::at(time);
        Ok(())
    }

    /// Puts the header before the objects and gives the whole fragment: an unsolicited response if
    /// `control` says so, a response otherwise.
    pub fn finish(&mut self, control: Control, iin: Iin) -> &[u8] {
        let function = if control.uns {
            Function::UnsolicitedResponse
        } else {
            Function::Response
        };
        let [iin_1, iin_2] = iin.to_octets();
        if let Some(header) = self.octets.first_chunk_mut() {
            *header = [control.encode(), function.code(), iin_1, iin_2];
        }
        &self.octets
    }

    /// Does what `append` does, or nothing if that fails or is more than the limit.
    fn append(
        &mut self,
        variation: Variation,
        append: impl FnOnce(&mut Self) -> Result<(), Unfit>,
    ) -> Result<(), WriteError> {
        let (start, common, open) = (self.octets.len(), self.common, self.open);
        let appended = match append(self) {
            Ok(()) if self.octets.len() > self.limit => Err(WriteError::Full),
            Ok(()) => Ok(()),
            Err(Unfit::Value) => Err(WriteError::Value { variation }),
            Err(Unfit::Time) => Err(WriteError::Time { variation }),
        };
        if appended.is_err() {
            self.octets.truncate(start);
            self.common = common;
            self.open = open;
        }
        appended
    }

    /// Makes sure that a relative time has something to count from.
    fn base(&mut self, description: &Description, point: &Point<'_>) -> Result<(), Unfit> {
        let is_relative = description
            .format()
            .is_some_and(|format| format.time == TimeField::Relative);
        if !is_relative {
            return Ok(());
        }
        let time = point.time.ok_or(Unfit::Time)?;
        if relative(time, self.common).is_none() {
            let octets = Timestamp::new(time.milliseconds).ok_or(Unfit::Time)?;
            self.header(time.common_variation(), Qualifier::COUNT_8);
            self.octets.push(1);
            self.octets.extend(octets.to_octets());
            self.common = CommonTime::at(time);
            self.open = None;
        }
        Ok(())
    }

    /// The header to which an event can be added: the open one, or a new one.
    fn events(&mut self, variation: Variation, width: Width) -> Events {
        let most = match width {
            Width::One => u16::from(u8::MAX),
            Width::Two | Width::Four => u16::MAX,
        };
        let has_room = |events: &Events| {
            events.variation == variation && events.width == width && events.count < most
        };
        self.open.filter(has_room).unwrap_or_else(|| {
            let place = self.header(variation, Qualifier::of_index(width));
            self.octets.resize(place + width.bytes(), 0);
            Events {
                variation,
                width,
                place,
                count: 0,
            }
        })
    }

    fn single(&mut self, variation: Variation, octets: &[u8]) -> Result<(), WriteError> {
        self.append(variation, |writer| {
            writer.header(variation, Qualifier::COUNT_8);
            writer.octets.push(1);
            writer.octets.extend_from_slice(octets);
            Ok(())
        })?;
        self.open = None;
        Ok(())
    }

    /// Appends a header up to its range and says where that begins.
    fn header(&mut self, variation: Variation, qualifier: Qualifier) -> usize {
        let octets = [variation.group, variation.number, qualifier.octet()];
        self.octets.extend(octets);
        self.octets.len()
    }

    fn object(&mut self, point: &Point<'_>, description: &Description) -> Result<(), Unfit> {
        match (description.format(), description.layout(), point.value) {
            (Some(format), _, _) => {
                let set = description.flag_set();
                object(point, format, set, self.common, &mut self.octets)
            }
            (None, Layout::Octets(length), Value::Octets(octets))
                if octets.len() == usize::from(length) =>
            {
                self.octets.extend_from_slice(octets);
                Ok(())
            }
            _ => Err(Unfit::Value),
        }
    }

    /// Writes `number` at `place`, which has room for `width` octets of it.
    fn put(&mut self, place: usize, number: usize, width: Width) {
        let place = self.octets.get_mut(place..place + width.bytes());
        let octets = number.to_le_bytes();
        if let (Some(place), Some(octets)) = (place, octets.get(..width.bytes())) {
            place.copy_from_slice(octets);
        }
    }
}

/// What is known of a variation that carries values of points in a `role` that is allowed.
fn described(
    variation: Variation,
    is_allowed: impl Fn(Role) -> bool,
) -> Result<Description, WriteError> {
    variation
        .describe()
        .filter(|description| description.kind().is_some() && is_allowed(description.role()))
        .ok_or(WriteError::Variation { variation })
}
