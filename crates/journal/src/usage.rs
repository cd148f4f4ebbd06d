//! What journals take on the disk.

use std::path::Path;

use crate::JournalError;
use crate::segment;
use crate::storage::Storage;

/// Bytes of all segments in `root` and the folders in it, with what is reserved for them, and how
/// many segments there are.
pub(crate) fn of(storage: &dyn Storage, root: &Path) -> Result<(u64, usize), JournalError> {
    let (mut bytes, mut count) = (0, 0);
    for path in storage.list(root).map_err(JournalError::io("list", root))? {
        // One that was trimmed since it was listed takes no space.
        let Ok(found) = storage.stat(&path) else {
            count += usize::from(segment::is_segment(&path));
            continue;
        };
        let (more_bytes, more) = match found.is_dir {
            true => of(storage, &path)?,
            false if segment::is_segment(&path) => (found.bytes, 1),
            false if segment::is_spare(&path) => (found.bytes, 0),
            false => (0, 0),
        };
        (bytes, count) = (bytes + more_bytes, count + more);
    }
    Ok((bytes, count))
}
