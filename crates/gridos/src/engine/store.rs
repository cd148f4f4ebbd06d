//! Which store the configuration asks for.

use std::io;
use std::sync::Arc;

use gridos_journal::Tail;
use gridos_store::{
    Maintain, PostgresConfig, PostgresStore, SqliteStore, Store, StoreError, WriterOptions,
};

use crate::config::{Config, Database};

/// Why a store cannot be used at all; one that is merely away is waited for.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The password file cannot be read.
    #[error("the password file of the database cannot be read")]
    Password(#[source] io::Error),
    /// The SQLite file is no database, or cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the store. SQLite is a file of this machine, and must be usable now; a PostgreSQL server
/// may be away, and the journal carries on meanwhile.
pub(super) async fn open(config: &Config) -> Result<Arc<dyn Maintain>, OpenError> {
    let store = Configured::of(config)?;
    if let Configured::Sqlite(store) = &store {
        match store.migrate().await {
            // Somebody else's lock, such as a backup: the writer waits for it.
            Ok(()) | Err(StoreError::Away { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(store.maintained())
}

/// The store that the configuration names; nothing is opened or connected yet.
pub(crate) enum Configured {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl Configured {
    pub(crate) fn of(config: &Config) -> Result<Self, OpenError> {
        match &config.store.database {
            Database::Sqlite { path } => {
                let store = SqliteStore::new(path);
                Ok(Self::Sqlite(Arc::new(match config.store.minutes {
                    true => store,
                    false => store.without_minutes(),
                })))
            }
            Database::Postgres { url, password } => {
                let password = password.read().map_err(OpenError::Password)?;
                Ok(Self::Postgres(Arc::new(PostgresStore::new(
                    PostgresConfig {
                        password: password.map(|secret| secret.expose().to_owned()),
                        minutes: config.store.minutes,
                        connections: config.store.connections,
                        ..url.config().clone()
                    },
                ))))
            }
        }
    }

    pub(crate) fn maintained(&self) -> Arc<dyn Maintain> {
        match self {
            Self::Sqlite(store) => Arc::<SqliteStore>::clone(store),
            Self::Postgres(store) => Arc::<PostgresStore>::clone(store),
        }
    }
}

/// How a writer for other engines writes: where each journal stands is filled in.
pub(crate) fn writer_options(config: &Config) -> WriterOptions {
    options(config, Tail::default())
}

/// How the writer writes, for a journal that ended at `recovered` when it was opened.
pub(super) fn options(config: &Config, recovered: Tail) -> WriterOptions {
    WriterOptions {
        batch_bytes: usize::try_from(config.store.commit_size).unwrap_or(usize::MAX),
        linger: config.store.commit_interval,
        ..WriterOptions::new(recovered)
    }
}
