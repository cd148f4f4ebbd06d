//! `[store]`: the database that serves the history.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gridos_store::{PartitionWidth, Upkeep};

use super::postgres_url::PostgresUrl;
use super::secret::Secret;
use super::section::{Section, shown};
use super::source::Files;

pub(super) const KEYS: &[&str] = &[
    "kind",
    "path",
    "url",
    "password_file",
    "password",
    "commit_interval",
    "commit_size",
    "keep",
    "partition",
    "size_limit",
    "minutes",
    "connections",
];

/// The database that serves the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Which database.
    pub database: Database,
    /// The longest time readings wait for others before they are committed; 10 ms to 1 min,
    /// default 200 ms.
    pub commit_interval: Duration,
    /// Bytes of the journal after which a commit begins at once; 64 KiB to 64 MiB, default 4 MiB.
    pub commit_size: u64,
    /// How long readings are kept, and how what is old goes.
    pub upkeep: Upkeep,
    /// Whether minimum, maximum, mean and last value of each minute are kept beside the readings, for
    /// the view `reading_1m`; default true.
    pub minutes: bool,
    /// How many connections write to PostgreSQL at once, each the readings of some of the devices; 1
    /// to 8, default 1.
    pub connections: u16,
}

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file of this process; default `gridos.db` in the data folder.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A PostgreSQL server.
    Postgres {
        /// Where it is and as whom to connect, without a password.
        url: PostgresUrl,
        /// Where the password comes from.
        password: Password,
    },
}

/// Where a password comes from; never the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// There is none: the server trusts the connection.
    None,
    /// A file, read when the engine starts.
    File(PathBuf),
    /// An environment variable.
    Given(Secret),
}

impl Password {
    /// The password now, without line breaks at its end.
    ///
    /// # Errors
    /// If the file cannot be read as UTF-8.
    pub fn read(&self) -> std::io::Result<Option<Secret>> {
        match self {
            Self::None => Ok(None),
            Self::Given(secret) => Ok(Some(secret.clone())),
            Self::File(path) => {
                let text = std::fs::read_to_string(path)?;
                Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']))))
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Store {
    pub(super) fn read(section: &Section<'_>, data_dir: &Path, files: &Files<'_>) -> Option<Self> {
        let kinds = [("sqlite", Kind::Sqlite), ("postgres", Kind::Postgres)];
        let kind = section.choice("kind", &kinds);
        let database = match kind.map_or(Kind::Sqlite, |found| found.value) {
            Kind::Sqlite => {
                refuse(
                    section,
                    &[
                        "url",
                        "password_file",
                        "password",
                        "partition",
                        "connections",
                    ],
                    "postgres",
                );
                let path = section.text("path").map(|found| found.value.into());
                Some(Database::Sqlite {
                    path: path.unwrap_or_else(|| data_dir.join("gridos.db")),
                })
            }
            Kind::Postgres => {
                refuse(section, &["path", "size_limit"], "sqlite");
                postgres(section, files)
            }
        };
        let commit_interval = section.duration(
            "commit_interval",
            &(Duration::from_millis(10)..=Duration::from_secs(60)),
        );
        let commit_size = section.size("commit_size", &((64 << 10)..=(64 << 20)));
        let upkeep = upkeep(section);
        let connections = section.whole("connections", 1..=8_u16);
        Some(Self {
            database: database?,
            commit_interval: commit_interval.map_or(Duration::from_millis(200), |f| f.value),
            commit_size: commit_size.map_or(4 << 20, |found| found.value),
            upkeep,
            minutes: section.flag("minutes").unwrap_or(true),
            connections: connections.map_or(1, |found| found.value),
        })
    }
}

fn upkeep(section: &Section<'_>) -> Upkeep {
    let day = Duration::from_secs(86_400);
    let keep = section.duration("keep", &(day..=36_500 * day));
    let widths = [("day", PartitionWidth::Day), ("hour", PartitionWidth::Hour)];
    let partition = section.choice("partition", &widths);
    let size_limit = section.size("size_limit", &((64 << 20)..=(64 << 40)));
    Upkeep {
        keep: keep.map(|found| found.value),
        partition: partition.map_or(PartitionWidth::Day, |found| found.value),
        size_limit: size_limit.map(|found| found.value),
    }
}

fn refuse(section: &Section<'_>, keys: &[&str], kind: &str) {
    for key in keys.iter().filter(|key| section.has(key)) {
        let what = format!("is only for kind = \"{kind}\"; remove it or set kind");
        section.fault(key, what);
    }
}

fn postgres(section: &Section<'_>, files: &Files<'_>) -> Option<Database> {
    let from_file = |key| section.is_in_file(key);
    let url = section.text("url");
    let example = "url = \"postgres://gridos@127.0.0.1:5432/gridos\"";
    let url = section.demand("url", url, example)?;
    let (mut url, url_password) = match PostgresUrl::parse(url.value) {
        Ok(parts) => parts,
        Err(error) => {
            // The text may hold a password: it is not shown.
            section.fault("url", error);
            return None;
        }
    };
    if let Err(error) = url.find_files(files) {
        section.fault("url", error);
    }
    if url_password.is_some() && from_file("url") {
        section.fault(
            "url",
            "holds a password, and secrets are never in this file; remove it and write \
             password_file, or set the variable GRIDOS__STORE__PASSWORD",
        );
    }
    if section.has("password") && from_file("password") {
        section.fault(
            "password",
            "secrets are never in this file; write password_file, or set the variable \
             GRIDOS__STORE__PASSWORD",
        );
    }
    let password = match (section.text("password"), section.text("password_file")) {
        (Some(given), _) => Password::Given(Secret::new(given.value)),
        (None, Some(file)) => password_file(section, files, file.value),
        (None, None) => url_password.map_or(Password::None, Password::Given),
    };
    Some(Database::Postgres { url, password })
}

/// The file is read again at every start; that it can be read is seen here.
fn password_file(section: &Section<'_>, files: &Files<'_>, name: &str) -> Password {
    let path = files.folder.join(name);
    let wrong = match (files.read)(&path) {
        Ok(bytes) if std::str::from_utf8(&bytes).is_ok() => None,
        Ok(_) => Some("is no UTF-8; save it as UTF-8".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
    };
    if let Some(wrong) = wrong {
        let shown = shown(&path.to_string_lossy());
        section.fault("password_file", format_args!("{shown} {wrong}"));
    }
    Password::File(path)
}

#[cfg(test)]
mod tests {
    use gridos_store::postgres::TlsRoots;

    use super::super::Config;
    use super::super::tests::{NO_VARIABLES, faults, no_files};
    use super::*;

    #[test]
    fn passwords_are_never_in_the_file() {
        let file = "[store]\nkind = \"postgres\"\nurl = \"postgres://u:secret@h/d\"\npassword = \"secret\"";
        let text = faults(file);
        assert!(
            text.starts_with("g.toml:3: [store] url: holds a password"),
            "{text}"
        );
        assert!(
            text.contains("\ng.toml:4: [store] password: secrets are"),
            "{text}"
        );
        assert!(
            !text.contains("secret@") && !text.contains("\"secret\""),
            "{text}"
        );
        let file = "[store]\nkind = \"postgres\"\nurl = \"postgres://u@h/d\"";
        let variables = [("GRIDOS__STORE__PASSWORD", "secret")];
        let config = Config::parse(file, "g.toml", variables, &no_files).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
        let Database::Postgres { url, password } = config.store.database else {
            panic!("not postgres");
        };
        assert_eq!(url.as_str(), "postgres://u@h/d");
        assert_eq!(password, Password::Given(Secret::new("secret")));
    }

    #[test]
    fn certificates_are_beside_the_file_and_can_be_used() {
        let text = "[store]\nkind = \"postgres\"\n\
                    url = \"postgres://u@h/d?sslmode=verify-full&sslrootcert=ca.pem\"\n";
        let read = |pem: &'static str| {
            move |path: &Path| match path.to_str() {
                Some("conf/ca.pem") => Ok(pem.as_bytes().to_vec()),
                _ => Err(std::io::Error::other("there is none")),
            }
        };
        let faults = |pem| {
            let parsed = Config::parse(text, "conf/g.toml", NO_VARIABLES, &read(pem));
            parsed.unwrap_err().to_string()
        };
        assert_eq!(
            faults("no certificate"),
            "conf/g.toml:3: [store] url: sslrootcert of the database is 'conf/ca.pem', which holds no \
             certificate in PEM"
        );
        let moved = Config::parse(text, "g.toml", NO_VARIABLES, &read("")).unwrap_err();
        let missing =
            "sslrootcert of the database is 'ca.pem', which cannot be read: there is none";
        assert!(moved.to_string().ends_with(missing), "{moved}");
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new([]).unwrap();
        let pem: &'static str = params.self_signed(&key).unwrap().pem().leak();
        let config = Config::parse(text, "conf/g.toml", NO_VARIABLES, &read(pem)).unwrap();
        let Database::Postgres { url, .. } = config.store.database else {
            panic!("not postgres");
        };
        let roots = TlsRoots::File("conf/ca.pem".into());
        assert_eq!(url.config().tls.as_ref().unwrap().roots, roots);
    }

    #[test]
    fn keys_of_the_other_database_are_refused() {
        assert_eq!(
            faults("[store]\nurl = \"postgres://u@h/d\""),
            "g.toml:2: [store] url: is only for kind = \"postgres\"; remove it or set kind"
        );
        assert_eq!(
            faults("[store]\nkind = \"postgres\""),
            "g.toml:1: [store] url: is missing; write url = \
             \"postgres://gridos@127.0.0.1:5432/gridos\""
        );
    }

    #[test]
    fn only_postgres_takes_several_connections() {
        let postgres = "[store]\nkind = \"postgres\"\nurl = \"postgres://u@h/d\"\n";
        let read = |text: &str| {
            let config = Config::parse(text, "g.toml", NO_VARIABLES, &no_files).unwrap();
            config.store.connections
        };
        assert_eq!(read(postgres), 1);
        assert_eq!(read(&format!("{postgres}connections = 8")), 8);
        for wrong in ["0", "9", "true"] {
            let text = faults(&format!("{postgres}connections = {wrong}"));
            assert!(
                text.starts_with("g.toml:4: [store] connections: "),
                "{text}"
            );
        }
        assert_eq!(
            faults("[store]\nconnections = 2"),
            "g.toml:2: [store] connections: is only for kind = \"postgres\"; remove it or set kind"
        );
    }

    #[test]
    fn what_is_kept_is_said() {
        let read = |text: &str| {
            let config = Config::parse(text, "g.toml", NO_VARIABLES, &no_files).unwrap();
            config.store.upkeep
        };
        assert_eq!(read(""), Upkeep::default());
        let kept = read("[store]\nkeep = \"400d\"\nsize_limit = \"20GiB\"");
        let expected = Upkeep {
            keep: Some(Duration::from_secs(400 * 86_400)),
            partition: PartitionWidth::Day,
            size_limit: Some(20 << 30),
        };
        assert_eq!(kept, expected);
        let postgres = "[store]\nkind = \"postgres\"\nurl = \"postgres://u@h/d\"\n";
        let hours = read(&format!("{postgres}partition = \"hour\""));
        assert_eq!(hours.partition, PartitionWidth::Hour);
        let limited = faults(&format!("{postgres}size_limit = \"1GiB\"\nkeep = \"1h\""));
        assert!(
            limited.contains("size_limit: is only for kind = \"sqlite\""),
            "{limited}"
        );
        assert!(limited.contains("g.toml:5: [store] keep: "), "{limited}");
        let divided = faults("[store]\npartition = \"hour\"");
        assert!(
            divided.contains("is only for kind = \"postgres\""),
            "{divided}"
        );
    }

    #[test]
    fn a_password_file_must_be_there() {
        let text = "[store]\nkind = \"postgres\"\nurl = \"postgres://u@h/d\"\n\
                    password_file = \"secret\"\n";
        let missing = Config::parse(text, "conf/g.toml", NO_VARIABLES, &no_files);
        let missing = missing.unwrap_err().to_string();
        let begin = "conf/g.toml:4: [store] password_file: \"conf/secret\" cannot be read: ";
        assert!(missing.starts_with(begin), "{missing}");
        let binary = Config::parse(text, "g.toml", NO_VARIABLES, &|_| Ok(vec![0xff]));
        assert!(binary.unwrap_err().to_string().contains("is no UTF-8"));
        let good =
            Config::parse(text, "conf/g.toml", NO_VARIABLES, &|_| Ok(b"x\n".to_vec())).unwrap();
        let Database::Postgres { password, .. } = good.store.database else {
            panic!("not postgres");
        };
        assert_eq!(password, Password::File("conf/secret".into()));
    }
}
