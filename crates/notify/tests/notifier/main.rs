//! The notifier between an alarm board and a receiver that takes, refuses, hangs or is away.

#![cfg(test)]

mod alerts;
mod engine;
mod receiver;
mod sending;
mod tls;

use std::time::{Duration, Instant};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until it is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
