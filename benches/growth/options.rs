//! What is said behind a command, as `key=value`.

use std::collections::BTreeMap;
use std::error::Error;

use gridos_benches::growth::{Machine, Plant};

/// Keys that were given; each is taken once.
#[derive(Debug)]
pub(crate) struct Options(BTreeMap<String, String>);

impl Options {
    pub(crate) fn of(words: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut all = BTreeMap::new();
        for word in words {
            let (key, value) = word.split_once('=').ok_or(super::USAGE)?;
            all.insert(key.to_owned(), value.to_owned());
        }
        Ok(Self(all))
    }

    /// A number above or at 0, or `default`.
    pub(crate) fn number(&mut self, key: &str, default: f64) -> Result<f64, Box<dyn Error>> {
        let Some(text) = self.0.remove(key) else {
            return Ok(default);
        };
        let number = text.parse::<f64>().ok();
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| format!("{key}={text} is no number from 0 on").into())
    }

    pub(crate) fn yes(&mut self, key: &str) -> Result<bool, Box<dyn Error>> {
        match self.0.remove(key).as_deref() {
            None | Some("yes") => Ok(true),
            Some("no") => Ok(false),
            Some(other) => Err(format!("{key}={other} is neither yes nor no").into()),
        }
    }

    pub(crate) fn machine(&mut self) -> Result<Machine, Box<dyn Error>> {
        Ok(Machine {
            cores: self.number("cores", 2.0)?,
            memory: self.number("memory_gib", 24.0)? * f64::from(1 << 30),
            files: self.number("files", 20_000.0)?,
            disk: self.number("disk_mb", 500.0)? * 1e6,
            used: self.number("used", 0.5)?,
        })
    }

    pub(crate) fn plant(&mut self) -> Result<Plant, Box<dyn Error>> {
        Ok(Plant {
            points_each: self.number("points", 100.0)?,
            every: self.number("every", 1.0)?,
        })
    }

    /// Refuses what no one took.
    pub(crate) fn none_is_left(&self) -> Result<(), Box<dyn Error>> {
        match self.0.keys().next() {
            Some(key) => Err(format!("there is no key '{key}' here\n{}", super::USAGE).into()),
            None => Ok(()),
        }
    }
}
