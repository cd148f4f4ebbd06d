//! `gridos writer`.

use std::net::SocketAddr;
use std::sync::Arc;

use gridos_relay::Crew;
use gridos_store::{Store, WriterOptions};
use gridos_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{EndSignals, Outcome};
use crate::cli::Writer;
use crate::config::Config;
use crate::engine::{Configured, writer_options};
use crate::{log, service};

/// Why it cannot begin.
#[derive(Debug, thiserror::Error)]
enum NotBegun {
    #[error("{0} has no section [relay]: without one, each engine writes by itself")]
    NoRelay(String),
    #[error("cannot listen at {address}; stop what listens there, or choose another address")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
}

pub(crate) fn run(args: &Writer) -> Outcome {
    let config = Config::load(&args.config, std::env::vars_os())?;
    log::start_as(&config.log);
    let ended = super::block_on(write(args, config));
    log::finish();
    ended?
}

async fn write(args: &Writer, config: Config) -> Outcome {
    let name = args.name.clone().unwrap_or_else(own_name);
    let no_relay = || NotBegun::NoRelay(args.config.display().to_string());
    let relay = config.relay.as_ref().ok_or_else(no_relay)?;
    let options = relay.options(&format!("gridos writer {name}"))?;
    let asked_to_end = EndSignals::listen()?;
    let address = config.http.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| NotBegun::Listen { address, source })?;
    let address = listener.local_addr().unwrap_or(address);
    // A password that cannot be read is told at once; each journal has a connection of its own.
    drop(Configured::of(&config)?);
    let telemetry = Arc::new(Telemetry::new(env!("CARGO_PKG_VERSION"), []));
    let writer: WriterOptions = writer_options(&config);
    let (stop, stopped) = watch::channel(false);
    let observed = gridos_api::observe(
        listener,
        Arc::clone(&telemetry),
        |telemetry| telemetry.relay.reachable.get() > 0,
        stopped.clone(),
    );
    let observed = tokio::spawn(observed);
    let stores = move || -> Option<Arc<dyn Store>> {
        let opened = Configured::of(&config);
        let opened = opened.inspect_err(|error| tracing::warn!(%error, "cannot store"));
        Some(opened.ok()?.maintained())
    };
    let crew = Crew::new(options, name.clone(), Box::new(stores), telemetry, writer);
    tracing::info!(
        name,
        "writing what engines ship; metrics at http://{address}/metrics"
    );
    service::ready();
    let mut crew = tokio::spawn(crew.run(stopped));
    let ended = tokio::select! {
        () = asked_to_end.asked(args.duration) => {
            service::stopping();
            stop.send_replace(true);
            crew.await
        }
        ended = &mut crew => ended,
    };
    stop.send_replace(true);
    observed.abort();
    Ok(ended??)
}

/// Processes of one machine have different numbers, and machines different names.
fn own_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => "writer",
        host => host,
    };
    format!("{host}-{}", std::process::id())
}
