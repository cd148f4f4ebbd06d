//! A store in memory that answers questions and can be away.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gridos_journal::{Chunk, LayoutBook, StreamId};
use gridos_model::Timestamp;
use gridos_store::{
    AlarmEventRow, AlarmEventsQuery, AlarmRow, AlarmsQuery, AuditQuery, AuditRow, Column, GapRow,
    GapsQuery, HistoryQuery, Instant, InstantQuery, LetterRow, LettersQuery, Loss, PointReading,
    PointRow, PointsQuery, ReadingRow, ReadingsPage, ReadingsQuery, StandingRow, Store, StoreError,
    Stored, TextRow, TrendQuery,
};

#[derive(Debug, Default)]
pub(crate) struct FakeStore {
    pub(crate) readings: Mutex<Vec<ReadingRow>>,
    pub(crate) texts: Mutex<Vec<TextRow>>,
    /// What a trend answers: one column for each point asked.
    pub(crate) columns: Mutex<Vec<Column>>,
    /// The last trend asked for.
    pub(crate) trends: Mutex<Option<TrendQuery>>,
    pub(crate) gaps: Mutex<Vec<GapRow>>,
    /// The oldest first.
    pub(crate) events: Mutex<Vec<AlarmEventRow>>,
    /// The last question about them.
    pub(crate) asked: Mutex<Option<AlarmEventsQuery>>,
    /// Alarms that stand.
    pub(crate) standing: Mutex<Vec<StandingRow>>,
    pub(crate) letters: Mutex<Vec<LetterRow>>,
    /// The oldest first.
    pub(crate) deeds: Mutex<Vec<AuditRow>>,
    pub(crate) is_away: AtomicBool,
    /// Never answers.
    pub(crate) is_stuck: AtomicBool,
    /// How many questions wait for an answer that never comes.
    pub(crate) waiting: Arc<AtomicUsize>,
}

/// Counts a question for as long as somebody waits for it.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl FakeStore {
    async fn ask(&self) -> Result<(), StoreError> {
        if self.is_stuck.load(Ordering::Relaxed) {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let _waiting = Waiting(Arc::clone(&self.waiting));
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

    async fn condemn(
        &self,
        _: StreamId,
        _: &Chunk,
        _: &LayoutBook,
        _: &str,
    ) -> Result<Stored, StoreError> {
        Ok(Stored::default())
    }

    async fn skip(&self, _: StreamId, _: &Loss) -> Result<Stored, StoreError> {
        Ok(Stored::default())
    }

    async fn readings(&self, query: &ReadingsQuery) -> Result<ReadingsPage, StoreError> {
        self.ask().await?;
        let range = query.from..query.until;
        let is_beyond = |row: &ReadingRow| match query.after {
            Some(after) if query.youngest => row.time < after.time(),
            Some(after) => row.time > after.time(),
            None => true,
        };
        let reading = |row: &ReadingRow| {
            let point = query.points.iter().position(|point| *point == row.point)?;
            (range.contains(&row.time) && is_beyond(row)).then_some(PointReading {
                point,
                time: row.time,
                value: row.value,
                quality: row.quality,
            })
        };
        let rows = self.readings.lock().unwrap();
        let mut readings: Vec<_> = rows.iter().filter_map(reading).collect();
        let extra = readings.len().saturating_sub(query.limit);
        match query.youngest {
            true => drop(readings.drain(..extra)),
            false => readings.truncate(query.limit),
        }
        let last = match query.youngest {
            true => readings.first(),
            false => readings.last(),
        };
        let cursor = |reading: &PointReading| {
            let cursor = format!("{:x}-0-0-s-0-0-0", reading.time.as_micros());
            cursor.parse().unwrap()
        };
        let next = last.filter(|_| extra > 0).map(cursor);
        Ok(ReadingsPage { readings, next })
    }

    async fn trend(&self, query: &TrendQuery) -> Result<Vec<Vec<Column>>, StoreError> {
        self.ask().await?;
        let columns = self.columns.lock().unwrap();
        let column = |column: &Column| vec![*column];
        *self.trends.lock().unwrap() = Some(query.clone());
        Ok(columns
            .iter()
            .map(column)
            .take(query.points.len())
            .collect())
    }

    async fn instant(&self, query: &InstantQuery) -> Result<Instant, StoreError> {
        self.ask().await?;
        let range = query.at.saturating_sub(query.look_back)..=query.at;
        let of_device = |point: &str| point.rsplit_once('.').unwrap().0 == query.device;
        let rows = self.readings.lock().unwrap();
        let rows = rows.iter().filter(|row| of_device(&row.point));
        let mut readings: Vec<ReadingRow> = Vec::new();
        for row in rows.filter(|row| range.contains(&row.time)) {
            readings.retain(|known| known.point != row.point);
            readings.push(row.clone());
        }
        let texts = self.texts.lock().unwrap();
        let texts = texts
            .iter()
            .filter(|row| of_device(&row.point) && row.time <= query.at);
        Ok(Instant {
            readings,
            texts: texts.cloned().collect(),
        })
    }

    async fn gaps(&self, query: &GapsQuery) -> Result<Vec<GapRow>, StoreError> {
        self.ask().await?;
        let is_all = query.devices.is_empty() && query.points.is_empty();
        let of_points = query
            .points
            .iter()
            .map(|point| point.rsplit_once('.').unwrap().0);
        let asked: Vec<_> = query
            .devices
            .iter()
            .map(String::as_str)
            .chain(of_points)
            .collect();
        let fits = |row: &&GapRow| {
            is_all
                || row
                    .device
                    .as_deref()
                    .is_none_or(|device| asked.contains(&device))
        };
        let rows = self.gaps.lock().unwrap();
        let rows = rows.iter().filter(fits);
        let rows = rows.filter(|row| row.from < query.until && row.until > query.from);
        let rows: Vec<_> = rows.cloned().collect();
        let first = GapsQuery {
            after: None,
            ..query.clone()
        };
        let is_place = |n: &usize| first.place_behind(&rows[..*n]) == query.after;
        let passed = (0..=rows.len()).find(is_place).unwrap_or(rows.len());
        Ok(rows.into_iter().skip(passed).take(query.limit).collect())
    }

    async fn points(&self, query: &PointsQuery) -> Result<Vec<PointRow>, StoreError> {
        self.ask().await?;
        let (rows, texts) = (self.readings.lock().unwrap(), self.texts.lock().unwrap());
        let mut names: Vec<_> = rows.iter().map(|row| row.point.clone()).collect();
        names.extend(texts.iter().map(|row| row.point.clone()));
        names.sort();
        names.dedup();
        let row = |point: String| PointRow {
            device: point.rsplit_once('.').unwrap().0.to_owned(),
            unit: "kW".to_owned(),
            point,
        };
        let fits = |row: &PointRow| {
            query.points.contains(&row.point) || query.devices.contains(&row.device)
        };
        Ok(names.into_iter().map(row).filter(fits).collect())
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

    async fn alarm_events(
        &self,
        query: &AlarmEventsQuery,
    ) -> Result<Vec<AlarmEventRow>, StoreError> {
        self.ask().await?;
        *self.asked.lock().unwrap() = Some(query.clone());
        let rows = self.events.lock().unwrap();
        let range = query.from..query.until;
        let is_beyond = |row: &AlarmEventRow| match query.after {
            Some(after) if query.ascending => row.place > after,
            Some(after) => row.place < after,
            None => true,
        };
        let fits = |row: &&AlarmEventRow| {
            query.alarm.is_none_or(|alarm| row.record.alarm == alarm)
                && range.contains(&row.record.received)
                && is_beyond(row)
        };
        let mut rows: Vec<_> = rows.iter().filter(fits).cloned().collect();
        if !query.ascending {
            rows.reverse();
        }
        rows.truncate(query.limit);
        Ok(rows)
    }

    async fn deeds(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        self.ask().await?;
        let deeds = self.deeds.lock().unwrap();
        let wanted = deeds.iter().filter(|row| {
            let deed = &row.record.deed;
            query
                .principal
                .as_ref()
                .is_none_or(|name| *name == deed.principal)
                && query.outcome.is_none_or(|outcome| outcome == deed.outcome)
                && query.after.is_none_or(|after| row.place < after)
        });
        Ok(wanted.rev().take(query.limit).cloned().collect())
    }

    async fn alarms_standing(&self, at: Timestamp) -> Result<Vec<StandingRow>, StoreError> {
        self.ask().await?;
        let rows = self.standing.lock().unwrap();
        let is_since = |time: Option<Timestamp>| time.is_some_and(|time| time < at);
        let stood = |row: &&StandingRow| is_since(row.raised) || is_since(row.waiting);
        Ok(rows.iter().filter(stood).copied().collect())
    }

    async fn alarms(&self, _: &AlarmsQuery) -> Result<Vec<AlarmRow>, StoreError> {
        Ok(Vec::new())
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
        let rows: Vec<_> = rows.iter().rev().filter(fits).cloned().collect();
        let first = LettersQuery {
            after: None,
            ..query.clone()
        };
        let is_place = |n: &usize| first.place_behind(&rows[..*n]) == query.after;
        let passed = (0..=rows.len()).find(is_place).unwrap_or(rows.len());
        Ok(rows.into_iter().skip(passed).take(query.limit).collect())
    }
}
