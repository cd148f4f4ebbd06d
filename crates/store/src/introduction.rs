//! The introduction: layouts that the database has never seen, although the book has them.
//!
//! A batch brings its layout along; a gap or an alarm of a device that never sent a reading could
//! not be told by its name without this. Either goes in portions, each a transaction of its own: what
//! a layout is never changes, so it may be known before anything that uses it.

use std::collections::HashSet;
use std::vec::IntoIter;

use gridos_journal::{LayoutBook, LayoutDefinition};
use gridos_model::LayoutId;

use crate::StoreError;
use crate::blocking::blocking;

/// Points of one transaction, if no layout alone has more: definitions of a whole fleet would need
/// much memory at once. The more there are, the fewer times each page of an index is touched, for
/// ids are hashes.
const PORTION_POINTS: usize = 128 << 10;

/// The layouts of `ids` that the database does not have, in their order.
pub(crate) fn unseen(ids: Vec<LayoutId>, stored: &HashSet<i64>) -> Vec<LayoutId> {
    let is_unseen = |id: &LayoutId| !stored.contains(&id.as_i64());
    ids.into_iter().filter(is_unseen).collect()
}

/// What some layouts are, as `book` says, in portions.
#[derive(Debug)]
pub(crate) struct Portions<'a> {
    book: &'a LayoutBook,
    ids: IntoIter<LayoutId>,
}

impl<'a> Portions<'a> {
    pub(crate) fn of(book: &'a LayoutBook, ids: Vec<LayoutId>) -> Self {
        Self {
            book,
            ids: ids.into_iter(),
        }
    }

    /// The next portion; `None` behind the last.
    pub(crate) fn take(&mut self) -> Result<Option<Vec<LayoutDefinition>>, StoreError> {
        let read = blocking(|| self.read())?;
        Ok((!read.is_empty()).then_some(read))
    }

    fn read(&mut self) -> Result<Vec<LayoutDefinition>, StoreError> {
        let (mut portion, mut points) = (Vec::new(), 0);
        while points < PORTION_POINTS
            && let Some(id) = self.ids.next()
        {
            if let Some(layout) = find(self.book, id)? {
                points += layout.points.len();
                portion.push(layout);
            }
        }
        Ok(portion)
    }
}

/// What the book says of a layout.
pub(crate) fn find(
    book: &LayoutBook,
    id: LayoutId,
) -> Result<Option<LayoutDefinition>, StoreError> {
    book.find(id).map_err(|error| StoreError::Refused {
        reason: format!("the layout book cannot be read: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_brought_and_in_order() {
        let ids: Vec<_> = (0..600).rev().map(LayoutId::from_raw).collect();
        let stored = (0..600).step_by(2).collect();
        let expected = ids.iter().filter(|id| id.as_i64() % 2 == 1).copied();
        assert!(unseen(ids.clone(), &stored).into_iter().eq(expected));
        assert!(unseen(ids, &(0..600).collect()).is_empty());
    }

    #[test]
    fn portions_end_by_their_points_and_lose_no_layout() {
        let book = LayoutBook::in_memory();
        let named = |count: usize| (0..count).map(|nth| (format!("p{nth}"), String::new()));
        let layout = |(id, count)| LayoutDefinition {
            id: LayoutId::from_raw(id),
            device: format!("d{id}"),
            points: named(count).collect(),
        };
        let (half, all) = (PORTION_POINTS / 2, PORTION_POINTS);
        let counts = [half, 1, half, all + 1, half, 0, 1];
        for given in (0..).zip(counts) {
            book.adopt(&layout(given)).unwrap();
        }
        let mut ids = book.ids();
        ids.insert(1, LayoutId::from_raw(99));
        let mut portions = Portions::of(&book, ids);
        for expected in [&[0, 1, 2][..], &[3], &[4, 5, 6]] {
            let portion = portions.take().unwrap().unwrap();
            let ids = portion.iter().map(|layout| layout.id.raw());
            assert!(ids.eq(expected.iter().copied()), "{expected:?}");
        }
        assert_eq!(portions.take().unwrap(), None);
    }
}
