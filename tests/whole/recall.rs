//! The engine is killed with -9 while alarms come, are acknowledged and shelved over HTTP: the next
//! life shows what was answered, and the history has all of it once.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use gridos_model::Timestamp;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Process, free_address};
use crate::support::http::Client;
use crate::support::random::{self, Random};

const KILLS: usize = 8;
const POINTS: usize = 6;
/// The engine is killed after at most so many deeds that were answered.
const DEEDS_PER_LIFE_MAX: u64 = 60;
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn what_was_answered_about_alarms_survives_kills() {
    let dir = TempDir::new().unwrap();
    let address = free_address();
    let config = dir.path().join("gridos.toml");
    fs::write(&config, config_text(dir.path(), &address)).unwrap();
    let seed = random::seed();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut room = ControlRoom::new(&address, Random::new(seed ^ 1));
    let (answered, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| room.work(&answered, &stop));
        let _stopping = Stopping(&stop);
        for _ in 0..KILLS {
            let process = start(dir.path(), &config);
            let target = answered.load(Ordering::Acquire) + random.below(DEEDS_PER_LIFE_MAX);
            let began = Instant::now();
            while answered.load(Ordering::Acquire) <= target {
                assert!(began.elapsed() < PATIENCE, "{}", log(dir.path()));
                crate::support::patience::look_again();
            }
            process.kill();
        }
    });
    let process = start(dir.path(), &config);
    room.connect();
    room.check_what_was_seen();
    process.signal(Signal::INT);
    let (status, _) = process.wait();
    assert!(status.success(), "{}", log(dir.path()));
    check_history(&dir.path().join("data/gridos.db"), &room.commands);
}

/// Ends the work, also if the test fails.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn start(dir: &Path, config: &Path) -> Process {
    Process::start(&["run", config.to_str().unwrap()], &dir.join("log"))
}

fn log(dir: &Path) -> String {
    fs::read_to_string(dir.join("log")).unwrap()
}

fn config_text(dir: &Path, address: &str) -> String {
    let points: Vec<_> = (0..POINTS)
        .map(|n| format!("{{ name = \"p{n}\", limits = {{ high = 100.0 }} }}"))
        .collect();
    format!(
        "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"{address}\"\n\
         [journal]\nsegment_size = \"1MiB\"\n[store]\nkind = \"sqlite\"\n\
         [[profile]]\nname = \"meter\"\nprotocol = \"push\"\npoint = [{}]\n\
         [[device]]\nname = \"meter\"\nprofile = \"meter\"\n",
        dir.join("data").display(),
        points.join(", "),
    )
}

/// What an alarm is shown as.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    state: String,
    occurrence: u64,
    acknowledged_by: Value,
}

/// Whoever posts values and looks after the alarms; and what they know for certain.
struct ControlRoom {
    address: String,
    random: Random,
    client: Option<Client>,
    /// What each alarm was shown as last; `None` while something was asked that was not answered.
    seen: Vec<Option<Seen>>,
    /// The comments of commands that were answered.
    commands: Vec<String>,
    deeds: u64,
}

impl ControlRoom {
    fn new(address: &str, random: Random) -> Self {
        Self {
            address: address.to_owned(),
            random,
            client: None,
            seen: vec![None; POINTS],
            commands: Vec::new(),
            deeds: 0,
        }
    }

    fn work(&mut self, answered: &AtomicU64, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            if self.client.is_none() {
                match Client::connect(&self.address) {
                    Ok(client) => self.client = Some(client),
                    Err(_) => crate::support::patience::look_again(),
                }
                if !self.is_ready() {
                    continue;
                }
                self.check_what_was_seen();
            }
            let point = usize::try_from(self.random.below(POINTS as u64)).unwrap();
            match self.deed(point) {
                Some(()) => drop(answered.fetch_add(1, Ordering::AcqRel)),
                None => self.client = None,
            }
        }
    }

    /// Connects to an engine that is to live.
    fn connect(&mut self) {
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "it does not answer");
            self.client = Client::connect(&self.address).ok();
            if self.is_ready() {
                return;
            }
        }
    }

    /// A life that is killed before it answers is none.
    fn is_ready(&mut self) -> bool {
        let is_ready = self.client.is_some() && self.look(0).is_some();
        if !is_ready {
            self.client = None;
        }
        is_ready
    }

    /// After a start every alarm is what it was, unless nobody knows what became of the last deed.
    fn check_what_was_seen(&mut self) {
        for point in 0..POINTS {
            let Some(expected) = self.seen[point].clone() else {
                continue;
            };
            let Some(shown) = self.look(point) else {
                self.client = None;
                return;
            };
            assert_eq!(shown, expected, "p{point}");
        }
    }

    /// Does something, and looks at what came of it; `None` if the engine was killed meanwhile.
    fn deed(&mut self, point: usize) -> Option<()> {
        let before = self.look(point)?;
        self.seen[point] = None;
        self.deeds += 1;
        match self.random.below(4) {
            0 => self.post(point, 150.0)?,
            1 => self.post(point, 50.0)?,
            2 => self.command(point, "ack", json!({ "occurrence": before.occurrence }))?,
            _ => match before.state == "shelved" {
                true => self.command(point, "unshelve", json!({}))?,
                false => self.command(point, "shelve", json!({ "seconds": 3600 }))?,
            },
        }
        self.seen[point] = Some(self.look(point)?);
        Some(())
    }

    fn post(&mut self, point: usize, value: f64) -> Option<()> {
        let time = Timestamp::from(SystemTime::now());
        let body = format!(
            "{{\"readings\":[{{\"point\":\"meter.p{point}\",\"time\":\"{time}\",\"value\":{value}}}]}}"
        );
        let answer = self
            .client
            .as_mut()?
            .post("/api/v1/scada/data", &body)
            .ok()?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Some(())
    }

    fn command(&mut self, point: usize, verb: &str, mut body: Value) -> Option<()> {
        let comment = format!("deed {}", self.deeds);
        body["by"] = "ada".into();
        body["comment"] = comment.as_str().into();
        let path = format!("/api/v1/alarms/meter.p{point}:limit/{verb}");
        let answer = self.client.as_mut()?.post(&path, &body.to_string()).ok()?;
        // What never was active cannot be acknowledged.
        let is_refused = answer.status == 409 && body["occurrence"] == 0;
        assert!(answer.status == 200 || is_refused, "{}", answer.body);
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        if told["changed"] == true {
            self.commands.push(comment);
        }
        Some(())
    }

    fn look(&mut self, point: usize) -> Option<Seen> {
        let path = format!("/api/v1/alarms/meter.p{point}:limit");
        let answer = self.client.as_mut()?.get(&path).ok()?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let shown: Value = serde_json::from_str(&answer.body).unwrap();
        let alarm = &shown["alarm"];
        Some(Seen {
            state: alarm["state"].as_str().unwrap().to_owned(),
            occurrence: alarm["occurrence"].as_u64().unwrap(),
            acknowledged_by: alarm["acknowledged"]["by"].clone(),
        })
    }
}

/// Every record is there once and none is missing; no alarm was raised twice without having
/// returned, and every command that was answered was recorded.
fn check_history(database: &Path, commands: &[String]) {
    let query = |sql: &str| {
        let output = Command::new("sqlite3").arg(database).arg(sql).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let sequences = query("select sequence from alarm_event order by sequence");
    let count = sequences.len();
    assert!(sequences.into_iter().eq((1..=count).map(|n| n.to_string())));
    for point in 0..POINTS {
        let told = query(&format!(
            "select action from alarm_history where alarm = 'meter.p{point}:limit' \
             and action in ('raised', 'returned') order by sequence"
        ));
        let expected = ["raised", "returned"].into_iter().cycle();
        assert!(
            told.iter()
                .map(String::as_str)
                .eq(expected.take(told.len())),
            "{told:?}"
        );
    }
    let recorded = query("select comment from alarm_event where actor = 'ada'");
    for comment in commands {
        let times = recorded.iter().filter(|found| *found == comment).count();
        assert_eq!(times, 1, "{comment}");
    }
    assert!(!commands.is_empty());
}
