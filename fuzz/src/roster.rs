//! What members of a fleet read of each other: in their bucket, and over the line between them.

use ::bytes::Bytes;
use gridos_roster::{rewritten, rewritten_datagram};

const KEYS: [&str; 5] = ["plan", "share", "session.a", "note.1", "other"];

/// The first byte says what the others are. Whatever is read is written so that it reads back as the same.
pub fn roster(bytes: &[u8]) {
    let Some((kind, value)) = bytes.split_first() else {
        return;
    };
    let Some(key) = KEYS.get(usize::from(*kind)) else {
        if let Some(once) = rewritten_datagram(value) {
            assert_eq!(rewritten_datagram(&once).as_ref(), Some(&once));
        }
        return;
    };
    match rewritten(key, &Bytes::copy_from_slice(value)) {
        Ok(Some(once)) => assert_eq!(rewritten(key, &once), Ok(Some(once))),
        Ok(None) => assert_eq!(*key, "other"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
