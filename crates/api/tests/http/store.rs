//! A store in memory that answers questions and can be away.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use gridos_journal::{Chunk, LayoutBook, StreamId};
use gridos_store::{
    AlarmRow, AlarmsQuery, HistoryQuery, LetterRow, LettersQuery, Loss, ReadingRow, Store,
    StoreError, Stored, TextRow,
};

#[derive(Debug, Default)]
pub(crate) struct FakeStore {
    pub(crate) readings: Mutex<Vec<ReadingRow>>,
    pub(crate) texts: Mutex<Vec<TextRow>>,
    pub(crate) alarms: Mutex<Vec<AlarmRow>>,
    pub(crate) letters: Mutex<Vec<LetterRow>>,
    pub(crate) is_away: AtomicBool,
    /// Never answers.
    pub(crate) is_stuck: AtomicBool,
}

impl FakeStore {
    async fn ask(&self) -> Result<(), StoreError> {
        if self.is_stuck.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.is_away.load(Ordering::Relaxed) {
            return Err(StoreError::Away {
                reason: "user=secret: refused".to_owned(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Store for FakeStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn position(&self, _: StreamId) -> Result<Stored, StoreError> {
        Ok(Stored::default())
    }

    async fn write(&self, _: StreamId, _: &Chunk, _: &LayoutBook) -> Result<Stored, StoreError> {
        Ok(Stored::default())
    }

    async fn skip(&self, _: StreamId, _: &Loss) -> Result<Stored, StoreError> {
        Ok(Stored::default())
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Vec<ReadingRow>, StoreError> {
        self.ask().await?;
        assert!(query.youngest);
        let rows = self.readings.lock().unwrap();
        let range = query.from..query.until;
        let fits = |row: &&ReadingRow| row.point == query.point && range.contains(&row.time);
        let rows: Vec<_> = rows.iter().filter(fits).cloned().collect();
        let extra = rows.len().saturating_sub(query.limit);
        Ok(rows[extra..].to_vec())
    }

    async fn texts(&self, query: &HistoryQuery) -> Result<Vec<TextRow>, StoreError> {
        self.ask().await?;
        assert!(query.youngest);
        let rows = self.texts.lock().unwrap();
        let range = query.from..query.until;
        let fits = |row: &&TextRow| row.point == query.point && range.contains(&row.time);
        let rows: Vec<_> = rows.iter().filter(fits).cloned().collect();
        let extra = rows.len().saturating_sub(query.limit);
        Ok(rows[extra..].to_vec())
    }

    async fn latest(&self, _: &[String]) -> Result<Vec<ReadingRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn alarms(&self, query: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError> {
        self.ask().await?;
        let rows = self.alarms.lock().unwrap();
        let range = query.from..query.until;
        let fits = |row: &&AlarmRow| {
            query.point.as_ref().is_none_or(|point| row.point == *point)
                && range.contains(&row.time)
        };
        Ok(rows
            .iter()
            .rev()
            .filter(fits)
            .take(query.limit)
            .cloned()
            .collect())
    }

    async fn letters(&self, query: &LettersQuery) -> Result<Vec<LetterRow>, StoreError> {
        self.ask().await?;
        let rows = self.letters.lock().unwrap();
        let range = query.from..query.until;
        let fits = |row: &&LetterRow| {
            query
                .device
                .as_ref()
                .is_none_or(|device| row.device == *device)
                && range.contains(&row.received)
        };
        Ok(rows
            .iter()
            .rev()
            .filter(fits)
            .take(query.limit)
            .cloned()
            .collect())
    }
}
