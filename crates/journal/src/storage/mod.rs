//! The seam between the journal and the disk: the few operations it needs of a file system.
//!
//! [`Disk`] is the real one. Tests put a simulated disk in its place, which loses what a power cut
//! or a failed write-back would. What may be relied upon is only this:
//!
//! - bytes survive a power cut when [`StoredFile::sync_data`] has returned well after they were
//!   written, and so does a file's growth; its being cut only after [`StoredFile::sync_all`];
//! - names survive when [`Storage::sync_dir`] of their folder has returned well;
//! - renaming replaces what had the name before, and is whole or not at all;
//! - a failed sync says that anything written before it may be lost, and nothing about it is known
//!   from then on: the next sync of the same file may return well all the same.

mod disk;

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

pub use disk::Disk;

/// A file system, as far as the journal uses it.
pub trait Storage: Debug + Send + Sync {
    /// Makes a folder in one that is there.
    ///
    /// # Errors
    /// If it is there already or the storage refuses.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// Deletes a folder with all that is in it.
    ///
    /// # Errors
    /// If the storage refuses.
    fn remove_dir(&self, dir: &Path) -> io::Result<()>;

    /// Everything in `dir`, in no order.
    ///
    /// # Errors
    /// If the storage refuses.
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>>;

    /// Makes the names in `dir` durable.
    ///
    /// # Errors
    /// If the storage refuses: then any of them may be lost.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Makes a new file, to be read and written.
    ///
    /// # Errors
    /// If the name is taken or the storage refuses.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn StoredFile>>;

    /// Opens a file, to be written as well if `writable`.
    ///
    /// # Errors
    /// If there is none or the storage refuses.
    fn open(&self, path: &Path, writable: bool) -> io::Result<Arc<dyn StoredFile>>;

    /// Gives a file another name, taking it from whatever had it.
    ///
    /// # Errors
    /// If the storage refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a file's name away; its bytes go when nobody has it open.
    ///
    /// # Errors
    /// If there is none or the storage refuses.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// What is known of a file or folder without opening it.
    ///
    /// # Errors
    /// If there is none or the storage refuses.
    fn stat(&self, path: &Path) -> io::Result<Stat>;

    /// Takes the lock file `path`, making it if need be; `None` if another process has it.
    ///
    /// # Errors
    /// If the storage refuses.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;
}

/// An open file.
pub trait StoredFile: Debug + Send + Sync {
    /// Reads from `offset` on; fewer bytes than asked for only at the end of the file.
    ///
    /// # Errors
    /// If the storage refuses.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` from `offset` on, growing the file if need be.
    ///
    /// # Errors
    /// If the storage refuses; any part of it may be written then.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Reserves room for the first `bytes` bytes; those that were never written read as zeros, and
    /// count as part of the file.
    ///
    /// # Errors
    /// If there is no room, or with [`io::ErrorKind::Unsupported`] if this storage reserves none.
    fn allocate(&self, bytes: u64) -> io::Result<()>;

    /// Cuts the file off behind its first `bytes` bytes.
    ///
    /// # Errors
    /// If the storage refuses.
    fn cut(&self, bytes: u64) -> io::Result<()>;

    /// Bytes of the file.
    ///
    /// # Errors
    /// If the storage refuses.
    fn bytes(&self) -> io::Result<u64>;

    /// Makes the bytes written durable, and what is needed to read them back.
    ///
    /// # Errors
    /// If any may be lost: it must never be tried again then.
    fn sync_data(&self) -> io::Result<()>;

    /// The same, with all that is known of the file beside.
    ///
    /// # Errors
    /// If any may be lost: it must never be tried again then.
    fn sync_all(&self) -> io::Result<()>;
}

/// What is known of a file or folder without opening it.
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes of the file.
    pub bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

/// A lock file that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    file: Option<File>,
}

impl Lock {
    /// A lock that holds the open file.
    pub fn of_file(file: File) -> Self {
        Self { file: Some(file) }
    }

    /// A lock where there is nobody else.
    pub fn alone() -> Self {
        Self { file: None }
    }
}

impl Drop for Lock {
    /// Unlocks, and does not only close: a child process that is just being made has the open file
    /// as well until its program begins, and the lock with it.
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // If it fails, the lock goes with the last handle.
            let _ = file.unlock();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_lock_ends_although_another_handle_of_its_file_is_open() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::create(dir.path().join("lock")).unwrap();
        file.try_lock().unwrap();
        let inherited = file.try_clone().unwrap();
        drop(Lock::of_file(file));
        let next = Disk.lock(&dir.path().join("lock")).unwrap();
        assert!(next.is_some());
        drop(inherited);
    }
}
