//! `gridos export`: history out of the store, into a file.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use gridos_store::{PointsQuery, Store};
use serde_json::{Value, json};

use super::Outcome;
use crate::cli::{Export, ExportFormat};
use crate::config::{Config, Database};
use crate::engine::Configured;
use crate::export::{
    Columnar, Counts, ExportError, Extract, Separated, Sheet, Unfinished, run as take_out,
};
use crate::output::{self, Closed};
use crate::progress::Progress;

/// Why nothing is exported.
#[derive(Debug, thiserror::Error)]
enum NotExported {
    #[error("--from must be before --to; the range is empty")]
    EmptyRange,
    #[error("there is no database at {}; it is made when the engine first runs", .0.display())]
    NoDatabase(PathBuf),
    #[error("interrupted; no file was made")]
    Interrupted,
}

pub(crate) fn run(args: &Export) -> Outcome {
    let config = Config::load(&args.config, std::env::vars_os())?;
    if args.from >= args.to {
        return Err(NotExported::EmptyRange.into());
    }
    // It would be made, empty.
    if let Database::Sqlite { path } = &config.store.database
        && !path.exists()
    {
        return Err(NotExported::NoDatabase(path.clone()).into());
    }
    let extract = Extract {
        points: PointsQuery {
            devices: args.device.clone(),
            points: args.point.clone(),
        },
        from: args.from,
        until: args.to,
        texts: args.texts,
    };
    super::block_on(async {
        let store: Arc<dyn Store> = Configured::of(&config)?.maintained();
        match &args.output {
            None => to_output(&store, &extract, args.json).await,
            Some(_) => to_file(&store, &extract, args).await,
        }
    })?
}

async fn to_output(store: &Arc<dyn Store>, extract: &Extract, tells_json: bool) -> Outcome {
    let out = BufWriter::new(io::stdout());
    let sheet = Box::new(Separated::new(out, extract.texts)?);
    let counts = until_interrupted(store, extract, sheet).await?;
    match tells_json {
        true => eprintln!("{}", as_json(&counts, extract)),
        false => eprintln!("{}", told(&counts, extract)),
    }
    Ok(())
}

async fn to_file(store: &Arc<dyn Store>, extract: &Extract, args: &Export) -> Outcome {
    let Some(path) = &args.output else {
        return Ok(());
    };
    let (unfinished, file) = Unfinished::create(path)?;
    let out = BufWriter::new(file);
    let sheet = sheet(args.format, out, extract.texts)?;
    let counts = until_interrupted(store, extract, sheet).await?;
    let size = unfinished.finish()?;
    let path = path.display();
    if args.json {
        let mut value = as_json(&counts, extract);
        value["file"] = json!(path.to_string());
        value["bytes"] = json!(size);
        return output::json(&value);
    }
    output::line(format_args!(
        "{}, {size} bytes written to {path}",
        told(&counts, extract)
    ))
}

fn sheet<W: Write + Send + 'static>(
    format: ExportFormat,
    out: W,
    texts: bool,
) -> Result<Box<dyn Sheet + Send>, ExportError> {
    Ok(match format {
        ExportFormat::Csv => Box::new(Separated::new(out, texts)?),
        ExportFormat::Parquet => Box::new(Columnar::new(out, texts)?),
    })
}

async fn until_interrupted(
    store: &Arc<dyn Store>,
    extract: &Extract,
    sheet: Box<dyn Sheet + Send>,
) -> Result<Counts, Box<dyn std::error::Error>> {
    let progress = Progress::of_share("exporting");
    tokio::select! {
        counts = take_out(store, extract, sheet, &progress) => counts.map_err(closed),
        ended = super::asked_to_end(None) => {
            ended?;
            Err(NotExported::Interrupted.into())
        }
    }
}

/// That nobody reads the output any more is no failure.
fn closed(error: ExportError) -> Box<dyn std::error::Error> {
    if let ExportError::Write(cause) = &error
        && cause.kind() == io::ErrorKind::BrokenPipe
    {
        return Closed.into();
    }
    error.into()
}

fn as_json(counts: &Counts, extract: &Extract) -> Value {
    json!({
        "readings": counts.readings,
        "texts": counts.texts,
        "points": counts.points,
        "devices": counts.devices,
        "from": extract.from.to_string(),
        "until": extract.until.to_string(),
        "file": null,
        "bytes": null,
    })
}

fn told(counts: &Counts, extract: &Extract) -> String {
    let Counts {
        readings,
        texts,
        points,
        devices,
    } = counts;
    let texts = match extract.texts {
        true => format!(" and {texts} texts"),
        false => String::new(),
    };
    format!(
        "{readings} readings{texts} of {points} points of {devices} devices, from {} until {}",
        extract.from, extract.until
    )
}
