//! Which journal is meant: that of a configuration, or a folder.

use std::path::{Path, PathBuf};

use gridos_journal::inspect::{StreamFiles, stream_files};

use crate::config::Config;

/// A journal, and the configuration of its engine if that was given.
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    pub(crate) config: Option<Config>,
}

/// What is named is no journal.
#[derive(Debug, thiserror::Error)]
enum NoJournal {
    #[error(
        "there is no journal in '{}': name the folder that holds the numbered folders of its streams, or \
         the configuration of the engine",
        .0.display()
    )]
    Nothing(PathBuf),
    #[error("there is no folder '{}' yet: the engine of this configuration has not run", .0.display())]
    NotYet(PathBuf),
}

impl Place {
    pub(crate) fn find(named: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        if named.is_dir() {
            let within = named.join("journal");
            let root = if within.is_dir() {
                within
            } else {
                named.to_owned()
            };
            return Ok(Self { root, config: None });
        }
        let config = Config::load(named, std::env::vars_os())?;
        let root = config.engine.journal_dir();
        if !root.is_dir() {
            return Err(NoJournal::NotYet(root).into());
        }
        Ok(Self {
            root,
            config: Some(config),
        })
    }

    /// Its streams; at least one.
    pub(crate) fn streams(&self) -> Result<Vec<StreamFiles>, Box<dyn std::error::Error>> {
        let streams = stream_files(&self.root)?;
        if streams.is_empty() {
            return Err(NoJournal::Nothing(self.root.clone()).into());
        }
        Ok(streams)
    }
}
