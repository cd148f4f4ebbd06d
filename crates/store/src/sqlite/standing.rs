//! Alarms that stood at an instant.

use gridos_model::Timestamp;
use rusqlite::{Connection, Error, Result};

use super::time::{parse_time, time_text};
use crate::StandingRow;
use crate::history::{StoredStanding, standing_sql};

/// The last record of an alarm before `?1`; a cross join is nested in the order it is written in.
const LAST: &str = "cross join alarm_event as last on last.id = ( \
     select event.id from alarm_event as event where event.alarm = name.id and event.received < ?1 \
     order by event.received desc, event.stream desc, event.sequence desc limit 1)";

/// What stood at `at`.
pub(crate) fn standing(connection: &Connection, at: Timestamp) -> Result<Vec<StandingRow>> {
    connection
        .prepare_cached(&standing_sql(LAST))?
        .query_map([time_text(at)], |row| {
            let time = |at| Ok::<_, Error>(parse_time(row.get_ref(at)?.as_str()?));
            let stored = StoredStanding {
                alarm: row.get(0)?,
                state: row.get_ref(1)?.as_str()?,
                is_active: row.get(2)?,
                is_waiting: row.get(3)?,
                raised: time(4)?,
                annunciated: time(5)?,
            };
            Ok(stored.row())
        })?
        .collect()
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::sqlite::migrate::migrate;

    /// However long the history of alarms, what stands costs what there are of alarms.
    #[test]
    fn what_stands_is_found_by_index() {
        let steps = [100, 10_000].map(|events| {
            let mut connection = Connection::open_in_memory().unwrap();
            migrate(&mut connection).ok().unwrap();
            // Two alarms that come and go and stand at the end, and one that stands since long ago.
            let filled = format!(
                "with alarm (n) as (values (1), (2), (3)) \
                 insert into alarm_name select n, n || ':link', n, null, 'link' from alarm; \
                 with recursive alarm (n) as (values (1), (2), (3)), \
                 turn (t) as (select 1 union all select t + 1 from turn where t <= {events}) \
                 insert into alarm_event \
                 select null, 1, t * 3 + n, n, n, null, (t - 1 + t % 2) * 3 + n, \
                 iif(t % 2, 'raised', 'returned'), t % 2, 'normal', \
                 iif(t % 2, 'abnormal', 'normal'), 'normal', 'normal', 'low', t % 2, 0, null, null, \
                 at, at, null, 0, null, null, null, null \
                 from (select t, strftime('%F %T', 1e9 + t, 'unixepoch') || '.000000' as at from turn), \
                 alarm where n < 3 or t = 1"
            );
            connection.execute_batch(&filled).unwrap();
            let standing = standing(&connection, Timestamp::MAX).unwrap();
            assert_eq!(standing.len(), 3);
            let mut statement = connection.prepare(&standing_sql(LAST)).unwrap();
            let now = time_text(Timestamp::MAX);
            let rows = statement.query_map([now], |_| Ok(())).unwrap();
            assert_eq!(rows.count(), 3);
            statement.get_status(StatementStatus::VmStep)
        });
        assert!(steps[1] < 2 * steps[0] && steps[1] < 1_000, "{steps:?}");
    }
}
