//! File descriptors: every connection takes one, and the usual limit is 1,024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The process may not open as many files as it needs.
#[derive(Debug, thiserror::Error)]
#[error(
    "{needed} open files are needed and only {allowed} are allowed; raise the limit \
     (ulimit -n {needed}, or LimitNOFILE={needed} in the systemd unit) or run fewer devices"
)]
pub struct TooFewFiles {
    needed: u64,
    allowed: u64,
}

/// Raises the limit of open files to `needed`, as far as the system lets the process.
pub(crate) fn allow(needed: usize) -> Result<(), TooFewFiles> {
    let needed = needed as u64;
    let limit = getrlimit(Resource::Nofile);
    // `None` means unlimited.
    let Some(allowed) = limit.current else {
        return Ok(());
    };
    if allowed >= needed {
        return Ok(());
    }
    let raised = raise(limit.maximum, needed);
    let allowed = raised.unwrap_or(allowed);
    if allowed < needed {
        return Err(TooFewFiles { needed, allowed });
    }
    Ok(())
}

/// Raises the limit to `needed`, and the hard limit with it where the process may do so, or else
/// to the hard limit; what is allowed then, if anything more.
fn raise(maximum: Option<u64>, needed: u64) -> Option<u64> {
    let within = maximum.map_or(needed, |maximum| maximum.min(needed));
    [(needed, Some(needed)), (within, maximum)]
        .into_iter()
        // A hard limit is never lowered.
        .filter(|(_, hard)| hard.is_none_or(|hard| maximum.is_some_and(|now| now <= hard)))
        .find_map(|(current, maximum)| {
            let current = Some(current);
            setrlimit(Resource::Nofile, Rlimit { current, maximum }).ok()?;
            current
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_already_stays() {
        let before = getrlimit(Resource::Nofile);
        allow(1).unwrap();
        assert_eq!(getrlimit(Resource::Nofile).current, before.current);
    }

    #[test]
    fn the_impossible_is_refused_in_words() {
        // More than any kernel gives, also to root (fs.nr_open).
        let error = allow(usize::try_from(u64::MAX >> 1).unwrap()).unwrap_err();
        assert!(error.to_string().contains("LimitNOFILE="), "{error}");
    }
}
