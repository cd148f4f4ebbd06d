//! The comparison: what the journal has held against what the database shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};

use crate::database::{Found, FoundLoss, StreamPosition};
use crate::minutes::{self, Minutes};
use crate::row::Row;
use crate::witness::{Held, Witness};

/// How many rows of a difference are told.
const TOLD_MAX: usize = 5;

/// What journal and database agree upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// Readings in the tables.
    pub(crate) stored: u64,
    /// Readings in quarantine.
    pub(crate) quarantined: u64,
    /// Readings that are told to be lost.
    pub(crate) lost: u64,
    /// Readings behind the positions.
    pub(crate) waiting: u64,
}

/// Compares exactly: every record before a stream's position is in the database once, with the
/// same times, values and qualities, unless the database tells that it is lost; nothing else is
/// there; what is told to be lost is gone from the journal; the counts beside the position are those
/// of the rows, and minutes are of what they say.
pub(crate) fn compare(witness: &Witness, found: &Found) -> Result<Agreement, String> {
    let (mut expected, mut minutes) = (Vec::new(), Minutes::new());
    let mut agreement = Agreement::default();
    let mut positions = positions(witness, found)?;
    let rows: BTreeSet<_> = found.rows.iter().collect();
    for (stream, held) in witness.streams() {
        let shards = positions.remove(&stream).unwrap_or_default();
        let at = shards.iter().map(|stored| stored.position).min();
        let mut told = lost_before(stream, at.unwrap_or(0), &found.losses)?;
        let oldest = witness.oldest(stream).get();
        if let Some(span) = told.iter().find(|span| span.until > oldest) {
            return Err(format!(
                "stream {stream}: {span:?}, but the journal begins at {oldest}"
            ));
        }
        let mut counts = vec![Agreement::default(); shards.len().max(1)];
        for record in held {
            let shard = usize::try_from(record.shard(counts.len() as u64)).unwrap();
            let stored = shards.get(shard);
            let (at, turned) = stored.map_or((0, 0), |stored| (stored.position, stored.turned));
            let readings = record.until.readings - record.from.readings;
            // What one connection has of a span that is lost to another is not lost.
            let is_kept = || counts.len() > 1 && record.rows.iter().all(|row| rows.contains(row));
            if record.from.position.get() >= at {
                counts[shard].waiting += readings;
            } else if !is_kept() && told.iter_mut().any(|span| span.takes(record, readings)) {
                counts[0].lost += readings;
            } else {
                expected.extend(record.rows.iter().cloned());
                let rows = record.rows.iter();
                let is_turned = record.from.position.get() < turned;
                let turned = rows.filter(|_| is_turned);
                turned.for_each(|row| minutes::add(&mut minutes, row));
                let count = match record.is_malformed {
                    true => &mut counts[shard].quarantined,
                    false => &mut counts[shard].stored,
                };
                *count += readings;
            }
        }
        if let Some(span) = told.iter().find(|span| span.readings != 0) {
            return Err(format!(
                "stream {stream}: {span:?} is not what the journal held"
            ));
        }
        for stored in &shards {
            check_counts(stored, held, &counts)?;
        }
        for counts in counts {
            agreement.stored += counts.stored;
            agreement.quarantined += counts.quarantined;
            agreement.lost += counts.lost;
            agreement.waiting += counts.waiting;
        }
    }
    difference(expected, found.rows.clone())?;
    // Minutes that were open are added up again from the journal: of what it has given up, they are
    // partial, and a metric tells.
    if witness.is_whole() {
        minutes::difference(&minutes, &found.minutes)?;
    }
    Ok(agreement)
}

/// The rows of each stream, one for each of its connections, in order.
fn positions<'a>(
    witness: &Witness,
    found: &'a Found,
) -> Result<BTreeMap<u64, Vec<&'a StreamPosition>>, String> {
    let mut positions = BTreeMap::<u64, Vec<&StreamPosition>>::new();
    for stored in &found.positions {
        let stream = stored.stream;
        if witness.end(stream).is_none() {
            return Err(format!("stream {stream} is of no journal"));
        }
        positions.entry(stream).or_default().push(stored);
    }
    for (stream, shards) in &mut positions {
        shards.sort_by_key(|stored| stored.shard);
        let count = shards.len() as u64;
        let mut nth = (0..).zip(shards.iter());
        if !nth.all(|(nth, stored)| (stored.shard, stored.shards) == (nth, count)) {
            return Err(format!("stream {stream} has these positions: {shards:?}"));
        }
    }
    Ok(positions)
}

/// A span that the database says was lost, and how many of its readings were not yet seen.
#[derive(Debug)]
struct Span {
    from: u64,
    until: u64,
    readings: u64,
}

impl Span {
    fn takes(&mut self, record: &Held, readings: u64) -> bool {
        let is_in = (self.from..self.until).contains(&record.from.position.get());
        if is_in {
            self.readings = self.readings.wrapping_sub(readings);
        }
        is_in
    }
}

/// The spans that were lost: where one ends stands only in the words for people.
fn lost_before(stream: u64, at: u64, losses: &[FoundLoss]) -> Result<Vec<Span>, String> {
    let mut spans = Vec::new();
    for loss in losses.iter().filter(|loss| loss.stream == stream) {
        let until = loss
            .reason
            .rsplit_once(" to ")
            .map(|(_, until)| until.parse());
        let Some(Ok(until)) = until else {
            return Err(format!("a loss does not say until where: {loss:?}"));
        };
        if until > at || until <= loss.from {
            return Err(format!("{loss:?}, but stored is {at}"));
        }
        spans.push(Span {
            from: loss.from,
            until,
            readings: loss.readings,
        });
    }
    let starts: BTreeSet<_> = spans.iter().map(|span| span.from).collect();
    if starts.len() < spans.len() {
        return Err(format!("a loss is told twice: {spans:?}"));
    }
    Ok(spans)
}

/// Compares the counts beside a position with those of the rows of all connections.
fn check_counts(stored: &StreamPosition, held: &[Held], all: &[Agreement]) -> Result<(), String> {
    let counts = all[usize::try_from(stored.shard).unwrap()];
    let last = held
        .iter()
        .find(|record| record.until.position.get() == stored.position);
    let is_place = stored.position == 0 || last.is_some();
    let is_last = stored
        .checksum
        .is_none_or(|checksum| last.is_some_and(|record| record.checksum == checksum));
    let own = counts.stored + counts.quarantined + counts.lost;
    let before = last.map_or(0, |record| record.until.readings);
    let are_own = match all.len() {
        1 => stored.readings == own && stored.own.is_none(),
        _ => stored.own == Some(own),
    };
    let are_right = (stored.readings, stored.quarantined, stored.lost)
        == (before, counts.quarantined, counts.lost);
    if is_place && is_last && are_own && are_right {
        return Ok(());
    }
    Err(format!(
        "{stored:?}, but the rows are {counts:?} (a place of the journal: {is_place}, its checksum: \
         {is_last}, own readings: {are_own})"
    ))
}

/// Whether two collections are the same, each row as often.
fn difference(mut expected: Vec<Row>, mut found: Vec<Row>) -> Result<(), String> {
    expected.sort();
    found.sort();
    if expected == found {
        return Ok(());
    }
    let mut counts: BTreeMap<&Row, i64> = BTreeMap::new();
    expected
        .iter()
        .for_each(|row| *counts.entry(row).or_default() += 1);
    found
        .iter()
        .for_each(|row| *counts.entry(row).or_default() -= 1);
    let missing = counts.iter().filter(|(_, count)| **count > 0);
    let extra = counts.iter().filter(|(_, count)| **count < 0);
    let mut text = String::new();
    tell(&mut text, "missing", &missing.collect::<Vec<_>>());
    tell(&mut text, "too many", &extra.collect::<Vec<_>>());
    Err(text)
}

fn tell(text: &mut String, what: &str, rows: &[impl Debug]) {
    let _ = writeln!(text, "{} rows are {what}:", rows.len());
    for row in rows.iter().take(TOLD_MAX) {
        let _ = writeln!(text, "  {row:?}");
    }
}
