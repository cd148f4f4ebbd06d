//! The outstations that are listened to and asked.

use std::sync::Arc;

use gridos_collect::dnp3::{Dnp3Device, Recent};
use gridos_collect::modbus::Via;
use gridos_model::Directory;

use super::listeners::Listeners;
use crate::config::{Dnp3Link, FleetDevice};

/// The outstations among `devices`; `recent` is what is known of each device's last events.
pub(super) fn of(
    devices: &[FleetDevice],
    recent: Vec<Recent>,
    directory: &Directory,
    listeners: &mut Listeners,
) -> Vec<Dnp3Device> {
    let known = devices.iter().zip(recent);
    let outstation = |(device, recent): (&FleetDevice, Recent)| {
        let link = device.dnp3.as_ref()?;
        let via = listeners.via(&link.reach);
        Some(outstation(device, link, recent, directory, via))
    };
    known.filter_map(outstation).collect()
}

pub(super) fn outstation(
    device: &FleetDevice,
    link: &Dnp3Link,
    recent: Recent,
    directory: &Directory,
    via: Via,
) -> Dnp3Device {
    let treatment = &link.treatment;
    let entry = directory.device(device.index);
    Dnp3Device {
        device: device.index,
        host: link.address.host(),
        port: link.address.port(),
        master: link.pair.master,
        outstation: link.pair.outstation,
        config: Arc::clone(&treatment.config),
        keep_alive: treatment.keep_alive,
        fragment_max: treatment.fragment_max,
        map: Arc::clone(&link.map),
        whole: Arc::clone(entry.whole()),
        groups: entry.groups().to_vec(),
        via,
        connect_timeout: treatment.connect_timeout,
        reconnect_max: treatment.reconnect_max,
        recent,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};
    use std::path::Path;
    use std::time::Duration;

    use gridos_dnp3::outstation::{Every, Faults, OutstationConfig};
    use gridos_model::{Quality, Timestamp};
    use gridos_sim::dnp3::{Fleet, FleetConfig, Numbers, Process};
    use gridos_store::{HistoryQuery, SqliteStore, Store as _};
    use tokio::time::{sleep, timeout};

    use crate::config::Config;
    use crate::engine::Engine;

    /// How many events the outstation makes.
    const EVENTS: u64 = 60;
    const POINTS: u16 = 3;

    async fn outstation(outstation: OutstationConfig, faults: Faults) -> Fleet {
        let numbers = Numbers {
            points: POINTS,
            burst: 60,
            every: Duration::from_millis(10),
            events_max: EVENTS,
            ..Numbers::default()
        };
        let config = FleetConfig {
            outstation,
            faults,
            process: Process::Numbers(numbers),
            ..FleetConfig::default()
        };
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Fleet::listen(here, 0, config).await.unwrap()
    }

    fn config(data_dir: &Path, address: SocketAddr) -> Config {
        let text = format!(
            r#"
            engine.data_dir = {data_dir:?}
            http.listen = "127.0.0.1:0"
            [[profile]]
            name = "counting"
            protocol = "dnp3"
            point = [{{ name = "n_{{n}}", analog = "0..{}" }}]
            [[device]]
            name = "rtu"
            profile = "counting"
            address = "{address}"
            outstation = 10
            "#,
            POINTS - 1
        );
        let none: [(&str, &str); 0] = [];
        let config = Config::parse(&text, "g.toml", none, &|path| std::fs::read(path));
        config.unwrap_or_else(|faults| panic!("{faults}"))
    }

    async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
        let waited = timeout(Duration::from_secs(30), async {
            while !is_so() {
                sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(waited.await.is_ok(), "{what}");
    }

    /// The events in the database, by their numbers.
    async fn stored(data_dir: &Path) -> Vec<u64> {
        let store = SqliteStore::new(&data_dir.join("gridos.db"));
        let mut numbers = Vec::new();
        for point in 0..POINTS {
            let query = HistoryQuery {
                point: format!("rtu.n_{point}"),
                from: Timestamp::EPOCH,
                until: Timestamp::from_millis(i64::MAX / 1_000_000),
                limit: 10_000,
                youngest: false,
            };
            let rows = store.history(&query).await.unwrap();
            // What an integrity poll read has no time.
            let events = rows
                .iter()
                .filter(|row| !row.quality.contains(Quality::NO_SOURCE_TIME));
            numbers.extend(events.map(|row| format!("{}", row.value.unwrap())));
        }
        let mut numbers: Vec<u64> = numbers.iter().map(|n| n.parse().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }

    #[tokio::test]
    async fn what_an_outstation_tells_is_stored_and_confirmed() {
        let folder = tempfile::tempdir().unwrap();
        let fleet = outstation(OutstationConfig::default(), Faults::default()).await;
        let address = fleet.addresses().next().unwrap();
        let engine = Engine::start(&config(folder.path(), address))
            .await
            .unwrap();
        until("all are confirmed", || fleet.report().confirmed() == EVENTS).await;
        let (summary, ended) = engine.end().await;
        ended.unwrap();
        assert!(summary.to_string().contains("balanced"), "{summary}");
        let all: Vec<u64> = (0..EVENTS).collect();
        assert_eq!(stored(folder.path()).await, all);
    }

    /// The outstation never hears that its events are kept, and offers them to the next life of the
    /// engine.
    #[tokio::test]
    async fn what_an_earlier_life_has_kept_is_not_kept_twice() {
        let folder = tempfile::tempdir().unwrap();
        // It only answers, and so slowly that each life of the engine hears of its events once.
        let answers = OutstationConfig {
            unsolicited: None,
            response_delay: Duration::from_millis(300),
            ..OutstationConfig::default()
        };
        let deaf = Faults {
            lose_confirm: Every::TIME,
            ..Faults::default()
        };
        let fleet = outstation(answers, deaf).await;
        let address = fleet.addresses().next().unwrap();
        let config = config(folder.path(), address);
        until("all are there", || fleet.report().produced() == EVENTS).await;
        let first = Engine::start(&config).await.unwrap();
        let taken = &first.telemetry().dnp3.events;
        until("all are taken", || taken.get() == EVENTS).await;
        first.end().await.1.unwrap();
        let second = Engine::start(&config).await.unwrap();
        let repeated = &second.telemetry().dnp3.events_repeated;
        until("all come again", || repeated.get() == EVENTS).await;
        second.end().await.1.unwrap();
        assert_eq!(fleet.report().confirmed(), 0);
        let all: Vec<u64> = (0..EVENTS).collect();
        assert_eq!(stored(folder.path()).await, all);
    }
}
