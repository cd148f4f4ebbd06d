//! Whether the disk has room for as much journal as is configured.

use std::fs;
use std::path::Path;

use super::Finding;
use super::disk::existing;
use crate::config::Config;
use crate::size::show_bytes;

const CHECK: &str = "disk space";

#[derive(Clone, Debug)]
pub(super) struct Seen {
    place: String,
    /// `None` if the system does not tell.
    free: Option<u64>,
    /// What the journal takes already.
    used: u64,
    limit: u64,
    segment: u64,
}

pub(super) fn look(config: &Config) -> Seen {
    let journal = config.engine.journal_dir();
    let place = existing(&journal);
    let system = rustix::fs::statvfs(&place).ok();
    Seen {
        free: system.map(|system| system.f_bavail.saturating_mul(system.f_frsize)),
        place: place.display().to_string(),
        used: taken(&journal),
        limit: config.journal.disk_limit,
        segment: config.journal.segment_size,
    }
}

/// What the files of the streams' folders take; what vanishes meanwhile takes nothing.
fn taken(journal: &Path) -> u64 {
    let list = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    let streams = list(journal).filter(|entry| entry.path().is_dir());
    let files = streams.flat_map(|stream| list(&stream.path()));
    let sizes = files.filter_map(|file| file.metadata().ok());
    sizes.map(|file| file.len()).sum()
}

pub(super) fn judge(seen: &Seen) -> Finding {
    let Some(free) = seen.free else {
        let what = format!("how much is free at {} cannot be told", seen.place);
        return Finding::warning(CHECK, what, "see df");
    };
    let what = format!(
        "{} free at {}; the journal takes {} and may take {}",
        show_bytes(free),
        seen.place,
        show_bytes(seen.used),
        show_bytes(seen.limit)
    );
    // It holds one segment and reserves the next.
    if free.saturating_add(seen.used) < 2 * seen.segment {
        let advice = "make room, or make [journal] segment_size smaller: not even two segments fit";
        return Finding::problem(CHECK, what, advice);
    }
    match free.saturating_add(seen.used) < seen.limit {
        true => Finding::warning(
            CHECK,
            what,
            "the disk is full before the journal is: make room, or lower [journal] disk_limit to what there is",
        ),
        false => Finding::ok(CHECK, what),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn what_is_free_and_what_is_taken_must_hold_the_limit() {
        let grade = |free, used| {
            let place = "/data".to_owned();
            judge(&Seen {
                place,
                free,
                used,
                limit: 1_000,
                segment: 100,
            })
            .grade
        };
        assert_eq!(grade(Some(1_000), 0), Grade::Ok);
        assert_eq!(grade(Some(400), 600), Grade::Ok);
        assert_eq!(grade(Some(399), 600), Grade::Warning);
        assert_eq!(grade(Some(100), 99), Grade::Problem);
        assert_eq!(grade(None, 0), Grade::Warning);
    }

    #[test]
    fn only_the_files_of_streams_count() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("000001")).unwrap();
        fs::write(dir.path().join("000001/0.seg"), [0; 30]).unwrap();
        fs::write(dir.path().join("layouts"), [0; 500]).unwrap();
        assert_eq!(taken(dir.path()), 30);
        assert_eq!(taken(Path::new("/no/such")), 0);
    }
}
