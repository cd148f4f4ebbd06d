//! Messages of PostgreSQL's protocol, as far as they must be told apart (documentation, 55.7).

use bytes::{Buf, BytesMut};

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Engine,
    Server,
}

/// One message as it is on the wire.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) side: Side,
    /// The message's type; 0 for the engine's first, which has none.
    pub(crate) kind: u8,
    /// All of it, type and length included.
    pub(crate) bytes: BytesMut,
}

impl Message {
    /// Takes the next whole message out of `buffer`, if there is one.
    pub(crate) fn take(side: Side, is_first: bool, buffer: &mut BytesMut) -> Option<Self> {
        let has_kind = side == Side::Server || !is_first;
        let at = usize::from(has_kind);
        let length = buffer.get(at..at + 4)?.get_u32() as usize;
        if buffer.len() < at + length {
            return None;
        }
        let bytes = buffer.split_to(at + length);
        Some(Self {
            side,
            kind: if has_kind { bytes[0] } else { 0 },
            bytes,
        })
    }

    /// Whether the server says that a transaction is committed.
    pub(crate) fn is_committed(&self) -> bool {
        self.side == Side::Server && self.kind == b'C' && self.bytes[5..] == *b"COMMIT\0"
    }

    /// Whether the engine asks to commit.
    pub(crate) fn is_commit(&self) -> bool {
        let text = String::from_utf8_lossy(&self.bytes).to_ascii_lowercase();
        self.side == Side::Engine && [b'Q', b'P'].contains(&self.kind) && text.contains("commit")
    }

    /// Whether it is rows on their way to a table.
    pub(crate) fn is_copy_data(&self) -> bool {
        self.side == Side::Engine && self.kind == b'd'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_whole_and_told_apart() {
        let mut engine = BytesMut::from(&b"\0\0\0\x08\0\x03\0\0Q\0\0\0\x0bcommit\0d\0\0\0\x06"[..]);
        let startup = Message::take(Side::Engine, true, &mut engine).unwrap();
        assert_eq!((startup.kind, startup.bytes.len()), (0, 8));
        let commit = Message::take(Side::Engine, false, &mut engine).unwrap();
        assert!(commit.is_commit() && !commit.is_copy_data());
        assert!(Message::take(Side::Engine, false, &mut engine).is_none());
        engine.extend_from_slice(&[1, 2, 3]);
        let data = Message::take(Side::Engine, false, &mut engine).unwrap();
        assert!(data.is_copy_data() && !data.is_commit());
        assert_eq!(engine, [3][..]);
        let mut server = BytesMut::from(&b"C\0\0\0\x0bCOMMIT\0C\0\0\0\x0aBEGIN\0"[..]);
        assert!(
            Message::take(Side::Server, true, &mut server)
                .unwrap()
                .is_committed()
        );
        assert!(
            !Message::take(Side::Server, false, &mut server)
                .unwrap()
                .is_committed()
        );
    }
}
