//! Waits until what has gathered is stored.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::error::BenchError;
use super::sample::{Engine, Ledger};

const LOOK: Duration = Duration::from_millis(50);
/// So much may still be on its way when all that has gathered is stored: half a second of what comes.
const ON_ITS_WAY: f64 = 0.5;

/// The ledger as soon as no more is under way than what always is, while so many readings a second come; `None` if
/// that does not happen in time.
pub(super) async fn drained(
    engine: &Engine,
    offered: f64,
    within: Duration,
) -> Result<Option<Ledger>, BenchError> {
    let began = Instant::now();
    while began.elapsed() < within {
        let ledger = engine.ledger().await?;
        if ledger.journalled.saturating_sub(ledger.stored) as f64 <= offered * ON_ITS_WAY {
            return Ok(Some(ledger));
        }
        sleep(LOOK).await;
    }
    Ok(None)
}
