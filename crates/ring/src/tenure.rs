//! The tenure: which devices of a fleet this engine has, and until when it may ask them.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gridos_model::{DeviceIndex, Epoch};
use rustix::time::{ClockId, clock_gettime};

/// Devices of one block of epochs.
const BLOCK: usize = 4_096;
/// Blocks: a million devices.
const BLOCKS: usize = 256;
/// The tenure has no end.
const ENDLESS: u64 = u64::MAX;
/// A device that is not shared: it comes by itself to the engine that it knows.
const OWN: u64 = u64::MAX;

/// Which devices this engine has, under which epochs, and until when.
///
/// One task writes it; whoever asks devices or offers batches looks at it, without a lock. At first
/// it is over and no device is held.
pub struct Tenure {
    /// Nanoseconds of [`boot_time`].
    until: AtomicU64,
    epochs: [OnceLock<Box<[AtomicU64]>>; BLOCKS],
}

/// The time since the machine started, also while it or the process slept (`CLOCK_BOOTTIME`).
pub fn boot_time() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl Tenure {
    /// It ends at `until`, by [`boot_time`]; with `None` it does not end.
    pub fn set_end(&self, until: Option<Duration>) {
        let nanos = |until: Duration| u64::try_from(until.as_nanos()).unwrap_or(ENDLESS);
        self.until
            .store(until.map_or(ENDLESS, nanos), Ordering::Release);
    }

    /// It is over from now on.
    pub fn end(&self) {
        self.until.store(0, Ordering::Release);
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        let until = self.until.load(Ordering::Acquire);
        until != ENDLESS && boot_time() >= Duration::from_nanos(until)
    }

    /// `device` is held under `epoch` from now on, or not any more. A device beyond the millionth is
    /// never held.
    pub fn set(&self, device: DeviceIndex, epoch: Option<Epoch>) {
        self.store(device, epoch.map_or(0, Epoch::get));
    }

    /// `device` is not shared: whoever it comes to may take what it says, whatever the fleet does.
    pub fn set_own(&self, device: DeviceIndex) {
        self.store(device, OWN);
    }

    /// Under which epoch `device` is held at this moment, and none if it is not shared.
    ///
    /// # Errors
    /// If it is not held, or the tenure is over.
    pub fn hold(&self, device: DeviceIndex) -> Result<Option<Epoch>, NotHeld> {
        let block = self
            .epochs
            .get(device.get() / BLOCK)
            .and_then(OnceLock::get);
        let cell = block.and_then(|block| block.get(device.get() % BLOCK));
        match cell.map_or(0, |cell| cell.load(Ordering::Acquire)) {
            OWN => Ok(None),
            epoch => match Epoch::new(epoch) {
                Some(epoch) if !self.is_over() => Ok(Some(epoch)),
                Some(_) | None => Err(NotHeld),
            },
        }
    }

    fn store(&self, device: DeviceIndex, number: u64) {
        let Some(block) = self.epochs.get(device.get() / BLOCK) else {
            return;
        };
        let none = || (0..BLOCK).map(|_| AtomicU64::new(0)).collect();
        let cell = block.get_or_init(none).get(device.get() % BLOCK);
        if let Some(cell) = cell {
            cell.store(number, Ordering::Release);
        }
    }
}

/// The device is another engine's, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device is not held")]
pub struct NotHeld;

impl Default for Tenure {
    fn default() -> Self {
        Self {
            until: AtomicU64::new(0),
            epochs: [const { OnceLock::new() }; BLOCKS],
        }
    }
}

impl fmt::Debug for Tenure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until.load(Ordering::Relaxed);
        f.debug_struct("Tenure").field("until", &until).finish()
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::{DirectoryBuilder, Point};

    use super::*;

    #[test]
    fn a_device_is_held_until_it_is_given_back_or_the_tenure_ends() {
        let mut builder = DirectoryBuilder::default();
        let mut last = None;
        for n in 0..=BLOCK {
            let added = builder.add(&format!("d{n}"), vec![Point::new("a", "")], &[]);
            last = Some(added.unwrap());
        }
        let directory = builder.build();
        let near = directory.devices()[3].whole().device_index();
        let far = last.unwrap();
        let tenure = Tenure::default();
        let epoch = Epoch::new(7);
        tenure.set(far, epoch);
        assert_eq!(tenure.hold(far), Err(NotHeld), "it has not begun");
        tenure.set_end(None);
        assert_eq!(
            (tenure.hold(near), tenure.hold(far)),
            (Err(NotHeld), Ok(epoch))
        );
        tenure.set_end(Some(boot_time() + Duration::from_secs(3_600)));
        assert_eq!(tenure.hold(far), Ok(epoch));
        tenure.set_end(Some(boot_time()));
        assert!(tenure.is_over());
        assert_eq!(tenure.hold(far), Err(NotHeld));
        tenure.set_own(near);
        assert_eq!(tenure.hold(near), Ok(None));
        tenure.set_end(None);
        tenure.set(far, None);
        assert_eq!(tenure.hold(far), Err(NotHeld));
    }
}
