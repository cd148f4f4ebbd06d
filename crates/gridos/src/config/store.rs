//! `[store]`: the database that serves the history.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::postgres_url::PostgresUrl;
use super::secret::Secret;
use super::section::Section;

pub(super) const KEYS: &[&str] = &[
    "kind",
    "path",
    "url",
    "password_file",
    "password",
    "commit_interval",
    "commit_size",
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
    /// `folder` is the configuration file's.
    pub(super) fn read(section: &Section<'_>, data_dir: &Path, folder: &Path) -> Option<Self> {
        let kinds = [("sqlite", Kind::Sqlite), ("postgres", Kind::Postgres)];
        let kind = section.choice("kind", &kinds);
        let database = match kind.map_or(Kind::Sqlite, |found| found.value) {
            Kind::Sqlite => {
                refuse(section, &["url", "password_file", "password"], "postgres");
                let path = section.text("path").map(|found| found.value.into());
                Some(Database::Sqlite {
                    path: path.unwrap_or_else(|| data_dir.join("gridos.db")),
                })
            }
            Kind::Postgres => {
                refuse(section, &["path"], "sqlite");
                postgres(section, folder)
            }
        };
        let commit_interval = section.duration(
            "commit_interval",
            &(Duration::from_millis(10)..=Duration::from_secs(60)),
        );
        let commit_size = section.size("commit_size", &((64 << 10)..=(64 << 20)));
        Some(Self {
            database: database?,
            commit_interval: commit_interval.map_or(Duration::from_millis(200), |f| f.value),
            commit_size: commit_size.map_or(4 << 20, |found| found.value),
        })
    }
}

fn refuse(section: &Section<'_>, keys: &[&str], kind: &str) {
    for key in keys.iter().filter(|key| section.has(key)) {
        let what = format!("is only for kind = \"{kind}\"; remove it or set kind");
        section.fault(key, what);
    }
}

fn postgres(section: &Section<'_>, folder: &Path) -> Option<Database> {
    let from_file = |key| section.is_in_file(key);
    let url = section.text("url");
    let example = "url = \"postgres://gridos@127.0.0.1:5432/gridos\"";
    let url = section.demand("url", url, example)?;
    let (url, url_password) = match PostgresUrl::parse(url.value) {
        Ok(parts) => parts,
        Err(error) => {
            // The text may hold a password: it is not shown.
            section.fault("url", error);
            return None;
        }
    };
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
        (None, Some(file)) => Password::File(folder.join(file.value)),
        (None, None) => url_password.map_or(Password::None, Password::Given),
    };
    Some(Database::Postgres { url, password })
}
