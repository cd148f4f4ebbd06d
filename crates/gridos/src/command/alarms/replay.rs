//! `gridos alarms replay`: stored history, judged with the alarms of today or of tomorrow.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridos_store::Store;

use super::super::Outcome;
use crate::cli::AlarmsReplay;
use crate::config::{Config, Database, Fleet, has_profiles};
use crate::engine::Configured;
use crate::output;
use crate::progress::Progress;
use crate::replay::{self, Account, Range, Report, Version};

/// Why nothing is replayed.
#[derive(Debug, thiserror::Error)]
enum NotReplayed {
    #[error("--from must be before --to; the range is empty")]
    EmptyRange,
    #[error("there is no database at {}; it is made when the engine first runs", .0.display())]
    NoDatabase(PathBuf),
    #[error("{} cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("interrupted")]
    Interrupted,
}

pub(super) fn run(args: &AlarmsReplay) -> Outcome {
    let config = Config::load(&args.config, std::env::vars_os())?;
    if args.from >= args.to {
        return Err(NotReplayed::EmptyRange.into());
    }
    // It would be made, empty.
    if let Database::Sqlite { path } = &config.store.database
        && !path.exists()
    {
        return Err(NotReplayed::NoDatabase(path.clone()).into());
    }
    let range = Range {
        from: args.from,
        until: args.to,
        lead: args.lead,
    };
    let mut versions = vec![Version::new("as configured", Fleet::of(&config)?, &range)];
    if let Some(path) = &args.with {
        let title = path.file_name().unwrap_or(path.as_os_str());
        let title = title.to_string_lossy();
        versions.push(Version::new(&title, other_fleet(&config, path)?, &range));
    }
    let report = super::super::block_on(async {
        let store: Arc<dyn Store> = Configured::of(&config)?.maintained();
        tokio::select! {
            report = judged(&store, range, args, versions) => report,
            ended = super::super::asked_to_end(None) => {
                ended?;
                Err(NotReplayed::Interrupted.into())
            }
        }
    })??;
    match args.json {
        true => output::line(format_args!("{:#}", report.json())),
        false => output::show(report),
    }
}

/// The fleet of another configuration, or that of `config` with the alarms of a file of alarms alone.
fn other_fleet(config: &Config, path: &Path) -> Result<Fleet, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path).map_err(|source| NotReplayed::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if has_profiles(&text) {
        return Ok(Fleet::of(&Config::load(path, std::env::vars_os())?)?);
    }
    let mut fleet = Fleet::of(config)?;
    fleet.redefine(&text, &path.to_string_lossy())?;
    Ok(fleet)
}

async fn judged(
    store: &Arc<dyn Store>,
    range: Range,
    args: &AlarmsReplay,
    mut versions: Vec<Version>,
) -> Result<Report, Box<dyn std::error::Error>> {
    let progress = Progress::of_share("replaying");
    let extent = replay::run(store, &range, &args.device, &mut versions, &progress).await?;
    drop(progress);
    let mut notes = notes(&versions);
    let mut columns: Vec<(String, Account)> = Vec::new();
    if let Some(version) = versions.first() {
        match replay::recorded(store, &range, &args.device, &version.fleet).await {
            Ok(account) => columns.push(("in fact".to_owned(), account)),
            Err(error) => notes.push(format!("what was told in fact is not known: {error}")),
        }
    }
    let replayed = versions.into_iter();
    columns.extend(replayed.map(|version| (version.title, version.account)));
    let columns = columns.into_iter();
    Ok(Report {
        range,
        extent,
        columns: columns
            .map(|(title, account)| (title, account.end()))
            .collect(),
        notes,
    })
}

fn notes(versions: &[Version]) -> Vec<String> {
    let mut notes = Vec::new();
    for version in versions {
        let title = &version.title;
        for (reason, count) in version.left_out.iter().filter(|(_, count)| **count > 0) {
            notes.push(format!(
                "{title}: {count} alarms are not replayed, {reason}"
            ));
        }
    }
    let operators = "what operators did, such as shelving, and what a lost link held back, is not \
                     replayed: in fact fewer may have been told";
    notes.push(operators.to_owned());
    notes
}
