//! Feeder bays over DNP3.

use std::time::Duration;

use gridos_dnp3::app::{CommonTime, Response};
use gridos_dnp3::outstation::{OutstationConfig, PointKind};
use gridos_sim::dnp3::{FEEDER_POINTS, FleetConfig, Process};

use crate::master::{Master, hex, listen};

#[tokio::test]
async fn a_bay_tells_all_its_points() {
    let every = Duration::from_millis(10);
    let fleet = listen(FleetConfig {
        outstations: 2,
        outstation: OutstationConfig {
            unsolicited: None,
            ..OutstationConfig::default()
        },
        process: Process::Feeders { every },
        ..FleetConfig::default()
    })
    .await;
    tokio::time::sleep(3 * every).await;
    for (line, unit) in fleet.units().iter().enumerate() {
        let mut master = Master::connect(&fleet, line).await;
        let answer = master.ask(unit.address().raw(), "C1 01 3C 01 06").await;
        let fragment = hex(&answer);
        let response = Response::parse(&fragment).unwrap();
        let mut told = Vec::new();
        for header in response.headers() {
            let header = header.unwrap();
            for point in header.points(CommonTime::NONE) {
                assert!(point.flags.is_online(), "{point:?}");
                told.push((header.kind().unwrap(), point.index));
            }
        }
        let mut expected: Vec<_> = FEEDER_POINTS
            .iter()
            .map(|point| (point.kind.kind(), point.index))
            .collect();
        expected.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, expected);
        let serial = unit.with(|outstation, _| {
            let point = outstation.points().find(PointKind::OctetString, 0).unwrap();
            outstation.value(point).unwrap().value.to_string()
        });
        assert_eq!(serial, format!("'{:08}'", line + 1));
    }
}

#[tokio::test]
async fn values_that_leave_their_deadband_make_events() {
    let every = Duration::from_millis(10);
    let fleet = listen(FleetConfig {
        outstations: 50,
        per_line: 50,
        process: Process::Feeders { every },
        ..FleetConfig::default()
    })
    .await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let report = fleet.stop().await;
    let looks = 50 * 60 * u64::try_from(FEEDER_POINTS.len()).unwrap();
    assert!(
        report.produced() > 0 && report.produced() < looks / 10,
        "{}",
        report.produced()
    );
}
