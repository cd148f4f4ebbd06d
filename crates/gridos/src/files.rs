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
    let raised = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let wish = Rlimit {
        current: Some(raised),
        maximum: limit.maximum,
    };
    let allowed = if setrlimit(Resource::Nofile, wish).is_ok() {
        raised
    } else {
        allowed
    };
    if allowed < needed {
        return Err(TooFewFiles { needed, allowed });
    }
    Ok(())
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
        let Some(maximum) = getrlimit(Resource::Nofile).maximum else {
            return;
        };
        let error = allow(usize::try_from(maximum).unwrap().saturating_add(1)).unwrap_err();
        assert!(error.to_string().contains("LimitNOFILE="), "{error}");
    }
}
