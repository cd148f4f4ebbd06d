//! Connection URLs, as PostgreSQL's own tools take them.

use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};

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
    /// It has an option that would silently do nothing.
    #[error("the url of the database {0}")]
    Option(#[from] PostgresOptionError),
}

/// An option of a URL that this engine cannot fulfil; its value may be a secret and is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresOptionError {
    /// It asks for a connection that nobody else can read.
    #[error(
        "asks for TLS with sslmode, and this engine speaks to the database without: write \
         sslmode=disable, and reach a server elsewhere through a tunnel"
    )]
    Tls,
    /// It is of no use here.
    #[error("has the option '{0}', which would do nothing here; remove it")]
    Unused(String),
}

impl PostgresConfig {
    /// The server at `url` (PostgreSQL documentation, 34.1.1.2) with `password`; of the options,
    /// `host` (the folder of a Unix socket) and `connect_timeout` are used, and `sslmode` may say
    /// that there is no TLS.
    ///
    /// # Errors
    /// If the URL is malformed, does not name one host, a user and a database, or has an option
    /// that would silently do nothing.
    pub fn from_url(url: &str, password: Option<String>) -> Result<Self, PostgresUrlError> {
        let (_, options) = url.split_once('?').unwrap_or((url, ""));
        options.split('&').try_for_each(check_option)?;
        let parsed: tokio_postgres::Config = url.parse().map_err(|error| {
            let reason = format!("{error}");
            PostgresUrlError::Malformed { reason }
        })?;
        // The driver also reads texts that are no URL, whose options were not seen above.
        if parsed.get_ssl_mode() == SslMode::Require {
            return Err(PostgresOptionError::Tls.into());
        }
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

fn check_option(option: &str) -> Result<(), PostgresOptionError> {
    let (key, value) = option.split_once('=').unwrap_or((option, ""));
    match (key, value) {
        ("" | "host" | "connect_timeout", _) | ("sslmode", "disable" | "prefer") => Ok(()),
        ("sslmode", _) => Err(PostgresOptionError::Tls),
        (key, _) => Err(PostgresOptionError::Unused(
            key.chars().take(32).collect::<String>(),
        )),
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
        let url = "postgres://gridos@localhost/grid?host=/run/postgresql";
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

    #[test]
    fn a_connection_is_never_less_private_than_it_was_asked_to_be() {
        let error = |text: &str| PostgresConfig::from_url(text, None).unwrap_err();
        for mode in ["require", "verify-ca", "verify-full", "%72equire", ""] {
            let url = format!("postgres://gridos@db1/grid?connect_timeout=3&sslmode={mode}");
            assert_eq!(error(&url), PostgresOptionError::Tls.into(), "{mode}");
        }
        let pairs = "host=db1 user=gridos dbname=grid sslmode=require";
        assert_eq!(error(pairs), PostgresOptionError::Tls.into());
        for mode in ["disable", "prefer"] {
            let url = format!("postgres://gridos@db1/grid?sslmode={mode}");
            assert!(PostgresConfig::from_url(&url, None).is_ok(), "{mode}");
        }
    }

    #[test]
    fn an_option_that_would_do_nothing_is_refused() {
        for option in [
            "sslrootcert",
            "application_name",
            "port",
            "user",
            "ssl%6Dode",
        ] {
            let url = format!("postgres://gridos@db1/grid?{option}=x");
            let error = PostgresConfig::from_url(&url, None).unwrap_err();
            let unused = PostgresOptionError::Unused(option.to_owned());
            assert_eq!(error, unused.into());
        }
    }
}
