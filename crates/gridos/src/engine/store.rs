//! Which store the configuration asks for.

use std::io;
use std::sync::Arc;

use gridos_journal::Tail;
use gridos_store::postgres::PostgresUrlError;
use gridos_store::{PostgresConfig, PostgresStore, SqliteStore, Store, StoreError, WriterOptions};

use crate::config::{Config, Database};

/// Why a store cannot be used at all; one that is merely away is waited for.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The password file cannot be read.
    #[error("the password file of the database cannot be read")]
    Password(#[source] io::Error),
    /// The URL is not one of a single server.
    #[error(transparent)]
    Url(#[from] PostgresUrlError),
    /// The SQLite file is no database, or cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the store. SQLite is a file of this machine, and must be usable now; a PostgreSQL server
/// may be away, and the journal carries on meanwhile.
pub(super) async fn open(config: &Config) -> Result<Arc<dyn Store>, OpenError> {
    match &config.store.database {
        Database::Sqlite { path } => {
            let store = SqliteStore::new(path);
            match store.migrate().await {
                // Somebody else's lock, such as a backup: the writer waits for it.
                Ok(()) | Err(StoreError::Away { .. }) => Ok(Arc::new(store)),
                Err(error) => Err(error.into()),
            }
        }
        Database::Postgres { url, password } => {
            let password = password.read().map_err(OpenError::Password)?;
            let password = password.map(|secret| secret.expose().to_owned());
            let place = PostgresConfig::from_url(url.as_str(), password)?;
            Ok(Arc::new(PostgresStore::new(place)))
        }
    }
}

/// How the writer writes, for a journal that ended at `recovered` when it was opened.
pub(super) fn options(config: &Config, recovered: Tail) -> WriterOptions {
    WriterOptions {
        batch_bytes: usize::try_from(config.store.commit_size).unwrap_or(usize::MAX),
        linger: config.store.commit_interval,
        ..WriterOptions::new(recovered)
    }
}
