//! The whole engine measured on this machine: simulated devices, a real engine and a real database, beside what
//! the wire alone and the database alone allow.

mod copy;
mod course;
mod disk;
mod drain;
mod error;
mod figures;
mod half;
mod latency;
mod machine;
mod plan;
mod plant;
mod poster;
mod questions;
mod sample;
mod server;
mod show;
mod usage;
mod wire;

use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;
use tokio_rustls::rustls;

use self::course::Course;
use self::error::BenchError;
use self::machine::Machine;
use self::server::Server;
use crate::cli::{Bench, Scenario};
use crate::command::{Outcome, asked_to_end};
use crate::output;
use crate::scratch::{Door, Scratch};

/// Measures what was asked for, one after another, until all is measured or somebody ends it.
pub(crate) async fn run(args: &Bench) -> Outcome {
    crate::log::start("warn");
    // The client wants one though it speaks no TLS here; an error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::select! {
        measured = measured(args) => Ok(measured?),
        ended = asked_to_end(None) => Ok(ended?),
    }
}

async fn measured(args: &Bench) -> Outcome {
    let scenarios = match args.scenarios.as_slice() {
        [] if args.postgres.is_some() => &Scenario::USUAL[..Scenario::USUAL.len() - 1],
        [] => &Scenario::USUAL,
        asked => asked,
    };
    if args.postgres.is_some() && scenarios.contains(&Scenario::Outage) {
        return Err(BenchError::ForeignServer.into());
    }
    for scenario in scenarios {
        plant::fits(args, *scenario)?;
    }
    if let Some(folder) = &args.data_dir {
        is_new(folder)?;
    }
    // A database of its own may be another user's.
    let folder = Scratch::make(args.data_dir.as_deref(), "gridos-bench", Door::Passage)?;
    let mut server = Server::start(args.postgres.as_deref(), folder.path()).await?;
    let machine = Machine::look(folder.path());
    if !args.json {
        output::line(&machine)?;
        output::line(server.describe())?;
    }
    let (mut all, mut ended) = (Vec::new(), Ok(()));
    for (n, scenario) in scenarios.iter().enumerate() {
        if scenarios[..n].contains(scenario) {
            continue;
        }
        let course = Course::new(args, *scenario, folder.path());
        let figures = match course.run(&mut server).await {
            Ok(figures) => figures,
            Err(error) => {
                ended = Err(error.into());
                break;
            }
        };
        if !args.json {
            output::line(show::table(&figures))?;
        }
        if !figures.ledger.is_whole() && ended.is_ok() {
            let scenario = figures.scenario.clone();
            ended = Err(BenchError::NotBalanced { scenario }.into());
        }
        all.push(figures);
    }
    // What was measured before something failed is told all the same.
    if args.json {
        output::json(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "machine": machine,
            "postgresql": server.describe(),
            "scenarios": all,
        }))?;
    }
    ended
}

/// A journal and a database of before would be counted once more.
fn is_new(folder: &Path) -> Result<(), BenchError> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(BenchError::folder(folder)(source)),
    };
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(BenchError::Used {
            path: folder.to_owned(),
        }),
    }
}
