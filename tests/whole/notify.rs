//! Alarms from a post to Prometheus Alertmanager, whatever is killed on the way.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::alertmanager::Alertmanager;
use crate::support::engine::Process;
use crate::support::http::{Answer, Client};
use crate::support::postgres::free_port;

const EXAMPLE: &str = include_str!("../../examples/alertmanager.yml");
const TOKEN: &str = "the-token-of-the-test";
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An engine that tells an Alertmanager.
struct Rig {
    dir: TempDir,
    engine: Option<Process>,
    address: String,
    alertmanager: Alertmanager,
}

impl Rig {
    fn new(alertmanager: &str) -> Option<Self> {
        let rig = Self {
            dir: TempDir::new().unwrap(),
            engine: None,
            address: format!("127.0.0.1:{}", free_port()),
            alertmanager: Alertmanager::of(alertmanager)?,
        };
        fs::write(rig.dir.path().join("token"), TOKEN).unwrap();
        fs::write(rig.file("notify.toml"), rig.config()).unwrap();
        Some(rig)
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn config(&self) -> String {
        let mut text = format!(
            "[engine]\nname = \"west\"\ndata_dir = \"{}\"\n[http]\nlisten = \"{}\"\n\
             [[notify]]\nname = \"pager\"\nkind = \"alertmanager\"\nurl = \"http://{}\"\n\
             token_file = \"token\"\ngather = \"100ms\"\nresend = \"1s\"\n\
             [[profile]]\nname = \"feeder\"\nprotocol = \"push\"\npoint = [\n\
             {{ name = \"i\", unit = \"A\", limits = {{ high = 400, high_high = 500, deadband = 5 }} }},\n\
             {{ name = \"u\", unit = \"kV\", limits = {{ low = 18, deadband = 0.1 }} }} ]\n",
            self.file("data"),
            self.address,
            self.alertmanager.address
        );
        for n in 0..200 {
            let area = if n < 100 { "north" } else { "south" };
            text += &format!(
                "[[device]]\nname = \"feeder-{n}\"\nprofile = \"feeder\"\narea = \"{area}\"\n"
            );
        }
        text
    }

    fn start(&mut self) {
        let (config, log) = (self.file("notify.toml"), self.file("log"));
        self.engine = Some(Process::start(&["run", &config], Path::new(&log)));
        self.until(|| {
            let health = Client::connect(&self.address).and_then(|mut c| c.get("/health/ready"));
            health.is_ok_and(|health| health.status == 200)
        });
    }

    fn kill(&mut self) {
        self.engine.take().unwrap().kill();
    }

    fn post(&self, path: &str, body: &str) -> Answer {
        let mut client = Client::connect(&self.address).unwrap();
        let answer = client.post(path, body).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// A reading of each point.
    fn read<'a>(&self, readings: impl IntoIterator<Item = (&'a str, f64)>) {
        let readings = readings.into_iter();
        let readings: Vec<_> = readings
            .map(|(point, value)| format!("{{\"point\":\"{point}\",\"value\":{value}}}"))
            .collect();
        let body = format!("{{\"readings\":[{}]}}", readings.join(","));
        self.post("/api/v1/scada/data", &body);
    }

    fn command(&self, alarm: &str, verb: &str, more: &str) {
        let path = format!("/api/v1/alarms/{alarm}");
        let one = Client::connect(&self.address).unwrap().get(&path).unwrap();
        let one: Value = serde_json::from_str(&one.body).unwrap();
        let occurrence = find(&one, "occurrence").unwrap();
        let body =
            format!("{{\"by\":\"ann\",\"comment\":\"seen\",\"occurrence\":{occurrence}{more}}}");
        self.post(&format!("{path}/{verb}"), &body);
    }

    /// The alarms that Alertmanager has as active, with their severities.
    fn active(&self) -> Option<BTreeSet<(String, String)>> {
        let alerts = self.alertmanager.active()?;
        let label = |alert: &Value, name: &str| alert["labels"][name].as_str().map(str::to_owned);
        let shown = alerts.iter().map(|alert| {
            let alarm = label(alert, "alarm").or_else(|| label(alert, "alertname"));
            (alarm.unwrap(), label(alert, "severity").unwrap())
        });
        Some(shown.collect())
    }

    fn until_active(&self, expected: &[(&str, &str)]) {
        let expected: BTreeSet<_> = expected
            .iter()
            .map(|(alarm, severity)| ((*alarm).to_owned(), (*severity).to_owned()))
            .collect();
        let mut seen = None;
        self.until(|| {
            seen = self.active();
            seen.as_ref() == Some(&expected)
        });
    }

    fn until(&self, mut is_so: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_so() {
            if began.elapsed() > PATIENCE {
                let log = self.engine.as_ref().map(Process::log);
                panic!(
                    "not in time: {:?}\n{}",
                    self.active(),
                    log.unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn metric(&self, name: &str) -> f64 {
        let answer = Client::connect(&self.address)
            .unwrap()
            .get("/metrics")
            .unwrap();
        let line = answer.body.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.rsplit(' ').next());
        value
            .unwrap_or_else(|| panic!("no {name}"))
            .parse()
            .unwrap()
    }
}

/// The first value under that key, wherever it is.
fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map
            .get(key)
            .or_else(|| map.values().find_map(|v| find(v, key))),
        Value::Array(list) => list.iter().find_map(|v| find(v, key)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[test]
fn an_alarm_is_active_from_its_annunciation_to_its_return_and_no_longer() {
    let Some(mut rig) = Rig::new(EXAMPLE) else {
        return;
    };
    rig.alertmanager.start();
    rig.start();
    rig.read([("feeder-7.i", 420.0)]);
    rig.until_active(&[("feeder-7.i:limit", "low")]);
    let alert = &rig.alertmanager.active().unwrap()[0];
    let labels = [
        ("alertname", "GridosAlarm"),
        ("device", "feeder-7"),
        ("point", "i"),
        ("area", "north"),
        ("kind", "limit"),
        ("engine", "west"),
    ];
    for (name, value) in labels {
        assert_eq!(alert["labels"][name], value, "{alert}");
    }
    let summary = &alert["annotations"]["summary"];
    assert_eq!(summary, "feeder-7.i: high at 420 A, limit 400 A");

    // What operators do with it does not end it: the next messages to be taken show that.
    rig.command("feeder-7.i:limit", "ack", "");
    rig.command("feeder-7.i:limit", "shelve", ",\"seconds\":600");
    let taken = rig.metric("gridos_notify_messages_total{outcome=\"taken\"}");
    rig.until(|| rig.metric("gridos_notify_messages_total{outcome=\"taken\"}") > taken + 1.0);
    rig.until_active(&[("feeder-7.i:limit", "low")]);
    rig.command("feeder-7.i:limit", "unshelve", "");

    // What becomes worse is another alert, and ends the one before.
    rig.read([("feeder-7.i", 520.0)]);
    rig.until_active(&[("feeder-7.i:limit", "high")]);
    rig.read([("feeder-7.i", 300.0)]);
    rig.until_active(&[]);
    let log = rig.engine.as_ref().unwrap().log();
    assert!(!log.contains(TOKEN), "{log}");
}

#[test]
fn what_happens_while_alertmanager_is_away_is_told_also_after_the_engine_was_killed() {
    let Some(mut rig) = Rig::new(EXAMPLE) else {
        return;
    };
    rig.alertmanager.start();
    rig.start();
    rig.read([("feeder-1.i", 420.0), ("feeder-2.i", 420.0)]);
    let both = [("feeder-1.i:limit", "low"), ("feeder-2.i:limit", "low")];
    rig.until_active(&both);
    rig.until(|| rig.metric("gridos_notify_waiting") == 0.0);
    // The state is written within a second.
    let state = Path::new(&rig.file("data")).join("notify/pager.json");
    let is_kept = || {
        fs::read_to_string(&state).is_ok_and(|text| text.matches("\"is_news\":false").count() == 2)
    };
    rig.until(is_kept);

    rig.alertmanager.stop();
    let failed = "gridos_notify_messages_total{outcome=\"failed\"}";
    rig.until(|| rig.metric(failed) > 0.0);
    rig.read([("feeder-1.i", 300.0), ("feeder-3.u", 12.0)]);
    rig.kill();
    rig.start();
    rig.until(|| rig.metric(failed) > 0.0);
    rig.alertmanager.start();
    // It kept nothing of its own: what stands is all told anew.
    rig.until_active(&[("feeder-2.i:limit", "low"), ("feeder-3.u:limit", "low")]);
    rig.read([("feeder-2.i", 300.0)]);
    rig.until_active(&[("feeder-3.u:limit", "low")]);
}

/// What a webhook of Alertmanager gets.
fn webhook() -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let got = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&got);
    // It ends with the process of the tests.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            shared.lock().unwrap().extend(body(stream.unwrap()));
        }
    });
    (address, got)
}

/// Takes one POST and hangs up.
fn body(mut stream: TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let more = stream.read(&mut buffer).ok().filter(|more| *more > 0)?;
        bytes.extend_from_slice(&buffer[..more]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let (_, length) = head.split_once("content-length: ")?;
        let length: usize = length.split("\r\n").next()?.parse().ok()?;
        if body.len() >= length {
            let value = serde_json::from_str(body).ok();
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).ok()?;
            return value;
        }
    }
}

#[test]
fn alertmanager_groups_by_area_and_device_and_a_storm_is_one_flood() {
    let (hook, got) = webhook();
    // As in the example, but that nobody waits for more, and where it goes.
    let config = EXAMPLE
        .replace("127.0.0.1:9095", &hook)
        .replace("group_wait: 10s", "group_wait: 200ms");
    assert!(config.contains(&hook) && config.contains("200ms"));
    let Some(mut rig) = Rig::new(&config) else {
        return;
    };
    rig.alertmanager.start();
    rig.start();
    rig.read([
        ("feeder-1.i", 520.0),
        ("feeder-1.u", 12.0),
        ("feeder-150.i", 420.0),
    ]);
    rig.until(|| {
        rig.alertmanager
            .groups()
            .is_some_and(|groups| groups.len() == 3)
    });
    let groups = rig.alertmanager.groups().unwrap();
    let shown: BTreeSet<_> = groups
        .iter()
        .map(|group| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let labels = &group["labels"];
            let receiver = text(&group["receiver"]["name"]);
            (text(&labels["area"]), text(&labels["device"]), receiver)
        })
        .collect();
    let own = |area: &str, device: &str, receiver: &str| {
        (area.to_owned(), device.to_owned(), receiver.to_owned())
    };
    let expected = [
        own("north", "feeder-1", "pager"),
        own("north", "feeder-1", "control-room"),
        own("south", "feeder-150", "control-room"),
    ];
    assert_eq!(shown, expected.into());
    rig.until(|| got.lock().unwrap().len() >= 3);
    let paged = got.lock().unwrap().iter().any(|message| {
        message["receiver"] == "pager" && message["groupLabels"]["device"] == "feeder-1"
    });
    assert!(paged);

    // Two hundred at once in the south.
    let names: Vec<_> = (100..200)
        .flat_map(|n| {
            [
                (format!("feeder-{n}.i"), 420.0),
                (format!("feeder-{n}.u"), 12.0),
            ]
        })
        .collect();
    rig.read(names.iter().map(|(name, value)| (&**name, *value)));
    let flood = |alert: &Value| alert["labels"]["alertname"] == "GridosAlarmFlood";
    rig.until(|| {
        let alerts = rig.alertmanager.active();
        let count = |alert: &Value| alert["annotations"]["annunciations"] == "200";
        alerts.is_some_and(|alerts| alerts.iter().any(|alert| flood(alert) && count(alert)))
    });
    rig.until(|| {
        let told = got.lock().unwrap();
        told.iter()
            .any(|message| message["commonLabels"]["alertname"] == "GridosAlarmFlood")
    });
    // Three from before, one flood; hundreds wait for its end.
    assert_eq!(rig.active().unwrap().len(), 4, "{:?}", rig.active());
    assert!(rig.metric("gridos_notify_waiting") >= 199.0);
    // Nearly all return meanwhile, and are never told.
    rig.read(
        names
            .iter()
            .map(|(name, value)| (&**name, if *value > 20.0 { 300.0 } else { 20.0 })),
    );
    rig.until(|| rig.metric("gridos_notify_summarised_total") >= 199.0);
    rig.until(|| rig.active().is_some_and(|active| active.len() == 3));
    assert!(
        !rig.alertmanager.log().contains("level=error"),
        "{}",
        rig.alertmanager.log()
    );
}
