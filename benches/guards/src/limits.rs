//! The limits, in a file beside this crate.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::stages::Stage;
use crate::verdict::ROOM;

const HEAD: &str = "\
# The most instructions that each stage may take, for a reading or what stands behind; x86-64, release.
# Written by `cargo run --release -p gridos-guards -- --write`: 3 % above what was counted.

";

/// Why there are no limits.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LimitsError {
    #[error("{}: {error}", path().display())]
    File { error: io::Error },
    #[error("{}: {what}", path().display())]
    Content { what: String },
}

/// The limits of the stages.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Limits {
    limits: BTreeMap<String, f64>,
    /// What is written behind them.
    notes: BTreeMap<String, String>,
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("limits.toml")
}

impl Limits {
    /// Those of the file.
    pub(crate) fn read() -> Result<Self, LimitsError> {
        let text = fs::read_to_string(path()).map_err(|error| LimitsError::File { error })?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, LimitsError> {
        let content = |what: String| LimitsError::Content { what };
        let table = DeTable::parse(text).map_err(|error| content(error.to_string()))?;
        let limit = |name: &str, value: &DeValue<'_>| {
            let number = value.as_float().map(|number| number.as_str().parse().ok());
            let number = number.flatten();
            number.ok_or_else(|| content(format!("'{name}' must be a number")))
        };
        let limits = table.get_ref().iter().map(|(name, value)| {
            let name = name.get_ref();
            Ok((name.to_string(), limit(name, value.get_ref())?))
        });
        Ok(Self {
            limits: limits.collect::<Result<_, LimitsError>>()?,
            notes: BTreeMap::new(),
        })
    }

    pub(crate) fn of(&self, name: &str) -> Option<f64> {
        self.limits.get(name).copied()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.limits.keys().map(String::as_str)
    }

    /// Limits `stage` to a little more than what was `counted`.
    pub(crate) fn set(&mut self, stage: &Stage, counted: f64) {
        let name = stage.name.to_owned();
        self.limits.insert(name.clone(), counted * ROOM);
        let note = format!("counted {counted:.2} a {}: {}", stage.unit, stage.what);
        self.notes.insert(name, note);
    }

    /// Writes the file anew.
    pub(crate) fn write(&self) -> Result<(), LimitsError> {
        fs::write(path(), self.to_string()).map_err(|error| LimitsError::File { error })
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (name, limit) in &self.limits {
            let note = self.notes.get(name).map_or("", String::as_str);
            writeln!(f, "{name} = {limit:.2} # {note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::STAGES;

    #[test]
    fn what_is_written_is_read() {
        let mut written = Limits::default();
        written.set(&STAGES[0], 100.0);
        let read = Limits::parse(&written.to_string()).unwrap();
        assert_eq!(read.of(STAGES[0].name), Some(103.0));
    }

    #[test]
    fn every_stage_has_a_limit_and_every_limit_a_stage() {
        let limits = Limits::read().unwrap();
        let mut names: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
        names.sort_unstable();
        assert_eq!(limits.names().collect::<Vec<_>>(), names);
    }

    #[test]
    fn a_limit_is_a_number() {
        let error = Limits::parse("decode = \"few\"").unwrap_err();
        assert!(error.to_string().contains("'decode' must be a number"));
    }
}
