//! `gridos probe modbus`: reads once, and shows what the registers may mean.

use std::fmt;

use gridos_collect::modbus::{Probe, ReadError, Via};
use gridos_modbus::guess::{Match, find};
use gridos_modbus::{Order, Table};
use serde_json::json;

use super::Outcome;
use crate::cli::ProbeModbus;
use crate::color;
use crate::output;

pub(crate) mod advice;
mod block;
pub(crate) mod dnp3;
mod json;
mod range;
mod show;

use block::{Block, Content};
pub(crate) use range::AddressRange;
pub(crate) use show::Shown;
use show::Style;

/// Places that are shown where the expected value was found, unless all are asked for.
const FOUND_SHOWN: usize = 8;

pub(crate) fn run(args: &ProbeModbus) -> Outcome {
    if !args.has_range() && !args.find_order {
        return Err(NoRange.into());
    }
    let blocks = super::block_on(read(args))??;
    let style = Style {
        all: args.all,
        only: args
            .kind
            .map(|kind| (kind, args.order.unwrap_or(Order::ABCD))),
        color: color::on_output(),
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
    let not_read = NotRead::at(port);
    let mut probe = connecting.await.map_err(&not_read)?;
    let mut blocks = Vec::new();
    let first = [AddressRange::FIRST_REGISTERS];
    let anywhere: &[AddressRange] = if args.has_range() { &[] } else { &first };
    for (table, ranges) in [
        (Table::Coil, &args.coil),
        (Table::DiscreteInput, &args.discrete),
        (Table::HoldingRegister, &args.holding),
        (Table::InputRegister, &args.input),
    ] {
        let instead = if table.is_bits() { &[] } else { anywhere };
        for range in ranges.iter().chain(instead) {
            let read = block::read(&mut probe, table, *range).await;
            blocks.extend(read.map_err(&not_read)?);
        }
    }
    Ok(blocks)
}

fn show(args: &ProbeModbus, blocks: &[Block], style: Style) -> Outcome {
    if args.json {
        let blocks: Vec<_> = blocks.iter().map(|one| json::block(one, style)).collect();
        output::line(json!({ "unit": args.unit, "blocks": blocks }))?;
    } else {
        for block in blocks {
            output::show(style.block(block))?;
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
        output::line(json!({ "unit": args.unit, "found": found.collect::<Vec<_>>() }))?;
    } else {
        let shown = if args.all { usize::MAX } else { FOUND_SHOWN };
        for (block, found) in found.iter().take(shown) {
            output::line(show::found(block, found, expected))?;
        }
        for refused in blocks.iter().filter_map(refused_addresses) {
            eprintln!("not searched, since the device refused it: {refused}");
        }
        if found.len() > shown {
            let more = found.len() - shown;
            output::line(format_args!("and {more} less likely ones (--all)"))?;
        }
        if let Some((block, best)) = found.first() {
            let point = show::point(block, best);
            output::line(format_args!("the likeliest as a point: {point}"))?;
        }
    }
    if found.is_empty() {
        return Err(NotFound::of(blocks).into());
    }
    Ok(())
}

fn refused(blocks: &[Block]) -> usize {
    // What is missing between registers that are there is no failure.
    let is_refused = |block: &&Block| matches!(block.content, Content::Refused(_));
    blocks.iter().filter(is_refused).count()
}

/// Nothing was read, and what to try. The text holds the causes, so they are no source.
#[derive(Debug)]
pub(crate) struct NotRead {
    error: ReadError,
    port: u16,
}

impl std::error::Error for NotRead {}

impl fmt::Display for NotRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        match advice::of_error(&self.error, self.port) {
            Some(advice) => write!(f, "\n  {advice}"),
            None => Ok(()),
        }
    }
}

impl NotRead {
    /// Of errors of a device at `port`.
    pub(crate) fn at(port: u16) -> impl Fn(ReadError) -> Self {
        move |error| Self { error, port }
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "say what to read, for example --holding 0..10, --input 0..40, --coil 0..16 or --discrete 7; with \
     --find-order --expect VALUE, the first registers are searched without"
)]
struct NoRange;

/// The device answered with exceptions, which are shown among what was read.
#[derive(Debug, thiserror::Error)]
#[error("the device refused {count} of the reads")]
struct Refused {
    count: usize,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "nothing among the {searched} registers that were read gives the expected value{refused}; widen \
     --tolerance (the value may have changed) or the ranges"
)]
struct NotFound {
    searched: usize,
    /// The addresses that were not read.
    refused: String,
}

impl NotFound {
    fn of(blocks: &[Block]) -> Self {
        let is_read = |block: &&Block| matches!(block.content, Content::Registers(_));
        let searched = blocks.iter().filter(is_read).map(|block| block.count).sum();
        let refused: Vec<String> = blocks.iter().filter_map(refused_addresses).collect();
        let refused = match refused.len() {
            0 => String::new(),
            _ => format!(" (the device refused {})", refused.join(", ")),
        };
        Self { searched, refused }
    }
}

/// The table and addresses of a block that the device refused.
fn refused_addresses(block: &Block) -> Option<String> {
    matches!(block.content, Content::Refused(_) | Content::Absent).then(|| {
        let last = block.address(block.count).saturating_sub(1);
        format!("{} {} to {last}", show::words(block.table), block.start)
    })
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
