//! What the status tells of the journal: how long it lasts, and what was given up.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::{Rig, get};

#[tokio::test]
async fn the_status_tells_how_long_the_journal_lasts() {
    let rig = Rig::new();
    let telemetry = &rig.state.telemetry;
    let before = get(&rig.router(), "/api/v1/scada/status").await.json();
    assert_eq!(before["journal"]["rung"], "normal");
    assert_eq!(before["journal"]["autonomy_seconds"], Value::Null);
    assert_eq!(before["engine_alarms"], json!([]));
    let cells = &telemetry.journal;
    cells.autonomy.set(Some(Duration::from_secs(33_840)));
    cells.unstored_age.set(Some(Duration::from_millis(2_500)));
    cells.room.set(1_000);
    cells.growth.set(10);
    cells.rung.set(3);
    cells.given_up_segments.add(2);
    cells.given_up_readings.add(500);
    telemetry.store.drain.set(Some(Duration::from_secs(60)));
    telemetry.ledger.lose(gridos_telemetry::Loss::GivenUp, 500);
    let alarms = &telemetry.engine_alarms;
    alarms.raise("journal_full", true, "see to the database".to_owned());
    let status = get(&rig.router(), "/api/v1/scada/status").await.json();
    let journal = &status["journal"];
    assert_eq!(journal["rung"], "full");
    assert_eq!(journal["autonomy_seconds"], 33_840.0);
    assert_eq!(journal["oldest_unstored_seconds"], 2.5);
    let room = [&journal["room_bytes"], &journal["growth_bytes_per_second"]];
    assert_eq!(room, [1_000, 10]);
    let given_up = json!({"segments": 2, "readings": 500});
    assert_eq!(journal["given_up"], given_up);
    assert_eq!(status["store"]["drain_seconds"], 60.0);
    let lost_by = json!({"damaged": 0, "trimmed": 0, "given_up": 500});
    assert_eq!(status["ledger"]["lost_by"], lost_by);
    let alarm = &status["engine_alarms"][0];
    let words = [&alarm["alarm"], &alarm["severity"], &alarm["detail"]];
    assert_eq!(words, ["journal_full", "critical", "see to the database"]);
    assert!(alarm["since"].as_str().unwrap().ends_with('Z'));
    assert_eq!(status["checks"]["journal"]["status"], "degraded");
    assert_eq!(status["ready"], true);
}
