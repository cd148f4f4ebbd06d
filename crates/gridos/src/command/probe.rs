//! `gridos probe modbus`: reads once, and shows what the registers may mean.

use std::fmt;
use std::io::IsTerminal as _;

use gridos_collect::modbus::{Probe, ReadError, Via};
use gridos_modbus::guess::{Match, find};
use gridos_modbus::{Order, Table};
use serde_json::json;

use super::Outcome;
use crate::cli::ProbeModbus;

pub(crate) mod advice;
mod block;
pub(crate) mod dnp3;
mod json;
mod range;
mod show;

use block::{Block, Content};
pub(crate) use range::AddressRange;
use show::Style;

/// Places that are shown where the expected value was found, unless all are asked for.
const FOUND_SHOWN: usize = 8;

pub(crate) fn run(args: &ProbeModbus) -> Outcome {
    let blocks = super::block_on(read(args))??;
    let style = Style {
        all: args.all,
        only: args
            .kind
            .map(|kind| (kind, args.order.unwrap_or(Order::ABCD))),
        color: std::io::stdout().is_terminal(),
    };
    match args.expect {
        Some(expected) => search(args, &blocks, expected),
        None => show(args, &blocks, style),
    }
}

/// Connects and reads all that was asked for.
async fn read(args: &ProbeModbus) -> Result<Vec<Block>, NotRead> {
    let (host, port) = (args.address.host(), args.address.port());
    let connecting = Probe::connect(&host, port, Via::Tcp, args.unit, args.timeout);
    let mut probe = connecting.await?;
    let mut blocks = Vec::new();
    for (table, ranges) in [
        (Table::Coil, &args.coil),
        (Table::DiscreteInput, &args.discrete),
        (Table::HoldingRegister, &args.holding),
        (Table::InputRegister, &args.input),
    ] {
        for range in ranges {
            blocks.extend(block::read(&mut probe, table, *range).await?);
        }
    }
    Ok(blocks)
}

fn show(args: &ProbeModbus, blocks: &[Block], style: Style) -> Outcome {
    if args.json {
        let blocks: Vec<_> = blocks.iter().map(|one| json::block(one, style)).collect();
        println!("{}", json!({ "unit": args.unit, "blocks": blocks }));
    } else {
        for block in blocks {
            print!("{}", style.block(block));
        }
    }
    match refused(blocks) {
        0 => Ok(()),
        count => Err(Refused { count }.into()),
    }
}

/// Looks for the expected value in what was read.
fn search(args: &ProbeModbus, blocks: &[Block], expected: f64) -> Outcome {
    let mut found: Vec<(&Block, Match)> = Vec::new();
    for block in blocks {
        if let Content::Registers(words) = &block.content {
            let here = find(words, expected, args.tolerance.0);
            found.extend(here.into_iter().map(|found| (block, found)));
        }
    }
    found.sort_by(|(_, a), (_, b)| a.cost().total_cmp(&b.cost()));
    if args.json {
        let found = found.iter().map(|(block, found)| json::found(block, found));
        println!(
            "{}",
            json!({ "unit": args.unit, "found": found.collect::<Vec<_>>() })
        );
    } else {
        let shown = if args.all { usize::MAX } else { FOUND_SHOWN };
        for (block, found) in found.iter().take(shown) {
            println!("{}", show::found(block, found, expected));
        }
        if found.len() > shown {
            println!("and {} less likely ones (--all)", found.len() - shown);
        }
        if let Some((block, best)) = found.first() {
            println!("the likeliest as a point: {}", show::point(block, best));
        }
    }
    if found.is_empty() {
        let searched = blocks.iter().map(|block| block.count).sum();
        let refused = refused(blocks);
        return Err(NotFound { searched, refused }.into());
    }
    Ok(())
}

fn refused(blocks: &[Block]) -> usize {
    let is_refused = |block: &&Block| matches!(block.content, Content::Refused(_));
    blocks.iter().filter(is_refused).count()
}

/// Nothing was read, and what to try. The text holds the causes, so they are no source.
#[derive(Debug)]
pub(crate) struct NotRead(ReadError);

impl std::error::Error for NotRead {}

impl fmt::Display for NotRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match advice::of_error(&self.0) {
            Some(advice) => write!(f, "\n  {advice}"),
            None => Ok(()),
        }
    }
}

impl From<ReadError> for NotRead {
    fn from(error: ReadError) -> Self {
        Self(error)
    }
}

/// The device answered with exceptions, which are shown among what was read.
#[derive(Debug, thiserror::Error)]
#[error("the device refused {count} of the reads")]
struct Refused {
    count: usize,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "nothing among {searched} registers gives the expected value, {refused} reads were refused; \
     widen --tolerance (the value may have changed) or the ranges"
)]
struct NotFound {
    searched: usize,
    refused: usize,
}

/// A part of a value, written as `1%` or `0.01`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance(pub(crate) f64);

impl std::str::FromStr for Tolerance {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, part) = match text.strip_suffix('%') {
            Some(percent) => (percent.trim_end(), 0.01),
            None => (text, 1.0),
        };
        let number = number.parse::<f64>().ok().map(|number| number * part);
        number
            .filter(|number| (0.0..=1.0).contains(number))
            .map(Self)
            .ok_or("is no tolerance; write for example 1% or 0.01")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_are_parts_or_percent() {
        let parse = |text: &str| text.parse::<Tolerance>().map(|tolerance| tolerance.0);
        assert_eq!(parse("1%"), Ok(0.01));
        assert_eq!(parse("0.5 %"), Ok(0.005));
        assert_eq!(parse("0.02"), Ok(0.02));
        for text in ["", "%", "-1%", "200%", "NaN"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
