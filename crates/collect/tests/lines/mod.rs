//! The lines that are logged while a test runs.

use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps all lines of all tests of this process: a subscriber of one thread would miss lines that
/// another thread has said first.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<Line>>>);

#[derive(Default)]
struct Line {
    device: String,
    message: String,
}

impl Lines {
    /// What is logged from now on.
    pub(crate) fn keep() -> Self {
        static LINES: OnceLock<Lines> = OnceLock::new();
        let keep = || {
            let lines = Self::default();
            tracing::subscriber::set_global_default(lines.clone()).unwrap();
            lines
        };
        LINES.get_or_init(keep).clone()
    }

    /// How many said `message` of `device`.
    pub(crate) fn of(&self, device: &str, message: &str) -> usize {
        let lines = self.0.lock().unwrap();
        let is_wanted = |line: &&Line| line.device == device && line.message == message;
        lines.iter().filter(is_wanted).count()
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("gridos_collect")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "device" {
            value.clone_into(&mut self.device);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
