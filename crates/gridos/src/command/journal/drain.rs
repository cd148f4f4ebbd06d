//! `gridos journal drain`: stores what the journal of an engine that is gone still holds.

use std::time::{Duration, Instant};

use gridos_telemetry::Telemetry;
use tokio::time::sleep;

use crate::cli::JournalDrain;
use crate::command::{EndSignals, Outcome, block_on};
use crate::config::{Config, ConfigFile};
use crate::engine::Engine;
use crate::{log, output};

/// How often it is looked whether something is left.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// What is under way with the database may come to its end.
const PATIENCE_MIN: Duration = Duration::from_secs(2);

/// Why it is not done.
#[derive(Debug, thiserror::Error)]
enum DrainError {
    #[error(
        "the database has not taken everything, and the journal keeps it: do not remove its folder; see that the \
         database is there (gridos doctor), and drain it again"
    )]
    Left,
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
    let begun = Instant::now();
    let engine = Engine::start(config).await?;
    let asked_to_end = EndSignals::listen()?;
    let telemetry = engine.shared_telemetry();
    let seems_done = async {
        while !is_empty(&telemetry) {
            sleep(LOOK_EVERY).await;
        }
    };
    let failed = engine.failed();
    let mut patience = Duration::ZERO;
    tokio::select! {
        // Whether it is so, the writer says when it ends.
        () = seems_done => patience = args.within.saturating_sub(begun.elapsed()),
        () = failed => tracing::error!("the engine failed; ending"),
        () = asked_to_end.asked(Some(args.within)) => {}
    }
    let (summary, ended) = engine.end_storing_within(patience.max(PATIENCE_MIN)).await;
    match args.json {
        true => output::json(&summary.as_json())?,
        false => output::line(summary.in_one_line())?,
    }
    ended?;
    match summary.is_stored() {
        true => Ok(()),
        false => Err(DrainError::Left.into()),
    }
}

/// Whether the database was asked, and nothing is left that is known of. How much an earlier life left is known
/// only when the database has said how far it is.
fn is_empty(telemetry: &Telemetry) -> bool {
    let ledger = telemetry.ledger.snapshot();
    telemetry.store.connected.get() > 0 && ledger.in_journal + ledger.in_ring == 0
}
