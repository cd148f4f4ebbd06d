//! `gridos journal drain`: stores what the journal of an engine that is gone still holds.

use std::time::Duration;

use gridos_telemetry::LedgerSnapshot;
use tokio::time::sleep;

use crate::cli::JournalDrain;
use crate::command::{EndSignals, Outcome, block_on};
use crate::config::{Config, ConfigFile};
use crate::engine::Engine;
use crate::{log, output};

/// How often it is looked whether something is left.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
enum DrainError {
    #[error(
        "not everything is stored: {0} readings are left in the journal, which keeps them; see that the database \
         is there (gridos doctor), and drain it again"
    )]
    Left(u64),
}

pub(super) fn run(args: &JournalDrain) -> Outcome {
    let file = ConfigFile::new(&args.config, std::env::vars_os());
    let config = alone(file.parse(&file.text()?)?);
    log::start_as(&config.log);
    let ended = block_on(drain(&config, args));
    log::finish();
    ended?
}

/// The same engine, but nobody comes to it, and it goes to nobody: it only writes.
fn alone(mut config: Config) -> Config {
    config.devices.clear();
    config.listeners.clear();
    config.notify.clear();
    config.membership = None;
    config.http.listen = ([127, 0, 0, 1], 0).into();
    config
}

async fn drain(config: &Config, args: &JournalDrain) -> Outcome {
    let engine = Engine::start(config).await?;
    let asked_to_end = EndSignals::listen()?;
    let telemetry = engine.shared_telemetry();
    let is_empty = async {
        while left(&telemetry.ledger.snapshot()) > 0 {
            sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        () = is_empty => {}
        () = engine.failed() => tracing::error!("the engine failed; ending"),
        () = asked_to_end.asked(Some(args.within)) => {}
    }
    let (summary, ended) = engine.end().await;
    match args.json {
        true => output::json(&summary.as_json())?,
        false => output::line(summary.in_one_line())?,
    }
    ended?;
    match summary.is_stored() {
        true => Ok(()),
        false => Err(DrainError::Left(left(summary.ledger())).into()),
    }
}

fn left(ledger: &LedgerSnapshot) -> u64 {
    ledger.in_journal + ledger.in_ring
}
