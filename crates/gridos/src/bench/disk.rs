//! What the disk alone makes of a small write, while everything else goes on.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::error::BenchError;
use super::latency::Percentiles;

/// How often a block is written: seldom enough to add little to what the disk has to do.
const EVERY: Duration = Duration::from_millis(10);
const BLOCK: [u8; 4 << 10] = [1; 4 << 10];
/// The file is written once before, so that a write changes nothing but its block: what it takes is the disk's own.
const BLOCKS: u64 = 1_024;

/// How long blocks in `folder` take until they are durable, in milliseconds: one after the other, for as long as asked.
pub(super) fn probe(folder: &Path, lasts: Duration) -> Result<Percentiles, BenchError> {
    let path = folder.join("disk.probe");
    let found = measure(&path, lasts).map_err(BenchError::folder(&path))?;
    fs::remove_file(&path).map_err(BenchError::folder(&path))?;
    Ok(Percentiles::of(&found))
}

fn measure(path: &Path, lasts: Duration) -> io::Result<Histogram<u64>> {
    let file = File::create(path)?;
    for block in 0..BLOCKS {
        file.write_all_at(&BLOCK, block * BLOCK.len() as u64)?;
    }
    file.sync_all()?;
    // Microseconds, of any size.
    let mut found = Histogram::new(2).map_err(io::Error::other)?;
    let began = Instant::now();
    for block in (0..BLOCKS).cycle() {
        let start = Instant::now();
        if start.duration_since(began) >= lasts {
            break;
        }
        file.write_all_at(&BLOCK, block * BLOCK.len() as u64)?;
        file.sync_data()?;
        let took = start.elapsed();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        found.record(micros).map_err(io::Error::other)?;
        thread::sleep(EVERY.saturating_sub(took));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_write_counts_and_nothing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let found = probe(folder.path(), Duration::from_millis(50)).unwrap();
        assert!(found.count >= 1 && found.max >= found.p50 && found.p50 > 0.0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let error = probe(Path::new("/nowhere/at/all"), Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all/disk.probe"));
    }
}
