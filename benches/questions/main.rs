//! How long the everyday questions take over 100 M readings, in GridOS's arrays and in a table with
//! one row for each reading, as others have it: the same readings, the same server, in one run.
//!
//! `cargo bench -p gridos-benches --bench questions`, or with fewer devices
//! `… --bench questions -- 2`. It takes some 15 GB of the temporary folder and a few minutes.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first surprise"
)]

mod ours;
#[path = "../../crates/store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "tests stop their servers")]
mod postgres;
mod question;
mod rows;

use std::time::{Duration, Instant};

use postgres::Cluster;
use question::{QUESTIONS, Question};
use tokio_postgres::Client;

/// What each device has.
const POINTS: usize = 32;
/// Nearly two days.
const SECONDS: usize = 156_250;
/// As many as make 100 M readings.
const DEVICES: usize = 20;
/// How often each question is asked after it was asked once; the median counts.
const TIMES: usize = 7;
/// Midnight of 2026-11-23, where the readings begin: one a second of each point.
const BEGIN_MS: i64 = 1_795_392_000_000;

#[tokio::main]
async fn main() {
    let devices = std::env::args().find_map(|word| word.parse().ok());
    let devices: usize = devices.unwrap_or(DEVICES).max(2);
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("ours").await;
    cluster.create_database("rows").await;
    let count = SECONDS * POINTS * devices;
    println!("{count} readings: {devices} devices, {POINTS} points each, {SECONDS} seconds");
    let took = ours::fill(&cluster, devices).await;
    let ours = cluster.connect("ours").await;
    told("arrays", count, took, &ours).await;
    let took = rows::fill(&cluster, devices).await;
    let rows = cluster.connect("rows").await;
    told("rows", count, took, &rows).await;
    println!(
        "{:<52} {:>12} {:>12} {:>7}",
        "question, median", "arrays", "rows", "ratio"
    );
    for question in QUESTIONS {
        let (a, b) = (
            ask(&ours, question, question.arrays).await,
            ask(&rows, question, question.rows).await,
        );
        let ratio = b.as_secs_f64() / a.as_secs_f64();
        println!(
            "{:<52} {:>9.2} ms {:>9.2} ms {ratio:>7.1}",
            question.text,
            ms(a),
            ms(b)
        );
    }
}

async fn told(name: &str, count: usize, took: Duration, client: &Client) {
    client.batch_execute("vacuum analyze").await.unwrap();
    let bytes: i64 = client
        .query_one("select pg_database_size(current_database())", &[])
        .await
        .unwrap()
        .get(0);
    println!(
        "{name}: filled in {:.1} s, {:.2} M readings/s; {:.1} bytes a reading",
        took.as_secs_f64(),
        count as f64 / took.as_secs_f64() / 1e6,
        bytes as f64 / count as f64,
    );
}

async fn ask(client: &Client, question: &Question, sql: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..=TIMES {
        let began = Instant::now();
        let rows = client.query(sql, &[]).await.unwrap();
        times.push(began.elapsed());
        assert_eq!(rows.len(), question.answer, "{sql}");
    }
    // The first one warmed the caches.
    times.remove(0);
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The value of a point at a second: a slow wave and some noise, as measurements are.
fn value(device: usize, point: usize, second: usize) -> f64 {
    let phase = (second + 37 * device + 101 * point) as f64 / 600.0;
    let noise = (second.wrapping_mul(2_654_435_761) ^ (point * 40_503)) % 1_000;
    (f64::sin(phase) * 1_000.0).round() / 10.0 + noise as f64 / 1_000.0
}
