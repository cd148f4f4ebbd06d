//! A power cut, as far as the journal's files are concerned: what was not synced is gone.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Bytes of a segment's header.
const HEADER_BYTES: u64 = 64;

/// Takes from the newest stream in `folder` what was written behind the position `durable`, but for
/// so many percent; returns how many bytes that is.
pub(super) fn cut(folder: &Path, durable: u64, kept_percent: u64) -> u64 {
    let Some(stream) = last(folder, "") else {
        return 0;
    };
    let Some(segment) = last(&stream, "journal") else {
        return 0;
    };
    let base = segment.file_stem().and_then(|name| name.to_str());
    let base: u64 = base.unwrap().parse().unwrap();
    // A segment is synced before the next one gets its name.
    let synced = HEADER_BYTES + durable.saturating_sub(base);
    // Behind the last frame is only room that was reserved.
    let bytes = fs::read(&segment).unwrap();
    let written = bytes.iter().rposition(|byte| *byte != 0);
    let written = written.map_or(0, |last| last as u64 + 1).max(synced);
    let unsynced = written.saturating_sub(synced);
    let kept = unsynced * kept_percent / 100;
    let file = File::options().write(true).open(&segment).unwrap();
    file.set_len(written - unsynced + kept).unwrap();
    unsynced - kept
}

/// The last name in a folder with that extension.
fn last(folder: &Path, extension: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let paths = entries.map(|entry| entry.path());
    let fits = |path: &PathBuf| {
        let of_path = path.extension().unwrap_or_default();
        of_path == extension && (path.is_dir() == extension.is_empty())
    };
    paths.filter(fits).max()
}
