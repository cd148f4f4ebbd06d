//! A disk that gives back something else than was written.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// How far before the end of what was written: records of a moment ago, which the writer has not
/// read yet.
const BACK_BYTES: usize = 300;

/// Turns a byte over in the newest segment of the journal in `folder`.
///
/// # Errors
/// What the system says.
pub(super) fn turn_a_byte(folder: &Path) -> io::Result<()> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        // Prepared segments have no number for a name.
        if name
            .is_some_and(|name| name.ends_with(".journal") && name.as_bytes()[0].is_ascii_digit())
        {
            segments.push(path);
        }
    }
    segments.sort();
    let Some(newest) = segments.last() else {
        return Ok(());
    };
    let bytes = fs::read(newest)?;
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let at = end.saturating_sub(BACK_BYTES);
    // Not the header: what is there already is read already.
    let Some(byte) = bytes.get(at).filter(|_| at > BACK_BYTES) else {
        return Ok(());
    };
    let file = File::options().write(true).open(newest)?;
    file.write_all_at(&[!byte], u64::try_from(at).unwrap_or(0))
}
