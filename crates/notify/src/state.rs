//! The file in which an outbox outlives the process.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::Kept;

/// The file of one outbox.
#[derive(Clone, Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// The file of the target called `name` in `dir`.
    pub(crate) fn new(dir: &Path, name: &str) -> Self {
        Self {
            path: dir.join(format!("{name}.json")),
        }
    }

    /// What was written last; nothing if there is none. What cannot be read is put aside.
    pub(crate) fn load(&self) -> Kept {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Kept::default(),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "what was notified cannot be read");
                return Kept::default();
            }
        };
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            let aside = self.path.with_extension("damaged");
            tracing::warn!(
                path = %self.path.display(), %error,
                "what was notified cannot be understood, and is put aside"
            );
            // If that fails too, it is written over, which the line above has told.
            let _ = fs::rename(&self.path, aside);
            Kept::default()
        })
    }

    /// Writes `kept` in the place of what was there, so that a crash leaves one or the other.
    pub(crate) fn save(&self, kept: &Kept) -> io::Result<()> {
        let text = serde_json::to_vec(kept)?;
        let dir = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        File::open(dir)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let file = StateFile::new(&dir.path().join("notify"), "pager");
        assert_eq!(file.load(), Kept::default());
        let kept = Kept {
            sequence: 7,
            ..Kept::default()
        };
        file.save(&kept).unwrap();
        assert_eq!(file.load(), kept);
        fs::write(&file.path, b"{").unwrap();
        assert_eq!(file.load(), Kept::default());
        assert!(file.path.with_extension("damaged").exists());
    }
}
