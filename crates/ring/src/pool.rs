//! The pool: all batches the process may ever hold.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use gridos_model::Batch;

/// A fixed number of batches that go round; cloning shares it.
///
/// A few go round as long as they suffice, and the others only when many are under way: so the
/// memory that is in use stays in the processor's caches.
#[derive(Clone, Debug)]
pub struct Pool {
    free: Arc<Free>,
}

#[derive(Debug)]
struct Free {
    warm: ArrayQueue<Box<Batch>>,
    others: ArrayQueue<Box<Batch>>,
    size: usize,
}

/// So many batches go round at first; with some hundred bytes each they fit in a core's own cache.
const WARM: usize = 512;

impl Pool {
    /// A pool of `batches` batches (at least 1) with room for `readings` readings each.
    ///
    /// The columns of a batch grow on first use if a layout is larger; they never shrink.
    pub fn new(batches: usize, readings: usize) -> Self {
        let size = batches.max(1);
        let free = Free {
            warm: ArrayQueue::new(size.min(WARM)),
            // All of them may end here: a batch is given back where there is room.
            others: ArrayQueue::new(size),
            size,
        };
        for _ in 0..size {
            free.give(Box::new(Batch::with_capacity(readings)));
        }
        Self {
            free: Arc::new(free),
        }
    }

    /// Takes an empty batch, or `None` if all are under way: the caller must hold back.
    pub fn take(&self) -> Option<Box<Batch>> {
        self.free.warm.pop().or_else(|| self.free.others.pop())
    }

    /// Gives a batch back, emptied.
    pub fn give(&self, mut batch: Box<Batch>) {
        batch.clear();
        // A batch that is not from this pool may find no place, and is freed.
        if self.free() < self.size() {
            self.free.give(batch);
        }
    }

    /// How many batches are free.
    pub fn free(&self) -> usize {
        self.free.warm.len() + self.free.others.len()
    }

    /// How many batches there are in all.
    pub fn size(&self) -> usize {
        self.free.size
    }
}

impl Free {
    fn give(&self, batch: Box<Batch>) {
        if let Err(batch) = self.warm.push(batch) {
            drop(self.others.push(batch));
        }
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
