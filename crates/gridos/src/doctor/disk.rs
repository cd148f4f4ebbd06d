//! How fast the journal's disk makes things durable: every receipt waits for it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Finding;
use crate::config::Config;

const CHECK: &str = "disk";
/// What is written before each wait: about what a fleet sends within a few milliseconds.
const BLOCK: usize = 16 << 10;
/// No longer and no more often than this is tried.
const TIME_MAX: Duration = Duration::from_secs(2);
const ROUNDS_MAX: usize = 200;
/// A disk whose slowest waits take longer delays receipts visibly; half of a fleet's usual timeout.
const SLOW: Duration = Duration::from_millis(100);
/// Beyond it the ring fills whenever the disk is busy: it bridges half a second.
const TOO_SLOW: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Seen {
    place: PathBuf,
    waits: io::Result<Vec<Duration>>,
}

pub(super) async fn look(config: &Config) -> Seen {
    let place = existing(&config.engine.journal_dir());
    let dir = place.clone();
    let waits = tokio::task::spawn_blocking(move || measure(&dir, TIME_MAX)).await;
    Seen {
        place,
        waits: waits.unwrap_or_else(|panic| Err(io::Error::other(panic))),
    }
}

/// The folder itself, or the one in which it would be made.
pub(super) fn existing(dir: &Path) -> PathBuf {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let found = absolute.ancestors().find(|dir| dir.is_dir());
    found.unwrap_or(Path::new("/")).to_owned()
}

/// How long each wait for the disk takes: of a file that has no name and is gone at the end.
fn measure(dir: &Path, most: Duration) -> io::Result<Vec<Duration>> {
    let name = format!(".gridos-doctor-{}", std::process::id());
    let path = dir.join(name);
    let mut file = File::create_new(&path)?;
    let measured = measure_file(&mut file, most);
    std::fs::remove_file(&path)?;
    measured
}

fn measure_file(file: &mut File, most: Duration) -> io::Result<Vec<Duration>> {
    let (block, began) = (vec![0x5a; BLOCK], Instant::now());
    let mut waits = Vec::new();
    while waits.len() < ROUNDS_MAX && began.elapsed() < most {
        file.write_all(&block)?;
        let asked = Instant::now();
        file.sync_data()?;
        waits.push(asked.elapsed());
    }
    Ok(waits)
}

pub(super) fn judge(seen: &Seen) -> Finding {
    let place = seen.place.display();
    let waits = match &seen.waits {
        Ok(waits) => waits,
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            let what = format!("{place} is full");
            return Finding::problem(CHECK, what, "make room: the engine could take no readings");
        }
        Err(error) => {
            let what = format!("nothing can be written to {place}: {error}");
            let advice = "let the engine's user write there, or choose another [engine] data_dir";
            return Finding::problem(CHECK, what, advice);
        }
    };
    let mut sorted = waits.clone();
    sorted.sort_unstable();
    let quantile = |percent: usize| sorted.get(sorted.len().saturating_sub(1) * percent / 100);
    let (Some(half), Some(most)) = (quantile(50), quantile(99)) else {
        return Finding::warning(CHECK, format!("{place} was not measured"), "try again");
    };
    let what = format!(
        "{place} makes 16 KiB durable in {:.1} ms (p50), {:.1} ms (p99)",
        half.as_secs_f64() * 1e3,
        most.as_secs_f64() * 1e3
    );
    let advice = "put [engine] data_dir on a disk of its own, best an SSD that keeps its cache without power";
    match *most {
        most if most > TOO_SLOW => Finding::problem(CHECK, what, advice),
        most if most > SLOW => Finding::warning(CHECK, what, advice),
        _ => Finding::ok(CHECK, what),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn seen(waits: io::Result<Vec<Duration>>) -> Seen {
        let place = PathBuf::from("/data");
        Seen { place, waits }
    }

    #[test]
    fn the_slowest_waits_decide() {
        let grade = |slow_ms| {
            let mut waits = vec![Duration::from_millis(1); 97];
            waits.extend([Duration::from_millis(slow_ms); 3]);
            judge(&seen(Ok(waits))).grade
        };
        assert_eq!(
            [5, 200, 800].map(grade),
            [Grade::Ok, Grade::Warning, Grade::Problem]
        );
    }

    #[test]
    fn a_real_folder_is_measured_and_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let waits = measure(dir.path(), Duration::from_millis(200)).unwrap();
        assert!(!waits.is_empty() && waits.len() <= ROUNDS_MAX);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let missing = existing(&dir.path().join("a/b/c"));
        assert_eq!(missing, dir.path());
    }

    /// The device that is always full.
    #[test]
    fn a_full_disk_is_told_as_such() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let refused = measure_file(&mut full, TIME_MAX);
        let found = judge(&seen(refused));
        assert_eq!(
            (found.grade, &*found.what),
            (Grade::Problem, "/data is full")
        );
    }

    #[test]
    fn a_folder_that_takes_nothing_is_a_problem() {
        // Not even root makes files there.
        let found = judge(&seen(measure(Path::new("/proc"), TIME_MAX)));
        assert_eq!(found.grade, Grade::Problem);
        assert!(found.advice.contains("data_dir"), "{found:?}");
    }
}
