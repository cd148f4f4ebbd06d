//! Log lines on the error output: as text or JSON, and not more of each device than can be read.

mod layer;
mod limit;

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anstream::ColorChoice;
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};

use self::layer::PerDevice;
use self::limit::{LeftOut, Limiter};
use crate::config::{Log, LogFormat};

/// How often it is looked whether a minute is over whose lines were not all shown.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

/// The limiter of this process, once it logs.
static LIMITER: OnceLock<Arc<Mutex<Limiter>>> = OnceLock::new();

/// Starts logging as text, from `level` on (`info`, `warn`, …).
pub(crate) fn start(level: &str) {
    start_as(&Log {
        level: level.to_owned(),
        ..Log::default()
    });
}

/// Starts logging; the variable `RUST_LOG` decides in the place of `log.level` if it is there.
///
/// A second call in one process changes nothing.
pub(crate) fn start_as(log: &Log) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(&log.level));
    let limiter = Limiter::new(log.per_device_per_minute, Instant::now());
    let limiter = Arc::new(Mutex::new(limiter));
    let per_device = PerDevice(Arc::clone(&limiter));
    let started = tracing_subscriber::registry()
        .with(lines(log.format).with_filter(filter.and(per_device)))
        .try_init();
    // Only fails if logging runs already.
    if started.is_ok() && LIMITER.set(Arc::clone(&limiter)).is_ok() {
        let told = thread::Builder::new().name("log".to_owned());
        // Without the thread nothing is told of what was left out but at the end.
        drop(told.spawn(move || tell_each_minute(&limiter)));
    }
}

fn lines(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    match format {
        LogFormat::Text => {
            let is_colored = anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never;
            let lines = fmt::layer().with_writer(io::stderr).with_target(false);
            lines.with_ansi(is_colored).boxed()
        }
        LogFormat::Json => {
            let lines = fmt::layer().json().flatten_event(true);
            lines.with_writer(io::stderr).boxed()
        }
    }
}

fn tell_each_minute(limiter: &Mutex<Limiter>) {
    loop {
        thread::sleep(LOOK_PERIOD);
        tell(lock(limiter).due(Instant::now()));
    }
}

/// Tells what was left out since the last time: to be called before the process ends.
pub(crate) fn finish() {
    if let Some(limiter) = LIMITER.get() {
        let left_out = lock(limiter).end(Instant::now());
        tell(left_out);
    }
}

fn tell(left_out: Vec<LeftOut>) {
    for LeftOut {
        what,
        lines,
        devices,
    } in left_out
    {
        tracing::warn!(
            what,
            lines,
            devices,
            "lines about devices were left out within a minute; /api/v1/devices has the state of each"
        );
    }
}

fn lock(limiter: &Mutex<Limiter>) -> std::sync::MutexGuard<'_, Limiter> {
    limiter.lock().unwrap_or_else(PoisonError::into_inner)
}
