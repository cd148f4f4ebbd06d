//! Connections to the file: one that writes, some that read.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Result};

/// How long to wait for a lock that somebody's `sqlite3` holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What marks the file as ours: "GRID" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x4752_4944;

/// The connection that writes, making the file if there is none.
///
/// In WAL mode readers and the writer do not wait for each other. `synchronous=FULL` syncs the WAL
/// at each commit, which are few and large: what is stored survives a power cut, so the journal
/// may be trimmed right behind it when the disk is short.
pub(crate) fn open_writer(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(
        // The system's cache holds the rest: no memory map, whose pages would count as ours.
        // A new file can give back pages that become free.
        "pragma page_size = 8192;
         pragma auto_vacuum = incremental;
         pragma journal_mode = wal;
         pragma synchronous = full;
         pragma wal_autocheckpoint = 2000;
         pragma journal_size_limit = 67108864;
         pragma temp_store = memory;
         pragma cache_size = -4096;",
    )?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// A connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}
