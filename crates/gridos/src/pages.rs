//! Pages of memory: small ones, for a fleet touches a little of many.

/// Has the system give this process no huge pages, which the allocator asks for.
///
/// A huge page is resident as a whole once a byte of it is used, and what is given back in pieces
/// becomes whole again by itself. Where the system cannot be asked, the engine only takes more memory.
pub(crate) fn keep_small() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "the system gives huge pages");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::thread::transparent_huge_pages_are_disabled;

    use super::*;

    #[test]
    fn pages_stay_small() {
        keep_small();
        assert_eq!(transparent_huge_pages_are_disabled(), Ok(true));
    }
}
