//! Columns that grow at their end while others read them.

use std::sync::OnceLock;

/// So many values are added at a time.
const PART: usize = 16_384;
/// So many times at most: 67 million values above the first ones.
const PARTS_MAX: usize = 4_096;

/// Values that never move: the first ones lie together, and what is added later in parts of their
/// own.
#[derive(Debug)]
pub(crate) struct Growing<T> {
    first: Box<[T]>,
    parts: Box<[OnceLock<Box<[T]>>]>,
}

impl<T: Default> Growing<T> {
    pub(crate) fn new(len: usize) -> Self {
        Self {
            first: (0..len).map(|_| T::default()).collect(),
            parts: (0..PARTS_MAX).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Makes room for `len` values in all, if there can be so many.
    pub(crate) fn grow(&self, len: usize) {
        let parts = len.saturating_sub(self.first.len()).div_ceil(PART);
        for part in self.parts.iter().take(parts) {
            part.get_or_init(|| (0..PART).map(|_| T::default()).collect());
        }
    }
}

impl<T> Growing<T> {
    /// How many values there is room for.
    pub(crate) fn len(&self) -> usize {
        let parts = self.parts.iter().take_while(|part| part.get().is_some());
        self.first.len() + parts.count() * PART
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        match self.first.get(index) {
            Some(value) => Some(value),
            None => self.get_later(index - self.first.len()),
        }
    }

    fn get_later(&self, index: usize) -> Option<&T> {
        self.parts.get(index / PART)?.get()?.get(index % PART)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_is_there_stays_where_it_is() {
        let column = Growing::<AtomicUsize>::new(3);
        let set = |index: usize| column.get(index).unwrap().store(index, Ordering::Relaxed);
        (0..3).for_each(set);
        assert!(column.get(3).is_none());
        let before: *const AtomicUsize = column.get(2).unwrap();
        column.grow(PART + 4);
        (3..PART + 4).for_each(set);
        assert!(std::ptr::eq(before, column.get(2).unwrap()));
        let all = (0..PART + 4).map(|index| column.get(index).unwrap().load(Ordering::Relaxed));
        assert!(all.eq(0..PART + 4));
        assert!(column.get(3 + 2 * PART).is_none());
    }
}
