//! What is started and how, and what cannot be.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::Collector;
use gridos_collect::dnp3::{MappedPoint, PointKind, PointMap, StartError, start};
use gridos_dnp3::link::Address;

use crate::outstation::Site;
use crate::rig::{Rig, Setup};

#[tokio::test]
async fn integrity_polls_wait_for_each_other() {
    let sites = [Site::new().await, Site::new().await];
    let setups = ["a", "b"].iter().zip(&sites);
    let setups = setups.map(|(name, site)| Setup::new(name, site.address()));
    let (rig, devices) = Rig::prepare(setups.collect(), 64);
    let rig = rig.run_with(devices, 1);
    let [mut one, mut other] = [sites[0].accept().await, sites[1].accept().await];
    // Who comes first is left to chance.
    let (sequence, is_one_first) = tokio::select! {
        sequence = one.read_request() => (sequence, true),
        sequence = other.read_request() => (sequence, false),
    };
    let (first, second) = if is_one_first {
        (&mut one, &mut other)
    } else {
        (&mut other, &mut one)
    };
    second.nothing().await;
    assert_eq!(rig.telemetry.dnp3.integrity_polls_open.get(), 1);
    first
        .send(&crate::outstation::response(sequence, &[]))
        .await;
    second.answer(&[]).await;
    rig.until(|t| t.dnp3.integrity_polls.get() == 2).await;
    assert_eq!(rig.telemetry.dnp3.integrity_polls_open.get(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_not_started() {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let (rig, devices) = Rig::prepare(vec![Setup::new("rtu", nowhere)], 8);
    let device = devices.into_iter().next().unwrap();
    let refused = |change: &dyn Fn(&mut gridos_collect::dnp3::Dnp3Device)| {
        let mut changed = device.clone();
        change(&mut changed);
        let mut collector = Collector::default();
        let devices = vec![changed];
        let error = start(devices, 1, 1, &rig.intake, &mut collector, &rig.stopped);
        assert!(collector.is_empty());
        error.unwrap_err()
    };
    let error = refused(&|d| d.connect_timeout = Duration::ZERO);
    assert!(matches!(error, StartError::Timeout { .. }));
    let error = refused(&|d| d.outstation = Address::SELF);
    assert!(matches!(error, StartError::Address { .. }));
    let error = refused(&|d| d.groups.clear());
    assert!(matches!(error, StartError::Layout { .. }));
    let error = refused(&|d| {
        let point = MappedPoint::new(PointKind::Binary, 0);
        d.map = Arc::new(PointMap::new(vec![point]).unwrap());
    });
    assert_eq!(
        error.to_string(),
        "device 'rtu': the whole has 1 points in the map, its layout has 13"
    );
    let mut collector = Collector::default();
    let twice = vec![device.clone(), device];
    let error = start(twice, 1, 1, &rig.intake, &mut collector, &rig.stopped).unwrap_err();
    assert_eq!(
        error.to_string(),
        "device 'rtu': another one at the same place has the link address 10"
    );
}
