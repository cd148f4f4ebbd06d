//! One outstation of a fleet.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use gridos_dnp3::link::Address;
use gridos_dnp3::outstation::{Moment, Outstation};
use tokio::sync::Notify;

/// An outstation, whether connected or not; the process and the line share it.
#[derive(Debug)]
pub struct Unit {
    address: Address,
    /// Which of the fleet's lines it is on.
    line: usize,
    outstation: Mutex<Outstation>,
    /// Whether something was done to it that its line has not looked at.
    is_touched: AtomicBool,
    /// Wakes its line.
    wake: Arc<Notify>,
    connections: AtomicU64,
}

impl Unit {
    pub(crate) fn new(
        address: Address,
        line: usize,
        outstation: Outstation,
        wake: Arc<Notify>,
    ) -> Self {
        Self {
            address,
            line,
            outstation: Mutex::new(outstation),
            is_touched: AtomicBool::new(false),
            wake,
            connections: AtomicU64::new(0),
        }
    }

    /// Its link address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Which of the fleet's lines it is on, from 0: that of [`super::Fleet::addresses`] with the
    /// same number, if the fleet listens.
    pub fn line(&self) -> usize {
        self.line
    }

    /// How many connections it has had.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Does something to the outstation at this moment; if that gives it something to say, it is
    /// said at once.
    pub fn with<T>(&self, act: impl FnOnce(&mut Outstation, Moment) -> T) -> T {
        let result = self.peek(|outstation| act(outstation, now()));
        self.touch();
        result
    }

    /// Lets the line look whether the outstation has something to say.
    pub(crate) fn touch(&self) {
        self.is_touched.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Does something to the outstation that its line need not know.
    pub(crate) fn peek<T>(&self, act: impl FnOnce(&mut Outstation) -> T) -> T {
        let outstation = self.outstation.lock();
        act(&mut outstation.unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether something was done to it since the last call.
    pub(crate) fn take_touched(&self) -> bool {
        self.is_touched.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn on_connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }
}

/// This moment. The first clock is that of the runtime, which tests may stop.
pub(crate) fn now() -> Moment {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let unix_ms = since_epoch.unwrap_or_default().as_millis();
    Moment {
        now: tokio::time::Instant::now().into_std(),
        unix_ms: u64::try_from(unix_ms).unwrap_or(u64::MAX),
    }
}
