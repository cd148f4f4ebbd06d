//! `gridos fleet follow` keeps the canary's share at the weight of a Rollout, which a small API of the
//! test's own tells; the fleet is a real one.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Process, binary};
use crate::support::nats::Cluster;

const PATH: &str = "/apis/argoproj.io/v1alpha1/namespaces/field/rollouts/gridos";
/// Only what is truly stuck takes so long.
const STUCK: Duration = Duration::from_secs(120);

/// What the API answers, and how often it was asked.
struct State {
    status: u16,
    rollout: Value,
    token: String,
    asked: usize,
}

/// The API of a cluster that has one Rollout.
struct Api {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Api {
    fn start(token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = State {
            status: 200,
            rollout: rollout("old", "old", 0),
            token: token.to_owned(),
            asked: 0,
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Who hangs up early asks again.
                let _ = answer(stream.unwrap(), &shared);
            }
        });
        Self { address, state }
    }

    fn says(&self, status: u16, rollout: Value) {
        let mut state = self.state.lock().unwrap();
        (state.status, state.rollout) = (status, rollout);
    }

    /// Waits until it has been asked some times more, so that what it says now is known.
    fn until_asked_again(&self) {
        let asked = || self.state.lock().unwrap().asked;
        let (before, begun) = (asked(), Instant::now());
        while asked() < before + 3 {
            assert!(begun.elapsed() < STUCK, "nobody asks any more");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut authorization = String::new();
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("authorization: ") {
            authorization = value.to_owned();
        }
    }
    let (status, body) = {
        let mut state = state.lock().unwrap();
        state.asked += 1;
        match (
            request == format!("GET {PATH} HTTP/1.1"),
            authorization == format!("bearer {}", state.token),
        ) {
            (false, _) => (404, format!("no such thing: {request}")),
            (true, false) => (401, "Unauthorized".to_owned()),
            (true, true) => (state.status, state.rollout.to_string()),
        }
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn rollout(stable: &str, current: &str, weight: u32) -> Value {
    json!({ "status": {
        "stableRS": stable, "currentPodHash": current,
        "canary": { "weights": { "canary": { "weight": weight } } },
    }})
}

/// The share of the fleet of `config`, in percent.
fn share(config: &Path) -> f64 {
    let mut command = Command::new(binary());
    let status = command.args(["fleet", "status", "--json"]).arg(config);
    let output = status.output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    told["share_percent"].as_f64().unwrap()
}

/// A canary that is a member of the fleet, called like a pod of the version `new`.
fn canary(dir: &Path, config: &Path, labels: &Path) -> Process {
    let mut command = Command::new(binary());
    command
        .args(["run", "--json"])
        .arg(config)
        .current_dir(dir)
        .env("GRIDOS__ENGINE__NAME", "gridos-new-1");
    fs::write(labels, "gridos.io/role=\"canary\"\n").unwrap();
    Process::spawn(&mut command, &dir.join("canary.log"))
}

#[test]
fn the_share_is_the_weight_and_stays_until_a_promoted_version_knows_that_it_is_stable() {
    let Some(nats) = Cluster::start(1) else {
        return;
    };
    let dir = TempDir::new().unwrap();
    let (config, labels) = (dir.path().join("gridos.toml"), dir.path().join("labels"));
    let text = format!(
        "[http]\nlisten = \"127.0.0.1:0\"\n[fleet]\nservers = \"{}\"\nreplicas = 1\nlease = \"10s\"\nrole_file = \"labels\"\n\
         [[profile]]\nname = \"meter\"\nprotocol = \"push\"\npoint = [{{ name = \"v\" }}]\n\
         [[device]]\nname = \"meter\"\nprofile = \"meter\"\n",
        nats.servers()
    );
    fs::write(&config, text).unwrap();
    let account = dir.path().join("account");
    fs::create_dir(&account).unwrap();
    fs::write(account.join("namespace"), "field\n").unwrap();
    fs::write(account.join("token"), "first\n").unwrap();
    let api = Api::start("first");
    let mut member = canary(dir.path(), &config, &labels);
    member.wait_for("started");

    let url = format!("http://{}/", api.address);
    let follow = ["fleet", "follow", "--rollout", "gridos", "--every", "100ms"];
    let account = account.to_str().unwrap();
    let mut command = Command::new(binary());
    command
        .args(follow)
        .args(["--api", &url, "--account", account])
        .arg(&config);
    let mut follower = Process::spawn(&mut command, &dir.path().join("follower.log"));
    follower.wait_for("the canary's share is 0 %");

    for weight in [20, 40, 100] {
        api.says(200, rollout("old", "new", weight));
        follower.wait_for(&format!("the canary's share is {weight} %"));
        assert_eq!(share(&config), f64::from(weight));
    }

    // The token of a pod is renewed while it runs.
    api.state.lock().unwrap().token = "second".to_owned();
    let refused = follower.wait_for("the weight cannot be followed");
    assert!(refused.contains("401"), "{refused}");
    fs::write(Path::new(account).join("token"), "second\n").unwrap();
    // Whatever is not an answer changes nothing.
    api.says(500, json!({}));
    follower.wait_for("500");
    assert_eq!(share(&config), 100.0);

    api.says(200, rollout("new", "new", 0));
    api.until_asked_again();
    assert_eq!(
        share(&config),
        100.0,
        "its pods are canaries by their labels"
    );
    fs::write(&labels, "gridos.io/role=\"stable\"\n").unwrap();
    follower.wait_for("the canary's share is 0 %");
    assert_eq!(share(&config), 0.0);

    follower.signal(Signal::TERM);
    let (ended, _) = follower.wait();
    assert!(ended.success());
    member.kill();
}
