//! `[relay]`: the journal goes to writers on other machines, over NATS JetStream.

use gridos_relay::RelayOptions;

use super::name::Name;
use super::nats::{NatsFileError, NatsServers, token};
use super::section::Section;
use super::source::Files;
use super::store::{Database, Store};

pub(super) const KEYS: &[&str] = &[
    "servers",
    "name",
    "replicas",
    "size_limit",
    "credentials_file",
    "token_file",
    "user",
    "password_file",
    "ca_file",
    "certificate_file",
    "key_file",
];

/// The way to writers on other machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Where the servers of NATS are, and how one comes in.
    pub nats: NatsServers,
    /// What the stream is called; engines and writers of one database have one; default `gridos`.
    pub name: Name,
    /// On how many servers the stream is kept if it has to be made; 1, 3 or 5, default 3.
    pub replicas: usize,
    /// Bytes that the stream may hold if it has to be made; 64 MiB to 64 TiB, default 8 GiB.
    pub size_limit: u64,
}

impl Relay {
    /// What the section says; `None` if there is none.
    pub(super) fn read(
        section: &Section<'_>,
        store: Option<&Store>,
        files: &Files<'_>,
    ) -> Option<Self> {
        if !section.is_given() && !KEYS.iter().any(|key| section.has(key)) {
            return None;
        }
        let nats = NatsServers::read(section, files);
        let name = section.word("name", token).map(|found| found.value);
        let replicas = section.whole("replicas", 1..=5_usize);
        if replicas.as_ref().is_some_and(|found| found.value % 2 == 0) {
            section.fault(
                "replicas",
                "must be 1, 3 or 5: of an even number none can fail more",
            );
        }
        let size_limit = section.size("size_limit", &((64 << 20)..=(64 << 40)));
        if store.is_some_and(|store| matches!(store.database, Database::Sqlite { .. })) {
            section.report(
                "needs [store] kind = \"postgres\": a file of SQLite is of one machine".to_owned(),
            );
        }
        Some(Self {
            nats: nats?,
            name: name.or_else(|| Name::plain("gridos").ok())?,
            replicas: replicas.map_or(3, |found| found.value),
            size_limit: size_limit.map_or(8 << 30, |found| found.value),
        })
    }

    /// Where the stream is and how one comes in, with the files as they are now, for the client
    /// called `client`.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn options(&self, client: &str) -> Result<RelayOptions, NatsFileError> {
        Ok(RelayOptions {
            server: self.nats.options(client)?,
            name: self.name.to_string(),
            replicas: self.replicas,
            bytes_max: i64::try_from(self.size_limit).unwrap_or(i64::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::super::tests::NO_VARIABLES;
    use super::super::{Config, Faults};

    const STORE: &str = "[store]\nkind = \"postgres\"\nurl = \"postgres://u@h/d\"\n";

    fn parse(text: &str) -> Result<Config, Faults> {
        let read = |path: &Path| match path.to_str() {
            Some("etc/token") => Ok(b"a-token\n".to_vec()),
            _ => Err(io::Error::other("there is none")),
        };
        Config::parse(text, "etc/g.toml", NO_VARIABLES, &read)
    }

    #[test]
    fn a_relay_is_read() {
        assert_eq!(parse("").unwrap().relay, None);
        let text = format!("{STORE}[relay]\nservers = \"nats://a:4222\"");
        let relay = parse(&text).unwrap().relay.unwrap();
        assert_eq!((relay.replicas, relay.size_limit), (3, 8 << 30));
        assert_eq!(relay.name.as_str(), "gridos");
        let text = format!(
            "{STORE}[relay]\nservers = \"nats://a:4222, tls://b:4222\"\nname = \"north\"\n\
             replicas = 1\nsize_limit = \"100MiB\"\ntoken_file = \"token\""
        );
        let relay = parse(&text).unwrap().relay.unwrap();
        assert_eq!(relay.nats.servers, ["nats://a:4222", "tls://b:4222"]);
        assert_eq!(relay.nats.token_file, Some("etc/token".into()));
        assert_eq!((relay.replicas, relay.size_limit), (1, 100 << 20));
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_lines() {
        let text = "[relay]\nservers = \"http://me:hunter2@a\"\nname = \"a.b\"\nreplicas = 2\n\
                    size_limit = \"1MiB\"\ntoken_file = \"gone\"\nuser = \"me\"";
        let told = parse(text).unwrap_err().to_string();
        for expected in [
            "etc/g.toml:1: [relay]: needs [store] kind = \"postgres\"",
            "etc/g.toml:2: [relay] servers: ",
            "etc/g.toml:3: [relay] name: \"a.b\" may hold",
            "etc/g.toml:4: [relay] replicas: must be 1, 3 or 5",
            "etc/g.toml:5: [relay] size_limit: ",
            "etc/g.toml:6: [relay] token_file: \"etc/gone\" cannot be read: there is none",
            "etc/g.toml:7: [relay] user: needs `password_file`",
            "token_file, user exclude each other",
        ] {
            assert!(told.contains(expected), "{expected}\n{told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
    }
}
