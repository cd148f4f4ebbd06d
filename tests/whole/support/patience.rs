//! How a test waits for another process: it looks again, and leaves the processors to it meanwhile.

use std::time::Duration;

const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(2);

/// Between two looks at what is awaited.
pub(crate) fn look_again() {
    std::thread::sleep(LOOK_AGAIN_AFTER);
}
