//! Where the database is and how long to wait for it.

use std::fmt;
use std::time::Duration;

use super::PostgresTls;

/// The port of PostgreSQL.
const PORT: u16 = 5432;

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresServer {
    /// A host name, an address, or the folder of a Unix socket (begins with `/`).
    pub host: String,
    /// The port; names the socket's file too.
    pub port: u16,
}

/// Where the PostgreSQL server is and how long to wait for it.
///
/// Without [`PostgresConfig::tls`] connections are not encrypted: let them run over a Unix socket, on
/// one machine, or through a tunnel. Connect to the server itself, or through a recent PgBouncer in
/// session mode: older ones are confused by the driver's COPY.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresConfig {
    /// A host name, an address, or the folder of a Unix socket (begins with `/`).
    pub host: String,
    /// The port; names the socket's file too.
    pub port: u16,
    /// Further servers of the same database, such as standbys. They are tried in order; the writer
    /// takes only one that takes writes, so that it finds the new primary after a failover.
    pub further: Vec<PostgresServer>,
    /// The role to log in as.
    pub user: String,
    /// Its password, if the server asks for one.
    pub password: Option<String>,
    /// The database.
    pub database: String,
    /// How connections are encrypted, if they are.
    pub tls: Option<PostgresTls>,
    /// Whether the login must be bound to the TLS connection (SCRAM-SHA-256-PLUS), so that nobody
    /// in between can pass it on; without, it is if the server can.
    pub channel_binding: bool,
    /// The longest wait for a connection to one server; 5 s by default.
    pub connect_timeout: Duration,
    /// The longest wait for one statement of the writer, a COPY of some MiB included; 30 s by
    /// default. What takes longer is broken off and tried again on a new connection.
    pub write_timeout: Duration,
    /// The longest wait for the answer to a question about the past; 30 s by default.
    pub read_timeout: Duration,
    /// Whether minutes are rolled up, for the view `reading_1m`; by default they are.
    pub minutes: bool,
    /// How many connections the writer has, each for some of the devices, 1 to 8; 1 by default. A
    /// stream that is begun keeps the number it began with.
    pub connections: u16,
}

impl PostgresConfig {
    /// The server at `host` with its usual port, and the default times.
    pub fn new(host: &str, user: &str, database: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: PORT,
            further: Vec::new(),
            user: user.to_owned(),
            password: None,
            database: database.to_owned(),
            tls: None,
            channel_binding: false,
            connect_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(30),
            minutes: true,
            connections: 1,
        }
    }

    /// All servers in the order in which they are tried.
    pub fn servers(&self) -> impl Iterator<Item = PostgresServer> {
        let first = PostgresServer {
            host: self.host.clone(),
            port: self.port,
        };
        std::iter::once(first).chain(self.further.iter().cloned())
    }

    /// A server for messages: `database 'gridos' at db1:5432`.
    pub(crate) fn place(&self, server: &PostgresServer) -> String {
        format!("database '{}' at {server}", self.database)
    }
}

impl PostgresServer {
    /// Whether it is reached over a Unix socket.
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

impl fmt::Display for PostgresServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Debug for PostgresConfig {
    /// Everything but the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("further", &self.further)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("database", &self.database)
            .field("tls", &self.tls)
            .field("channel_binding", &self.channel_binding)
            .field("connect_timeout", &self.connect_timeout)
            .field("write_timeout", &self.write_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("minutes", &self.minutes)
            .field("connections", &self.connections)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_not_shown() {
        let mut config = PostgresConfig::new("db1", "gridos", "gridos");
        config.password = Some("hunter2".to_owned());
        assert!(!format!("{config:?}").contains("hunter2"));
        let places: Vec<_> = config.servers().map(|s| config.place(&s)).collect();
        assert_eq!(places, ["database 'gridos' at db1:5432"]);
    }
}
