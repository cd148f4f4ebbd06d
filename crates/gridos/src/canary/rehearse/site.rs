//! All that a rehearsal runs: devices, two engines, a Prometheus, and a folder for what they write.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::damage;
use super::error::RehearseError;
use super::line::Field;
use super::process::Process;
use super::scraper::Scraper;
use super::share::{ByReload, Desk, Moved, ShareOf as _};
use super::telling::Telling;
use crate::canary::Prometheus;
use crate::canary::manifests::Sides;
use crate::cli::{CanaryRehearse, RehearsedFault};

/// What the hashes of the pod templates are here.
const STABLE: &str = "stable";
const CANDIDATE: &str = "candidate";
/// Quick, so that what is judged is the engine and not its patience.
const COMMIT_INTERVAL: &str = "50ms";
/// Four times the objective.
const COMMIT_INTERVAL_SLOW: &str = "2s";
/// 8.3 % of the requests; less than 5 % is good.
const SPOILT_EVERY: u64 = 12;

/// The site; all of it ends when dropped.
pub(super) struct Site {
    stable: Process,
    candidate: Process,
    scraper: Scraper,
    share: ByReload,
    fields: Vec<Field>,
    fault: Option<RehearsedFault>,
    candidate_binary: PathBuf,
    handed_over: usize,
    // Last: the others write to it.
    folder: Folder,
}

/// A folder that goes when all is over, unless somebody wants it.
struct Folder {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_kept {
            // What stays is in the folder for what is temporary.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Site {
    pub(super) async fn start(
        args: &CanaryRehearse,
        telling: &Telling,
    ) -> Result<Self, RehearseError> {
        let folder = folder(args)?;
        let mut fields = Vec::new();
        let spoilt_every = (args.fault == Some(RehearsedFault::Errors)).then_some(SPOILT_EVERY);
        for n in 0..args.devices {
            let field = Field::start(n, spoilt_every).await;
            fields.push(field.map_err(RehearseError::Devices)?);
        }
        ByReload::order(&mut fields);
        let slow = args.fault == Some(RehearsedFault::Latency);
        let mut stable = desk(&folder.path, STABLE, COMMIT_INTERVAL)?;
        let interval = if slow {
            COMMIT_INTERVAL_SLOW
        } else {
            COMMIT_INTERVAL
        };
        let mut candidate = desk(&folder.path, CANDIDATE, interval)?;
        stable.write(
            fields
                .iter()
                .map(|field| (field.name.as_str(), field.stable)),
        )?;
        candidate.write(std::iter::empty())?;
        let own = std::env::current_exe().map_err(RehearseError::folder("/proc/self/exe"))?;
        let stable_binary = args.stable_binary.as_deref().unwrap_or(&own);
        let candidate_binary = args.candidate_binary.clone().unwrap_or_else(|| own.clone());
        let [stable_log, candidate_log] =
            [STABLE, CANDIDATE].map(|who| folder.path.join(format!("{who}.log")));
        let (stable_process, candidate_process) = tokio::try_join!(
            Process::start(STABLE, stable_binary, &stable.config, &stable_log),
            Process::start(
                CANDIDATE,
                &candidate_binary,
                &candidate.config,
                &candidate_log
            ),
        )?;
        stable.client = Some(stable_process.client()?);
        candidate.client = Some(candidate_process.client()?);
        let targets = [
            (stable_process.address.as_str(), STABLE),
            (candidate_process.address.as_str(), CANDIDATE),
        ];
        let scraper_folder = folder.path.join("prometheus");
        let scraper = Scraper::start(&args.prometheus_binary, &scraper_folder, &targets);
        let scraper = scraper.await?;
        let urls = targets.map(|(address, _)| format!("http://{address}/"));
        telling.began(args, &urls, &scraper.url);
        Ok(Self {
            share: ByReload::new(stable, candidate, args.fault != Some(RehearsedFault::Idle)),
            stable: stable_process,
            candidate: candidate_process,
            scraper,
            fields,
            fault: args.fault,
            candidate_binary,
            handed_over: 0,
            folder,
        })
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

    pub(super) async fn set_share(&mut self, percent: u8) -> Result<Moved, RehearseError> {
        let moved = self.share.set(percent, &self.fields).await?;
        self.handed_over += moved.devices;
        Ok(moved)
    }

    /// Does to the candidate what comes from outside; again and again while it has devices.
    pub(super) fn strike(&mut self) {
        match self.fault {
            Some(RehearsedFault::Crash) if !self.candidate.has_ended() => self.candidate.kill(),
            Some(RehearsedFault::Loss) => {
                let journal = self.folder.path.join(CANDIDATE).join("journal");
                if let Err(error) = damage::turn_a_byte(&journal) {
                    tracing::warn!(%error, "the journal could not be damaged");
                }
            }
            // These are wrong from the start.
            Some(
                RehearsedFault::Crash
                | RehearsedFault::Latency
                | RehearsedFault::Errors
                | RehearsedFault::Idle,
            )
            | None => {}
        }
    }

    /// Lets both engines drain, and tells where all readings are.
    pub(super) async fn end(mut self, telling: &Telling) -> Result<(), RehearseError> {
        if self.candidate.has_ended() {
            // What it has in its journal is stored by its next life, as a restarted pod would.
            let log = self.folder.path.join("candidate.log");
            let config = &self.share.candidate.config;
            let again = Process::start(CANDIDATE, &self.candidate_binary, config, &log);
            self.candidate = again.await?;
        }
        let changes: u64 = self.fields.iter().map(Field::changes).sum();
        let handed_over = u64::try_from(self.handed_over).unwrap_or(u64::MAX);
        let names = [self.stable.who(), self.candidate.who()];
        let (stable, candidate) = tokio::join!(self.stable.end(), self.candidate.end());
        let ledgers = [stable, candidate]
            .map(|summary| summary.map_or(Value::Null, |mut summary| summary["ledger"].take()));
        let by_side: Value = names
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
        telling.ledger(&json!({
            "received": sum("received"),
            "carried_over": sum("carried_over"),
            "stored": sum("stored"),
            "lost": sum("lost"),
            "refused": sum("refused"),
            "is_balanced": ledgers.iter().all(|ledger| ledger["balanced"] == true),
            "handed_over": handed_over,
            // Each hand-over lets another side ask, once.
            "asked_by_both": changes.saturating_sub(handed_over),
            "by_side": by_side,
        }));
        Ok(())
    }
}

fn folder(args: &CanaryRehearse) -> Result<Folder, RehearseError> {
    let own = || std::env::temp_dir().join(format!("gridos-rehearsal-{}", std::process::id()));
    let path = args.data_dir.clone().unwrap_or_else(own);
    fs::create_dir_all(&path).map_err(RehearseError::folder(&path))?;
    Ok(Folder {
        path,
        is_kept: args.data_dir.is_some(),
    })
}

fn desk(
    folder: &Path,
    who: &'static str,
    commit_interval: &'static str,
) -> Result<Desk, RehearseError> {
    let data_dir = folder.join(who);
    fs::create_dir_all(&data_dir).map_err(RehearseError::folder(&data_dir))?;
    Ok(Desk {
        who,
        config: folder.join(format!("{who}.toml")),
        data_dir,
        commit_interval,
        client: None,
    })
}
