//! Where all is at one moment: two of these tell what happened between them.

use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::error::BenchError;
use super::server::Server;
use super::usage::{self, Resident};

const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const POSITION: &str = "gridos_journal_position_bytes";

/// The way to the engine that is measured.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    http: reqwest::Client,
    base: String,
    process: u32,
}

/// What the ledger says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ledger {
    pub(super) received: u64,
    pub(super) journalled: u64,
    pub(super) stored: u64,
    pub(super) refused: u64,
    pub(super) lost: u64,
    pub(super) is_balanced: bool,
}

/// One moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) wall: SystemTime,
    pub(super) ledger: Ledger,
    /// Bytes of the journal ever written.
    pub(super) journal: u64,
    pub(super) engine_cpu: f64,
    pub(super) devices_cpu: f64,
    pub(super) server_cpu: Option<f64>,
    pub(super) resident: Resident,
}

impl Engine {
    pub(super) fn new(base: &str, process: u32) -> Result<Self, BenchError> {
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN);
        Ok(Self {
            http: http.build()?,
            base: base.to_owned(),
            process,
        })
    }

    /// Where it serves, with nothing behind the port.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) async fn ledger(&self) -> Result<Ledger, BenchError> {
        let url = format!("{}/api/v1/scada/status", self.base);
        let status: Value = self.http.get(url).send().await?.json().await?;
        Ok(Ledger::of(&status["ledger"]))
    }

    /// Has it take its configuration anew.
    pub(super) async fn reload(&self) -> Result<(), BenchError> {
        let url = format!("{}/api/v1/config/reload", self.base);
        self.http.post(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// How much memory it has now, and had at the most.
    pub(super) fn resident(&self) -> Resident {
        usage::resident(self.process)
    }

    /// This moment; `devices` are the processes of the simulated devices and of whoever posts.
    pub(super) async fn sample(
        &self,
        devices: &[u32],
        server: &Server,
    ) -> Result<Sample, BenchError> {
        let metrics = self
            .http
            .get(format!("{}/metrics", self.base))
            .send()
            .await?;
        let metrics = metrics.text().await?;
        let ledger = self.ledger().await?;
        Ok(Sample {
            at: Instant::now(),
            wall: SystemTime::now(),
            ledger,
            journal: gauge(&metrics, POSITION).ok_or(BenchError::Untold(POSITION))?,
            engine_cpu: usage::cpu(self.process),
            devices_cpu: devices.iter().map(|device| usage::cpu(*device)).sum(),
            server_cpu: server.cpu(),
            resident: self.resident(),
        })
    }
}

impl Ledger {
    /// As the engine tells it, in its status and at its end.
    pub(super) fn of(value: &Value) -> Self {
        let number = |key: &str| value[key].as_u64().unwrap_or(0);
        Self {
            received: number("received"),
            journalled: number("journalled"),
            stored: number("stored"),
            refused: number("refused"),
            lost: number("lost"),
            is_balanced: value["balanced"] == true,
        }
    }
}

/// The value of a series without labels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bytes, whole and above 0"
)]
fn gauge(metrics: &str, name: &str) -> Option<u64> {
    let mut lines = metrics.lines().filter_map(|line| line.split_once(' '));
    let (_, value) = lines.find(|(series, _)| *series == name)?;
    value.parse::<f64>().ok().map(|value| value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_found_by_its_whole_name() {
        let metrics = "# HELP a b\na_b{c=\"d\"} 1\na_bc 2\na_b 3\n";
        assert_eq!(gauge(metrics, "a_b"), Some(3));
        assert_eq!(gauge(metrics, "a"), None);
    }
}
