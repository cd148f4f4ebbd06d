//! Huge pages: with them a fleet takes more memory than its bounds say, so the engine turns them off for itself.

use std::fs;

use super::Finding;

const CHECK: &str = "huge pages";
const PLACE: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// What the system does; `None` if it has no such pages.
    mode: Option<String>,
    /// Whether a process may turn them off for itself.
    can_refuse: bool,
}

pub(super) fn look() -> Seen {
    let text = fs::read_to_string(PLACE).ok();
    Seen {
        mode: text.as_deref().and_then(chosen).map(str::to_owned),
        can_refuse: can_refuse(),
    }
}

#[cfg(target_os = "linux")]
fn can_refuse() -> bool {
    rustix::thread::disable_transparent_huge_pages(true).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn can_refuse() -> bool {
    false
}

/// The word in brackets: `always [madvise] never`.
fn chosen(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('[')?;
    rest.split_once(']').map(|(word, _)| word)
}

pub(super) fn judge(seen: &Seen) -> Finding {
    match (seen.mode.as_deref(), seen.can_refuse) {
        (None | Some("never"), _) => Finding::ok(CHECK, "the system gives none"),
        (Some(mode), true) => Finding::ok(
            CHECK,
            format!("the system says {mode}, and the engine takes none"),
        ),
        (Some("always"), false) => Finding::warning(
            CHECK,
            "the system gives them always, and the engine cannot refuse them: it takes more memory than gridos \
             check says",
            format!("echo madvise > {PLACE}"),
        ),
        (Some(mode), false) => Finding::ok(CHECK, format!("the system says {mode}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn only_pages_that_cannot_be_refused_are_warned_of() {
        let grade = |mode: Option<&str>, can_refuse| {
            let mode = mode.map(str::to_owned);
            judge(&Seen { mode, can_refuse }).grade
        };
        assert_eq!(grade(Some("always"), false), Grade::Warning);
        for (mode, can_refuse) in [
            (None, false),
            (Some("never"), false),
            (Some("madvise"), false),
            (Some("always"), true),
        ] {
            assert_eq!(grade(mode, can_refuse), Grade::Ok, "{mode:?}");
        }
        assert_eq!(chosen("always [madvise] never\n"), Some("madvise"));
        assert_eq!(judge(&look()).grade, Grade::Ok);
    }
}
