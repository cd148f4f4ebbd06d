//! The comparison itself: whatever is wrong in a database, it must find it.

use std::sync::Arc;

use gridos_journal::Options;
use gridos_store::SqliteStore;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::agreement::compare;
use crate::database::Database;
use crate::life::Life;
use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_is_found() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("gridos.db");
    let mut site = Site::new(1, Options::default());
    let mut life = Life::start(&mut site, Arc::new(SqliteStore::new(&path)));
    site.append(300);
    life.announce(site.sync());
    life.settled().await;
    life.stop().await;
    let database = Database::Sqlite(path.clone());
    let agreement = compare(site.witness(), &database.look().await).unwrap();
    assert!(
        agreement.stored > 1_000 && agreement.quarantined > 10,
        "{agreement:?}"
    );
    assert_eq!((agreement.lost, agreement.waiting), (0, 0));
    let copy_of = |table: &str, columns: &str| {
        format!("insert into {table} ({columns}) select {columns} from {table} limit 1")
    };
    let wrongs = [
        // Missing, doubled, another's.
        "delete from sweep where id = 7".to_owned(),
        "delete from event where id = 7".to_owned(),
        "delete from text_event where id = 3".to_owned(),
        "delete from alarm_transition where id = 3".to_owned(),
        "delete from alarm_event where id = 3".to_owned(),
        "delete from audit where id = 3".to_owned(),
        "delete from gap where id = 3".to_owned(),
        "delete from message_rest where id = 3".to_owned(),
        "delete from quarantine where id = 3".to_owned(),
        "delete from stream_position".to_owned(),
        copy_of(
            "sweep",
            "layout, ts, received, time_quality, value, quality",
        ),
        copy_of(
            "event",
            "layout, ts_first, ts_last, received, point, ts, value, quality",
        ),
        copy_of(
            "text_event",
            "layout, ts, received, position, text, quality",
        ),
        copy_of("gap", "device, from_ts, until_ts, reason"),
        copy_of(
            "alarm_event",
            "stream, sequence, alarm, device, point, occurrence, action, annunciated, from_level, \
             to_level, worst_level, state, priority, flags, suppression, ts, received, value, quality",
        ),
        copy_of(
            "audit",
            "stream, sequence, ts, principal, kind, address, action, target, outcome, status, detail",
        ),
        copy_of(
            "quarantine",
            "stream, position, readings, reason, record, frame",
        ),
        // Changed.
        "update sweep set ts = '2026-11-23 00:00:00.000001' where id = 7".to_owned(),
        "update sweep set value = replace(value, '[', '[1') where id = 7".to_owned(),
        "update sweep set time_quality = 2 - coalesce(time_quality, 0) where id = 7".to_owned(),
        "update text_event set text = text || ' ' where id = 3".to_owned(),
        "update alarm_transition set occurrence = occurrence + 1 where id = 3".to_owned(),
        "update alarm_event set comment = comment || ' ' where id = 2".to_owned(),
        "update alarm_event set device = null where id = 3".to_owned(),
        "update audit set detail = detail || ' ' where id = 2".to_owned(),
        "update audit set outcome = 'x' where id = 2".to_owned(),
        "update alarm_name set name = name || 's' where id = (select alarm from alarm_event limit 1)"
            .to_owned(),
        // The counts, the place and what tells it from others.
        "update stream_position set readings = readings + 1".to_owned(),
        "update stream_position set quarantined = quarantined + 1".to_owned(),
        "update stream_position set lost = lost + 1".to_owned(),
        "update stream_position set position = position - 16".to_owned(),
        "update stream_position set last_checksum = last_checksum + 1".to_owned(),
        "insert into stream_position (stream, position, readings, quarantined, lost) \
         values (1, 0, 0, 0, 0)"
            .to_owned(),
        // Minutes.
        "delete from minute where id = 1".to_owned(),
        "update minute set count = count + 1 where id = (select min(id) from minute where count > 0)"
            .to_owned(),
        "update stream_position set turned_position = 0".to_owned(),
        // A loss of what the journal still has.
        "update quarantine set frame = null, reason = 'gone from 0 to 64' where id = 3".to_owned(),
    ];
    for wrong in wrongs {
        let connection = Connection::open(&path).unwrap();
        let whole = dir.path().join("whole.db");
        let keep = format!("vacuum into '{}'", whole.display());
        connection.execute_batch(&keep).unwrap();
        assert_eq!(connection.execute(&wrong, []), Ok(1), "{wrong}");
        drop(connection);
        let found = compare(site.witness(), &database.look().await);
        assert!(found.is_err(), "{wrong}");
        std::fs::rename(&whole, &path).unwrap();
    }
    assert_eq!(
        compare(site.witness(), &database.look().await),
        Ok(agreement)
    );
}
