//! A disk that gives back something else than was written.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// How far before the end of what was written: records of a moment ago, which the writer has not
/// read yet.
const BACK_BYTES: usize = 300;

/// Turns a byte over in the newest segment of the journal in `folder`.
///
/// # Errors
/// What the system says, also that there is no segment.
pub(super) fn turn_a_byte(folder: &Path) -> io::Result<()> {
    // A folder for each stream, and in it a file for each segment.
    let segment = newest(&newest(folder)?)?;
    let bytes = fs::read(&segment)?;
    // Behind what was written there is nothing but zeros.
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let at = end.saturating_sub(BACK_BYTES);
    let Some(byte) = bytes.get(at).filter(|_| at > BACK_BYTES) else {
        return Ok(());
    };
    let file = File::options().write(true).open(segment)?;
    file.write_all_at(&[!byte], u64::try_from(at).unwrap_or(0))
}

/// The last one whose name is a number: other names are of other things, or of what is prepared.
fn newest(folder: &Path) -> io::Result<PathBuf> {
    let mut found: Option<PathBuf> = None;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let is_number = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && found.as_ref().is_none_or(|newest| *newest < path) {
            found = Some(path);
        }
    }
    found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, folder.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_record_of_the_newest_segment_is_hit() {
        let folder = tempfile::tempdir().unwrap();
        let stream = folder.path().join("000002");
        for path in [folder.path().join("000001"), stream.clone()] {
            fs::create_dir(path).unwrap();
        }
        fs::write(folder.path().join("layouts"), [1; 2_000]).unwrap();
        let mut bytes = vec![1; 1_000];
        bytes.resize(4_000, 0);
        for name in ["00000.journal", "01000.journal", "spare"] {
            fs::write(stream.join(name), &bytes).unwrap();
        }
        turn_a_byte(folder.path()).unwrap();
        assert_eq!(fs::read(stream.join("00000.journal")).unwrap(), bytes);
        bytes[999 - BACK_BYTES] = !1;
        assert_eq!(fs::read(stream.join("01000.journal")).unwrap(), bytes);
        assert!(turn_a_byte(&stream).is_err());
    }
}
