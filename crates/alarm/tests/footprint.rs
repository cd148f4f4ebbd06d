//! What an alarm costs in memory while nothing happens to it.

#![cfg(test)]
#![cfg(target_os = "linux")]

use std::sync::Arc;

use gridos_alarm::{Alarms, Condition, Defined, Definition, Limits};
use gridos_model::{AlarmId, AlarmKind, DirectoryBuilder, Point};

const DEVICES: usize = 10_000;
const POINTS: usize = 32;
/// With the bands and the last values of its point.
const BYTES_PER_ALARM_MAX: usize = 68;

/// What the process has resident, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<usize>().unwrap() * 1_024
}

#[test]
fn an_alarm_of_limits_at_rest_takes_little_memory() {
    let mut builder = DirectoryBuilder::default();
    for device in 0..DEVICES {
        let points = (0..POINTS).map(|n| Point::new(&format!("p{n}"), "A"));
        let name = format!("d{device}");
        builder.add(&name, points.collect(), &[]).unwrap();
    }
    let directory = Arc::new(builder.build());
    let limits = Limits::new(None, Some(100.0), None, None, 2.0).unwrap();
    let definition = Arc::new(Definition::new(Condition::Limit(limits)));
    let mut defined = Vec::with_capacity(DEVICES * POINTS);
    for device in directory.devices() {
        for (n, point) in (0..).zip(device.whole().points()) {
            let owner = format!("{}.{}", device.name(), point.name());
            defined.push(Defined {
                id: AlarmId::of(&owner, AlarmKind::Limit),
                device: device.whole().device_index(),
                point: Some(device.whole().first().offset(n)),
                reference: None,
                definition: Arc::clone(&definition),
            });
        }
    }
    let before = resident();
    let alarms = Alarms::new(directory, &defined);
    let each = resident().saturating_sub(before) / defined.len();
    println!("{each} bytes for each of {} alarms", defined.len());
    assert!(each <= BYTES_PER_ALARM_MAX, "{each} bytes");
    drop(alarms);
}
