//! A Prometheus of the rehearsal's own, which scrapes both engines.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::error::RehearseError;
use crate::canary::Prometheus;

/// How often the engines are scraped, and how long they may take on a busy machine.
pub(super) const SCRAPE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// Somebody else may take a port between the look and the start.
const TRIES: usize = 5;

/// A running Prometheus; killed when dropped.
#[derive(Debug)]
pub(super) struct Scraper {
    child: Child,
    pub(super) url: String,
    pub(super) client: Prometheus,
}

impl Scraper {
    /// Starts one in `folder`, and waits until it can be asked. `targets` are addresses with the
    /// hashes of their pod templates.
    pub(super) async fn start(
        binary: &Path,
        folder: &Path,
        targets: &[(&str, &str)],
    ) -> Result<Self, RehearseError> {
        fs::create_dir_all(folder).map_err(RehearseError::folder(folder))?;
        let config = folder.join("prometheus.yml");
        fs::write(&config, config_text(targets)).map_err(RehearseError::folder(&config))?;
        let mut said = String::new();
        for _ in 0..TRIES {
            let mut scraper = Self::spawn(binary, folder, &config)?;
            if scraper.is_ready().await && scraper.has_scraped(targets.len()).await {
                return Ok(scraper);
            }
            said = fs::read_to_string(folder.join("log")).unwrap_or_default();
        }
        Err(RehearseError::PrometheusUnready(said.trim().to_owned()))
    }

    fn spawn(binary: &Path, folder: &Path, config: &Path) -> Result<Self, RehearseError> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = free.map_err(RehearseError::Devices)?;
        let log = folder.join("log");
        let output = File::create(&log).map_err(RehearseError::folder(&log))?;
        let child = Command::new(binary)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .map_err(|source| not_started(binary, source))?;
        let url = format!("http://{address}");
        let client = Prometheus::new(&url)?;
        Ok(Self { child, url, client })
    }

    async fn is_ready(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            if self.client.is_ready().await {
                return true;
            }
            sleep(LOOK).await;
        }
        false
    }
}

impl Scraper {
    /// It takes some seconds until Prometheus begins with targets that it was given.
    async fn has_scraped(&mut self, targets: usize) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            let up = self.client.query("up == 1").await;
            if up.is_ok_and(|up| up.len() == targets) {
                return true;
            }
            sleep(LOOK).await;
        }
        false
    }
}

impl Drop for Scraper {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn not_started(binary: &Path, source: io::Error) -> RehearseError {
    let path = binary.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        return RehearseError::NoPrometheus(path);
    }
    RehearseError::NotStarted { path, source }
}

/// The label is what a PodMonitor makes of the pods' `rollouts-pod-template-hash`.
fn config_text(targets: &[(&str, &str)]) -> String {
    let millis = SCRAPE.as_millis();
    let mut text = format!(
        "global: {{scrape_interval: {millis}ms, scrape_timeout: {millis}ms}}\n\
         scrape_configs:\n- job_name: gridos\n  static_configs:\n"
    );
    for (address, hash) in targets {
        text += &format!(
            "  - targets: [\"{address}\"]\n    labels: {{rollouts_pod_template_hash: \"{hash}\"}}\n"
        );
    }
    text
}
