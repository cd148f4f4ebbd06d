//! Where the stream is, and how large it may become.

use gridos_journal::StreamId;
use gridos_model::LayoutId;
use gridos_nats::ServerOptions;

/// Where the stream is, and how large it may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayOptions {
    /// Where the servers are.
    pub server: ServerOptions,
    /// What the stream is called: letters, digits, `-` and `_`. Engines and writers of one database
    /// have one.
    pub name: String,
    /// On how many servers it is kept, if it has to be made: 1, 3 or 5.
    pub replicas: usize,
    /// Bytes that it may hold, if it has to be made: beyond them engines hold back.
    pub bytes_max: i64,
}

impl RelayOptions {
    /// The name of the stream.
    pub fn stream(&self) -> String {
        format!("gridos-journal-{}", self.name)
    }

    /// Everything in it.
    pub(crate) fn all(&self) -> String {
        format!("gridos.journal.{}.>", self.name)
    }

    /// The pieces of all journals.
    pub(crate) fn pieces(&self) -> String {
        format!("gridos.journal.{}.piece.*", self.name)
    }

    /// The pieces of one journal.
    pub(crate) fn pieces_of(&self, stream: StreamId) -> String {
        format!("gridos.journal.{}.piece.{stream}", self.name)
    }

    /// The inverse of [`Self::pieces_of`].
    pub(crate) fn stream_of(&self, subject: &str) -> Option<StreamId> {
        let (_, id) = subject.rsplit_once('.')?;
        let stream = StreamId::from_raw(u64::from_str_radix(id, 16).ok()?);
        (self.pieces_of(stream) == subject).then_some(stream)
    }

    /// What all layouts are.
    pub(crate) fn layouts(&self) -> String {
        format!("gridos.journal.{}.layout.*", self.name)
    }

    /// What one layout is.
    pub(crate) fn layout(&self, id: LayoutId) -> String {
        format!("gridos.journal.{}.layout.{:016x}", self.name, id.raw())
    }

    /// Where writers tell each other that they are there.
    pub(crate) fn writers(&self) -> String {
        format!("gridos.writers.{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use gridos_nats::Credentials;

    use super::*;

    #[test]
    fn subjects_name_their_stream() {
        let options = RelayOptions {
            server: ServerOptions {
                servers: Vec::new(),
                client: String::new(),
                credentials: Credentials::None,
                ca_file: None,
                certificate: None,
            },
            name: "north".to_owned(),
            replicas: 1,
            bytes_max: 1 << 30,
        };
        let stream = StreamId::from_raw(0xabc);
        let subject = options.pieces_of(stream);
        assert_eq!(subject, "gridos.journal.north.piece.0000000000000abc");
        assert_eq!(options.stream_of(&subject), Some(stream));
        for other in [
            "",
            "gridos.journal.south.piece.0000000000000abc",
            "x.abc",
            "a.b.zz",
        ] {
            assert_eq!(options.stream_of(other), None, "{other}");
        }
    }
}
