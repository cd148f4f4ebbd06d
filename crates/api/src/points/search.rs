//! Which points a question is about, of hundreds of thousands.

use gridos_model::{DeviceEntry, DeviceIndex, Directory, PointRef};

use super::Place;

/// Looks for points by device and name, and no further than to `most`.
pub(super) struct Search<'a> {
    directory: &'a Directory,
    /// In small letters; empty: any.
    part: &'a str,
    after: Option<&'a Place>,
    most: usize,
    found: Vec<PointRef>,
    /// The full name that is looked at, in small letters.
    name: String,
}

impl<'a> Search<'a> {
    /// For points whose full names have `part` and stand behind `after`.
    pub(super) fn new(
        directory: &'a Directory,
        part: &'a str,
        after: Option<&'a Place>,
        most: usize,
    ) -> Self {
        Self {
            directory,
            part,
            after,
            most,
            found: Vec::new(),
            name: String::new(),
        }
    }

    /// Those of one device.
    pub(super) fn of_device(mut self, device: DeviceIndex) -> Vec<PointRef> {
        self.look(self.directory.device(device));
        self.found
    }

    /// Those of all devices.
    pub(super) fn of_all(mut self) -> Vec<PointRef> {
        let mut entries: Vec<_> = self.directory.present().map(|(_, entry)| entry).collect();
        entries.sort_unstable_by_key(|entry| entry.name());
        for entry in entries {
            if self.found.len() >= self.most {
                break;
            }
            self.look(entry);
        }
        self.found
    }

    fn look(&mut self, entry: &DeviceEntry) {
        let after = self.after.map(|after| (&*after.device, &*after.point));
        if after.is_some_and(|(device, _)| entry.name() < device) {
            return;
        }
        let whole = entry.whole();
        self.name.clear();
        self.name
            .extend(entry.name().chars().flat_map(char::to_lowercase));
        self.name.push('.');
        let is_any = self.name.contains(self.part);
        let mut fitting: Vec<_> = (0..)
            .zip(whole.points())
            .filter(|(_, point)| after.is_none_or(|after| (entry.name(), point.name()) > after))
            .filter(|(_, point)| is_any || self.fits(point.name()))
            .collect();
        fitting.sort_unstable_by_key(|(_, point)| point.name());
        let room = self.most.saturating_sub(self.found.len());
        let found = fitting.into_iter().take(room);
        self.found.extend(found.map(|(position, _)| PointRef {
            device: whole.device_index(),
            position,
            index: whole.first().offset(position),
        }));
    }

    /// Whether the device's name with that of the point has the part.
    fn fits(&self, point: &str) -> bool {
        let part = self.part.as_bytes();
        let (device, point) = (self.name.as_bytes(), point.as_bytes());
        let length = device.len() + point.len();
        let letter = |at: usize| match device.get(at) {
            Some(letter) => *letter,
            None => point[at - device.len()].to_ascii_lowercase(),
        };
        // What lies within the device's name alone was looked at before.
        let first = (device.len() + 1).saturating_sub(part.len());
        (first..=length.saturating_sub(part.len())).any(|from| {
            part.len() <= length
                && part
                    .iter()
                    .enumerate()
                    .all(|(n, own)| letter(from + n) == *own)
        })
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::{DirectoryBuilder, Point};
    use proptest::prelude::*;

    use super::*;

    fn directory(devices: &[(String, Vec<String>)]) -> Directory {
        let mut builder = DirectoryBuilder::default();
        for (device, points) in devices {
            let points = points.iter().map(|name| Point::new(name, "")).collect();
            builder.add(device, points, &[]).unwrap();
        }
        builder.build()
    }

    fn names(directory: &Directory, found: &[PointRef]) -> Vec<String> {
        let names = found
            .iter()
            .map(|at| directory.point_name(at.index).unwrap());
        names.collect()
    }

    fn devices() -> impl Strategy<Value = Vec<(String, Vec<String>)>> {
        let points = proptest::collection::btree_set("[aAb]{1,3}", 1..6);
        let points = points.prop_map(|points| points.into_iter().rev().collect());
        let devices = proptest::collection::btree_map("[aB]{1,2}(\\.[ab])?", points, 1..5);
        devices.prop_map(|devices| devices.into_iter().rev().collect())
    }

    proptest! {
        /// Page by page one gets what looking at every name finds, in order.
        #[test]
        fn pages_together_are_all_that_fits(
            devices in devices(), part in "[abA.]{0,4}", limit in 1_usize..4,
        ) {
            let part = part.to_lowercase();
            let directory = directory(&devices);
            let mut expected: Vec<_> = devices
                .iter()
                .flat_map(|(device, points)| points.iter().map(move |point| (device, point)))
                .filter(|(device, point)| format!("{device}.{point}").to_lowercase().contains(&part))
                .collect();
            expected.sort();
            let expected: Vec<_> = expected.into_iter().map(|(d, p)| format!("{d}.{p}")).collect();
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = Search::new(&directory, &part, after.as_ref(), limit).of_all();
                prop_assert!(page.len() <= limit);
                let Some(last) = page.last() else { break };
                let name = directory.point_name(last.index).unwrap();
                let (device, point) = name.rsplit_once('.').unwrap();
                let (device, point) = (device.to_owned(), point.to_owned());
                after = Some(Place { device, point });
                found.extend(names(&directory, &page));
            }
            prop_assert_eq!(found, expected);
        }
    }
}
