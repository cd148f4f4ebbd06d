//! `gridos journal info`.

use std::path::Path;
use std::time::Duration;

use gridos_journal::inspect::{Step, StreamFiles, Walk};
use gridos_journal::room::{Rate, Room};
use gridos_journal::{LayoutBook, Reader, StreamId, Tail};
use gridos_model::Timestamp;
use gridos_store::{Store, Stored};
use serde_json::{Value, json};

use super::super::Outcome;
use super::place::Place;
use crate::cli::JournalAt;
use crate::config::{Config, Database};
use crate::engine::Configured;
use crate::output;
use crate::size::show_bytes;

/// One stream at a glance.
struct Summary {
    name: String,
    stream: Option<StreamId>,
    segments: usize,
    damaged_headers: usize,
    bytes: u64,
    from: Tail,
    until: Tail,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// How far the database has it, or why that is not known; `None` without a configuration.
    stored: Option<Result<Stored, String>>,
}

pub(super) fn run(args: &JournalAt) -> Outcome {
    let place = Place::find(&args.place)?;
    let layouts = LayoutBook::look(&place.root)?.map(|(book, _)| book.ids().len());
    let mut streams = Vec::new();
    for stream in place.streams()? {
        streams.push(Summary::of(&stream)?);
    }
    if let Some(config) = &place.config {
        super::super::block_on(ask_store(config, &mut streams))?;
    }
    let lasts = Lasts::of(&place, &streams);
    if args.json {
        return output::line(as_json(&place.root, layouts, &streams, &lasts));
    }
    output::line(format_args!("journal   {}", place.root.display()))?;
    match layouts {
        Some(layouts) => output::line(format_args!("layouts   {layouts}"))?,
        None => output::line("layouts   there is no layout book")?,
    }
    for summary in &streams {
        summary.show()?;
    }
    lasts.show()
}

impl Summary {
    fn of(files: &StreamFiles) -> Result<Self, Box<dyn std::error::Error>> {
        let damaged = files.segments.iter().filter(|s| s.header.is_err());
        let mut infos = files.segments.iter().filter_map(|s| s.info(files.stream));
        let from = infos.next().map_or_else(Tail::default, |info| info.base);
        let until = end(files)?;
        let mut reader = Reader::new(&files.dir);
        let name = files.dir.file_name().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            stream: files.stream,
            segments: files.segments.len(),
            damaged_headers: damaged.count(),
            bytes: files.segments.iter().map(|segment| segment.bytes).sum(),
            from,
            until,
            oldest: reader.received_from(from, until).ok().flatten(),
            newest: reader.received_before(until).ok().flatten(),
            stored: None,
        })
    }

    fn show(&self) -> Outcome {
        let id = self
            .stream
            .map_or("of unknown id".to_owned(), |id| id.to_string());
        output::line(format_args!(
            "stream {}, {id}: {} segments, {}",
            self.name,
            self.segments,
            show_bytes(self.bytes)
        ))?;
        if self.damaged_headers > 0 {
            output::line(format_args!(
                "  {} segments have damaged headers; see gridos journal verify",
                self.damaged_headers
            ))?;
        }
        output::line(format_args!(
            "  positions {} to {}, {} readings",
            self.from.position,
            self.until.position,
            self.until.readings.saturating_sub(self.from.readings)
        ))?;
        let time = |time: Option<Timestamp>| time.map_or("?".to_owned(), |time| time.to_string());
        let (oldest, newest) = (time(self.oldest), time(self.newest));
        output::line(format_args!("  received {oldest} to {newest}"))?;
        match &self.stored {
            None => Ok(()),
            Some(Err(why)) => output::line(format_args!("  stored: not known, {why}")),
            Some(Ok(stored)) => {
                let rest = self.until.position.bytes_since(stored.tail.position);
                let readings = self.until.readings.saturating_sub(stored.tail.readings);
                output::line(format_args!(
                    "  stored up to {} ({} readings lost, {} quarantined); {} with {readings} readings \
                     wait",
                    stored.tail.position,
                    stored.lost,
                    stored.quarantined,
                    show_bytes(rest)
                ))
            }
        }
    }

    fn as_json(&self) -> Value {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let stored = self.stored.as_ref().map(|stored| match stored {
            Ok(stored) => json!({
                "position": stored.tail.position.get(),
                "readings": stored.tail.readings,
                "quarantined": stored.quarantined,
                "lost": stored.lost,
            }),
            Err(why) => json!({ "error": why }),
        });
        json!({
            "stream": self.name,
            "id": self.stream.map(|id| id.to_string()),
            "segments": self.segments,
            "damaged_headers": self.damaged_headers,
            "bytes": self.bytes,
            "from_position": self.from.position.get(),
            "until_position": self.until.position.get(),
            "readings": self.until.readings.saturating_sub(self.from.readings),
            "oldest": time(self.oldest),
            "newest": time(self.newest),
            "stored": stored,
        })
    }
}

/// Where the good frames of a stream end: those of its last readable segment.
fn end(files: &StreamFiles) -> Result<Tail, Box<dyn std::error::Error>> {
    let last = files.segments.iter().rev();
    let mut last = last.filter_map(|segment| Some((segment, segment.info(files.stream)?)));
    let Some((segment, info)) = last.next() else {
        return Ok(Tail::default());
    };
    let (mut end, mut walk) = (info.base, Walk::open(segment, info)?);
    while let Some(step) = walk.step()? {
        if let Step::Frame { header, .. } = step {
            end = Tail {
                position: header.position.plus(header.frame_bytes() as u64),
                readings: header
                    .readings_before
                    .saturating_add(u64::from(header.readings)),
            };
        }
    }
    Ok(end)
}

async fn ask_store(config: &Config, streams: &mut [Summary]) {
    // Asking must not make a database.
    if let Database::Sqlite { path } = &config.store.database
        && !path.exists()
    {
        for summary in streams {
            let why = format!("there is no database '{}' yet", path.display());
            summary.stored = Some(Err(why));
        }
        return;
    }
    let store = match Configured::of(config).map(|store| store.maintained()) {
        Ok(store) => store,
        Err(error) => {
            for summary in streams {
                summary.stored = Some(Err(error.to_string()));
            }
            return;
        }
    };
    for summary in streams {
        if let Some(stream) = summary.stream {
            summary.stored = Some(ask(&*store, stream).await);
        }
    }
}

async fn ask(store: &dyn Store, stream: StreamId) -> Result<Stored, String> {
    store
        .position(stream)
        .await
        .map_err(|error| error.to_string())
}

/// How long the journal lasts.
struct Lasts {
    room: Room,
    limit: Option<u64>,
    rate: Option<Rate>,
}

impl Lasts {
    fn of(place: &Place, streams: &[Summary]) -> Self {
        let limit = place
            .config
            .as_ref()
            .map(|config| config.journal.disk_limit);
        let used = streams.iter().map(|summary| summary.bytes).sum();
        let free = rustix::fs::statvfs(&place.root);
        let free = free.map_or(0, |system| system.f_bavail.saturating_mul(system.f_frsize));
        Self {
            room: Room {
                used,
                budget: limit.unwrap_or(u64::MAX),
                free,
                freeable: 0,
            },
            limit,
            rate: streams.last().and_then(average),
        }
    }

    fn show(&self) -> Outcome {
        let limit = match self.limit {
            Some(limit) => format!("{} of {}", show_bytes(self.room.used), show_bytes(limit)),
            None => show_bytes(self.room.used),
        };
        output::line(format_args!(
            "room      {limit} used, {} free on the disk",
            show_bytes(self.room.free)
        ))?;
        let Some(rate) = self.rate else {
            return output::line("lasts     not known: the last stream holds too little");
        };
        output::line(format_args!(
            "lasts     {} at {} a second, the average of the last stream",
            self.room.autonomy(Some(rate)),
            show_bytes(rate.per_second())
        ))
    }
}

/// The average growth of what a stream holds.
fn average(summary: &Summary) -> Option<Rate> {
    let over = summary.newest?.since(summary.oldest?);
    let bytes = summary.until.position.bytes_since(summary.from.position);
    (over > Duration::from_secs(1)).then_some(Rate { bytes, over })
}

fn as_json(root: &Path, layouts: Option<usize>, streams: &[Summary], lasts: &Lasts) -> Value {
    let autonomy = lasts.room.autonomy(lasts.rate);
    json!({
        "journal": root.display().to_string(),
        "layouts": layouts,
        "streams": streams.iter().map(Summary::as_json).collect::<Vec<_>>(),
        "bytes": lasts.room.used,
        "disk_limit": lasts.limit,
        "disk_free": lasts.room.free,
        "bytes_per_second": lasts.rate.map(|rate| rate.per_second()),
        "autonomy_seconds": autonomy.time().map(|time| time.as_secs_f64()),
    })
}
