//! A storm: all devices change their state within seconds, and half of them lose their
//! communication. Whoever follows the alarms has exactly the engine's table, the history and the
//! journal have all of it once, and nobody is told what only the loss makes look bad.

mod follower;
mod relays;
mod story;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::follower::{Follower, Row, THE_END, Table, Way, rows};
use self::relays::{PROFILE, Relay, Relays};
use crate::support::engine::{Process, free_address};
use crate::support::http::{Client, get};
use crate::support::random::{self, Random};

const RELAYS: usize = 300;
/// How often those that are heard change their state while the others are lost.
const GUSTS: u16 = 4;
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn in_a_storm_all_who_follow_have_the_table_and_the_history_has_everything_once() {
    let mut site = Site::start();
    let calm = site.all_are_up();
    assert_eq!(calm, 0, "alarms in the calm");
    let steady = Follower::start(&site.address, Way::Steadily);
    let slow = Follower::start(
        &site.address,
        Way::Slowly {
            behind: 500,
            whom: steady.table.clone(),
        },
    );
    let cut = Follower::start(&site.address, Way::WithCuts { events: 97 });
    for client in [&steady, &slow, &cut] {
        client.until(|table| table.snapshots == 1);
    }

    site.breaks(&steady);
    site.gusts(&steady);
    let late = Follower::start(&site.address, Way::Steadily);
    site.all_is_told(&steady);
    let acknowledged = site.acknowledge(&steady, 40);
    site.relays.calm();
    site.all_has_returned(&steady);
    site.say_the_end(&steady, &acknowledged);

    let tables = [steady, slow, cut, late].map(Follower::finish);
    site.check_tables(&tables);
    site.stop();
    let stored = story::stored(&site.data().join("gridos.db"));
    story::check(&stored, &site.relays);
    assert!(story::journalled(&site.data().join("journal")) == stored);
    let [steady, slow, cut, late] = tables;
    for (name, table) in [("steady", &steady), ("slow", &slow), ("cut", &cut)] {
        assert_eq!(table.snapshots, 1, "{name}");
        assert!(table.records == stored, "{name} heard something else");
    }
    assert!(stored.ends_with(&late.records) && late.records.len() < stored.len());
    println!("{} records", stored.len());
}

#[test]
fn a_kill_in_the_storm_tells_nothing_twice_and_forgets_no_acknowledgement() {
    let mut site = Site::start();
    site.all_are_up();
    let steady = Follower::start(&site.address, Way::Steadily);
    let cut = Follower::start(&site.address, Way::WithCuts { events: 97 });
    steady.until(|table| table.snapshots == 1);
    site.breaks(&steady);
    let some = RELAYS / 8 + usize::try_from(site.random.below(RELAYS as u64 / 4)).unwrap();
    steady.until(|table| table.of(":link").count() > some);
    let acknowledged = site.acknowledge(&steady, 10);
    site.kill_and_start();

    site.gusts(&steady);
    site.all_is_told(&steady);
    site.check_acknowledged(&acknowledged);
    site.relays.calm();
    site.all_has_returned(&steady);
    site.say_the_end(&steady, &acknowledged);

    let tables = [steady, cut].map(Follower::finish);
    site.check_tables(&tables);
    site.stop();
    let stored = story::stored(&site.data().join("gridos.db"));
    story::check(&stored, &site.relays);
    assert!(story::journalled(&site.data().join("journal")) == stored);
}

/// The engine and what it watches.
struct Site {
    relays: Relays,
    process: Option<Process>,
    dir: TempDir,
    address: String,
    random: Random,
}

impl Site {
    fn start() -> Self {
        let seed = random::seed();
        println!("seed {seed}");
        let dir = TempDir::new().unwrap();
        let relays = Relays::start(RELAYS);
        let address = free_address();
        let mut site = Self {
            relays,
            process: None,
            dir,
            address,
            random: Random::new(seed),
        };
        fs::write(site.config(), site.config_text()).unwrap();
        site.start_engine();
        site
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("gridos.toml")
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn config_text(&self) -> String {
        let data = self.data();
        let mut text = format!(
            "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"{}\"\n[store]\nkind = \"sqlite\"\n\
             [modbus]\ntimeout = \"3s\"\nreconnect_max = \"500ms\"\nprobe_max = \"1s\"\n\
             [scan_class]\nquick = \"250ms\"\n{PROFILE}",
            data.display(),
            self.address,
        );
        for Relay { name, address, .. } in self.relays.iter() {
            text += &format!(
                "[[device]]\nname = \"{name}\"\naddress = \"{address}\"\nprofile = \"relay\"\n"
            );
        }
        text
    }

    fn start_engine(&mut self) {
        let config = self.config();
        let args = ["run", config.to_str().unwrap()];
        self.process = Some(Process::start(&args, &self.dir.path().join("log")));
        until(|| Client::connect(&self.address).is_ok());
    }

    fn kill_and_start(&mut self) {
        self.process.take().unwrap().kill();
        self.start_engine();
    }

    fn stop(&mut self) {
        let process = self.process.take().unwrap();
        process.signal(Signal::INT);
        let (status, summary) = process.wait();
        assert!(status.success(), "{summary}");
    }

    fn json(&self, path: &str) -> Value {
        let answer = get(&self.address, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Waits until all devices answer; returns how many alarms are not at rest.
    fn all_are_up(&self) -> u64 {
        until(|| self.json("/api/v1/scada/status")["devices"]["up"] == RELAYS);
        let summary = self.json("/api/v1/alarms/summary");
        assert_eq!(summary["configured"], 5 * RELAYS);
        summary["total"].as_u64().unwrap()
    }

    /// All change their state; when the engine knows it of some, half of all are cut off.
    fn breaks(&mut self, client: &Follower) {
        self.relays.rise();
        client.until(|table| table.of(".current:limit").count() > RELAYS / 3);
        self.relays.cut_off(&mut self.random);
    }

    /// Those that are heard change their state again and again, and get worse in the end.
    fn gusts(&self, client: &Follower) {
        let heard = RELAYS / 2;
        let until = |alarm: &str, level: &str, count: usize| {
            let is_of_heard = |row: &&Row| self.relays.is_heard(&row.name);
            client.until(|table| {
                let rows = table.of(alarm).filter(is_of_heard);
                rows.filter(|row| row.level == level).count() == count
            });
        };
        for gust in 1..=GUSTS {
            let mode = gust % 2;
            self.relays
                .heard()
                .for_each(|relay| relay.measure(150, mode));
            until(".mode:state", "abnormal", if mode == 1 { heard } else { 0 });
            until(".current:limit", "high", heard);
        }
        self.relays.heard().for_each(|relay| relay.measure(250, 1));
        until(".current:limit", "high_high", heard);
        until(".mode:state", "abnormal", heard);
    }

    /// Waits until all that is lost is told to be, and what it makes look bad is held back.
    fn all_is_told(&self, client: &Follower) {
        let until = |alarm: &str, state: &str, count: usize| {
            client.until(|table| table.of(alarm).filter(|row| row.state == state).count() == count);
        };
        until(".oil:quality", "suppressed", RELAYS / 2);
        until(".oil:stale", "suppressed", RELAYS / 2);
        until(".oil:quality", "unacknowledged", RELAYS / 10);
        client.until(|table| table.of(":link").count() == RELAYS / 2);
    }

    fn all_has_returned(&self, client: &Follower) {
        client.until(|table| table.rows.values().all(|row| row.level == "normal"));
    }

    /// Acknowledges up to `count` links that are lost; returns their names and occurrences.
    fn acknowledge(&self, client: &Follower, count: usize) -> Vec<(String, u64)> {
        let named = |row: &Row| (row.name.clone(), row.occurrence);
        let links: Vec<_> = client.look().of(":link").take(count).map(named).collect();
        assert_eq!(links.len(), count);
        for (name, occurrence) in &links {
            self.command(name, *occurrence, "seen");
        }
        links
    }

    fn command(&self, name: &str, occurrence: u64, comment: &str) {
        let body = json!({ "by": "ada", "occurrence": occurrence, "comment": comment });
        let path = format!("/api/v1/alarms/{name}/ack");
        let answer = Client::connect(&self.address)
            .unwrap()
            .post(&path, &body.to_string())
            .unwrap();
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }

    fn check_acknowledged(&self, acknowledged: &[(String, u64)]) {
        for (name, occurrence) in acknowledged {
            let alarm = &self.json(&format!("/api/v1/alarms/{name}"))["alarm"];
            assert_eq!(alarm["state"], "acknowledged", "{alarm}");
            assert_eq!(alarm["acknowledged"]["by"], "ada", "{alarm}");
            assert_eq!(alarm["occurrence"], *occurrence, "{alarm}");
        }
    }

    /// Acknowledges an alarm that nobody has acknowledged: after that nothing happens any more.
    fn say_the_end(&self, client: &Follower, acknowledged: &[(String, u64)]) {
        let rows: Vec<_> = client.look().rows.values().cloned().collect();
        let is_new = |row: &&Row| acknowledged.iter().all(|(name, _)| *name != row.name);
        let row = rows.iter().find(is_new).unwrap();
        self.command(&row.name, row.occurrence, THE_END);
    }

    fn check_tables(&self, tables: &[Table]) {
        let list = self.json("/api/v1/alarms?limit=10000");
        let expected = rows(&list);
        assert!(expected.len() > RELAYS, "{}", expected.len());
        for (n, table) in tables.iter().enumerate() {
            assert!(table.rows == expected, "the table of client {n}");
        }
    }
}

#[track_caller]
fn until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it does not become so");
        crate::support::patience::look_again();
    }
}
