//! Object headers, and what stands behind them.

use std::fmt;

use super::fragment::hex;
use super::object::object;
use super::{Lines, Utc};
use crate::app::{
    CommonTime, Field, FlagSet, Flags, Iin, Layout, ObjectHeader, ObjectHeaders, Point, PointTime,
    Prefix, Range, RangeForm, Role, Variation, Width,
};

/// What the headers of a fragment say to those behind them.
pub(super) struct Headers {
    needs_time: bool,
    common: CommonTime,
}

impl Headers {
    /// The headers of a fragment whose sender asks, or does not, for its clock to be set: then its
    /// times are not to be trusted.
    pub(super) fn new(needs_time: bool) -> Self {
        Self {
            needs_time,
            common: CommonTime::NONE,
        }
    }

    pub(super) fn explain(
        mut self,
        headers: ObjectHeaders<'_>,
        fragment: &[u8],
        out: &mut Lines<'_>,
    ) {
        for header in headers {
            match header {
                Ok(header) => self.header(&header, out),
                Err(error) => {
                    out.fault(error);
                    hex(
                        fragment.get(error.offset..).unwrap_or_default(),
                        &mut out.within(),
                    );
                }
            }
        }
    }

    fn header(&mut self, header: &ObjectHeader<'_>, out: &mut Lines<'_>) {
        let qualifier = header.qualifier();
        match header.description() {
            Some(known) => out.say(format_args!("{known}, {qualifier} {}", Extent(header))),
            None => {
                let variation = header.variation();
                out.say(format_args!(
                    "{variation} unknown, {qualifier} {}",
                    Extent(header)
                ));
            }
        }
        self.common.observe(header);
        let mut out = out.within();
        if header.kind().is_some() {
            self.points(header, &mut out);
        } else if header.variation() == Variation::INDICATIONS && header.carries_objects() {
            for (index, bit) in header.bits().take(out.limits.points) {
                let name = 1_u16.checked_shl(index.into()).unwrap_or(0);
                let name = Iin::from_bits_retain(name);
                out.say(format_args!("[{index}] {name} {bit}"));
            }
        } else if header.carries_objects() && is_packed(header) {
            for (index, bit) in header.bits().take(out.limits.points) {
                out.say(format_args!("[{index}] {bit}"));
            }
        } else {
            let limit = out.limits.points;
            for one in header.objects().take(limit) {
                object(header, one, &mut out);
            }
        }
        rest(header, &mut out);
    }

    fn points(&self, header: &ObjectHeader<'_>, out: &mut Lines<'_>) {
        let set = header.flag_set();
        let has_relative_time = header.description().is_some_and(|known| {
            let layout = known.layout();
            matches!(layout, Layout::Fields([.., Field::RelativeTime]))
        });
        if has_relative_time && self.common.base().is_none() {
            out.doubt("the times are relative, and no common time stands before");
        }
        for point in header.points(self.common).take(out.limits.points) {
            let Point {
                index,
                value,
                flags,
                time,
            } = point;
            let flags = Flags::new(flags.quality(set)).display(set);
            let time = time.map(|time| self.time(time));
            let time = time.map(|time| format!(", {time}")).unwrap_or_default();
            let flags = match set == FlagSet::None {
                true => String::new(),
                false => format!(", {flags}"),
            };
            out.say(format_args!("[{index}] {value}{flags}{time}"));
        }
    }

    fn time(&self, time: PointTime) -> impl fmt::Display {
        let time_of_day = Utc(time.milliseconds);
        match (time.is_synchronised, self.needs_time) {
            (true, false) => time_of_day.to_string(),
            (true, true) | (false, _) => format!("{time_of_day} (unsynchronised)"),
        }
    }
}

fn is_packed(header: &ObjectHeader<'_>) -> bool {
    let layout = header.description().map(|known| known.layout());
    layout == Some(Layout::Bits)
}

/// Says how many objects are not shown.
fn rest(header: &ObjectHeader<'_>, out: &mut Lines<'_>) {
    let is_named = header.carries_objects() || header.qualifier().prefix() != Prefix::None;
    let shown = out.limits.points as u64;
    let left = header.count().unwrap_or(0).saturating_sub(shown);
    if is_named && left > 0 {
        out.say(format_args!("and {left} more"));
    }
}

/// Which objects a header speaks of, in words.
struct Extent<'h, 'a>(&'h ObjectHeader<'a>);

impl fmt::Display for Extent<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.0;
        match header.range() {
            Range::All => f.write_str("all")?,
            Range::Span { start, stop } => write!(f, "{start} to {stop}")?,
            Range::Addresses { start, stop } => write!(f, "addresses {start} to {stop}")?,
            Range::Count(count) if header.carries_objects() => write!(f, "count {count}")?,
            Range::Count(count) if header.qualifier().prefix() != Prefix::None => {
                write!(f, "count {count}")?;
            }
            Range::Count(count) => write!(f, "at most {count}")?,
        }
        let role = header.description().map(|known| known.role());
        let is_limit = matches!(header.qualifier().range(), RangeForm::Count(_));
        match header.qualifier().prefix() {
            Prefix::Index(width) => write!(f, ", index of {}", bits(width)),
            Prefix::Size(width) => write!(f, ", size of {}", bits(width)),
            Prefix::None if is_limit && role == Some(Role::Class) => f.write_str(" events"),
            Prefix::None => Ok(()),
        }
    }
}

fn bits(width: Width) -> &'static str {
    match width {
        Width::One => "8 bits",
        Width::Two => "16 bits",
        Width::Four => "32 bits",
    }
}
