//! `gridos run`.

use std::path::Path;

use gridos_api::{ConfigDesk, ConfigOrder};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{EndSignals, Outcome, event};
use crate::cli::Run;
use crate::config::{Config, ConfigFile};
use crate::engine::{BY_SIGNAL, Engine};
use crate::hdr_log::HdrLog;
use crate::{log, pages, service};

pub(crate) fn run(args: &Run) -> Outcome {
    let file = ConfigFile::new(&args.config, std::env::vars_os());
    let text = file.text()?;
    let config = file.parse(&text)?;
    log::start_as(&config.log);
    pages::keep_small();
    let ended = super::block_on(engine(args, config, (file, text)));
    log::finish();
    ended?
}

async fn engine(args: &Run, config: Config, origin: (ConfigFile, String)) -> Outcome {
    // Before anything runs: whoever asks for a reload meanwhile must not end the process.
    let asked_to_reload = signal(SignalKind::hangup())?;
    let engine = Engine::start_from(&config, Some(origin)).await?;
    let hdr_log = match &args.hdr_log {
        Some(path) => Some(begin_hdr_log(path, &engine)?),
        None => None,
    };
    let scheme = match config.http.tls {
        Some(_) => "https",
        None => "http",
    };
    // A fleet's configuration is tens of megabytes that nobody asks for again.
    drop(config);
    tracing::info!(
        "{} devices, {} points; page and API at {scheme}://{}/",
        engine.devices(),
        engine.points(),
        engine.address()
    );
    // Before anybody is told that it runs: whoever knows may end it at once.
    let asked_to_end = EndSignals::listen()?;
    if args.json {
        event::tell(&event::started(&engine, scheme));
    }
    service::ready();
    let failed = engine.failed();
    let reloading = reload_when_asked(asked_to_reload, engine.config().clone());
    tokio::select! {
        () = asked_to_end.asked(args.duration) => {}
        () = failed => tracing::error!("the engine failed; ending"),
        () = service::attend(&engine) => {}
        () = reloading => {}
    }
    service::stopping();
    tracing::info!("draining");
    let (summary, ended) = engine.end().await;
    if let Some(hdr_log) = hdr_log {
        hdr_log.end();
    }
    tracing::info!("{}", summary.in_one_line());
    if args.json {
        event::tell(&event::ended(&summary));
    }
    Ok(ended?)
}

fn begin_hdr_log(path: &Path, engine: &Engine) -> Result<HdrLog, String> {
    HdrLog::begin(path, engine.shared_telemetry()).map_err(|error| {
        let path = path.display();
        format!("--hdr-log {path}: {error}; choose a file that can be written")
    })
}

/// Takes the configuration anew at each SIGHUP; what became of it is in the log. Never ends by itself.
async fn reload_when_asked(mut asked: Signal, desk: ConfigDesk) {
    while asked.recv().await.is_some() {
        service::reloading();
        let order = ConfigOrder::Reload { is_dry: false };
        if let Err(refusal) = desk.ask(order, BY_SIGNAL.to_owned()).await {
            tracing::debug!(%refusal, "the configuration was not reloaded");
        }
        service::ready();
    }
    std::future::pending().await
}
