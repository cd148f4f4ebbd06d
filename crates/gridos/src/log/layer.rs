//! The filter that asks the limiter about each line that names a device.

use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter};

use super::limit::Limiter;
use super::lock;

/// The field that names the device which a line is about.
const DEVICE: &str = "device";
const MESSAGE: &str = "message";

/// Lets lines pass as the limiter says.
#[derive(Clone, Debug)]
pub(super) struct PerDevice(pub(super) Arc<Mutex<Limiter>>);

impl<S: Subscriber> Filter<S> for PerDevice {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let mut device = Device::default();
        event.record(&mut device);
        let Some(device) = device.0 else {
            return true;
        };
        let kind = event.metadata().callsite();
        let message = || {
            let mut message = Message::default();
            event.record(&mut message);
            message.0
        };
        lock(&self.0).judge(Instant::now(), device, kind, message)
    }
}

/// A hash of the device that a line names, if it names one.
#[derive(Default)]
struct Device(Option<u64>);

impl Visit for Device {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == DEVICE {
            let mut hash = Hashed::default();
            // Hashing does not fail.
            let _ = hash.write_str(value);
            self.0 = Some(hash.0.finish());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == DEVICE {
            let mut hash = Hashed::default();
            let _ = write!(hash, "{value:?}");
            self.0 = Some(hash.0.finish());
        }
    }
}

/// Takes a text without keeping it.
#[derive(Default)]
struct Hashed(DefaultHasher);

impl fmt::Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// What a line says.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == MESSAGE {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::PoisonError;

    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn lines_of_devices_are_limited_and_all_others_are_not() {
        let lines = Lines::default();
        let limiter = Limiter::new(2, Instant::now());
        let limiter = Arc::new(Mutex::new(limiter));
        let shown = tracing_subscriber::fmt::layer().with_writer(lines.clone());
        let shown = shown.with_filter(PerDevice(Arc::clone(&limiter)));
        let log = tracing_subscriber::registry().with(shown);
        tracing::subscriber::with_default(log, || {
            for n in 0..50 {
                for device in ["feeder-07", "feeder-08"].map(String::from) {
                    tracing::warn!(%device, n, "device is down");
                }
                tracing::info!(device = "feeder-09", n, "device is up");
                tracing::warn!(listener = "north", n, "no connection accepted");
            }
        });
        let text = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(text).unwrap();
        let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
        let counts = ["feeder-07", "feeder-08", "feeder-09", "listener"].map(count);
        assert_eq!(counts, [2, 2, 2, 50], "{text}");
        let left_out = lock(&limiter).end(Instant::now());
        let left_out: Vec<_> = left_out
            .iter()
            .map(|kind| (&*kind.what, kind.lines, kind.devices))
            .collect();
        assert_eq!(
            left_out,
            [("device is down", 96, 2), ("device is up", 48, 1)]
        );
    }
}
