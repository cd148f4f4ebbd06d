//! The list of a device's points, which is there once for all devices that have the same points.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Point;

/// The points of a device, in column order.
#[derive(Debug)]
pub(crate) struct PointList {
    points: Arc<[Point]>,
    /// The positions of the points, ascending by their names.
    by_name: Box<[u32]>,
}

impl PointList {
    /// The list of `points`.
    ///
    /// # Errors
    /// The name that two of them have.
    fn new(points: Arc<[Point]>) -> Result<Self, String> {
        let name = |at: &u32| points[*at as usize].name();
        let mut by_name: Box<[u32]> = (0..).zip(points.iter()).map(|(at, _)| at).collect();
        by_name.sort_unstable_by_key(name);
        let mut pairs = by_name.iter().zip(by_name.iter().skip(1));
        if let Some((twice, _)) = pairs.find(|(a, b)| name(a) == name(b)) {
            return Err(name(twice).to_owned());
        }
        Ok(Self { points, by_name })
    }

    /// The points.
    pub(crate) fn points(&self) -> &[Point] {
        &self.points
    }

    /// The position of the point called `name`.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        let name_at = |at: &u32| self.points[*at as usize].name();
        let found = self.by_name.binary_search_by_key(&name, name_at).ok()?;
        self.by_name.get(found).copied()
    }
}

/// All lists, each once.
#[derive(Debug, Default)]
pub(crate) struct PointLists(HashMap<Arc<[Point]>, Arc<PointList>>);

impl PointLists {
    /// Knows a list that is there already.
    pub(crate) fn know(&mut self, list: &Arc<PointList>) {
        self.0
            .entry(Arc::clone(&list.points))
            .or_insert_with(|| Arc::clone(list));
    }

    /// The list of `points`.
    ///
    /// # Errors
    /// The name that two of them have.
    pub(crate) fn of(&mut self, points: Vec<Point>) -> Result<Arc<PointList>, String> {
        if let Some(known) = self.0.get(points.as_slice()) {
            return Ok(Arc::clone(known));
        }
        let points: Arc<[Point]> = points.into();
        let list = Arc::new(PointList::new(Arc::clone(&points))?);
        self.0.insert(points, Arc::clone(&list));
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(names: &[&str]) -> Vec<Point> {
        names.iter().map(|name| Point::new(name, "A")).collect()
    }

    #[test]
    fn the_same_points_are_one_list_in_which_each_is_found() {
        let mut lists = PointLists::default();
        let list = lists.of(points(&["ib", "ia", "ic"])).unwrap();
        let same = lists.of(points(&["ib", "ia", "ic"])).unwrap();
        let other = lists.of(points(&["ia", "ib", "ic"])).unwrap();
        assert!(Arc::ptr_eq(&list, &same) && !Arc::ptr_eq(&list, &other));
        let found = ["ib", "ia", "ic", "id", ""].map(|name| list.find(name));
        assert_eq!(found, [Some(0), Some(1), Some(2), None, None]);
        let text = vec![Point::new("ib", "A"), Point::text("ia")];
        let number = vec![Point::new("ib", "A"), Point::new("ia", "")];
        let (text, number) = (lists.of(text).unwrap(), lists.of(number).unwrap());
        assert_ne!(text.points(), number.points());
    }

    #[test]
    fn a_name_that_is_there_twice_is_told() {
        let mut lists = PointLists::default();
        let twice = lists.of(points(&["ic", "ia", "ib", "ia"])).unwrap_err();
        assert_eq!(twice, "ia");
    }
}
