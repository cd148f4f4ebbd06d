//! Connection URLs, as PostgreSQL's own tools take them.

use std::time::Duration;

use tokio_postgres::config::Host;

use super::PostgresConfig;

/// Why a URL does not say where the database is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresUrlError {
    /// It is no URL, or has an option this engine does not know.
    #[error("the url of the database is malformed: {reason}")]
    Malformed {
        /// What the driver said.
        reason: String,
    },
    /// It lacks a part, or has several hosts.
    #[error("the url of the database names {0}; write postgres://user@host:5432/database")]
    Part(&'static str),
}

impl PostgresConfig {
    /// The server at `url` (PostgreSQL documentation, 34.1.1.2) with `password`; of the options,
    /// `host` (the folder of a Unix socket) and `connect_timeout` are used.
    ///
    /// # Errors
    /// If the URL is malformed, or does not name one host, a user and a database.
    pub fn from_url(url: &str, password: Option<String>) -> Result<Self, PostgresUrlError> {
        let parsed: tokio_postgres::Config = url.parse().map_err(|error| {
            let reason = format!("{error}");
            PostgresUrlError::Malformed { reason }
        })?;
        let host = match parsed.get_hosts() {
            [Host::Tcp(host)] => host.clone(),
            [Host::Unix(folder)] => folder.to_string_lossy().into_owned(),
            [] => return Err(PostgresUrlError::Part("no host")),
            [_, _, ..] => return Err(PostgresUrlError::Part("several hosts")),
        };
        let user = parsed.get_user().ok_or(PostgresUrlError::Part("no user"))?;
        let database = parsed
            .get_dbname()
            .ok_or(PostgresUrlError::Part("no database"))?;
        let mut config = Self::new(&host, user, database);
        config.port = parsed.get_ports().first().copied().unwrap_or(config.port);
        config.connect_timeout = parsed
            .get_connect_timeout()
            .filter(|timeout| **timeout > Duration::ZERO)
            .copied()
            .unwrap_or(config.connect_timeout);
        config.password = password;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_the_database_is() {
        let url = "postgres://gridos@db1:6432/grid?connect_timeout=3";
        let config = PostgresConfig::from_url(url, Some("secret".to_owned())).unwrap();
        assert_eq!((&*config.host, config.port), ("db1", 6_432));
        assert_eq!((&*config.user, &*config.database), ("gridos", "grid"));
        assert_eq!(config.connect_timeout, Duration::from_secs(3));
        assert_eq!(config.password.as_deref(), Some("secret"));
    }

    #[test]
    fn a_url_may_name_the_folder_of_a_socket() {
        let url = "postgres://gridos@localhost/grid?host=/run/postgresql&port=5433";
        let error = PostgresConfig::from_url(url, None).unwrap_err();
        assert_eq!(error, PostgresUrlError::Part("several hosts"));
        let url = "postgres://gridos@%2Frun%2Fpostgresql:5433/grid";
        let config = PostgresConfig::from_url(url, None).unwrap();
        assert_eq!((&*config.host, config.port), ("/run/postgresql", 5_433));
    }

    #[test]
    fn a_url_without_a_part_is_refused() {
        for url in [
            "postgres://db1/grid",
            "postgres://gridos@db1",
            "postgres://gridos@db1/g?x=1",
        ] {
            assert!(PostgresConfig::from_url(url, None).is_err(), "{url}");
        }
    }
}
