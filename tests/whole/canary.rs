//! Roll-outs rehearsed with a real fleet and a real Prometheus: a good candidate gets all devices and
//! loses nothing on the way; a bad one is caught at the first step, and one that nobody can judge
//! never passes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::binary;
use crate::support::nats::Cluster;

/// The longest that anything of a rehearsal may take.
const PATIENCE: Duration = Duration::from_secs(400);
/// A hundred times as fast as in a cluster: five minutes are as short as scrapes allow.
const SPEED: &str = "100";
/// On a machine that has no time for it nobody can tell, or another fault shows first: once more then.
const TRIES: usize = 2;
const PROMOTED: i32 = 0;
const ROLLED_BACK: i32 = 4;
const UNDECIDED: i32 = 5;

/// What one rehearsal told.
struct Rehearsal {
    events: Vec<Value>,
    code: i32,
}

/// Whether the programs are there; where a test may be skipped, it says why.
pub(crate) fn is_installed() -> bool {
    Cluster::is_installed() && has_prometheus()
}

fn has_prometheus() -> bool {
    let found = Command::new("prometheus").arg("--version").output().is_ok();
    let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
    assert!(
        found || nothing.is_none(),
        "prometheus is not installed; run tests/run install"
    );
    if !found {
        eprintln!("skipped: prometheus is not installed");
    }
    found
}

/// Two engines and a Prometheus are load enough: one rehearsal at a time.
static STAGE: Mutex<()> = Mutex::new(());

/// A rehearsal under way; killed when dropped.
struct Running {
    // Dropped by itself behind the end of all processes.
    _stage: MutexGuard<'static, ()>,
    child: Child,
    lines: Receiver<String>,
    log: Option<JoinHandle<String>>,
    events: Vec<Value>,
}

/// Begins one; none where Prometheus is missing and may be.
fn begin(args: &[&str]) -> Option<Running> {
    if !is_installed() {
        return None;
    }
    let stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut child = Command::new(binary())
        .args(["canary", "rehearse", "--json", "--speed", SPEED])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        stderr.read_to_string(&mut log).unwrap();
        log
    });
    let (tell, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let _ = tell.send(line.unwrap());
        }
    });
    Some(Running {
        _stage: stage,
        child,
        lines,
        log: Some(log),
        events: Vec::new(),
    })
}

/// Rehearses with a fault, which must be caught with the first devices by one of those metrics; none where
/// Prometheus is missing and may be. What a starved machine may do is that another metric is bad first: then
/// once more. A fault that passes is no matter of the machine.
fn catch(fault: &str, code: i32, metrics: &[&str], phase: &str) -> Option<Rehearsal> {
    for n in 1..=TRIES {
        let rehearsal = begin(&["--fault", fault])?.finish();
        let (percent, devices) = rehearsal.shares()[0];
        let taken = if fault == "idle" { 0 } else { 10 };
        assert_eq!((percent, devices), (20, taken), "{:#?}", rehearsal.events);
        assert_eq!(rehearsal.shares().len(), 1, "{:#?}", rehearsal.events);
        let back = rehearsal.one("rolled_back");
        let is_caught = back["phase"] == phase && metrics.iter().any(|m| back["metric"] == *m);
        if is_caught || n == TRIES {
            assert_eq!(rehearsal.code, code, "{back}");
            rehearsal.was_caught_by(metrics, phase);
            return Some(rehearsal);
        }
        eprintln!("again, for something else was bad first: {back}");
    }
    None
}

impl Running {
    /// The next event; none behind the last one.
    fn next(&mut self) -> Option<Value> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                let event: Value = serde_json::from_str(&line).unwrap();
                self.events.push(event.clone());
                Some(event)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("it does not go on: {:#?}", self.events),
        }
    }

    /// Reads on up to the next event of that name.
    fn until(&mut self, name: &str) -> Value {
        loop {
            let Some(event) = self.next() else {
                panic!("no {name}: {:#?}", self.events);
            };
            if event["event"] == name {
                return event;
            }
        }
    }

    /// The address of its Prometheus.
    fn prometheus(&mut self) -> String {
        self.until("began")["prometheus"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        let _ = kill_process(Pid::from_raw(id).unwrap(), signal);
    }

    fn finish(mut self) -> Rehearsal {
        while self.next().is_some() {}
        let code = self.child.wait().unwrap().code().unwrap();
        let log = self.log.take().unwrap().join().unwrap();
        let is_known = [PROMOTED, ROLLED_BACK, UNDECIDED].contains(&code);
        assert!(is_known, "{code}: {:#?}\n{log}", self.events);
        Rehearsal {
            events: std::mem::take(&mut self.events),
            code,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, unless the test failed; it ends what it started only if it is asked to end.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

impl Rehearsal {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events
            .iter()
            .filter(move |event| event["event"] == name)
    }

    fn one(&self, name: &str) -> &Value {
        let found = self.events.iter().find(|event| event["event"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {:#?}", self.events))
    }

    /// Shares in percent and the devices that the candidate had then.
    fn shares(&self) -> Vec<(u64, u64)> {
        let number = |event: &Value, key: &str| event[key].as_u64().unwrap();
        let shares = self.all("share");
        shares
            .map(|event| (number(event, "percent"), number(event, "candidate_devices")))
            .collect()
    }

    /// It was caught with the first devices, by one of those metrics, and all devices are stable's again.
    fn was_caught_by(&self, metrics: &[&str], phase: &str) {
        let back = self.one("rolled_back");
        let metric = back["metric"].as_str().unwrap();
        assert!(metrics.contains(&metric), "{back}");
        assert_eq!(
            (&back["phase"], &back["candidate_devices"]),
            (&phase.into(), &0.into()),
            "{back}"
        );
        // It was decided by the first measurement beyond the limit, not later.
        let bad = self
            .all("measured")
            .filter(|m| m["metric"] == metric && m["phase"] == phase);
        let allowed = match (metric, phase) {
            // failureLimit, inconclusiveLimit of the templates.
            ("no-data-loss" | "completeness" | "alive" | "restarts", "Failed") => 0,
            ("completeness" | "alive" | "restarts", "Inconclusive") => 3,
            ("enough-batches" | "enough-scans", _) => 18,
            _ => 4,
        };
        assert_eq!(bad.count(), allowed + 1, "{:#?}", self.events);
        assert_eq!(self.all("promoted").count(), 0);
        self.is_clean();
    }

    /// No device was asked by both engines at once, and the ledgers of both balance.
    fn is_clean(&self) {
        let ledger = self.one("ledger");
        assert_eq!(ledger["is_balanced"], true, "{ledger}");
        assert_eq!(ledger["asked_by_both"], 0, "{ledger}");
    }
}

fn sqlite(database: &Path, sql: &str) -> Vec<Vec<String>> {
    let output = Command::new("sqlite3")
        .arg(database)
        .arg(sql)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |line: &str| line.split('|').map(str::to_owned).collect();
    text.lines().map(row).collect()
}

/// Goes to the end, and meanwhile asks the judge after each analysis, which passes it by then or by one of
/// the next.
fn promote(folder: &Path) -> Option<Rehearsal> {
    let mut rehearsal = begin(&["--data-dir", folder.to_str().unwrap()])?;
    let prometheus = rehearsal.prometheus();
    the_judge_says_what_it_cannot_do(&prometheus);
    let mut has_passed = false;
    while let Some(event) = rehearsal.next() {
        if event["event"] != "analysis" || has_passed {
            continue;
        }
        let judged = judge(&prometheus, STABLE, CANDIDATE);
        let verdict: Value = serde_json::from_slice(&judged.stdout).unwrap();
        has_passed = judged.status.code() == Some(0);
        assert_eq!(has_passed, verdict["decision"] == "pass", "{verdict}");
        assert_eq!(verdict["findings"].as_array().unwrap().len(), 11);
        if !has_passed {
            eprintln!("not yet: {verdict:#?}");
        }
    }
    let rehearsal = rehearsal.finish();
    assert!(
        has_passed || rehearsal.code != PROMOTED,
        "the judge never passed it"
    );
    Some(rehearsal)
}

/// Promoted, or on a machine without any time for it judged by nobody; never for bad.
#[test]
fn a_good_candidate_gets_all_devices_and_nothing_is_lost_or_doubled() {
    for n in 1..=TRIES {
        let data = TempDir::new().unwrap();
        let Some(rehearsal) = promote(data.path()) else {
            return;
        };
        assert_ne!(rehearsal.code, ROLLED_BACK, "{:#?}", rehearsal.events);
        if rehearsal.code == PROMOTED || n == TRIES {
            return was_promoted(&rehearsal, data.path());
        }
        eprintln!(
            "again, for nobody could tell: {}",
            rehearsal.one("rolled_back")
        );
    }
}

fn was_promoted(rehearsal: &Rehearsal, data: &Path) {
    assert_eq!(rehearsal.code, PROMOTED, "{:#?}", rehearsal.events);
    assert_eq!(
        rehearsal.shares(),
        [(20, 10), (40, 20), (60, 30), (80, 40), (100, 50)]
    );
    assert_eq!(rehearsal.all("analysis").count(), 4);
    rehearsal.one("promoted");
    rehearsal.is_clean();
    let ledger = rehearsal.one("ledger");
    let number = |key: &str| ledger[key].as_u64().unwrap();
    assert_eq!(
        (number("lost"), number("refused"), number("handed_over")),
        (0, 0, 50),
        "{ledger}"
    );
    assert_eq!(number("received"), number("stored"));

    // Beside the ledgers, what both databases hold: each sweep once, each device in the hands of one
    // after the other.
    let sweeps = |who: &str| {
        sqlite(
            &data.join(who).join("gridos.db"),
            "select substr(point, 1, instr(point, '.') - 1) as device, min(ts), max(ts), count(*), count(distinct ts || point) \
             from reading group by device",
        )
    };
    let (stable, candidate) = (sweeps("stable"), sweeps("candidate"));
    assert_eq!((stable.len(), candidate.len()), (50, 50));
    let mut rows = 0;
    for (before, after) in stable.iter().zip(&candidate) {
        assert_eq!(before[0], after[0]);
        assert!(
            before[2] < after[1],
            "both had {}: {before:?} {after:?}",
            before[0]
        );
        for side in [before, after] {
            assert_eq!(side[3], side[4], "some are there twice: {side:?}");
            rows += side[3].parse::<u64>().unwrap();
        }
    }
    assert_eq!(rows, number("stored"));
}

/// `gridos canary judge` over the last twelve seconds.
fn judge(prometheus: &str, stable: &str, candidate: &str) -> Output {
    Command::new(binary())
        .args([
            "canary",
            "judge",
            "--json",
            "--window",
            "12s",
            "--interval",
            "2s",
        ])
        .args([
            "--prometheus",
            prometheus,
            "--stable",
            stable,
            "--candidate",
            candidate,
        ])
        .output()
        .unwrap()
}

const STABLE: &str = r#"rollouts_pod_template_hash="stable""#;
const CANDIDATE: &str = r#"{rollouts_pod_template_hash="candidate"}"#;

/// Whom nobody scrapes, nobody can judge, and what is no selector is refused.
fn the_judge_says_what_it_cannot_do(prometheus: &str) {
    let nobody = judge(prometheus, STABLE, r#"rollouts_pod_template_hash="nobody""#);
    assert_eq!(nobody.status.code(), Some(UNDECIDED), "{nobody:?}");
    let wrong = judge(prometheus, "=", CANDIDATE);
    assert_eq!(wrong.status.code(), Some(1));
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(told.contains("Prometheus refuses the query"), "{told}");
    let away = judge("http://127.0.0.1:1", STABLE, CANDIDATE);
    assert_eq!(away.status.code(), Some(1));
}

#[test]
fn slow_commits_are_caught() {
    catch(
        "latency",
        ROLLED_BACK,
        &["latency-p95", "latency-vs-stable", "lateness-vs-stable"],
        "Failed",
    );
}

#[test]
fn errors_are_caught() {
    catch(
        "errors",
        ROLLED_BACK,
        &["error-rate", "success-rate"],
        "Failed",
    );
}

#[test]
fn a_loss_is_caught() {
    let Some(rehearsal) = catch(
        "loss",
        ROLLED_BACK,
        &["no-data-loss", "completeness"],
        "Failed",
    ) else {
        return;
    };
    // The loss was real.
    assert!(rehearsal.one("ledger")["lost"].as_u64().unwrap() > 0);
}

/// It is back before it is missed; on a machine without any time for it it is not.
#[test]
fn crashes_are_caught() {
    catch("crash", ROLLED_BACK, &["restarts", "alive"], "Failed");
}

/// Whatever waits for the rehearsal must not take its end for a promotion.
#[test]
fn who_interrupts_it_promotes_nobody() {
    let Some(mut rehearsal) = begin(&["--devices", "5"]) else {
        return;
    };
    rehearsal.until("share");
    rehearsal.signal(Signal::TERM);
    let rehearsal = rehearsal.finish();
    assert_eq!(rehearsal.code, UNDECIDED, "{:#?}", rehearsal.events);
    assert_eq!(rehearsal.one("ended")["outcome"], "interrupted");
    assert_eq!(rehearsal.all("promoted").count(), 0);
}

#[test]
fn an_idle_candidate_never_passes() {
    catch(
        "idle",
        UNDECIDED,
        &["completeness", "enough-batches"],
        "Inconclusive",
    );
}

#[test]
fn without_prometheus_or_nats_it_says_what_to_install() {
    let told = |option: &str, name: &str| {
        let args = ["canary", "rehearse", "--devices", "5", option, name];
        let output = Command::new(binary()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let nats = told("--nats-binary", "no-such-nats");
    assert!(nats.contains("there is no 'no-such-nats'"), "{nats}");
    assert!(nats.contains("apt-get install nats-server"), "{nats}");
    if !Cluster::is_installed() {
        return;
    }
    let prometheus = told("--prometheus-binary", "no-such-prometheus");
    assert!(
        prometheus.contains("there is no 'no-such-prometheus'"),
        "{prometheus}"
    );
    assert!(
        prometheus.contains("apt-get install prometheus"),
        "{prometheus}"
    );
}
