//! All that a rehearsal runs: devices, a NATS server, two engines, a Prometheus, and a folder for what
//! they write.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::config::{self, Kind};
use super::damage;
use super::error::RehearseError;
use super::line::Field;
use super::nats::Nats;
use super::process::{ANYWHERE, Process};
use super::scraper::Scraper;
use super::share::{CanaryShare, Held, Moved};
use super::telling::Telling;
use crate::canary::Prometheus;
use crate::canary::manifests::Sides;
use crate::cli::{CanaryRehearse, RehearsedFault};
use crate::scratch::{Door, Scratch};

/// What the hashes of the pod templates are here, and what the engines are called.
const STABLE: &str = "stable";
const CANDIDATE: &str = "candidate";
/// What a Rollout calls the role of a candidate.
const CANARY: &str = "canary";
/// Quick, so that what is judged is the engine and not its patience.
const COMMIT_INTERVAL: &str = "50ms";
/// Four times the objective.
const COMMIT_INTERVAL_SLOW: &str = "2s";
/// 8.3 % of the requests; less than 5 % is good.
const SPOILT_EVERY: u64 = 12;
/// The usual weight in a fleet.
const CAPACITY: u32 = 100;
/// How long a hand-over may take: of a dead candidate, its lease and more.
const HAND_OVER_MAX: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);
/// So long a candidate that crashes is at work: some scrapes see it.
const CRASHES_AFTER: Duration = Duration::from_secs(2);

/// The site; all of it ends when dropped.
pub(super) struct Site {
    stable: Process,
    candidate: Process,
    scraper: Scraper,
    share: CanaryShare,
    fields: Vec<Field>,
    fault: Option<RehearsedFault>,
    candidate_binary: PathBuf,
    /// Since when the candidate is seen to have devices, where it is to crash.
    at_work_since: Option<Instant>,
    handed_over: usize,
    // The engines leave the fleet before it ends.
    _nats: Nats,
    // Last: the others write to it.
    folder: Folder,
}

/// Where the engines are configured, and what they write.
struct Folder(Scratch);

impl Site {
    pub(super) async fn start(
        args: &CanaryRehearse,
        telling: &Telling,
    ) -> Result<Self, RehearseError> {
        let folder = Folder::of(args)?;
        let mut fields = Vec::new();
        let spoilt_every = (args.fault == Some(RehearsedFault::Errors)).then_some(SPOILT_EVERY);
        for n in 0..args.devices {
            let field = Field::start(n, spoilt_every).await;
            fields.push(field.map_err(RehearseError::Devices)?);
        }
        telling.starting("a NATS server");
        let nats = Nats::start(&args.nats_binary, &folder.path().join("nats")).await?;
        folder.write_configs(&fields, args.fault, &nats.url)?;
        let own = std::env::current_exe().map_err(RehearseError::folder("/proc/self/exe"))?;
        let stable_binary = args.stable_binary.as_deref().unwrap_or(&own);
        let candidate_binary = args.candidate_binary.clone().unwrap_or_else(|| own.clone());
        telling.starting("stable and the candidate");
        let stable = folder.start((STABLE, STABLE), stable_binary, ANYWHERE);
        let candidate = folder.start((CANDIDATE, CANARY), &candidate_binary, ANYWHERE);
        let (stable, candidate) = tokio::try_join!(stable, candidate)?;
        telling.starting("Prometheus");
        let targets = [
            (stable.address.as_str(), STABLE),
            (candidate.address.as_str(), CANDIDATE),
        ];
        let scraper_folder = folder.path().join("prometheus");
        let scraper = Scraper::start(&args.prometheus_binary, &scraper_folder, &targets);
        let scraper = scraper.await?;
        let urls = targets.map(|(address, _)| format!("http://{address}/"));
        let takes = args.fault != Some(RehearsedFault::Idle);
        let mut site = Self {
            share: CanaryShare::new(nats.bucket.clone(), fields.len(), takes),
            stable,
            candidate,
            scraper,
            fields,
            fault: args.fault,
            candidate_binary,
            at_work_since: None,
            handed_over: 0,
            _nats: nats,
            folder,
        };
        // Whoever comes first has all, until the other one is there.
        site.share.set(0).await?;
        site.settle(telling).await?;
        telling.began(args, &urls, &site.scraper.url);
        Ok(site)
    }

    pub(super) fn prometheus(&self) -> Prometheus {
        self.scraper.client.clone()
    }

    pub(super) fn prometheus_url(&self) -> &str {
        &self.scraper.url
    }

    pub(super) fn sides(&self) -> Sides {
        Sides {
            stable: STABLE.to_owned(),
            candidate: CANDIDATE.to_owned(),
        }
    }

    pub(super) fn devices(&self) -> usize {
        self.fields.len()
    }

    /// Sets the canary's share, and waits until each device is where it belongs: who gives has let go
    /// of it, who takes has taken it.
    pub(super) async fn set_share(
        &mut self,
        percent: u8,
        telling: &Telling,
    ) -> Result<Moved, RehearseError> {
        let devices = self.share.set(percent).await?;
        self.settle(telling).await?;
        self.handed_over += devices;
        Ok(Moved {
            devices,
            candidate: self.share.goal().candidate,
        })
    }

    async fn settle(&mut self, telling: &Telling) -> Result<(), RehearseError> {
        let (began, goal) = (Instant::now(), self.share.goal());
        loop {
            let is_dead = self.candidate.has_ended();
            let held = self.held().await;
            telling.handing_over(held, goal);
            // A candidate that died takes nothing more; the analysis finds it.
            if held == goal || is_dead && goal.candidate > 0 {
                return Ok(());
            }
            if began.elapsed() > HAND_OVER_MAX {
                return Err(RehearseError::NotHandedOver { held, goal });
            }
            sleep(LOOK).await;
        }
    }

    /// How many devices each engine has, as it says itself; one that does not answer has none.
    async fn held(&self) -> Held {
        let of = async |process: &Process| {
            let client = process.client().ok()?;
            let status = client
                .get(&["api", "v1", "scada", "status"], &[])
                .await
                .ok()?;
            usize::try_from(status["fleet"]["held"].as_u64()?).ok()
        };
        let (stable, candidate) = tokio::join!(of(&self.stable), of(&self.candidate));
        Held {
            stable: stable.unwrap_or(0),
            candidate: candidate.unwrap_or(0),
        }
    }

    /// Does to the candidate what comes from outside; again and again while it has devices.
    pub(super) async fn strike(&mut self, telling: &Telling) {
        match self.fault {
            Some(RehearsedFault::Crash) => self.crash(telling).await,
            Some(RehearsedFault::Loss) => {
                let journal = self.folder.path().join(CANDIDATE).join("journal");
                if let Err(error) = damage::turn_a_byte(&journal) {
                    tracing::warn!(%error, "the journal could not be damaged");
                }
            }
            // These are wrong from the start.
            Some(RehearsedFault::Latency | RehearsedFault::Errors | RehearsedFault::Idle)
            | None => {}
        }
    }

    /// Kills the candidate when it has been at work for a moment, and starts it again at once, as a kubelet
    /// does.
    async fn crash(&mut self, telling: &Telling) {
        if self.candidate.has_ended() {
            if let Err(error) = self.start_candidate_again().await {
                tracing::warn!(%error, "the candidate is not back; it is tried again");
            }
            return;
        }
        if self.held().await.candidate == 0 {
            self.at_work_since = None;
            return;
        }
        let since = *self.at_work_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= CRASHES_AFTER {
            telling.note("the candidate crashes, and is started again");
            self.candidate.kill();
            self.at_work_since = None;
        }
    }

    /// Its next life, where Prometheus looks for it.
    async fn start_candidate_again(&mut self) -> Result<(), RehearseError> {
        let listen = self.candidate.address.clone();
        let who = (CANDIDATE, CANARY);
        let again = self
            .folder
            .start(who, &self.candidate_binary, &listen)
            .await;
        self.candidate = again?;
        Ok(())
    }

    /// Lets both engines drain, and tells where all readings are.
    pub(super) async fn end(mut self, telling: &Telling) -> Result<(), RehearseError> {
        telling.ending();
        if self.candidate.has_ended() {
            // What it has in its journal is stored by its next life, as a restarted pod would.
            self.start_candidate_again().await?;
        }
        // Who has no devices goes first, so that none is handed over once more.
        let candidate_first = self.share.goal().candidate == 0;
        let (stable, candidate) = if candidate_first {
            let candidate = self.candidate.end().await;
            (self.stable.end().await, candidate)
        } else {
            (self.stable.end().await, self.candidate.end().await)
        };
        let ledgers = [stable, candidate]
            .map(|summary| summary.map_or(Value::Null, |mut summary| summary["ledger"].take()));
        let by_side: Value = [STABLE, CANDIDATE]
            .into_iter()
            .zip(&ledgers)
            .map(|(n, l)| (n.to_owned(), l.clone()))
            .collect();
        let sum = |key: &str| -> u64 {
            ledgers
                .iter()
                .filter_map(|ledger| ledger[key].as_u64())
                .sum()
        };
        let seen: Vec<_> = self.fields.iter().map(Field::seen).collect();
        let longest = seen.iter().flat_map(|seen| &seen.changes).max();
        telling.ledger(&json!({
            "received": sum("received"),
            "carried_over": sum("carried_over"),
            "stored": sum("stored"),
            "lost": sum("lost"),
            "refused": sum("refused"),
            "is_balanced": ledgers.iter().all(|ledger| ledger["balanced"] == true),
            "handed_over": self.handed_over,
            "asked_by_both": seen.iter().map(|seen| seen.overlaps).sum::<u64>(),
            "longest_without_a_poll_seconds": longest.map_or(0.0, Duration::as_secs_f64),
            "by_side": by_side,
        }));
        Ok(())
    }
}

impl Folder {
    fn of(args: &CanaryRehearse) -> Result<Self, RehearseError> {
        let wanted = args.data_dir.as_deref();
        let scratch = Scratch::make(wanted, "gridos-rehearsal", Door::Closed)?;
        Ok(Self(scratch))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn config(&self, who: &str) -> PathBuf {
        self.path().join(format!("{who}.toml"))
    }

    fn write_configs(
        &self,
        fields: &[Field],
        fault: Option<RehearsedFault>,
        servers: &str,
    ) -> Result<(), RehearseError> {
        let interval = match fault {
            Some(RehearsedFault::Latency) => COMMIT_INTERVAL_SLOW,
            _ => COMMIT_INTERVAL,
        };
        let capacity = match fault {
            Some(RehearsedFault::Idle) => 0,
            _ => CAPACITY,
        };
        let address: [fn(&Field) -> SocketAddr; 2] =
            [|field| field.stable, |field| field.candidate];
        for (name, role, commit_interval, capacity, address) in [
            (STABLE, STABLE, COMMIT_INTERVAL, CAPACITY, address[0]),
            (CANDIDATE, CANARY, interval, capacity, address[1]),
        ] {
            let data_dir = self.path().join(name);
            fs::create_dir_all(&data_dir).map_err(RehearseError::folder(&data_dir))?;
            let kind = Kind {
                name,
                role,
                data_dir: &data_dir,
                commit_interval,
                capacity,
                servers,
            };
            let devices = fields
                .iter()
                .map(|field| (field.name.as_str(), address(field)));
            let config = self.config(name);
            let written = fs::write(&config, config::text(kind, devices));
            written.map_err(RehearseError::folder(&config))?;
        }
        Ok(())
    }

    async fn start(
        &self,
        (who, role): (&'static str, &str),
        binary: &Path,
        listen: &str,
    ) -> Result<Process, RehearseError> {
        let log = self.path().join(format!("{who}.log"));
        Process::start((who, role), binary, (&self.config(who), listen), &log).await
    }
}
