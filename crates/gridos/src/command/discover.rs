//! `gridos discover sunspec`: asks a device for its models and makes a profile of them.

use std::fs;
use std::path::PathBuf;

use gridos_collect::modbus::{Probe, ReadError, Via};
use gridos_modbus::Table;
use gridos_modbus::sunspec::{BASES, Discovery, End, Walk};

use super::Outcome;
use super::probe::{NotRead, advice};
use crate::cli::DiscoverSunspec;
use crate::output;

mod profile;

pub(crate) fn run(args: &DiscoverSunspec) -> Outcome {
    let found = super::block_on(walk(args))??;
    match found.end {
        End::NotSunSpec => return Err(NotSunSpec.into()),
        End::Marked => {}
        End::NotYet | End::Refused { .. } | End::Endless | End::Broken => {
            eprintln!(
                "the chain of models does not end as it should: {}",
                ended(found.end)
            );
        }
    }
    let text = profile::text(args, &found);
    match &args.output {
        None => output::show(text)?,
        Some(path) => {
            fs::write(path, text).map_err(|source| NotWritten {
                path: path.clone(),
                source,
            })?;
            let (models, path) = (found.models.len(), path.display());
            output::line(format_args!("{models} models, written to {path}"))?;
        }
    }
    Ok(())
}

async fn walk(args: &DiscoverSunspec) -> Result<Discovery, NotRead> {
    let (host, port) = (args.address.host(), args.address.port());
    let connecting = Probe::connect(&host, port, Via::Tcp, args.unit, args.timeout);
    let not_read = NotRead::at(port);
    let mut probe = connecting.await.map_err(&not_read)?;
    let mut walk = Walk::default();
    while let Some((start, count)) = walk.poll_read() {
        match probe.registers(Table::HoldingRegister, start, count).await {
            Ok(probed) => walk.handle_words(&probed.values),
            Err(ReadError::Exception { code }) => walk.handle_exception(code),
            Err(error) => return Err(not_read(error)),
        }
    }
    Ok(walk.finish())
}

fn ended(end: End) -> String {
    match end {
        End::Refused { address, code } => format!(
            "reading the next one at {address} gave exception {code}: {}",
            advice::of_exception(code)
        ),
        End::Endless => "it leads past the last address".to_owned(),
        End::NotYet | End::Marked | End::NotSunSpec | End::Broken => {
            "an answer had the wrong length".to_owned()
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the device has no \"SunS\" in the holding registers {}, {} or {}: it is no SunSpec device, has it \
     switched off, or has another unit id (--unit; often 1, 3 or 126)",
    BASES[0], BASES[1], BASES[2]
)]
struct NotSunSpec;

#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
struct NotWritten {
    path: PathBuf,
    source: std::io::Error,
}
