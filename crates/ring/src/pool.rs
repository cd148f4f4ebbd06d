//! The pool: all batches the process may ever hold.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use gridos_model::Batch;

/// A fixed number of batches that go round; cloning shares it.
#[derive(Clone, Debug)]
pub struct Pool {
    free: Arc<ArrayQueue<Box<Batch>>>,
}

impl Pool {
    /// A pool of `batches` batches (at least 1) with room for `readings` readings each.
    ///
    /// The columns of a batch grow on first use if a layout is larger; they never shrink.
    pub fn new(batches: usize, readings: usize) -> Self {
        let free = ArrayQueue::new(batches.max(1));
        while free.push(Box::new(Batch::with_capacity(readings))).is_ok() {}
        Self {
            free: Arc::new(free),
        }
    }

    /// Takes an empty batch, or `None` if all are under way: the caller must hold back.
    pub fn take(&self) -> Option<Box<Batch>> {
        self.free.pop()
    }

    /// Gives a batch back, emptied.
    pub fn give(&self, mut batch: Box<Batch>) {
        batch.clear();
        // A batch that is not from this pool finds no place and is freed.
        drop(self.free.push(batch));
    }

    /// How many batches are free.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// How many batches there are in all.
    pub fn size(&self) -> usize {
        self.free.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_is_bounded_and_goes_round() {
        let pool = Pool::new(2, 4);
        let first = pool.take().unwrap();
        let _second = pool.take().unwrap();
        assert!(pool.take().is_none());
        pool.give(first);
        assert_eq!((pool.free(), pool.size()), (1, 2));
        pool.give(Box::default());
        pool.give(Box::default());
        assert_eq!(pool.free(), 2);
    }
}
