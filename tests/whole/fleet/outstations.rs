//! Outstations with events that wait for their confirm go from one member to the other and back: each event is stored
//! once, and none has two masters.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::{PointDefinition, PointKind, Update};
use gridos_sim::dnp3::{Fleet, FleetConfig, Process, Unit};
use tokio::time::interval;

use super::gate::Gate;
use super::site::{Member, Site};
use crate::support::postgres::{Cluster, SUPERUSER};

const STATIONS: usize = 6;
/// Each makes an event so often.
const EVERY: Duration = Duration::from_millis(15);

/// Outstations that make events, each with its number as value.
fn stations() -> FleetConfig {
    let point = PointDefinition::new(PointKind::AnalogInput, 0, Class::One)
        .with_static(6)
        .with_event(8);
    FleetConfig {
        outstations: STATIONS,
        process: Process::Still([point].into()),
        ..FleetConfig::default()
    }
}

fn make_event(unit: &Unit) {
    unit.with(|outstation, at| {
        let number = outstation.ledger().produced();
        let point = outstation.points().find(PointKind::AnalogInput, 0).unwrap();
        let value = Value::Float64(number as f64);
        let update = Update::new(value, at.unix_ms).forced();
        assert_eq!(outstation.update(point, update, at), Ok(Some(number)));
    });
}

/// How many events wait in the outstations.
fn waiting(units: &[Arc<Unit>]) -> usize {
    let each = units.iter();
    each.map(|unit| unit.with(|outstation, _| outstation.buffered()))
        .sum()
}

fn plant(gates: &[Gate], units: &[Arc<Unit>], database: &Cluster) -> String {
    let devices = gates.iter().zip(units).enumerate();
    let devices = devices.map(|(n, (gate, unit))| {
        format!(
            "[[device]]\nname = \"s{n}\"\nprofile = \"station\"\naddress = \"{}\"\noutstation = {}\n",
            gate.address(),
            unit.address().raw(),
        )
    });
    let devices: String = devices.collect();
    format!(
        "[[profile]]\nname = \"station\"\nprotocol = \"dnp3\"\nreconnect_max = \"1s\"\n\
         point = [{{ name = \"p\", analog = 0 }}]\n{devices}\
         [store]\nkind = \"postgres\"\nurl = \"postgres://{SUPERUSER}@127.0.0.1:{}/grid\"\n",
        database.port()
    )
}

#[test]
fn events_that_wait_for_a_confirm_are_stored_once_and_nobody_has_two_masters() {
    let Some(mut site) = Site::small(0) else {
        return;
    };
    let Some(database) = site.runtime.block_on(Cluster::start()) else {
        return;
    };
    site.lease = "6s";
    site.runtime.block_on(database.create_database("grid"));
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let fleet = site.runtime.block_on(Fleet::listen(here, 0, stations()));
    let fleet = fleet.unwrap();
    let gates: Vec<_> = fleet
        .addresses()
        .map(|address| Gate::to(address, &site.runtime))
        .collect();
    site.plant = plant(&gates, fleet.units(), &database);
    let a = site.join("a");
    let b = site.join_by("b", &site.nats.servers(), "role = \"canary\"");
    site.until("the stable member has all", &[&a, &b], || {
        a.held() == STATIONS as u64 && gates.iter().all(|gate| gate.counts().connections > 0)
    });

    let is_over = Arc::<AtomicBool>::default();
    let (units, ended) = (fleet.units().to_vec(), Arc::clone(&is_over));
    let work = site.runtime.spawn(async move {
        let mut ticks = interval(EVERY);
        while !ended.load(Ordering::Relaxed) {
            ticks.tick().await;
            units.iter().for_each(|unit| make_event(unit));
        }
    });
    for round in 1..=4 {
        let (percent, to) = [("0", &a), ("100", &b)][round % 2];
        site.share(percent);
        let connected = |gate: &Gate| gate.counts().connections > round as u64;
        site.until("all have another master", &[&a, &b], || {
            to.held() == STATIONS as u64 && gates.iter().all(connected)
        });
    }
    is_over.store(true, Ordering::Relaxed);
    site.runtime.block_on(work).unwrap();
    site.until("all events are confirmed", &[&a, &b], || {
        waiting(fleet.units()) == 0
    });
    for (n, gate) in gates.iter().enumerate() {
        let counts = gate.counts();
        assert_eq!(counts.overlaps, 0, "s{n} had two masters: {counts:?}");
    }
    let ended = [a, b].map(Member::end);
    for told in &ended {
        assert_eq!(told["ledger"]["balanced"], true, "{told}");
    }
    let made = fleet.units().iter();
    let made: Vec<_> = made
        .map(|unit| unit.with(|outstation, _| outstation.ledger().clone()))
        .collect();
    eprintln!(
        "events of each: {:?}",
        made.iter().map(|l| l.produced()).collect::<Vec<_>>()
    );
    assert!(made.iter().all(|ledger| ledger.overflowed().is_empty()));
    let wrong = site
        .runtime
        .block_on(compare(&database, made.iter().map(|l| l.produced())));
    assert_eq!(wrong, "");
}

/// What of the events `0..made` of each outstation is not in the database once, or beside them.
async fn compare(database: &Cluster, made: impl Iterator<Item = u64>) -> String {
    let client = database.connect("grid").await;
    // Present values have no time of their own (bit 20).
    let sql = "
        select point, value::bigint, count(*) from event_reading
        where value is not null and quality & 1048576 = 0 and point = $1
        group by point, value having count(*) > 1 or not value::bigint between 0 and $2";
    let mut wrong = String::new();
    for (n, made) in made.enumerate() {
        let (name, last) = (format!("s{n}.p"), i64::try_from(made).unwrap() - 1);
        let rows = client.query(sql, &[&name, &last]).await.unwrap();
        for row in rows {
            wrong += &format!(
                "{name}: {} is there {} times\n",
                row.get::<_, i64>(1),
                row.get::<_, i64>(2)
            );
        }
        let all = "
            select count(distinct value) from event_reading
            where value is not null and quality & 1048576 = 0 and point = $1";
        let there: i64 = client.query_one(all, &[&name]).await.unwrap().get(0);
        if there != last + 1 {
            wrong += &format!("{name}: {there} of {made} events are there\n");
        }
    }
    let fenced = "select count(*) from quarantine where reason like 'fenced: %'";
    let fenced: i64 = client.query_one(fenced, &[]).await.unwrap().get(0);
    if fenced > 0 {
        wrong += &format!("{fenced} records are fenced\n");
    }
    // Even epochs are of devices that were let go.
    let let_go = "select count(*) from device_epoch where epoch % 2 = 0";
    let let_go: i64 = client.query_one(let_go, &[]).await.unwrap().get(0);
    if let_go < i64::try_from(STATIONS).unwrap() {
        wrong += &format!("only {let_go} were taken from who had let go\n");
    }
    wrong
}
