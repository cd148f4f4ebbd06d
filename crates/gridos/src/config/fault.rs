//! Faults: everything wrong with a configuration, each with its place, all reported at once.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// How many faults are printed; the rest is counted.
const FAULTS_SHOWN: usize = 50;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    source: Arc<str>,
    line: Option<usize>,
}

impl Place {
    /// A line of a file, counted from 1.
    pub fn line(file: &Arc<str>, line: usize) -> Self {
        Self {
            source: Arc::clone(file),
            line: Some(line),
        }
    }

    /// A file as a whole, or an environment variable.
    pub fn whole(source: impl Into<Arc<str>>) -> Self {
        Self {
            source: source.into(),
            line: None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong; what to do.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Everything that is wrong, at least one thing, in the order of the lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The faults in the order of the lines.
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().take(FAULTS_SHOWN).enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            write!(f, "{line_end}{fault}")?;
        }
        match self.0.len().saturating_sub(FAULTS_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more; correct these first"),
        }
    }
}

/// Collects faults while everything that can be read is read.
#[derive(Debug, Default)]
pub(super) struct FaultLog(RefCell<Vec<Fault>>);

impl FaultLog {
    pub(super) fn add(&self, place: &Place, what: impl Into<String>) {
        self.0.borrow_mut().push(Fault {
            place: place.clone(),
            what: what.into(),
        });
    }

    /// The faults, of which there is one at least.
    pub(super) fn into_faults(self) -> Faults {
        Faults(self.0.into_inner())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// `whole` if nothing is wrong with it.
    pub(super) fn judge<T>(self, whole: Option<T>, place: &Place) -> Result<T, Faults> {
        let mut faults = self.0.into_inner();
        faults.sort();
        faults.dedup();
        match whole {
            Some(whole) if faults.is_empty() => Ok(whole),
            None if faults.is_empty() => Err(Faults(vec![Fault {
                place: place.clone(),
                what: "cannot be read; no reason is known".to_owned(),
            }])),
            Some(_) | None => Err(Faults(faults)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_sorted_by_line_and_cut() {
        let file: Arc<str> = "a.toml".into();
        let log = FaultLog::default();
        for line in (1..=60).rev() {
            log.add(&Place::line(&file, line), "bad");
        }
        let faults = log.judge(Some(()), &Place::whole("a.toml")).unwrap_err();
        let text = faults.to_string();
        assert!(text.starts_with("a.toml:1: bad\na.toml:2: bad\n"), "{text}");
        assert!(
            text.ends_with("a.toml:50: bad\nand 10 more; correct these first"),
            "{text}"
        );
    }
}
