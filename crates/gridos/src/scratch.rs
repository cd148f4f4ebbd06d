//! The folder in which a command keeps what it needs while it runs.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Who may come into a new folder.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    /// Its user alone.
    Closed,
    /// Others may pass through to what is theirs, and see nothing on the way.
    Passage,
}

/// A folder that goes when all is over, unless somebody wants it.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    is_kept: bool,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be made", path.display())]
pub(crate) struct ScratchError {
    path: PathBuf,
    source: io::Error,
}

impl Scratch {
    /// The folder that somebody wants, which may be there; else a new one in the folder for what is
    /// temporary, whose name begins with `name` and ends as nobody can guess.
    pub(crate) fn make(
        wanted: Option<&Path>,
        name: &str,
        door: Door,
    ) -> Result<Self, ScratchError> {
        let (path, made) = match wanted {
            Some(path) => (path.to_owned(), fs::create_dir_all(path)),
            None => new(name, door),
        };
        match made {
            Ok(()) => Ok(Self {
                path,
                is_kept: wanted.is_some(),
            }),
            Err(source) => Err(ScratchError { path, source }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Others write to the folder for what is temporary, too: one that is there already may be theirs.
fn new(name: &str, door: Door) -> (PathBuf, io::Result<()>) {
    let mode = match door {
        Door::Closed => 0o700,
        Door::Passage => 0o711,
    };
    let temporary = std::env::temp_dir();
    match getrandom::u64() {
        Ok(random) => {
            let path = temporary.join(format!("{name}-{random:016x}"));
            let made = DirBuilder::new().mode(mode).create(&path);
            (path, made)
        }
        Err(error) => (temporary, Err(error.into())),
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_kept {
            // What stays is in the folder for what is temporary.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_new_one_is_nobody_elses_and_goes() {
        let mode = |scratch: &Scratch| {
            let permissions = fs::metadata(scratch.path()).unwrap().permissions();
            permissions.mode() & 0o777
        };
        let one = Scratch::make(None, "gridos-test", Door::Closed).unwrap();
        let other = Scratch::make(None, "gridos-test", Door::Passage).unwrap();
        assert_ne!(one.path(), other.path());
        assert_eq!((mode(&one), mode(&other)), (0o700, 0o711));
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists());
    }

    #[test]
    fn one_that_somebody_wants_stays() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("a/b");
        for _ in 0..2 {
            let scratch = Scratch::make(Some(&wanted), "gridos-test", Door::Closed).unwrap();
            assert_eq!(scratch.path(), wanted);
        }
        assert!(wanted.is_dir());
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Scratch::make(Some(&file.join("c")), "gridos-test", Door::Closed).unwrap_err();
        assert!(
            error.to_string().ends_with("file/c cannot be made"),
            "{error}"
        );
    }
}
