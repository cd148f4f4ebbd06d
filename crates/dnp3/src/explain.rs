//! What octets mean, for people: a tree of lines.
//!
//! A [`StreamExplainer`] takes what a socket or a capture delivers in one direction; [`fragment`]
//! takes the octets of one fragment. What is wrong is a line like the others, with its place, so a
//! damaged capture is explained as far as it goes. Octets of the field are shown escaped or in hex:
//! nothing that a device sends reaches a terminal as it is.

mod fragment;
mod header;
mod object;
mod stream;
mod utc;

use std::fmt;

pub use fragment::{Sender, fragment};
pub use stream::StreamExplainer;
pub use utc::Utc;

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How far it stands within others: 0 is a frame or a fragment.
    pub depth: usize,
    /// Whether it tells of something wrong.
    pub tone: Tone,
    /// The text, printable, without a line end.
    pub text: String,
}

/// Whether a line tells of something wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// As it should be.
    Plain,
    /// Against the standard, or left out, but understood.
    Doubt,
    /// Not understood: what the line speaks of is lost.
    Fault,
}

/// How much is shown. What an explanation takes is bounded by it and by the octets explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Points, or other objects, behind each object header.
    pub points: usize,
    /// Octets of what is only shown in hex.
    pub octets: usize,
}

impl Limits {
    /// Everything.
    pub const NONE: Self = Self {
        points: usize::MAX,
        octets: usize::MAX,
    };
}

impl Default for Limits {
    /// What fits a screen.
    fn default() -> Self {
        Self {
            points: 16,
            octets: 32,
        }
    }
}

impl fmt::Display for Line {
    /// With two spaces for each depth, and a mark before what is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.tone {
            Tone::Plain => "",
            Tone::Doubt => "? ",
            Tone::Fault => "! ",
        };
        write!(
            f,
            "{:width$}{mark}{}",
            "",
            self.text,
            width = 2 * self.depth
        )
    }
}

/// Lines in the making.
struct Lines<'l> {
    lines: &'l mut Vec<Line>,
    depth: usize,
    limits: Limits,
}

impl Lines<'_> {
    fn say(&mut self, text: impl fmt::Display) {
        self.push(Tone::Plain, text);
    }

    fn doubt(&mut self, text: impl fmt::Display) {
        self.push(Tone::Doubt, text);
    }

    fn fault(&mut self, text: impl fmt::Display) {
        self.push(Tone::Fault, text);
    }

    /// Lines that belong to the last one.
    fn within(&mut self) -> Lines<'_> {
        Lines {
            lines: self.lines,
            depth: self.depth + 1,
            limits: self.limits,
        }
    }

    fn push(&mut self, tone: Tone, text: impl fmt::Display) {
        self.lines.push(Line {
            depth: self.depth,
            tone,
            text: text.to_string(),
        });
    }
}

/// Octets in hex with spaces between them, up to a number of them.
struct Hex<'a> {
    octets: &'a [u8],
    limit: usize,
}

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, octet) in self.octets.iter().take(self.limit).enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{octet:02x}")?;
        }
        match self.octets.len().saturating_sub(self.limit) {
            0 => Ok(()),
            left => write!(f, " and {left} more"),
        }
    }
}

/// `1 octet`, `2 octets`.
fn counted(count: impl Into<u64>, noun: &str) -> String {
    match count.into() {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}
