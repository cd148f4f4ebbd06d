//! Connection URLs, as PostgreSQL's own tools take them.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::{ChannelBinding, Host};

use super::{PostgresConfig, PostgresServer, PostgresTls, TlsIdentity, TlsRoots};

/// Why a URL does not say where the database is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresUrlError {
    /// It is no URL.
    #[error("the url of the database is malformed: {reason}")]
    Malformed {
        /// What the driver said.
        reason: String,
    },
    /// It lacks a part.
    #[error("the url of the database names {0}; write postgres://user@host:5432/database")]
    Part(&'static str),
    /// It has an option that cannot be fulfilled.
    #[error("the url of the database {0}")]
    Option(#[from] PostgresOptionError),
}

/// An option of a URL that this engine cannot fulfil; its value may be a secret and is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresOptionError {
    /// It asks for a connection that may be encrypted, but with whomever.
    #[error(
        "has a sslmode that lets anybody in between pretend to be the server: write \
         sslmode=verify-full with sslrootcert=FILE (or sslrootcert=system), or sslmode=disable where \
         nobody is in between"
    )]
    Mode,
    /// It does not say whose certificates are trusted.
    #[error(
        "has sslmode=verify-full and does not say whose certificates are trusted: write \
         sslrootcert=FILE, or sslrootcert=system for those that this machine trusts"
    )]
    Roots,
    /// It names files for a connection that has no use for them.
    #[error("has the option '{0}' without sslmode=verify-full; write both")]
    Idle(&'static str),
    /// It names only one of certificate and key.
    #[error("names only one of sslcert and sslkey; write both, or neither")]
    Pair,
    /// It asks for TLS over a Unix socket.
    #[error("asks for TLS over a Unix socket, which has none; write sslmode=disable")]
    Socket,
    /// It asks for another kind of server.
    #[error("has a target_session_attrs that the engine cannot use: it needs read-write")]
    Target,
    /// It has a wrong percent code.
    #[error("has a wrong percent code in the option '{0}'")]
    Percent(&'static str),
    /// It is of no use here.
    #[error("has the option '{0}', which would do nothing here; remove it")]
    Unused(String),
}

impl PostgresConfig {
    /// The servers at `url` (PostgreSQL documentation, 34.1.1.2) with `password`:
    /// `postgres://user@host:port,host:port/database?option=value&option=value`.
    ///
    /// Its options are `host` (the folder of a Unix socket), `connect_timeout`, `channel_binding`,
    /// `target_session_attrs` (`read-write`, as it is anyway) and those of TLS: `sslmode` (`disable`,
    /// as without it, or `verify-full`), `sslrootcert`, `sslcert`, `sslkey`.
    ///
    /// # Errors
    /// If the URL is malformed, does not name a host, a user and a database, or has an option that
    /// would silently do nothing, or less than it says.
    pub fn from_url(url: &str, password: Option<String>) -> Result<Self, PostgresUrlError> {
        let is_url = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        if !is_url {
            let reason = "it does not begin with postgres://".to_owned();
            return Err(PostgresUrlError::Malformed { reason });
        }
        let (place, options) = url.split_once('?').unwrap_or((url, ""));
        let options = Options::read(options)?;
        let for_driver = format!("{place}?{}", options.for_driver.join("&"));
        let parsed: tokio_postgres::Config =
            for_driver.parse().map_err(|error: tokio_postgres::Error| {
                // What is wrong stands in its source: "invalid value for option `port`".
                let source = std::error::Error::source(&error);
                let reason = source.map_or_else(|| error.to_string(), ToString::to_string);
                PostgresUrlError::Malformed { reason }
            })?;
        let mut servers = servers(&parsed);
        let first = servers.next().ok_or(PostgresUrlError::Part("no host"))?;
        let user = parsed.get_user().ok_or(PostgresUrlError::Part("no user"))?;
        let database = parsed
            .get_dbname()
            .ok_or(PostgresUrlError::Part("no database"))?;
        let mut config = Self::new(&first.host, user, database);
        config.port = first.port;
        config.further = servers.collect();
        config.connect_timeout = parsed
            .get_connect_timeout()
            .filter(|timeout| **timeout > Duration::ZERO)
            .copied()
            .unwrap_or(config.connect_timeout);
        config.channel_binding = parsed.get_channel_binding() == ChannelBinding::Require;
        config.password = password;
        config.tls = options.tls()?;
        if config.tls.is_some() && config.servers().any(|server| server.is_socket()) {
            return Err(PostgresOptionError::Socket.into());
        }
        if config.tls.is_none() && config.channel_binding {
            return Err(PostgresOptionError::Idle("channel_binding").into());
        }
        Ok(config)
    }
}

/// The servers of a URL; a host without a port has the only one, or the usual one.
fn servers(parsed: &tokio_postgres::Config) -> impl Iterator<Item = PostgresServer> {
    let ports = parsed.get_ports();
    let hosts = parsed.get_hosts().iter().enumerate();
    hosts.map(|(nth, host)| PostgresServer {
        host: match host {
            Host::Tcp(host) => host.clone(),
            Host::Unix(folder) => folder.to_string_lossy().into_owned(),
        },
        port: ports.get(nth).or(ports.first()).copied().unwrap_or(5432),
    })
}

/// The options of a URL, those of TLS apart from what the driver reads by itself.
#[derive(Debug, Default)]
struct Options<'a> {
    for_driver: Vec<&'a str>,
    verify_full: bool,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl<'a> Options<'a> {
    fn read(options: &'a str) -> Result<Self, PostgresOptionError> {
        let mut read = Self::default();
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match (name, value) {
                ("host" | "connect_timeout" | "channel_binding", _) => read.for_driver.push(option),
                ("target_session_attrs", "read-write") => {}
                ("target_session_attrs", _) => return Err(PostgresOptionError::Target),
                ("sslmode", "disable") => read.verify_full = false,
                ("sslmode", "verify-full") => read.verify_full = true,
                ("sslmode", _) => return Err(PostgresOptionError::Mode),
                ("sslrootcert", _) => read.root = Some(decode("sslrootcert", value)?),
                ("sslcert", _) => read.certificate = Some(decode("sslcert", value)?),
                ("sslkey", _) => read.key = Some(decode("sslkey", value)?),
                (name, _) => {
                    let name = name.chars().take(32).collect();
                    return Err(PostgresOptionError::Unused(name));
                }
            }
        }
        Ok(read)
    }

    fn tls(self) -> Result<Option<PostgresTls>, PostgresOptionError> {
        let files = [
            ("sslrootcert", &self.root),
            ("sslcert", &self.certificate),
            ("sslkey", &self.key),
        ];
        if !self.verify_full {
            let idle = files.iter().find(|(_, file)| file.is_some());
            return idle.map_or(Ok(None), |(name, _)| Err(PostgresOptionError::Idle(name)));
        }
        let identity = match (self.certificate, self.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(TlsIdentity {
                certificate: certificate.into(),
                key: key.into(),
            }),
            (Some(_), None) | (None, Some(_)) => return Err(PostgresOptionError::Pair),
        };
        let roots = match self.root.as_deref() {
            None | Some("") => return Err(PostgresOptionError::Roots),
            Some("system") => TlsRoots::System,
            Some(file) => TlsRoots::File(PathBuf::from(file)),
        };
        Ok(Some(PostgresTls { roots, identity }))
    }
}

fn decode(name: &'static str, value: &str) -> Result<String, PostgresOptionError> {
    let decoded = percent_decode_str(value).decode_utf8();
    let decoded = decoded.map_err(|_| PostgresOptionError::Percent(name))?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(options: &str) -> Result<PostgresConfig, PostgresUrlError> {
        PostgresConfig::from_url(&format!("postgres://gridos@db1/grid{options}"), None)
    }

    fn server(host: &str, port: u16) -> PostgresServer {
        let host = host.to_owned();
        PostgresServer { host, port }
    }

    #[test]
    fn a_url_says_where_the_database_is() {
        let url = "postgres://gridos@db1:6432/grid?connect_timeout=3";
        let config = PostgresConfig::from_url(url, Some("secret".to_owned())).unwrap();
        assert!(config.servers().eq([server("db1", 6_432)]));
        assert_eq!((&*config.user, &*config.database), ("gridos", "grid"));
        assert_eq!(config.connect_timeout, Duration::from_secs(3));
        assert_eq!(config.password.as_deref(), Some("secret"));
        assert_eq!((config.tls, config.channel_binding), (None, false));
    }

    #[test]
    fn a_url_may_name_several_servers() {
        let url = "postgres://u@db1,db2:5433,[fd00::7]:6432/grid?target_session_attrs=read-write";
        let config = PostgresConfig::from_url(url, None).unwrap();
        let expected = [
            server("db1", 5_432),
            server("db2", 5_433),
            server("fd00::7", 6_432),
        ];
        assert!(config.servers().eq(expected));
        let last = config.servers().last().unwrap();
        assert_eq!(last.to_string(), "[fd00::7]:6432");
        for kind in ["any", "read-only", "standby"] {
            let url = format!("postgres://u@db1,db2/grid?target_session_attrs={kind}");
            let error = PostgresConfig::from_url(&url, None).unwrap_err();
            assert_eq!(error, PostgresOptionError::Target.into());
        }
    }

    #[test]
    fn a_url_may_name_the_folder_of_a_socket() {
        let url = "postgres://gridos@%2Frun%2Fpostgresql:5433/grid";
        let config = PostgresConfig::from_url(url, None).unwrap();
        assert!(config.servers().eq([server("/run/postgresql", 5_433)]));
        let url = format!("{url}?sslmode=verify-full&sslrootcert=system");
        let error = PostgresConfig::from_url(&url, None).unwrap_err();
        assert_eq!(error, PostgresOptionError::Socket.into());
    }

    #[test]
    fn a_url_without_a_part_is_refused() {
        for url in [
            "postgres://db1/grid",
            "postgres://gridos@db1",
            "postgres://gridos@db1/g?x=1",
            "host=db1 user=gridos dbname=grid",
        ] {
            assert!(PostgresConfig::from_url(url, None).is_err(), "{url}");
        }
    }

    #[test]
    fn a_connection_is_never_less_private_than_it_was_asked_to_be() {
        for mode in ["allow", "prefer", "require", "verify-ca", "%64isable", ""] {
            let error = config(&format!("?connect_timeout=3&sslmode={mode}")).unwrap_err();
            assert_eq!(error, PostgresOptionError::Mode.into(), "{mode}");
            let text = error.to_string();
            assert!(text.contains("write sslmode=verify-full"), "{text}");
        }
        assert_eq!(config("?sslmode=disable").unwrap().tls, None);
        for option in ["sslrootcert", "sslcert", "sslkey"] {
            let error = config(&format!("?{option}=a.pem")).unwrap_err();
            assert_eq!(error, PostgresOptionError::Idle(option).into());
        }
        let error = config("?channel_binding=require").unwrap_err();
        assert_eq!(error, PostgresOptionError::Idle("channel_binding").into());
    }

    #[test]
    fn tls_is_with_a_server_whose_name_is_checked() {
        let tls = |options: &str| config(&format!("?sslmode=verify-full{options}"));
        let error = |options| tls(options).unwrap_err();
        assert_eq!(error(""), PostgresOptionError::Roots.into());
        assert_eq!(error("&sslrootcert="), PostgresOptionError::Roots.into());
        let half = "&sslrootcert=ca.pem&sslcert=own.pem";
        assert_eq!(error(half), PostgresOptionError::Pair.into());
        let percent = "&sslrootcert=%ff";
        assert_eq!(
            error(percent),
            PostgresOptionError::Percent("sslrootcert").into()
        );
        let system = tls("&sslrootcert=system").unwrap().tls;
        let (roots, identity) = (TlsRoots::System, None);
        assert_eq!(system, Some(PostgresTls { roots, identity }));
        let all = "&sslrootcert=%2Fetc%2Fca.pem&sslcert=own.pem&sslkey=own.key\
                   &channel_binding=require";
        let all = tls(all).unwrap();
        assert!(all.channel_binding);
        let mut tls = all.tls.unwrap();
        tls.based_on("/opt".as_ref());
        let expected = PostgresTls {
            roots: TlsRoots::File("/etc/ca.pem".into()),
            identity: Some(TlsIdentity {
                certificate: "/opt/own.pem".into(),
                key: "/opt/own.key".into(),
            }),
        };
        assert_eq!(tls, expected);
    }

    #[test]
    fn an_option_that_would_do_nothing_is_refused() {
        for option in ["application_name", "port", "user", "ssl%6Dode", "sslcrl"] {
            let error = config(&format!("?{option}=x")).unwrap_err();
            let unused = PostgresOptionError::Unused(option.to_owned());
            assert_eq!(error, unused.into());
        }
    }
}
