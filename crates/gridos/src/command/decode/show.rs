//! Lines on their way to the output.

use std::io::{self, Write};

use gridos_dnp3::explain::{Line, Tone};
use serde_json::{Value, json};

/// Writes lines, and counts what could not be decoded.
pub(super) struct Shown<W> {
    out: W,
    is_json: bool,
    /// What every line in JSON says besides its text.
    context: Value,
    faults: u64,
}

impl<W: Write> Shown<W> {
    pub(super) fn new(out: W, is_json: bool) -> Self {
        Self {
            out,
            is_json,
            context: json!({}),
            faults: 0,
        }
    }

    /// A heading over what follows; JSON says the same as `context` with every line.
    pub(super) fn heading(&mut self, text: &str, context: Value) -> io::Result<()> {
        self.context = context;
        if self.is_json {
            return Ok(());
        }
        writeln!(self.out, "{text}")
    }

    /// One line, so much deeper than it says.
    pub(super) fn line(&mut self, deeper: usize, line: &Line) -> io::Result<()> {
        self.faults += u64::from(line.tone == Tone::Fault);
        if !self.is_json {
            return writeln!(self.out, "{:width$}{line}", "", width = 2 * deeper);
        }
        let mut value = self.context.clone();
        value["depth"] = json!(line.depth);
        value["tone"] = json!(match line.tone {
            Tone::Plain => "plain",
            Tone::Doubt => "doubt",
            Tone::Fault => "fault",
        });
        value["text"] = json!(line.text);
        writeln!(self.out, "{value}")
    }

    pub(super) fn faults(&self) -> u64 {
        self.faults
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
