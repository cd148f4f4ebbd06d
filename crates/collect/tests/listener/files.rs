//! The credentials of a foreign program, in files.

use std::path::PathBuf;

use crate::authority::{Authority, Issued};

/// The three files as a foreign program wants them; they go with this.
pub(crate) struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    pub(crate) fn new(authority: &Authority, issued: &Issued) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        std::fs::write(folder.path().join("own.pem"), &issued.certificate).unwrap();
        std::fs::write(folder.path().join("own.key"), &issued.key).unwrap();
        Self { folder }
    }

    /// `--ca FILE --certificate FILE --key FILE`.
    pub(crate) fn arguments(&self) -> Vec<PathBuf> {
        let file = |name: &str| self.folder.path().join(name);
        [
            "--ca".into(),
            file("ca.pem"),
            "--certificate".into(),
            file("own.pem"),
            "--key".into(),
            file("own.key"),
        ]
        .into()
    }
}
