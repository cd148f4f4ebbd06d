//! `--hdr-log`: the latencies of each second in a file, as long as the engine runs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use gridos_telemetry::{Interval, Telemetry, write_hdr_log};

/// Each line is of so long a time.
const INTERVAL: Duration = Duration::from_secs(1);

/// A log that is being written.
#[derive(Debug)]
pub(crate) struct HdrLog {
    end: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl HdrLog {
    /// Begins the log of what `telemetry` counts in the file at `path`, in the place of what was
    /// there.
    pub(crate) fn begin(path: &Path, telemetry: Arc<Telemetry>) -> io::Result<Self> {
        let mut file = Flushed(BufWriter::new(File::create(path)?));
        let (end, ended) = mpsc::channel();
        let begun = (SystemTime::now(), Instant::now());
        let thread = thread::Builder::new().name("hdr-log".to_owned()).spawn(move || {
            let mut next = begun.1;
            let wait = || {
                next += INTERVAL;
                let left = next.saturating_duration_since(Instant::now());
                let is_last = ended.recv_timeout(left) != Err(RecvTimeoutError::Timeout);
                let end = Instant::now();
                Interval { end, is_last }
            };
            let written = write_hdr_log(&mut file, &telemetry.stages, begun, wait);
            if let Err(error) = written.and_then(|()| file.flush()) {
                tracing::error!(%error, "the log of latencies cannot be written, and ends here");
            }
        })?;
        Ok(Self { end, thread })
    }

    /// Ends it with what was counted last.
    pub(crate) fn end(self) {
        drop(self.end);
        // If it panicked, that was told.
        let _ = self.thread.join();
    }
}

/// Whole lines go to the file at once, so that it can be read while it is written.
struct Flushed<W: Write>(W);

impl<W: Write> Write for Flushed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        if bytes.ends_with(b"\n") {
            self.0.flush()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
