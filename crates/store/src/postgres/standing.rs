//! Alarms that stood at an instant.

use gridos_model::Timestamp;
use tokio_postgres::Row;

use super::connection::Connection;
use super::time::{PgMicros, PgTime};
use crate::history::{StoredStanding, standing_sql};
use crate::{StandingRow, StoreError};

/// The last record of an alarm before `$1`.
const LAST: &str = "cross join lateral ( \
     select * from alarm_event as event where event.alarm = name.id and event.received < $1 \
     order by event.received desc, event.stream desc, event.sequence desc limit 1) as last";

/// What stood at `at`.
pub(crate) async fn standing(
    connection: &Connection,
    at: Timestamp,
) -> Result<Vec<StandingRow>, StoreError> {
    let at = PgMicros(at.as_micros());
    let sql = standing_sql(LAST);
    let client = connection.client();
    let rows = connection.within(client.query(&sql, &[&at])).await?;
    let row = |row: &Row| {
        StoredStanding {
            alarm: row.get(0),
            state: row.get(1),
            is_active: row.get(2),
            is_waiting: row.get(3),
            raised: row.get::<_, PgTime>(4).0,
            annunciated: row.get::<_, PgTime>(5).0,
        }
        .row()
    };
    Ok(rows.iter().map(row).collect())
}
