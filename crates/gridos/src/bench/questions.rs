//! A client that looks at the history while all else goes on, as a page of trends does.

use std::fmt;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::error::BenchError;
use super::sample::Engine;
use super::show::short;

/// From one question to the next; one whose time comes before the last is answered is left out.
const EVERY: Duration = Duration::from_millis(100);
/// The range, and the width of the chart in pixels.
const ASKED: &str = "from=-1m&width=800";
const DIGITS: u8 = 3;

/// A question that is asked again and again.
#[derive(Debug)]
pub(super) struct Questions {
    http: reqwest::Client,
    url: String,
    points: usize,
}

/// What the client was answered; latencies until the last byte in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct History {
    /// Points that were asked for at once.
    pub(super) points: usize,
    pub(super) answers: u64,
    pub(super) answers_per_second: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Questions {
    /// For a chart of these points, which is asked for once.
    pub(super) async fn of(engine: &Engine, points: &[String]) -> Result<Self, BenchError> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let names: String = points.iter().map(|name| format!("&point={name}")).collect();
        let questions = Self {
            http,
            url: format!("{}/api/v1/scada/data?{ASKED}{names}", engine.base()),
            points: points.len(),
        };
        questions.ask().await?;
        Ok(questions)
    }

    async fn ask(&self) -> Result<(), BenchError> {
        let answer = self.http.get(&self.url).send().await?;
        let status = answer.status();
        // Read to its end, so that the connection serves again.
        let text = answer.text().await?;
        match status.is_success() {
            true => Ok(()),
            false => Err(BenchError::Question {
                status: status.as_u16(),
                text,
            }),
        }
    }

    async fn ask_on(&self, latencies: &mut Histogram<u64>) -> Result<(), BenchError> {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let began = Instant::now();
            self.ask().await?;
            let micros = u64::try_from(began.elapsed().as_micros());
            latencies.saturating_record(micros.unwrap_or(u64::MAX));
        }
    }
}

/// Asks for so long, if somebody asks.
pub(super) async fn asked(
    questions: Option<&Questions>,
    lasts: Duration,
) -> Result<Option<History>, BenchError> {
    let Some(questions) = questions else {
        return Ok(None);
    };
    let hour = Duration::from_secs(3_600).as_micros();
    let hour = u64::try_from(hour).unwrap_or(u64::MAX);
    let made = Histogram::new_with_max(hour, DIGITS);
    let mut latencies = made.map_err(|_| BenchError::Untold("latencies of the history"))?;
    // Only an error ends it before its time.
    if let Ok(ended) = timeout(lasts, questions.ask_on(&mut latencies)).await {
        ended?;
    }
    let millis = |micros: u64| micros as f64 / 1_000.0;
    Ok(Some(History {
        points: questions.points,
        answers: latencies.len(),
        answers_per_second: latencies.len() as f64 / lasts.as_secs_f64(),
        p50: millis(latencies.value_at_quantile(0.5)),
        p99: millis(latencies.value_at_quantile(0.99)),
        max: millis(latencies.max()),
    }))
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} points at once, {} answers/s; p50 {}, p99 {}, max {} ms",
            self.points,
            short(self.answers_per_second),
            short(self.p50),
            short(self.p99),
            short(self.max)
        )
    }
}
