//! The introduction: layouts that the database has never seen, although the book has them.
//!
//! A batch brings its layout along; a gap or an alarm of a device that never sent a reading could
//! not be told by its name without this. Either goes in portions, each a transaction of its own: what
//! a layout is never changes, so it may be known before anything that uses it.

use std::collections::HashSet;

use gridos_journal::{LayoutBook, LayoutDefinition};
use gridos_model::LayoutId;

use crate::StoreError;

/// Layouts of one transaction: definitions of a whole fleet would need much memory at once.
const PORTION: usize = 256;

/// The layouts of `book` that the database does not have, in the book's order and in portions.
pub(crate) fn portions(ids: &[LayoutId], stored: &HashSet<i64>) -> Vec<Vec<LayoutId>> {
    let unseen = ids.iter().filter(|id| !stored.contains(&id.as_i64()));
    let unseen: Vec<_> = unseen.copied().collect();
    unseen.chunks(PORTION).map(<[_]>::to_vec).collect()
}

/// What the layouts of a portion are.
pub(crate) fn definitions(
    book: &LayoutBook,
    portion: &[LayoutId],
) -> Result<Vec<LayoutDefinition>, StoreError> {
    let found = portion.iter().map(|id| find(book, *id));
    found.filter_map(Result::transpose).collect()
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
        let portions = portions(&ids, &stored);
        assert!(portions.len() > 1);
        let expected = ids.iter().filter(|id| id.as_i64() % 2 == 1).copied();
        assert!(portions.concat().into_iter().eq(expected));
        assert!(super::portions(&ids, &(0..600).collect()).is_empty());
    }
}
