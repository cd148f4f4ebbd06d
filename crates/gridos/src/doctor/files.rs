//! How many files may be open: every connection is one.

use std::fs;

use rustix::process::{Resource, geteuid, getrlimit};

use super::Finding;

const CHECK: &str = "open files";

/// The limits of this process. `None` is no limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    needed: u64,
    /// The engine raises its limit up to here by itself.
    hard: Option<u64>,
    /// Root raises it up to here.
    most: u64,
    is_root: bool,
}

pub(super) fn look(needed: usize) -> Seen {
    let most = fs::read_to_string("/proc/sys/fs/nr_open").ok();
    let most = most.and_then(|text| text.trim().parse().ok());
    Seen {
        needed: needed as u64,
        hard: getrlimit(Resource::Nofile).maximum,
        most: most.unwrap_or(1 << 20),
        is_root: geteuid().is_root(),
    }
}

pub(super) fn judge(seen: &Seen) -> Finding {
    let needed = seen.needed;
    let allowed = match (seen.hard, seen.is_root) {
        (Some(hard), false) => hard,
        (Some(hard), true) => hard.max(seen.most),
        (None, _) => seen.most,
    };
    let what = format!("{needed} are needed at most, {allowed} may be open");
    if needed > seen.most {
        let advice = format!("raise what the kernel allows: sysctl fs.nr_open={needed}");
        return Finding::problem(CHECK, what, advice);
    }
    match needed <= allowed {
        true => Finding::ok(CHECK, what),
        false => Finding::problem(
            CHECK,
            what,
            format!(
                "write LimitNOFILE={needed} into the systemd unit, or run ulimit -n {needed} before"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    const ALLOWED: Seen = Seen {
        needed: 1_000,
        hard: Some(1_024),
        most: 1_048_576,
        is_root: false,
    };

    #[test]
    fn what_may_be_raised_is_enough() {
        assert_eq!(judge(&ALLOWED).grade, Grade::Ok);
        let short = Seen {
            needed: 5_000,
            ..ALLOWED
        };
        let found = judge(&short);
        assert_eq!(found.grade, Grade::Problem);
        assert!(found.advice.contains("LimitNOFILE=5000"), "{found:?}");
        assert_eq!(
            judge(&Seen {
                is_root: true,
                ..short
            })
            .grade,
            Grade::Ok
        );
        assert_eq!(
            judge(&Seen {
                hard: None,
                ..short
            })
            .grade,
            Grade::Ok
        );
        let beyond = Seen {
            needed: 2_000_000,
            is_root: true,
            ..ALLOWED
        };
        assert!(judge(&beyond).advice.contains("fs.nr_open=2000000"));
    }

    #[test]
    fn this_process_has_a_limit() {
        assert_eq!(judge(&look(3)).grade, Grade::Ok);
        assert_eq!(judge(&look(1 << 40)).grade, Grade::Problem);
    }
}
