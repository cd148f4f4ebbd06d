//! The latencies of each interval as an HdrHistogram log, which tools of others read.

use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriter, IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};

use crate::{DueName, Stage, StageName, Stages};

/// Values are microseconds; the log's column of largest values is in milliseconds.
const MICROS_PER_MILLI: f64 = 1_000.0;

/// The end of an interval.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    /// When it ends.
    pub end: Instant,
    /// Whether it is the last one.
    pub is_last: bool,
}

/// Writes what `stages` count to `log` as an HdrHistogram interval log, version 1.3, with
/// histograms in V2 compressed form: one line per stage and interval in which it counted anything,
/// with the stage as its tag.
///
/// `next` waits for the end of each interval. Values are microseconds with two digits. Tags are
/// `wire-alarm` for the time from the last byte on the wire to the alarm, `due-alarm` for that from
/// when the batch was due, and so on.
///
/// # Errors
/// If `log` cannot be written.
pub fn write_hdr_log<W: Write>(
    log: &mut W,
    stages: &Stages,
    (began, start): (SystemTime, Instant),
    mut next: impl FnMut() -> Interval,
) -> io::Result<()> {
    let mut tracks = tracks();
    let mut serializer = V2DeflateSerializer::new();
    let mut writer = IntervalLogWriterBuilder::new()
        .add_comment("latencies of GridOS in microseconds, by stage")
        .with_start_time(began)
        .with_base_time(began)
        .with_max_value_divisor(MICROS_PER_MILLI)
        .begin_log_with(log, &mut serializer)?;
    let mut from = start;
    loop {
        let Interval { end, is_last } = next();
        let span = (
            from.saturating_duration_since(start),
            end.saturating_duration_since(from),
        );
        for track in &mut tracks {
            track.write(stages, span, &mut writer)?;
        }
        from = end;
        if is_last {
            return Ok(());
        }
    }
}

/// One stage in the log.
struct Track {
    tag: String,
    stage: fn(&Stages, usize) -> Option<&Stage>,
    position: usize,
    /// What it had counted at the end of the interval before.
    before: Histogram<u64>,
}

fn tracks() -> Vec<Track> {
    let track = |tag: String, stage: fn(&Stages, usize) -> Option<&Stage>, position| Track {
        tag,
        stage,
        position,
        before: Stage::default().counted(),
    };
    let wire = StageName::LABELS.iter().enumerate();
    let wire = wire.map(|(position, name)| track(format!("wire-{name}"), of_wire, position));
    let due = DueName::LABELS.iter().enumerate();
    let due = due.map(|(position, name)| track(format!("due-{name}"), of_due, position));
    wire.chain(due).collect()
}

fn of_wire(stages: &Stages, position: usize) -> Option<&Stage> {
    Some(stages.get(*StageName::ALL.get(position)?))
}

fn of_due(stages: &Stages, position: usize) -> Option<&Stage> {
    Some(stages.due.get(*DueName::ALL.get(position)?))
}

impl Track {
    fn write<W: Write>(
        &mut self,
        stages: &Stages,
        (from, length): (Duration, Duration),
        writer: &mut IntervalLogWriter<'_, '_, W, V2DeflateSerializer>,
    ) -> io::Result<()> {
        let Some(stage) = (self.stage)(stages, self.position) else {
            return Ok(());
        };
        let counted = stage.counted();
        let mut between = counted.clone();
        // It fails only if more was counted before than now.
        let is_less = between.subtract(&self.before).is_err();
        self.before = counted;
        if is_less || between.is_empty() {
            return Ok(());
        }
        let written = writer.write_histogram(&between, from, length, Tag::new(&self.tag));
        written.map_err(|error| match error {
            IntervalLogWriterError::IoError(error) => error,
            IntervalLogWriterError::SerializeError(error) => io::Error::other(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::Protocol;

    /// Tag, begin and length in seconds, and the histogram of each line.
    fn read(log: &[u8]) -> Vec<(String, f64, f64, Histogram<u64>)> {
        let entries = IntervalLogIterator::new(log);
        let lines = entries.filter_map(|entry| match entry.unwrap() {
            LogEntry::Interval(line) => Some(line),
            LogEntry::StartTime(_) | LogEntry::BaseTime(_) => None,
        });
        lines
            .map(|line| {
                use base64::Engine;
                let coded = line.encoded_histogram();
                let bytes = base64::engine::general_purpose::STANDARD
                    .decode(coded)
                    .unwrap();
                let histogram = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
                let (from, length) = (line.start_timestamp(), line.duration());
                let tag = line.tag().unwrap().as_str().to_owned();
                (tag, from.as_secs_f64(), length.as_secs_f64(), histogram)
            })
            .collect()
    }

    #[test]
    fn what_is_written_is_read_back_per_stage_and_interval() {
        let stages = Stages::default();
        let (mut stored, mut due) = (stages.stored.recorder(), stages.due.wire.recorder());
        let (start, mut log, mut at) = (Instant::now(), Vec::new(), 0);
        let micros = |n: u64| Duration::from_micros(n);
        write_hdr_log(&mut log, &stages, (SystemTime::UNIX_EPOCH, start), || {
            at += 1;
            match at {
                1 => {
                    (1..=100).for_each(|n| stored.record(Protocol::Modbus, micros(n * 1_000)));
                    stored.flush();
                }
                2 => {}
                _ => {
                    stored.record(Protocol::Http, micros(7));
                    due.record(Protocol::Dnp3, micros(120_000));
                    stored.flush();
                    due.flush();
                }
            }
            Interval {
                end: start + Duration::from_millis(at * 500),
                is_last: at == 3,
            }
        })
        .unwrap();
        let lines = read(&log);
        let heads: Vec<_> = lines
            .iter()
            .map(|(tag, from, length, histogram)| (&**tag, *from, *length, histogram.len()))
            .collect();
        assert_eq!(
            heads,
            [
                ("wire-stored", 0.0, 0.5, 100),
                ("wire-stored", 1.0, 0.5, 1),
                ("due-wire", 1.0, 0.5, 1)
            ]
        );
        let p95 = lines[0].3.value_at_quantile(0.95);
        assert!((94_000..=96_000).contains(&p95), "{p95}");
        assert_eq!(lines[1].3.max(), 7);
        let due = lines[2].3.max();
        assert!((119_000..=121_000).contains(&due), "{due}");
    }
}
