//! Clients that post line protocol, one post after another, each when the last one is durable.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::interval;

use super::error::BenchError;
use super::plan::{POSTED_POINTS, POSTING};
use super::sample::Engine;

/// Readings of a post.
pub(super) const READINGS: usize = 1_000;
const PATH: &str = "/api/v1/scada/data";

/// Clients at work; they end when dropped.
#[derive(Debug, Default)]
pub(super) struct Posters(JoinSet<()>);

impl Posters {
    /// So many clients of `engine`, a connection each, that post `every` so often, or as fast as they are answered.
    pub(super) fn start(
        count: usize,
        every: Option<Duration>,
        engine: &Engine,
    ) -> Result<Self, BenchError> {
        let mut clients = JoinSet::new();
        for _ in 0..count {
            let http = reqwest::Client::builder().no_proxy().build()?;
            clients.spawn(post(http, format!("{}{PATH}", engine.base()), every));
        }
        Ok(Self(clients))
    }

    /// Ends them, in the middle of a post or not.
    pub(super) async fn end(mut self) {
        self.0.shutdown().await;
    }
}

/// Posts for ever; what is refused or fails shows in the engine's ledger, and is posted anew.
async fn post(http: reqwest::Client, url: String, every: Option<Duration>) {
    let (body, mut turns) = (body(), every.map(interval));
    loop {
        if let Some(turns) = &mut turns {
            turns.tick().await;
        }
        let request = http.post(&url).header("content-type", "text/plain");
        if let Ok(answer) = request.body(body.clone()).send().await {
            // Read to its end, so that the connection serves again.
            let _ = answer.bytes().await;
        }
    }
}

/// A thousand readings without times, so that each is of the instant at which it comes.
fn body() -> String {
    let mut text = String::new();
    for reading in 0..READINGS {
        let field = reading % POSTED_POINTS;
        text += match (reading, field) {
            (0, _) => POSTING,
            (_, 0) => "\n",
            (..) => ",",
        };
        if reading > 0 && field == 0 {
            text += POSTING;
        }
        if field == 0 {
            text += " ";
        }
        text += &format!("f{field}={reading}.25");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_has_a_thousand_readings_in_ten_lines() {
        let body = body();
        let lines: Vec<_> = body.lines().collect();
        assert_eq!(lines.len(), READINGS / POSTED_POINTS);
        assert!(lines.iter().all(|line| line.starts_with("plant f0=")));
        assert_eq!(body.matches('=').count(), READINGS);
    }
}
