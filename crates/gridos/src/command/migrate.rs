//! `gridos migrate`.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use gridos_store::postgres::Access;
use gridos_store::{Maintain, SchemaState, StoreError};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Outcome;
use crate::cli::Migrate;
use crate::config::{Config, Database};
use crate::engine::Configured;
use crate::output;
use crate::progress::Progress;

/// How often a database that is away is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Why `gridos migrate` did not do what was asked.
#[derive(Debug, thiserror::Error)]
enum MigrateError {
    #[error("{0}; run gridos migrate")]
    Missing(SchemaState),
    #[error("SQLite has no roles; --grant-to and --grant-read-to are only for PostgreSQL")]
    NoRoles,
    #[error(
        "the folder {} of the database cannot be made; make it, or name another with engine.data_dir",
        path.display()
    )]
    Folder { path: PathBuf, source: io::Error },
}

pub(crate) fn run(args: &Migrate) -> Outcome {
    crate::log::start("warn");
    let config = Config::load(&args.config, std::env::vars_os())?;
    super::block_on(async { migrate(args, &config).await })?
}

async fn migrate(args: &Migrate, config: &Config) -> Outcome {
    let grants = grants(args);
    let configured = Configured::of(config)?;
    if matches!(configured, Configured::Sqlite(_)) && !grants.is_empty() {
        return Err(MigrateError::NoRoles.into());
    }
    let store = configured.maintained();
    let stood = awaited(&*store, args.wait).await?;
    if args.check {
        return match stood.is_whole() {
            true if args.json => output::json(&as_json(&stood, &[], &stood.missing, None, &[])),
            true => output::line(&stood),
            false => Err(MigrateError::Missing(stood).into()),
        };
    }
    make_folder(&config.store.database)?;
    take_steps(&configured, &stood).await?;
    let stands = store.schema().await?;
    if !args.json {
        for (version, name) in &stood.missing {
            output::line(format_args!("took step {version} {name}"))?;
        }
        output::line(&stands)?;
    }
    let (advice, granted) = rule_and_rights(config, configured, grants).await?;
    match args.json {
        true => output::json(&as_json(&stands, &stood.missing, &[], advice, &granted)),
        false => advice.into_iter().chain(granted).try_for_each(output::line),
    }
}

/// SQLite makes its file, but no folder for it.
fn make_folder(database: &Database) -> Result<(), MigrateError> {
    let Database::Sqlite { path } = database else {
        return Ok(());
    };
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|source| MigrateError::Folder {
        path: folder.to_owned(),
        source,
    })
}

/// How the tables are kept, and who may do what; what is told of that.
async fn rule_and_rights(
    config: &Config,
    configured: Configured,
    grants: Vec<(&str, Access)>,
) -> Result<(Option<String>, Vec<String>), Box<dyn std::error::Error>> {
    let Configured::Postgres(postgres) = configured else {
        return Ok((None, Vec::new()));
    };
    let advice = postgres.set_rule(&config.store.upkeep).await?;
    let mut granted = Vec::new();
    for (role, access) in grants {
        postgres.grant(role, access).await?;
        let may = match access {
            Access::Write => "write",
            Access::Read => "read the views",
        };
        granted.push(format!("role {role} may {may}"));
    }
    Ok((advice, granted))
}

/// Takes the missing steps, and shows on a terminal which one is being taken.
async fn take_steps(configured: &Configured, stood: &SchemaState) -> Result<(), StoreError> {
    let store = configured.maintained();
    let progress = Progress::of_unknown("bringing the schema to this version");
    let Some((first, name)) = stood.missing.first() else {
        return store.migrate().await;
    };
    progress.at(format!(
        "from step {first} {name}, {} steps in all, ",
        stood.missing.len()
    ));
    store.migrate().await
}

fn as_json(
    stands: &SchemaState,
    taken: &[(i32, &str)],
    missing: &[(i32, &str)],
    advice: Option<String>,
    granted: &[String],
) -> Value {
    let steps = |steps: &[(i32, &str)]| -> Vec<Value> {
        let steps = steps.iter();
        steps
            .map(|(version, name)| json!({ "version": version, "name": name }))
            .collect()
    };
    json!({
        "version": stands.version,
        "wanted": stands.wanted,
        "taken": steps(taken),
        "missing": steps(missing),
        "advice": advice,
        "granted": granted,
    })
}

fn grants(args: &Migrate) -> Vec<(&str, Access)> {
    let writers = args
        .grant_to
        .iter()
        .map(|role| (role.as_str(), Access::Write));
    let readers = args
        .grant_read_to
        .iter()
        .map(|role| (role.as_str(), Access::Read));
    writers.chain(readers).collect()
}

/// How the schema stands, as soon as the database answers; it may take as long as `wait`.
async fn awaited(store: &dyn Maintain, wait: Duration) -> Result<SchemaState, StoreError> {
    let until = Instant::now() + wait;
    loop {
        match store.schema().await {
            Err(StoreError::Away { .. }) if Instant::now() < until => sleep(RETRY).await,
            answer => return answer,
        }
    }
}
