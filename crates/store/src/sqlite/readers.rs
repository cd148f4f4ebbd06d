//! Questions about the past: each on a connection and a thread of its own, until it is answered or
//! nobody waits for the answer any more.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::connection::open_reader;
use super::fault;
use crate::StoreError;
use crate::history::too_slow;

/// Connections for questions that are kept open.
const KEPT_MAX: usize = 4;
/// The longest that a question may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Steps of SQLite's virtual machine after which it is asked whether to go on: less than a
/// millisecond of work.
const STEPS: i32 = 4_096;

/// The connections that read.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    patience: Duration,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            patience: PATIENCE,
        }
    }

    /// Lets `work` read one state of the database. When this future is dropped, what runs of it in
    /// SQLite is broken off.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let asking = Asking::default();
        let (readers, is_over) = (Arc::clone(self), Arc::clone(&asking.is_over));
        let answer = tokio::task::spawn_blocking(move || readers.answer(&is_over, work)).await;
        answer.unwrap_or_else(|error| {
            let reason = format!("a question to the database failed: {error}");
            Err(StoreError::Refused { reason })
        })
    }

    fn answer<T>(
        &self,
        is_over: &Arc<AtomicBool>,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let asked = match idle {
            Some(connection) => Ok(connection),
            None => open_reader(&self.path),
        };
        let mut connection = asked.map_err(|error| self.fault(&error))?;
        let answer = watched(&mut connection, is_over, self.patience, work);
        let answer = answer.map_err(|error| self.fault(&error))?;
        let mut idle = self.idle();
        if idle.len() < KEPT_MAX {
            idle.push(connection);
        }
        Ok(answer)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, error: &rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => too_slow(self.patience),
            _ => fault::describe(&self.path, error),
        }
    }
}

/// A question that somebody waits for, as long as it is not dropped.
#[derive(Default)]
struct Asking {
    is_over: Arc<AtomicBool>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Does `work` in one read transaction, which ends early when `is_over` or after `patience`.
fn watched<T>(
    connection: &mut Connection,
    is_over: &Arc<AtomicBool>,
    patience: Duration,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let (is_over, begun) = (Arc::clone(is_over), Instant::now());
    let must_end = move || is_over.load(Ordering::Relaxed) || begun.elapsed() > patience;
    connection.progress_handler(STEPS, Some(must_end))?;
    let answer = {
        let transaction = connection.transaction()?;
        work(&transaction)?
    };
    connection.progress_handler(0, None::<fn() -> bool>)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// Tells that it is gone.
    struct Flag(Option<tokio::sync::oneshot::Sender<()>>);

    impl Drop for Flag {
        fn drop(&mut self) {
            let _ = self.0.take().map(|sender| sender.send(()));
        }
    }

    fn endless(connection: &Connection) -> rusqlite::Result<i64> {
        let sql = "with recursive n (n) as (select 1 union all select n + 1 from n) \
                   select max(n) from n";
        connection.query_row(sql, [], |row| row.get(0))
    }

    fn readers(dir: &TempDir) -> Readers {
        let path = dir.path().join("gridos.db");
        super::super::connection::open_writer(&path).unwrap();
        Readers::new(&path)
    }

    #[tokio::test]
    async fn a_question_that_nobody_waits_for_is_broken_off() {
        let dir = TempDir::new().unwrap();
        // Its own clock does not end the question.
        let readers = Arc::new(Readers {
            patience: Duration::from_secs(120),
            ..readers(&dir)
        });
        let (begun, beginning) = tokio::sync::oneshot::channel();
        let (ended, ending) = tokio::sync::oneshot::channel();
        let asking = tokio::spawn({
            let readers = Arc::clone(&readers);
            async move {
                let flag = Flag(Some(ended));
                let work = move |connection: &Connection| {
                    let _flag = flag;
                    let _ = begun.send(());
                    endless(connection)
                };
                readers.ask(work).await
            }
        });
        beginning.await.unwrap();
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
        tokio::time::timeout(Duration::from_secs(60), ending)
            .await
            .expect("it goes on")
            .unwrap();
        let one = |connection: &Connection| connection.query_row("select 1", [], |row| row.get(0));
        let one: i64 = readers.ask(one).await.unwrap();
        assert_eq!(one, 1);
    }

    #[tokio::test]
    async fn a_question_without_end_is_refused_with_what_to_do() {
        let dir = TempDir::new().unwrap();
        let readers = Arc::new(Readers {
            patience: Duration::from_millis(1),
            ..readers(&dir)
        });
        let refused = readers.ask(endless).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::TooLarge { .. }),
            "{refused:?}"
        );
        assert!(refused.to_string().contains("shorter range"), "{refused}");
    }
}
