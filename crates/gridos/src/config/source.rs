//! A configuration text: its file, its lines, its parsed tables.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::fault::{FaultLog, Place};
use super::section::shown;

/// A text with the places of its lines.
#[derive(Debug)]
pub(super) struct Source {
    file: Arc<str>,
    line_starts: Vec<usize>,
}

/// The files that the configuration names.
#[derive(Clone, Copy)]
pub(super) struct Files<'a> {
    /// What their paths are relative to: the folder of the configuration file.
    pub(super) folder: &'a Path,
    /// Gives the bytes of one.
    pub(super) read: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

/// A value with the place where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

impl<T> Found<T> {
    pub(super) fn new(value: T, place: &Place) -> Self {
        let place = place.clone();
        Self { value, place }
    }
}

impl Source {
    pub(super) fn new(file: &str, text: &str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            file: file.into(),
            line_starts: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    /// The line in which `span` starts.
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        let line = self
            .line_starts
            .partition_point(|start| *start <= span.start);
        Place::line(&self.file, line)
    }

    /// The file as a whole.
    pub(super) fn whole(&self) -> Place {
        Place::whole(Arc::clone(&self.file))
    }

    /// The tables of `text`, or `None` if it is no TOML: every fault of syntax is reported.
    pub(super) fn parse<'a>(
        &self,
        text: &'a str,
        faults: &FaultLog,
    ) -> Option<Spanned<DeTable<'a>>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let place = error.span().map_or(self.whole(), |span| self.place(span));
            let message = error.message().replace('\n', " ");
            let at = error.span().and_then(|span| text.get(span));
            let at = at.filter(|at| !at.is_empty() && !at.contains('\n'));
            let at = at.map_or_else(String::new, |at| format!(" at {}", shown(at)));
            faults.add(
                &place,
                format!("not TOML: {message}{at}; correct the syntax"),
            );
        }
        errors.is_empty().then_some(table)
    }
}
