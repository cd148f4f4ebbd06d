//! Names of posted points to places in the directory.

use gridos_model::{DeviceIndex, Directory, Point};
use gridos_telemetry::Refusal;

use crate::parameters::cut;

/// Finds points by their full names, fastest in the order of a device's own list.
#[derive(Debug)]
pub(super) struct Finder<'a> {
    directory: &'a Directory,
    /// The point that was found last.
    last: Option<Found>,
}

/// A point that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) device: DeviceIndex,
    /// In the device's whole layout.
    pub(super) position: u32,
    /// Whether its readings are texts.
    pub(super) is_text: bool,
}

impl<'a> Finder<'a> {
    pub(super) fn new(directory: &'a Directory) -> Self {
        let last = None;
        Self { directory, last }
    }

    /// The point called `name`, or why there is none.
    pub(super) fn find(&mut self, name: &str) -> Result<Found, (Refusal, String)> {
        let found = self.find_next(name).or_else(|| self.find_any(name));
        self.last = found.or(self.last);
        found.ok_or_else(|| self.missing(name))
    }

    /// The point behind the last one, if it is called `name`: whoever posts a device's points keeps to
    /// an order, mostly to this one. No point's own name has a dot, so the directory would find no other.
    fn find_next(&self, name: &str) -> Option<Found> {
        let last = self.last?;
        let entry = self.directory.device(last.device);
        let position = last.position.checked_add(1)?;
        let point = entry.whole().points().get(position as usize)?;
        let name = name.strip_prefix(entry.name())?.strip_prefix('.')?;
        (name == point.name()).then(|| Found {
            device: last.device,
            position,
            is_text: point.is_text(),
        })
    }

    fn find_any(&self, name: &str) -> Option<Found> {
        let at = self.directory.find_point(name)?;
        let points = self.directory.device(at.device).whole().points();
        let point = points.get(at.position as usize);
        Some(Found {
            device: at.device,
            position: at.position,
            is_text: point.is_some_and(Point::is_text),
        })
    }

    fn missing(&self, name: &str) -> (Refusal, String) {
        let Some((device, point)) = name.rsplit_once('.') else {
            let detail = "a point is named DEVICE.POINT".to_owned();
            return (Refusal::UnknownPoint, detail);
        };
        let (device_cut, point) = (cut(device), cut(point));
        if self.directory.find_device(device).is_none() {
            let detail = format!("no device '{device_cut}' is configured");
            return (Refusal::UnknownDevice, detail);
        }
        let detail = format!("the device '{device_cut}' has no point '{point}'");
        (Refusal::UnknownPoint, detail)
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::DirectoryBuilder;
    use proptest::prelude::*;

    use super::*;

    fn directory() -> Directory {
        let points = ["a", "b", "ab"].map(|name| Point::new(name, ""));
        let mut builder = DirectoryBuilder::default();
        for device in ["d", "d.a", "e", "ed"] {
            let mut points = points.to_vec();
            points.push(Point::text("c"));
            builder.add(device, points, &[]).unwrap();
        }
        builder.build()
    }

    proptest! {
        /// Whatever was found before, a name means what it means to the directory.
        #[test]
        fn names_in_any_order_are_found_as_the_directory_finds_them(
            names in prop::collection::vec(
                ("d|d[.]a|e|ed|x|", "([.](a|b|ab|c|x|))?").prop_map(|(device, point)| device + &point),
                0..40,
            ),
        ) {
            let directory = directory();
            let mut finder = Finder::new(&directory);
            for name in names {
                let found = finder.find(&name).ok();
                let place = found.map(|found| (found.device, found.position));
                let expected = directory.find_point(&name);
                prop_assert_eq!(place, expected.map(|at| (at.device, at.position)), "{}", name);
                let is_text = found.map(|found| found.is_text);
                prop_assert_eq!(is_text, found.map(|_| name.ends_with(".c")));
            }
        }
    }
}
