//! `gridos demo`: a simulated substation fleet and the engine that polls it.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use gridos_sim::modbus::Fleet;

use super::{Outcome, event};
use crate::cli::Demo;
use crate::color;
use crate::config::Config;
use crate::engine::{Engine, StartError};
use crate::output;

pub(crate) mod config;
mod line;

/// The fleet measures the same at every start, so that a second one continues the first.
const SEED: u64 = 1;

pub(crate) fn run(args: &Demo) -> Outcome {
    crate::log::start("warn");
    super::block_on(async {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let fleet = Fleet::start(ip, 0, usize::from(args.devices), SEED).await?;
        let addresses: Vec<SocketAddr> = fleet.addresses().collect();
        let text = config::text(args, &addresses);
        // The demo ignores variables meant for a real engine.
        let none: [(String, String); 0] = [];
        let config = Config::parse(&text, "demo.toml", none, &|path| std::fs::read(path))?;
        let engine = Engine::start(&config).await.map_err(in_demo_words)?;
        if args.json {
            event::tell(&event::started(&engine, "http"));
        } else {
            tell_people(args, &engine);
        }
        tokio::select! {
            ended = super::asked_to_end(args.duration) => ended?,
            () = engine.failed() => {}
            () = show(&engine, args.json) => {}
        }
        let asked = Instant::now();
        let (summary, ended) = engine.end().await;
        fleet.stop().await;
        let drained = asked.elapsed().as_secs_f64();
        if args.json {
            event::tell(&event::ended(&summary));
        } else {
            let _ = output::line(format_args!("{summary}\ndrained in {drained:.1} s"));
        }
        Ok(ended?)
    })?
}

/// Whoever started it may not read on; the engine runs all the same.
fn tell_people(args: &Demo, engine: &Engine) {
    let _ = output::line(format_args!(
        "GridOS {} polls {} simulated devices ({} points), data in {}",
        env!("CARGO_PKG_VERSION"),
        engine.devices(),
        engine.points(),
        args.data_dir.display()
    ));
    let address = engine.address();
    let _ = output::line(format_args!(
        "page and API: http://{address}/   Ctrl-C ends"
    ));
}

/// The address of the demo is not in a file.
fn in_demo_words(error: StartError) -> Box<dyn Error> {
    let StartError::Listen { address, source } = error else {
        return Box::new(error);
    };
    Box::new(CannotListen { address, source })
}

#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen at {address}; stop what listens there, or choose another address, for example \
     --listen 127.0.0.1:0 for any free port"
)]
struct CannotListen {
    address: SocketAddr,
    source: std::io::Error,
}

/// Refreshes one line a second, on a terminal only.
async fn show(engine: &Engine, tells_json: bool) {
    if tells_json || !color::is_terminal() {
        return std::future::pending().await;
    }
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut before = line::Sample::of(engine, Instant::now());
    loop {
        tick.tick().await;
        let now = line::Sample::of(engine, Instant::now());
        // To the beginning of the line, and erase what is longer than the new one.
        let line = line::show(&before, &now);
        // A terminal that is gone shows nothing; the engine goes on.
        let _ = output::drawn(&format!("\r\x1b[2K{line}"));
        before = now;
    }
}
