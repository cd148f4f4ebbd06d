//! The main configuration file: its text, and what it says together with the environment.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::fault::{FaultLog, Faults, Place};
use super::load::Config;

/// Where a configuration comes from: a file, and the environment over it.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    path: PathBuf,
    variables: Vec<(OsString, OsString)>,
}

impl ConfigFile {
    /// The file at `path` with `variables` over it; pass [`std::env::vars_os`].
    pub fn new(path: &Path, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self {
            path: path.to_owned(),
            variables: variables.into_iter().collect(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its text.
    ///
    /// # Errors
    /// If it cannot be read, or is no UTF-8.
    pub fn text(&self) -> Result<String, Faults> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.fault(format!("cannot be read: {error}"))),
        };
        String::from_utf8(bytes)
            .map_err(|_| self.fault("is no UTF-8; save the file as UTF-8".to_owned()))
    }

    /// What `text` says in its place.
    ///
    /// # Errors
    /// Everything that is wrong, with its place.
    pub fn parse(&self, text: &str) -> Result<Config, Faults> {
        let file = self.path.to_string_lossy();
        let read: &dyn Fn(&Path) -> io::Result<Vec<u8>> = &|path| std::fs::read(path);
        Config::parse(text, &file, self.variables.iter().cloned(), read)
    }

    fn fault(&self, what: String) -> Faults {
        let place = Place::whole(&*self.path.to_string_lossy());
        let log = FaultLog::default();
        log.add(&place, what);
        log.into_faults()
    }
}
