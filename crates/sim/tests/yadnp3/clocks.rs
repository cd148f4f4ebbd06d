//! The clock of the outstation, which the master sets.

use std::time::SystemTime;

use gridos_dnp3::app::Value;
use gridos_dnp3::outstation::{ClockConfig, OutstationConfig, PointKind};
use gridos_sim::dnp3::FleetConfig;

use crate::master::Master;
use crate::station::{Put, listen, points, port, put, still};

fn unix_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since_epoch.unwrap().as_millis()).unwrap()
}

/// Sets a clock that is an hour ahead.
async fn set(how: &str, task: &str) {
    let config = still(points());
    let outstation = OutstationConfig {
        clock: ClockConfig {
            needs_time_at_start: true,
            offset_ms: 3_600_000,
            ..ClockConfig::default()
        },
        ..config.outstation
    };
    let config = FleetConfig {
        outstation,
        ..config
    };
    let fleet = listen(config).await;
    let arguments = ["--connect", &port(&fleet).to_string(), "--time-sync", how];
    let before = unix_ms();
    let Some(mut master) = Master::start(&arguments) else {
        return;
    };
    master.until_started().await;
    assert_eq!(master.count_done(task), 1);
    let taken = unix_ms() - before;
    let event = Put {
        millis: unix_ms(),
        ..Put::new(PointKind::BinaryInput, 0, Value::Binary(true))
    };
    master.told.clear();
    put(&fleet.units()[0], &[event], true);
    master.until(|master| !master.told.is_empty()).await;
    assert_eq!(master.told[0].variation, (2, 2));
    // It is wrong by no more than the time that it took to set it.
    let error = master.told[0].millis.unwrap().abs_diff(event.millis);
    assert!(error <= taken, "{error} ms in {taken}");
    master.read_alone(&[(1, 0)]).await;
    assert_eq!(master.indications, [0, 0]);
}

#[tokio::test]
async fn a_clock_is_set_as_in_a_network() {
    set("LAN", "LAN_TIME_SYNC").await;
}

#[tokio::test]
async fn a_clock_is_set_as_on_a_serial_line() {
    set("NonLAN", "NON_LAN_TIME_SYNC").await;
}
