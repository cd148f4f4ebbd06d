//! The file of the book: readable by its owner alone, and never half written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::{Book, BookError};

/// Somebody else than the owner may do something with the file.
const OTHERS: u32 = 0o077;
/// A larger file is none of users and tokens.
const BYTES_MAX: u64 = 64 << 20;

/// Where the book is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookFile {
    path: PathBuf,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BookFileError {
    /// The system says so.
    #[error("the users' file {} cannot be {verb}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Read or written.
        verb: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Others may read or change it.
    #[error(
        "the users' file {} can be read or written by others (mode {mode:03o}); run: chmod 600 {}",
        path.display(), path.display()
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// What stands in it, or what is asked of it, is wrong.
    #[error("the users' file {}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: BookError,
    },
}

impl BookFile {
    /// The file at `path`, whether it is there or not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The book; `None` if there is no file.
    ///
    /// # Errors
    /// If it cannot be read, is open to others, or is wrong.
    pub fn read(&self) -> Result<Option<Book>, BookFileError> {
        match self.text()? {
            None => Ok(None),
            Some(text) => self.parse(&text).map(Some),
        }
    }

    /// What stands in the file, to see whether it has changed; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is open to others.
    pub fn text(&self) -> Result<Option<String>, BookFileError> {
        let failed = |source| self.failed("read", source);
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & OTHERS != 0 {
            let path = self.path.clone();
            return Err(BookFileError::TooOpen { path, mode });
        }
        let mut text = String::new();
        let read = file.take(BYTES_MAX).read_to_string(&mut text);
        read.map_err(failed)?;
        Ok(Some(text))
    }

    /// The book that `text`, read from the file, is.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(&self, text: &str) -> Result<Book, BookFileError> {
        Book::parse(text).map_err(|source| self.wrong(source))
    }

    /// Changes the book as `change` says, and writes it whole: whoever reads sees all of it or
    /// nothing, and two who change at once do it one after the other. A file that is not there is made.
    ///
    /// # Errors
    /// If it cannot be read or written, or `change` refuses.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Book) -> Result<T, BookError>,
    ) -> Result<T, BookFileError> {
        let failed = |source| self.failed("written", source);
        // Users come before the first start, which makes the folder of the data.
        fs::create_dir_all(self.folder()).map_err(failed)?;
        let lock = private(&self.beside("lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let mut book = self.read()?.unwrap_or_default();
        let done = change(&mut book).map_err(|source| self.wrong(source))?;
        self.write(&book.to_string()).map_err(failed)?;
        Ok(done)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let fresh = self.beside("new");
        let mut file = private(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        File::open(self.folder())?.sync_all()
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(suffix);
        name.into()
    }

    fn failed(&self, verb: &'static str, source: io::Error) -> BookFileError {
        let path = self.path.clone();
        BookFileError::Io { path, verb, source }
    }

    fn wrong(&self, source: BookError) -> BookFileError {
        let path = self.path.clone();
        BookFileError::Content { path, source }
    }
}

/// An empty file that only its owner may read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let file = options.open(path)?;
    // One that was there keeps its mode.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}
