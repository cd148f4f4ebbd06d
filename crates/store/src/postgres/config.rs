//! Where the database is and how long to wait for it.

use std::fmt;
use std::time::Duration;

/// Where the PostgreSQL server is and how long to wait for it.
///
/// Connections are not encrypted (`sslmode=disable`): let them run over a Unix socket, on one
/// machine, or through a tunnel. Connect to the server itself, or through a recent PgBouncer in
/// session mode: older ones are confused by the driver's COPY.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresConfig {
    /// A host name, an address, or the folder of a Unix socket (begins with `/`).
    pub host: String,
    /// The port; names the socket's file too.
    pub port: u16,
    /// The role to log in as.
    pub user: String,
    /// Its password, if the server asks for one.
    pub password: Option<String>,
    /// The database.
    pub database: String,
    /// The longest wait for a connection; 5 s by default.
    pub connect_timeout: Duration,
    /// The longest wait for one statement of the writer, a COPY of some MiB included; 30 s by
    /// default. What takes longer is broken off and tried again on a new connection.
    pub write_timeout: Duration,
    /// The longest wait for the answer to a question about the past; 30 s by default.
    pub read_timeout: Duration,
}

impl PostgresConfig {
    /// The server at `host` with its usual port, and the default times.
    pub fn new(host: &str, user: &str, database: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: 5432,
            user: user.to_owned(),
            password: None,
            database: database.to_owned(),
            connect_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(30),
        }
    }

    /// The server for messages: `database 'gridos' at db1:5432`.
    pub(crate) fn place(&self) -> String {
        format!(
            "database '{}' at {}:{}",
            self.database, self.host, self.port
        )
    }
}

impl fmt::Debug for PostgresConfig {
    /// Everything but the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("database", &self.database)
            .field("connect_timeout", &self.connect_timeout)
            .field("write_timeout", &self.write_timeout)
            .field("read_timeout", &self.read_timeout)
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
        assert_eq!(config.place(), "database 'gridos' at db1:5432");
    }
}
