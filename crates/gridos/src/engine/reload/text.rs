//! The text of the main file: what tells it from others, and how another one takes its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What tells a text from others, as an entity tag.
pub(super) fn tag(text: &str) -> String {
    let print = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |print, byte| {
        (print ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("\"{print:016x}-{}\"", text.len())
}

/// Puts `text` in the place of the file at `path`, in one step: whoever reads it has the one or the
/// other. What was there is beside it from then on, with `.bak` behind its name.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // What a link leads to is replaced, not the link.
    let path = fs::canonicalize(path)?;
    let permissions = fs::metadata(&path)?.permissions();
    let new = beside(&path, ".new");
    let written = write(&new, text, permissions).and_then(|()| {
        fs::copy(&path, beside(&path, ".bak"))?;
        fs::rename(&new, &path)
    });
    if written.is_err() {
        // It is of no use to anybody.
        let _ = fs::remove_file(&new);
    }
    written?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Puts back what [`replace`] took the place of.
pub(super) fn restore(path: &Path) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    fs::rename(beside(&path, ".bak"), &path)
}

fn write(path: &Path, text: &str, permissions: fs::Permissions) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.set_permissions(permissions)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_the_place_of_another_one_which_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.toml");
        fs::write(&path, "before").unwrap();
        replace(&path, "after").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(fs::read_to_string(beside(&path, ".bak")).unwrap(), "before");
        restore(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        assert!(replace(&folder.path().join("none.toml"), "x").is_err());
        assert_ne!(tag("before"), tag("after"));
    }
}
