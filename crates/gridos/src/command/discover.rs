//! `gridos discover sunspec`: asks a device for its models and makes a profile of them.

use std::path::Path;

use gridos_collect::modbus::{Probe, ReadError, Via};
use gridos_modbus::Table;
use gridos_modbus::sunspec::{BASES, Discovery, End, Walk};
use serde_json::json;

use super::Outcome;
use super::probe::{NotRead, advice};
use crate::cli::DiscoverSunspec;
use crate::output;

pub(crate) mod dnp3;
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
    if profile::count(args, &found) == 0 {
        return Err(NoPoints {
            models: found.models.len(),
        }
        .into());
    }
    let text = profile::text(args, &found);
    let models = found.models.len();
    let made = Made {
        what: "models",
        count: models,
        text: &text,
    };
    made.keep(args.output.as_deref(), args.json)
}

/// A profile that was made.
struct Made<'a> {
    /// What was found, and how many of them.
    what: &'static str,
    count: usize,
    text: &'a str,
}

impl Made<'_> {
    /// Writes it to the file at `path`, and says what it is; shows it if there is no path.
    fn keep(&self, path: Option<&Path>, tells_json: bool) -> Outcome {
        let Self { what, count, text } = self;
        if let Some(path) = path {
            output::new_file(path, text)?;
        }
        match path {
            _ if tells_json => output::json(&json!({
                *what: count,
                "file": path.map(|path| path.display().to_string()),
                "profile": path.is_none().then_some(text),
            })),
            None => output::show(text),
            Some(path) => output::line(format_args!(
                "{count} {what}, written to {}",
                path.display()
            )),
        }
    }
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

/// A profile without points would be none.
#[derive(Debug, thiserror::Error)]
#[error(
    "the device begins as SunSpec says, but none of its {models} models has a point that can be read: \
     it may be starting up still, or have another unit id (--unit)"
)]
struct NoPoints {
    models: usize,
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;
    use std::time::Duration;

    use gridos_sim::modbus::{Memory, Server, Table as SimTable};

    use super::*;
    use crate::config::Name;

    #[test]
    fn a_device_without_points_is_told_and_nothing_is_written() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let memory = Memory::default();
        // "SunS", and the end of the chain at once.
        memory.set_registers(
            SimTable::HoldingRegister,
            40_000,
            &[0x5375, 0x6e53, 0xffff, 0],
        );
        let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(memory));
        let server = runtime.block_on(server).unwrap();
        let output = tempfile::tempdir().unwrap();
        let path = output.path().join("roof.toml");
        let args = DiscoverSunspec {
            address: server.local_addr().to_string().parse().unwrap(),
            unit: 1,
            profile: Name::plain("roof").unwrap(),
            output: Some(path.clone()),
            all: false,
            timeout: Duration::from_secs(10),
            json: false,
        };
        let error = run(&args).unwrap_err().to_string();
        assert!(
            error.contains("none of its 0 models has a point"),
            "{error}"
        );
        assert!(!path.exists());
    }
}
