//! The bounded ring: many producers, one consumer that may sleep.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::CachePadded;
use gridos_model::{Batch, DeadLetter, Epoch, Gap, LinkChange};

use gridos_telemetry::Protocol;

use crate::Receipt;

/// A batch on its way, with what the pipeline must know beside the columns.
#[derive(Debug)]
pub struct Slot {
    /// The readings.
    pub batch: Box<Batch>,
    /// When it came.
    pub arrival: Arrival,
    /// Redeemed once the batch is durable, if somebody waits for that.
    pub receipt: Option<Receipt>,
    /// What goes with it.
    pub beside: Beside,
    /// By which protocol it came.
    pub protocol: Protocol,
    /// Under which epoch the engine has the device; none where devices are not shared.
    pub epoch: Option<Epoch>,
}

/// What goes with a batch beside its readings; rarely anything.
#[derive(Debug, Default)]
pub struct Beside {
    /// The span without readings that this batch ends, if it is the first after one.
    pub gap: Option<Gap>,
    /// What could not be read behind the readings. Then there may be no readings at all.
    pub letter: Option<Box<DeadLetter>>,
    /// What became of the communication with a device, by which alarms are held back or let go: a
    /// loss takes effect *before* the readings of this batch, which may already be of lost points,
    /// and a restoration *after* them, for they complete what the device told anew. Then there may
    /// be no readings at all.
    pub link: Option<LinkChange>,
}

/// When a batch came, on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// It should have been asked for; what comes by itself is due when it comes.
    pub due: Instant,
    /// The last byte was read from the wire.
    pub wire: Instant,
    /// The decoded batch was offered to the ring.
    pub ring: Instant,
}

/// When a sleep ends sooner than this, more batches are on their way.
const BUSY_WITHIN: Duration = Duration::from_millis(1);

/// So long the consumer then stays away, and looks again by itself: to be woken for each of twenty
/// thousand batches a second would cost it and those who wake it more than what it does with them.
const GATHER: Duration = Duration::from_micros(200);

/// The ring had no room; the batch comes back to its producer, which must hold back.
#[derive(Debug)]
pub struct Full(pub Slot);

/// A ring of `capacity` slots (at least 1); call this on no particular thread.
///
/// The consumer belongs to the thread that first waits on it.
pub fn ring(capacity: usize) -> (Producer, Consumer) {
    let shared = Arc::new(Shared {
        queue: ArrayQueue::new(capacity.max(1)),
        asleep: CachePadded::new(AtomicBool::new(false)),
        closed: AtomicBool::new(false),
        stalled: AtomicBool::new(false),
        consumer: std::sync::OnceLock::new(),
    });
    (
        Producer {
            shared: Arc::clone(&shared),
        },
        Consumer {
            shared,
            is_busy: false,
        },
    )
}

#[derive(Debug)]
struct Shared {
    queue: ArrayQueue<Slot>,
    asleep: CachePadded<AtomicBool>,
    closed: AtomicBool,
    stalled: AtomicBool,
    consumer: std::sync::OnceLock<Thread>,
}

impl Shared {
    /// Drops what nobody will take any more, and so tells the receipts.
    fn empty(&self) {
        while self.queue.pop().is_some() {}
    }
}

/// A producer's end; cloning shares the ring.
#[derive(Clone, Debug)]
pub struct Producer {
    shared: Arc<Shared>,
}

impl Producer {
    /// Offers a batch, waking the consumer if it sleeps; a ring whose consumer is gone is full.
    #[expect(
        clippy::result_large_err,
        reason = "the batch comes back as it was, and a box would be an allocation each time"
    )]
    pub fn try_push(&self, slot: Slot) -> Result<(), Full> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(Full(slot));
        }
        self.shared.queue.push(slot).map_err(Full)?;
        // Pairs with the fence in `Consumer::wait`: either the consumer sees the slot on its
        // second look, or this load sees that it sleeps. Without both fences a wake-up is lost.
        fence(Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::Relaxed) {
            self.wake();
        }
        if self.shared.closed.load(Ordering::Relaxed) {
            self.shared.empty();
        }
        Ok(())
    }

    /// Ends the consumer's sleep without a batch, so that it can look at something else: what that
    /// is must be there before.
    pub fn wake(&self) {
        // As in `try_push`, for what the consumer looks at beside the ring.
        fence(Ordering::SeqCst);
        if self.shared.asleep.swap(false, Ordering::Relaxed)
            && let Some(consumer) = self.shared.consumer.get()
        {
            consumer.unpark();
        }
    }

    /// Whether the consumer says that it can keep nothing at present; it still takes batches,
    /// to look at them.
    pub fn is_stalled(&self) -> bool {
        self.shared.stalled.load(Ordering::Relaxed)
    }

    /// Slots taken at this moment.
    pub fn len(&self) -> usize {
        self.shared.queue.len()
    }

    /// Whether no slot is taken at this moment.
    pub fn is_empty(&self) -> bool {
        self.shared.queue.is_empty()
    }

    /// Slots in all.
    pub fn capacity(&self) -> usize {
        self.shared.queue.capacity()
    }
}

/// The consumer's end.
#[derive(Debug)]
pub struct Consumer {
    shared: Arc<Shared>,
    /// Whether there was work right after there was none: the next wait is for more of it to gather.
    is_busy: bool,
}

impl Consumer {
    /// Takes the oldest batch, if there is one.
    pub fn pop(&mut self) -> Option<Slot> {
        self.shared.queue.pop()
    }

    /// Tells producers whether anything can be kept at present.
    pub fn set_stalled(&self, stalled: bool) {
        self.shared.stalled.store(stalled, Ordering::Relaxed);
    }

    /// Sleeps until there is a batch, [`Producer::wake`] is called or `timeout` is over.
    ///
    /// Must always be called from one thread. It may wake early: look again. Where batches come in
    /// quick succession it lets some gather, a fraction of a millisecond long, and is woken by nobody.
    pub fn wait(&mut self, timeout: Duration) {
        self.wait_unless(timeout, || false);
    }

    /// Sleeps as [`Self::wait`] does, but not if there `is_other` work, whose producers call
    /// [`Producer::wake`] after they have left it; such work may gather as well.
    pub fn wait_unless(&mut self, timeout: Duration, is_other: impl FnOnce() -> bool) {
        if self.is_busy {
            thread::sleep(GATHER.min(timeout));
            self.is_busy = !self.shared.queue.is_empty();
            return;
        }
        self.shared.consumer.get_or_init(thread::current);
        let began = Instant::now();
        self.shared.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let is_idle = self.shared.queue.is_empty() && !is_other();
        if is_idle {
            thread::park_timeout(timeout);
        }
        self.shared.asleep.store(false, Ordering::Relaxed);
        // Work that stays, because it cannot be done at present, must not keep the thread awake.
        let has_work = !is_idle || !self.shared.queue.is_empty();
        self.is_busy = has_work && began.elapsed() < BUSY_WITHIN;
    }

    /// Slots taken at this moment.
    pub fn len(&self) -> usize {
        self.shared.queue.len()
    }

    /// Whether no slot is taken at this moment.
    pub fn is_empty(&self) -> bool {
        self.shared.queue.is_empty()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        // Pairs with the fence in `Producer::try_push`: a slot pushed at this moment is dropped
        // here or by its producer.
        fence(Ordering::SeqCst);
        self.shared.empty();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pool;

    fn slot(batch: Box<Batch>) -> Slot {
        let now = Instant::now();
        Slot {
            batch,
            arrival: Arrival {
                due: now,
                wire: now,
                ring: now,
            },
            receipt: None,
            beside: Beside::default(),
            protocol: Protocol::Modbus,
            epoch: None,
        }
    }

    #[test]
    fn a_full_ring_gives_the_batch_back() {
        let (producer, mut consumer) = ring(1);
        producer.try_push(slot(Box::default())).unwrap();
        let Full(back) = producer.try_push(slot(Box::default())).unwrap_err();
        assert!(back.batch.is_empty());
        assert!(consumer.pop().is_some());
        assert!(producer.try_push(back).is_ok());
    }

    /// Every wait has an hour's timeout, so one lost wake-up would hang the test.
    #[test]
    fn no_wake_up_is_lost() {
        const BATCHES: usize = 50_000;
        const PRODUCERS: usize = 3;
        let (producer, mut consumer) = ring(8);
        let pool = Pool::new(8, 1);
        thread::scope(|scope| {
            for _ in 0..PRODUCERS {
                let (producer, pool) = (producer.clone(), pool.clone());
                scope.spawn(move || {
                    for _ in 0..BATCHES {
                        let mut next = loop {
                            match pool.take() {
                                Some(batch) => break slot(batch),
                                None => thread::yield_now(),
                            }
                        };
                        while let Err(Full(back)) = producer.try_push(next) {
                            next = back;
                            thread::yield_now();
                        }
                    }
                });
            }
            let mut popped = 0;
            while popped < BATCHES * PRODUCERS {
                match consumer.pop() {
                    Some(slot) => {
                        popped += 1;
                        pool.give(slot.batch);
                    }
                    None => consumer.wait(Duration::from_secs(3_600)),
                }
            }
        });
        assert_eq!(pool.free(), 8);
    }

    /// To wait for somebody would hang the test, and so would work that stays if it counted for none.
    #[test]
    fn a_busy_consumer_looks_again_by_itself() {
        let (producer, mut consumer) = ring(1);
        let forever = Duration::from_secs(3_600);
        while !consumer.is_busy {
            // After a wait that seemed long the batch is still there.
            let _ = producer.try_push(slot(Box::default()));
            consumer.wait(forever);
        }
        assert!(consumer.pop().is_some());
        consumer.wait(forever);
        assert!(!consumer.is_busy && consumer.pop().is_none());
        while !consumer.is_busy {
            consumer.wait_unless(forever, || true);
        }
        consumer.wait_unless(forever, || true);
        assert!(!consumer.is_busy);
    }

    #[test]
    fn a_ring_without_consumer_drops_receipts_and_is_full() {
        let (producer, consumer) = ring(4);
        let (receipt, receiver) = Receipt::pair();
        producer
            .try_push(Slot {
                receipt: Some(receipt),
                ..slot(Box::default())
            })
            .unwrap();
        drop(consumer);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        assert!(runtime.block_on(receiver.wait()).is_err());
        assert!(producer.try_push(slot(Box::default())).is_err());
    }

    #[test]
    fn wake_ends_a_sleep_without_a_batch() {
        let (producer, mut consumer) = ring(1);
        thread::scope(|scope| {
            let sleeper = scope.spawn(move || consumer.wait(Duration::from_secs(3_600)));
            while !sleeper.is_finished() {
                producer.wake();
                thread::yield_now();
            }
        });
    }
}
