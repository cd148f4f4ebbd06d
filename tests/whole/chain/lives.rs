//! The engine, life after life.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tokio::time::sleep;

use super::PATIENCE;
use super::power;
use super::scenario::{End, Life};
use super::stations::Stations;
use crate::support::engine::{Process, binary};
use crate::support::http::Client;
use crate::support::slow_disk::SlowDisk;

/// The place of an engine, which is killed and started there again and again.
pub(super) struct Lives {
    config: PathBuf,
    log: PathBuf,
    address: String,
    data_dir: PathBuf,
    pub(super) power_cuts: u64,
    /// What they took from the journals.
    pub(super) bytes_lost: u64,
    /// The sums of what all lives counted, as far as they could be asked before their end.
    pub(super) counted: BTreeMap<String, f64>,
}

/// Where the engine listens, and where it stores.
pub(super) struct Place<'a> {
    pub(super) dir: &'a Path,
    pub(super) http_port: u16,
    pub(super) door_port: u16,
    pub(super) database_url: String,
}

impl Lives {
    pub(super) fn at(place: &Place<'_>, stations: &Stations) -> Self {
        let Place {
            dir,
            http_port,
            door_port,
            database_url,
        } = place;
        let address = format!("127.0.0.1:{http_port}");
        let data_dir = dir.join("data");
        let text = format!(
            "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"{address}\"\n\
             [journal]\nsegment_size = \"1MiB\"\n\
             [store]\nkind = \"postgres\"\nurl = \"{database_url}\"\n\
             [[listener]]\nname = \"door\"\nkind = \"dnp3-dial-in\"\n\
             listen = \"127.0.0.1:{door_port}\"\nallow = [\"127.0.0.0/8\"]\nask_after = \"200ms\"\n{}",
            data_dir.display(),
            stations.config(),
        );
        let config = dir.join("gridos.toml");
        fs::write(&config, text).unwrap();
        Self {
            config,
            log: dir.join("log"),
            address,
            data_dir,
            power_cuts: 0,
            bytes_lost: 0,
            counted: BTreeMap::new(),
        }
    }

    /// Lives as it is told, and ends as it must.
    pub(super) async fn live(&mut self, life: &Life) {
        let mut process = self.start(life.disk());
        let mut synced = None;
        match life.end {
            End::Kill => {
                sleep(life.lasts).await;
                self.count();
            }
            End::KillAwaking { frozen, awake } => {
                for third in 1..=3 {
                    sleep(life.lasts / 3).await;
                    if third == 3 {
                        self.count();
                    }
                    freeze(&process, frozen).await;
                }
                sleep(awake).await;
            }
            End::PowerCut(cut) => {
                self.hang(cut.after).await;
                sleep(cut.lasts).await;
                self.count();
                synced = self.synced().filter(|(syncs, _)| *syncs == cut.after);
            }
        }
        assert!(!process.has_ended(), "it has ended:\n{}", self.log());
        process.kill();
        if let (End::PowerCut(cut), Some((_, durable))) = (life.end, synced) {
            let journal = self.data_dir.join("journal");
            self.bytes_lost += power::cut(&journal, durable, cut.kept_percent);
            self.power_cuts += 1;
        }
        sleep(life.away).await;
    }

    /// Lives until all that is kept is stored, and ends in good order.
    pub(super) async fn drain(&mut self, stations: &Stations) {
        let mut process = self.start(None);
        let began = Instant::now();
        loop {
            let buffered: usize = stations.all().iter().map(|it| it.buffered()).sum();
            let unsettled = if buffered > 0 {
                format!("outstations still have {buffered} events")
            } else if let Some(unsettled) = self.unsettled() {
                unsettled
            } else {
                break;
            };
            assert!(
                !process.has_ended(),
                "the engine has ended:\n{}",
                self.log()
            );
            assert!(began.elapsed() < PATIENCE, "{unsettled}\n{}", self.log());
            sleep(Duration::from_millis(50)).await;
        }
        self.count();
        process.signal(Signal::INT);
        let (status, _) = process.wait();
        let log = self.log();
        assert!(status.success(), "{log}");
        let last = log.lines().last().unwrap_or_default();
        assert!(last.ends_with(": balanced"), "{log}");
    }

    /// The end of what all lives logged.
    pub(super) fn log(&self) -> String {
        self.log_about("")
    }

    /// The end of what all lives logged in lines with `word`.
    pub(super) fn log_about(&self, word: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().filter(|line| line.contains(word)).collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn start(&self, slow_disk: Option<SlowDisk>) -> Process {
        let mut command = match slow_disk {
            None => Command::new(binary()),
            Some(slow_disk) => slow_disk.engine(),
        };
        Process::spawn(command.arg("run").arg(&self.config), &self.log)
    }

    /// What keeps the database from being complete, if something does.
    fn unsettled(&self) -> Option<String> {
        let Some(answer) = self.ask("/api/v1/scada/status") else {
            return Some("the engine does not answer".to_owned());
        };
        let status: Value = serde_json::from_str(&answer).unwrap();
        let ledger = &status["ledger"];
        let number = |name: &str| ledger[name].as_u64().unwrap();
        let is_settled = number("in_ring") == 0
            && number("in_journal") == 0
            && status["store"]["connected"] == true;
        for name in ["quarantined", "lost"] {
            assert_eq!(number(name), 0, "{name}: {ledger}");
        }
        (!is_settled).then(|| format!("not all is stored: {ledger}, {}", status["store"]))
    }

    fn ask(&self, path: &str) -> Option<String> {
        let answer = Client::connect(&self.address).ok()?.get(path).ok()?;
        (answer.status == 200).then_some(answer.body)
    }

    /// Waits for the last sync that ends. There may be too few syncs when the storm is over and the
    /// outstations are quiet.
    async fn hang(&self, after: u64) {
        let began = Instant::now();
        while began.elapsed() < HANGS_WITHIN {
            if self.synced().is_some_and(|(syncs, _)| syncs == after) {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// How often the journal was synced, and up to which position.
    fn synced(&self) -> Option<(u64, u64)> {
        let metrics = self.ask("/metrics")?;
        let number = |name: &str| {
            let mut lines = metrics.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
            value.parse().ok()
        };
        let syncs = number("gridos_journal_syncs_total")?;
        Some((syncs, number("gridos_journal_durable_bytes")?))
    }

    /// Adds up what this life counted.
    fn count(&mut self) {
        let metrics = self.ask("/metrics").unwrap_or_default();
        for line in metrics
            .lines()
            .filter(|line| line.starts_with("gridos_dnp3_"))
        {
            if let Some((name, value)) = line.rsplit_once(' ') {
                *self.counted.entry(name.to_owned()).or_default() += value.parse().unwrap_or(0.0);
            }
        }
    }
}

async fn freeze(process: &Process, lasts: Duration) {
    process.signal(Signal::STOP);
    sleep(lasts).await;
    process.signal(Signal::CONT);
}

/// So long is waited for syncs while outstations may be busy.
const HANGS_WITHIN: Duration = Duration::from_secs(20);
/// So many lines of the log are shown.
const LOG_LINES: usize = 40;
