//! Going through stored rows, some at a time: the server goes on only when they are taken.

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tokio::time::timeout;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Error, IsolationLevel, Row, Statement, Transaction};

use super::connection::Connection;
use super::fault::classify;
use super::time::{PgMicros, RowPlace};
use crate::StoreError;
use crate::history::scan::{
    Direction, Micros, Place, RowId, Sink, take_pack, take_sweep, wants_packs,
};

/// The most rows that are asked for at once.
const ROWS_AT_ONCE_MAX: i32 = 1_000;

/// Rows come in the order of an index, so that the first ones come at once and the rest need not
/// come at all; whatever is known of the tables, nothing is gathered and sorted before.
const SESSION: &str = "set local enable_sort = off; set local enable_bitmapscan = off; \
                       set local enable_seqscan = off; set local jit = off; \
                       set local max_parallel_workers_per_gather = 0";

macro_rules! sweeps {
    ($columns:literal, $direction:literal) => {
        concat!(
            "select ts, received, tableoid, ctid, time_quality::int8, ",
            $columns,
            " from sweep where layout = $1 and ts >= $2 and ts < $3 order by ts ",
            $direction
        )
    };
}

macro_rules! events {
    ($direction:literal) => {
        concat!(
            "select ts_last, received, tableoid, ctid, ts_first, point, lag, value, quality \
             from event where layout = $1 and ts_last >= $2 and ts_last < $4 and ts_first < $3 \
             and point && $5::int4[] order by ts_last ",
            $direction
        )
    };
}

/// The statements of a direction.
#[derive(Clone, Debug)]
struct Statements {
    /// Sweeps with the value of one point.
    one: Statement,
    /// Sweeps with all their values.
    whole: Statement,
    events: Statement,
}

impl Statements {
    async fn prepare(
        connection: &mut Connection,
        direction: Direction,
    ) -> Result<Self, StoreError> {
        let [one, whole, events] = match direction {
            Direction::OldestFirst => [
                sweeps!("value[$4], quality[$4]", "asc"),
                sweeps!("value, quality", "asc"),
                events!("asc"),
            ],
            Direction::YoungestFirst => [
                sweeps!("value[$4], quality[$4]", "desc"),
                sweeps!("value, quality", "desc"),
                events!("desc"),
            ],
        };
        Ok(Self {
            one: connection.prepare(one).await?,
            whole: connection.prepare(whole).await?,
            events: connection.prepare(events).await?,
        })
    }
}

/// One state of the database, to be read in one direction.
pub(crate) struct Scan<'a> {
    transaction: Transaction<'a>,
    statements: Statements,
    patience: Duration,
}

impl<'a> Scan<'a> {
    pub(crate) async fn begin(
        connection: &'a mut Connection,
        direction: Direction,
    ) -> Result<Self, StoreError> {
        let statements = Statements::prepare(connection, direction).await?;
        let patience = connection.patience();
        let client = connection.client_mut();
        let beginning = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start();
        let transaction = within(patience, beginning).await?;
        within(patience, transaction.batch_execute(SESSION)).await?;
        Ok(Self {
            transaction,
            statements,
            patience,
        })
    }

    /// The rows of a short answer.
    pub(crate) async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        within(self.patience, self.transaction.query(sql, parameters)).await
    }

    /// Gives the rows of a long answer to `take`, one after the other.
    pub(crate) async fn each_of(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        mut take: impl FnMut(&Row) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        let asking = self.transaction.query_raw(sql, parameters.iter().copied());
        let mut rows = pin!(within(self.patience, asking).await?);
        while let Some(row) = rows.try_next().await.map_err(|error| classify(&error))? {
            take(&row)?;
        }
        Ok(())
    }

    /// Gives the readings of a range to `sink`, which takes them in the scan's direction.
    pub(crate) async fn run(
        &self,
        places: &[Place],
        range: Micros,
        sink: &mut dyn Sink,
    ) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        for place in places {
            self.sweeps(place, sink.rest(place, range), sink).await?;
            self.events(place, sink.rest(place, range), sink).await?;
        }
        Ok(())
    }

    /// Leaves the connection as it was.
    pub(crate) async fn end(self) -> Result<(), StoreError> {
        within(self.patience, self.transaction.commit()).await
    }

    async fn sweeps(
        &self,
        place: &Place,
        range: Micros,
        sink: &mut dyn Sink,
    ) -> Result<(), StoreError> {
        let (from, until) = (PgMicros(range.from), PgMicros(range.until));
        if let [pick] = place.picks.as_slice() {
            // SQL arrays begin at 1.
            let index = pick.position.cast_signed() + 1;
            let parameters: [&(dyn ToSql + Sync); 4] = [&place.layout, &from, &until, &index];
            let take = |row: &Row, sink: &mut dyn Sink| {
                let time = column::<PgMicros>(row, 0)?.0;
                if !sink.wants(place, time) {
                    return Ok(false);
                }
                let value = (column(row, 5)?, bits(column(row, 6)?));
                let value = std::iter::once(value);
                take_sweep(place, time, id(row)?, column(row, 4)?, value, sink);
                Ok(true)
            };
            self.each(&self.statements.one, &parameters, sink, take)
                .await
        } else {
            let parameters: [&(dyn ToSql + Sync); 3] = [&place.layout, &from, &until];
            let take = |row: &Row, sink: &mut dyn Sink| {
                let time = column::<PgMicros>(row, 0)?.0;
                if !sink.wants(place, time) {
                    return Ok(false);
                }
                let values: Vec<Option<f64>> = column(row, 5)?;
                let qualities: Vec<Option<i32>> = column::<Option<_>>(row, 6)?.unwrap_or_default();
                let values = place.picks.iter().map(|pick| {
                    let at = pick.position as usize;
                    let quality = qualities.get(at).copied().flatten();
                    (values.get(at).copied().flatten(), bits(quality))
                });
                take_sweep(place, time, id(row)?, column(row, 4)?, values, sink);
                Ok(true)
            };
            self.each(&self.statements.whole, &parameters, sink, take)
                .await
        }
    }

    async fn events(
        &self,
        place: &Place,
        range: Micros,
        sink: &mut dyn Sink,
    ) -> Result<(), StoreError> {
        let (from, until) = (PgMicros(range.from), PgMicros(range.until));
        let packs_until = PgMicros(range.packs_until());
        let positions = place.picks.iter().map(|pick| pick.position.cast_signed());
        let positions: Vec<i32> = positions.collect();
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&place.layout, &from, &until, &packs_until, &positions];
        let take = |row: &Row, sink: &mut dyn Sink| {
            if !wants_packs(place, column::<PgMicros>(row, 0)?.0, sink) {
                return Ok(false);
            }
            let first = column::<PgMicros>(row, 4)?.0;
            let points: Vec<i32> = column(row, 5)?;
            let lags: Vec<i32> = column(row, 6)?;
            let values: Vec<Option<f64>> = column(row, 7)?;
            let qualities: Vec<Option<i32>> = column::<Option<_>>(row, 8)?.unwrap_or_default();
            let events = points.iter().zip(&lags).zip(&values).enumerate();
            let events = events.map(|(nth, ((position, lag), value))| {
                let quality = qualities.get(nth).copied().flatten();
                let time = first.saturating_add(i64::from(*lag));
                (position.cast_unsigned(), time, *value, bits(quality))
            });
            take_pack(place, range, id(row)?, events, sink);
            Ok(true)
        };
        self.each(&self.statements.events, &parameters, sink, take)
            .await
    }

    /// Gives rows to `take` until it wants no more.
    async fn each(
        &self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
        sink: &mut dyn Sink,
        take: impl Fn(&Row, &mut dyn Sink) -> Result<bool, StoreError> + Send,
    ) -> Result<(), StoreError> {
        let mut at_once = i32::from(sink.rows_at_once());
        let binding = self.transaction.bind(statement, parameters);
        let portal = within(self.patience, binding).await?;
        loop {
            let asking = self.transaction.query_portal_raw(&portal, at_once);
            let mut rows = pin!(within(self.patience, asking).await?);
            let (mut count, mut wants_more) = (0, true);
            while let Some(row) = rows.try_next().await.map_err(|error| classify(&error))? {
                count += 1;
                wants_more = wants_more && take(&row, sink)?;
            }
            if !wants_more || count < at_once {
                return Ok(());
            }
            at_once = at_once.saturating_mul(2).min(ROWS_AT_ONCE_MAX);
        }
    }
}

fn id(row: &Row) -> Result<RowId, StoreError> {
    Ok(RowId {
        received: column::<PgMicros>(row, 1)?.0,
        table: column(row, 2)?,
        row: column::<RowPlace>(row, 3)?.0,
    })
}

fn bits(quality: Option<i32>) -> u32 {
    quality.unwrap_or_default().cast_unsigned()
}

/// A column as what it must be.
pub(crate) fn column<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|error| classify(&error))
}

async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    match timeout(patience, answer).await {
        Ok(answer) => answer.map_err(|error| classify(&error)),
        Err(_) => Err(crate::history::too_slow(patience)),
    }
}
