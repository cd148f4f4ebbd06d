//! Outstations while the configuration changes: whose lines are untouched goes on over its connection,
//! and every event of every outstation is stored once.

use std::collections::BTreeMap;

use gridos_dnp3::outstation::{EventCapacities, OutstationConfig};
use gridos_sim::dnp3::{Fleet, FleetConfig, Numbers, Process as Made};

use super::*;

const RELOADS: usize = 30;

/// What is configured of the outstations: their profiles by their names.
type Outstations = BTreeMap<&'static str, &'static str>;

/// Their places in the fleet.
const NAMES: [&str; 3] = ["kept", "other", "passing"];

struct Stations {
    site: Site,
    fleet: Fleet,
}

impl Stations {
    fn new() -> Self {
        let site = Site::new();
        let config = FleetConfig {
            outstations: NAMES.len(),
            outstation: OutstationConfig {
                // Enough for all that is made while nobody asks.
                capacities: EventCapacities::all(100_000),
                ..OutstationConfig::default()
            },
            process: Made::Numbers(Numbers {
                every: Duration::from_millis(100),
                ..Numbers::default()
            }),
            ..FleetConfig::default()
        };
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let fleet = site.runtime.block_on(Fleet::listen(localhost, 0, config));
        let fleet = fleet.unwrap();
        Self { site, fleet }
    }

    fn write(&self, outstations: &Outstations) {
        let mut text = self.site.text(&Plan::new());
        let common = "protocol = \"dnp3\"\nkeep_alive = \"2s\"\nreconnect_max = \"500ms\"\n\
                      response_timeout = \"5s\"\noutstation_confirm_timeout = \"5s\"\n\
                      point = [{ name = \"p0\", analog = 0 }, { name = \"p1\", analog = 1 }, \
                      { name = \"p2\", analog = 2 }]\n";
        for (name, more) in [
            ("unasked", ""),
            ("asked", "unsolicited = false\nclass_poll = \"200ms\"\n"),
        ] {
            write!(text, "[[profile]]\nname = \"{name}\"\n{common}{more}").unwrap();
        }
        for (place, name) in NAMES.into_iter().enumerate() {
            let Some(profile) = outstations.get(name) else {
                continue;
            };
            let address = self.fleet.addresses().nth(place).unwrap();
            let link = self.fleet.units()[place].address().raw();
            write!(
                text,
                "[[device]]\nname = \"{name}\"\nprofile = \"{profile}\"\naddress = \"{address}\"\n\
                 outstation = {link}\n"
            )
            .unwrap();
        }
        fs::write(self.site.config(), text).unwrap();
    }

    /// All that was made was confirmed, so it is durable.
    fn is_read_to_the_end(&self) -> bool {
        let report = self.fleet.report();
        report.buffered() == 0 && report.confirmed() == report.produced()
    }

    /// How often each event of an outstation is stored. Present values have no time of their own (bit 20).
    fn stored(&self, name: &str) -> BTreeMap<u64, u64> {
        let rows = self.site.query(&format!(
            "select cast(value as integer), count(*) from reading \
             where point like '{name}.%' and quality & 1048576 = 0 and value is not null group by 1"
        ));
        let number = |text: &String| text.parse::<u64>().unwrap();
        let rows = rows.iter();
        rows.map(|row| (number(&row[0]), number(&row[1]))).collect()
    }
}

#[test]
fn no_event_is_lost_or_stored_twice_while_outstations_come_and_go() {
    let stations = Stations::new();
    let site = &stations.site;
    let mut plan = Outstations::from([("kept", "unasked"), ("other", "unasked")]);
    stations.write(&plan);
    let process = site.start();
    let kept = &stations.fleet.units()[0];
    site.until("it is connected", |site| site.readings_of("kept") > 0);
    for round in 0..RELOADS {
        let before = site.readings_of("kept");
        match round % 3 {
            0 => plan.insert("passing", "unasked"),
            1 => {
                let profile = if plan["other"] == "asked" {
                    "unasked"
                } else {
                    "asked"
                };
                plan.insert("other", profile)
            }
            _ => plan.remove("passing"),
        };
        stations.write(&plan);
        site.reloaded();
        site.until("it goes on", |site| site.readings_of("kept") > before);
    }
    assert_eq!(kept.connections(), 1, "it was left alone");
    assert!(stations.fleet.units()[1].connections() > 1);
    plan.insert("passing", "asked");
    stations.write(&plan);
    site.reloaded();
    stations.fleet.stop_process();
    site.until("all is read", |_| stations.is_read_to_the_end());
    assert_eq!(kept.connections(), 1, "it was left alone");
    site.stop(process);
    for (place, name) in NAMES.into_iter().enumerate() {
        let unit = &stations.fleet.units()[place];
        let produced = unit.with(|outstation, _| outstation.ledger().produced());
        let once: BTreeMap<_, _> = (0..produced).map(|number| (number, 1)).collect();
        assert!(produced > 0, "{name}");
        assert_eq!(stations.stored(name), once, "{name}");
    }
}
