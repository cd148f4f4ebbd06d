//! A Prometheus of the rehearsal's own, which scrapes both engines.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::error::RehearseError;
use super::server::{Program, Server};
use crate::canary::Prometheus;

/// How often the engines are scraped, and how long they may take on a busy machine.
pub(super) const SCRAPE: Duration = Duration::from_secs(1);

/// A running Prometheus; killed when dropped.
#[derive(Debug)]
pub(super) struct Scraper {
    _server: Server,
    pub(super) url: String,
    pub(super) client: Prometheus,
}

impl Scraper {
    /// Starts one in `folder`, and waits until it has scraped all. `targets` are addresses with the hashes
    /// of their pod templates.
    pub(super) async fn start(
        binary: &Path,
        folder: &Path,
        targets: &[(&str, &str)],
    ) -> Result<Self, RehearseError> {
        fs::create_dir_all(folder).map_err(RehearseError::folder(folder))?;
        let config = folder.join("prometheus.yml");
        fs::write(&config, config_text(targets)).map_err(RehearseError::folder(&config))?;
        let arguments = |address: SocketAddr| {
            vec![
                format!("--config.file={}", config.display()).into(),
                format!("--storage.tsdb.path={}", folder.join("data").display()).into(),
                format!("--web.listen-address={address}").into(),
                "--log.level=warn".into(),
            ]
        };
        let program = Program {
            binary,
            log: &folder.join("log"),
            arguments: &arguments,
            missing: RehearseError::NoPrometheus,
            unready: RehearseError::PrometheusUnready,
        };
        let ready = async |address| {
            let url = format!("http://{address}");
            let client = Prometheus::new(&url).ok()?;
            has_scraped(&client, targets.len())
                .await
                .then_some((url, client))
        };
        let (server, (url, client)) = Server::start(&program, ready).await?;
        Ok(Self {
            _server: server,
            url,
            client,
        })
    }
}

/// It takes some seconds until Prometheus begins with targets that it was given.
async fn has_scraped(client: &Prometheus, targets: usize) -> bool {
    let up = client.query("up == 1").await;
    up.is_ok_and(|up| up.len() == targets)
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
