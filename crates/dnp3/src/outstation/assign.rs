//! ASSIGN_CLASS: points change their class.

use super::{Moment, Outstation, PointKind};
use crate::app::{Class, Iin, ObjectHeader, Request, Role, Variation};

impl Outstation {
    /// Puts points into classes: headers of points belong to the class header before them.
    /// Events that are made already stay in theirs.
    pub(super) fn assign_class(&mut self, _arrived: Moment, request: &Request<'_>) -> Iin {
        let mut iin = Iin::empty();
        let mut class = None;
        for header in request.headers().flatten() {
            let description = header.description();
            match description.map(|description| description.role()) {
                Some(Role::Class) => class = class_of(header.variation()),
                Some(Role::Static) => match class {
                    Some(class) => iin |= self.assign(&header, class),
                    None => iin |= Iin::PARAMETER_ERROR,
                },
                _ => iin |= Iin::OBJECT_UNKNOWN,
            }
        }
        iin
    }

    fn assign(&mut self, header: &ObjectHeader<'_>, class: Class) -> Iin {
        let Some(kind) = PointKind::of_static_group(header.variation().group) else {
            return Iin::OBJECT_UNKNOWN;
        };
        if self.points.of_kind(kind).is_empty() {
            return Iin::OBJECT_UNKNOWN;
        }
        let mut classes = self.classes.take().unwrap_or_else(|| {
            let definitions = self.points.definitions().iter();
            definitions.map(|definition| definition.class).collect()
        });
        let mut is_missing = false;
        let named = self.for_places(header, kind, |places, wanted| {
            is_missing |= places.len() < wanted;
            if let Some(assigned) = classes.get_mut(places) {
                assigned.fill(class);
            }
        });
        self.classes = Some(classes);
        match named {
            Ok(()) if is_missing => Iin::PARAMETER_ERROR,
            Ok(()) => Iin::empty(),
            Err(iin) => iin,
        }
    }
}

fn class_of(variation: Variation) -> Option<Class> {
    [Class::Zero, Class::One, Class::Two, Class::Three]
        .into_iter()
        .find(|class| class.variation() == variation)
}
