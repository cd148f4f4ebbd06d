//! READ: which objects are asked for.

use std::ops::Range as Places;

use super::point_table::tells;
use super::selection::{Selector, Series};
use super::{Attribute, Outstation, PointKind};
use crate::app::{EventClasses, Iin, ObjectHeader, Prefix, Range, Request, Role, Variation};

/// What one header asks for cannot be told, or not all of it.
type Refusal = Iin;

impl Outstation {
    /// Selects what a READ asks for: events in the buffer, everything else in what is returned.
    /// What cannot be told is left out, and the response says so.
    pub(super) fn select(&mut self, request: &Request<'_>) -> Box<Series> {
        let mut series = Box::new(Series::new(request.control.sequence));
        let mut selector = Selector::new(self.points.len());
        for header in request.headers().flatten() {
            let selected = match role(&header) {
                Some(Role::Class) => self.select_class(&header, &mut selector),
                Some(Role::Static) => self.select_static(&header, &mut selector),
                Some(Role::Event) => self.select_events(&header),
                Some(Role::Attribute) => self.select_attributes(&header, &mut series),
                _ if header.variation() == Variation::TIME => {
                    series.wants_time = true;
                    Ok(())
                }
                _ => Err(Refusal::OBJECT_UNKNOWN),
            };
            if let Err(refusal) = selected {
                series.iin |= refusal;
            }
        }
        series.runs = selector.into_runs();
        series
    }

    fn select_class(
        &mut self,
        header: &ObjectHeader<'_>,
        selector: &mut Selector,
    ) -> Result<(), Refusal> {
        let limit = limit(header)?;
        let Some(class) = event_class(header.variation()) else {
            selector.select(0..self.points.len().min(limit), 0);
            return Ok(());
        };
        self.events
            .select(limit, 0, |occurrence| occurrence.class == class);
        Ok(())
    }

    fn select_events(&mut self, header: &ObjectHeader<'_>) -> Result<(), Refusal> {
        let variation = header.variation();
        let kind = PointKind::of_event_group(variation.group);
        let kind = self.known(kind, variation)?;
        let limit = limit(header)?;
        self.events.select(limit, variation.number, |occurrence| {
            occurrence.kind == kind
        });
        Ok(())
    }

    fn select_static(
        &mut self,
        header: &ObjectHeader<'_>,
        selector: &mut Selector,
    ) -> Result<(), Refusal> {
        let variation = header.variation();
        let kind = PointKind::of_static_group(variation.group);
        let kind = self.known(kind, variation)?;
        let mut is_missing = false;
        self.for_places(header, kind, |places, wanted| {
            is_missing |= places.len() < wanted;
            selector.select(places, variation.number);
        })?;
        if is_missing {
            return Err(Refusal::PARAMETER_ERROR);
        }
        Ok(())
    }

    /// Calls `take_places` for the points of `kind` that a header names: with their places, and
    /// how many there should be.
    pub(super) fn for_places(
        &self,
        header: &ObjectHeader<'_>,
        kind: PointKind,
        mut take_places: impl FnMut(Places<usize>, usize),
    ) -> Result<(), Refusal> {
        let all = self.points.of_kind(kind);
        match (header.range(), header.qualifier().prefix()) {
            (Range::All, _) => take_places(all, 0),
            (Range::Span { start, stop }, Prefix::None) => {
                let wanted = usize::from(stop) - usize::from(start) + 1;
                take_places(self.points.span(kind, start, stop), wanted);
            }
            (Range::Count(count), Prefix::None) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                let end = all.end.min(all.start.saturating_add(count));
                take_places(all.start..end, 0);
            }
            (Range::Count(_), Prefix::Index(_)) => {
                for index in header.objects().filter_map(|object| object.index) {
                    take_places(self.points.span(kind, index, index), 1);
                }
            }
            _ => return Err(Refusal::PARAMETER_ERROR),
        }
        Ok(())
    }

    /// The kind, if there are points of it and they can be told as asked.
    fn known(&self, kind: Option<PointKind>, variation: Variation) -> Result<PointKind, Refusal> {
        kind.filter(|kind| variation.number == 0 || tells(*kind, variation))
            .filter(|kind| !self.points.of_kind(*kind).is_empty())
            .ok_or(Refusal::OBJECT_UNKNOWN)
    }

    /// Attributes are those of set 0, the one that the standard defines.
    fn select_attributes(
        &self,
        header: &ObjectHeader<'_>,
        series: &mut Series,
    ) -> Result<(), Refusal> {
        let is_of_standard = match (header.range(), header.qualifier().prefix()) {
            (Range::All, _) => true,
            (Range::Span { start: 0, stop: 0 }, Prefix::None) => true,
            (Range::Count(1), Prefix::Index(_)) => {
                header.objects().all(|object| object.index == Some(0))
            }
            _ => false,
        };
        if !is_of_standard {
            return Err(Refusal::PARAMETER_ERROR);
        }
        let attributes = &self.config.attributes;
        let number = header.variation().number;
        let asked: Vec<_> = match number {
            Attribute::LIST => vec![Attribute::list(attributes)],
            _ => attributes
                .iter()
                .filter(|attribute| number == Attribute::ALL || number == attribute.number())
                .map(Attribute::object)
                .collect(),
        };
        if asked.is_empty() {
            return Err(Refusal::OBJECT_UNKNOWN);
        }
        for (variation, object) in asked {
            let is_there = series
                .attributes
                .iter()
                .any(|(there, _)| *there == variation);
            if !is_there {
                series.attributes.push_back((variation, object));
            }
        }
        Ok(())
    }
}

fn role(header: &ObjectHeader<'_>) -> Option<Role> {
    header.description().map(|description| description.role())
}

/// How many objects a header of a class or of events asks for at most.
fn limit(header: &ObjectHeader<'_>) -> Result<usize, Refusal> {
    match (header.range(), header.qualifier().prefix()) {
        (Range::All, _) => Ok(usize::MAX),
        (Range::Count(count), Prefix::None) => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        _ => Err(Refusal::PARAMETER_ERROR),
    }
}

/// The class of events that an object of group 60 stands for; `None` for class 0.
pub(super) fn event_class(variation: Variation) -> Option<EventClasses> {
    match variation {
        Variation::CLASS_1 => Some(EventClasses::ONE),
        Variation::CLASS_2 => Some(EventClasses::TWO),
        Variation::CLASS_3 => Some(EventClasses::THREE),
        _ => None,
    }
}
