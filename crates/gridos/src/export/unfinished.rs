//! A file that gets its name when it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::output::NotWritten;

/// A file under a temporary name, `NAME.part` beside the one it is for; removed if it is dropped before
/// it is finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    path: PathBuf,
    part: PathBuf,
    is_finished: bool,
}

impl Unfinished {
    /// A file that will be at `path`, where nothing may be.
    ///
    /// # Errors
    /// If something is there, or what else the system says.
    pub(crate) fn create(path: &Path) -> Result<(Self, File), NotWritten> {
        let refuse = |source| NotWritten::new(path, source);
        if fs::symlink_metadata(path).is_ok() {
            return Err(refuse(io::ErrorKind::AlreadyExists.into()));
        }
        let mut part = OsString::from(path);
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create_new(&part).map_err(|source| NotWritten::new(&part, source))?;
        let unfinished = Self {
            path: path.to_owned(),
            part,
            is_finished: false,
        };
        Ok((unfinished, file))
    }

    /// Makes the whole file durable and gives it its name; returns its size in bytes.
    ///
    /// # Errors
    /// If something came to be there meanwhile, or what else the system says.
    pub(crate) fn finish(mut self) -> Result<u64, NotWritten> {
        let size = self
            .name()
            .map_err(|source| NotWritten::new(&self.path, source))?;
        self.is_finished = true;
        Ok(size)
    }

    fn name(&self) -> io::Result<u64> {
        let file = File::open(&self.part)?;
        file.sync_all()?;
        let size = file.metadata()?.len();
        match renameat_with(CWD, &self.part, CWD, &self.path, RenameFlags::NOREPLACE) {
            // A file system that cannot look and name in one step.
            Err(rustix::io::Errno::INVAL) if fs::symlink_metadata(&self.path).is_err() => {
                fs::rename(&self.part, &self.path)?;
            }
            named => named?,
        }
        Ok(size)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed can be seen by its name to be no whole file.
            let _ = fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_has_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let names = || {
            let names = fs::read_dir(folder.path()).unwrap();
            let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.collect::<Vec<_>>()
        };
        let (unfinished, mut file) = Unfinished::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        assert_eq!(names(), ["out.csv.part"]);
        let second = Unfinished::create(&path).unwrap_err().to_string();
        assert!(
            second.contains("out.csv.part cannot be written"),
            "{second}"
        );
        assert_eq!(unfinished.finish().unwrap(), 5);
        assert_eq!(names(), ["out.csv"]);
        let refused = Unfinished::create(&path).unwrap_err().to_string();
        assert!(
            refused.ends_with("choose another name, or remove it first"),
            "{refused}"
        );
    }

    #[test]
    fn what_is_left_unfinished_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        drop(Unfinished::create(&folder.path().join("out.csv")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_came_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let (unfinished, _) = Unfinished::create(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        unfinished.finish().unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
