//! A stream: frames, segments, fragments.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::fragment::{Sender, explain};
use super::{Limits, Line, Lines, Tone, counted};
use crate::link::{Address, Frame, Function, LinkError, Reader, Recovery, UserData, frame_bytes};
use crate::transport::{FragmentMax, Header, Reassembler};

/// Pairs of stations whose fragments are put together at a time; each may hold one of 65,536
/// octets.
const PAIRS_MAX: usize = 64;
/// Nothing expires in a capture: whoever reads it wants to see the rest.
const TIMEOUT: Duration = Duration::from_secs(u32::MAX as u64);

/// Explains what one side of a connection sends, however it is cut into pieces.
#[derive(Debug)]
pub struct StreamExplainer {
    limits: Limits,
    now: Instant,
    reader: Reader,
    /// Octets of the stream that lines have been made of.
    explained: u64,
    frames: u64,
    pairs: BTreeMap<(Address, Address), Reassembler>,
}

impl StreamExplainer {
    /// At the beginning of a stream. `now` may be any instant.
    pub fn new(now: Instant, limits: Limits) -> Self {
        Self {
            limits,
            now,
            reader: Reader::new(Recovery::Stream),
            explained: 0,
            frames: 0,
            pairs: BTreeMap::new(),
        }
    }

    /// Appends the lines of all frames that end within `piece`, the next one of the stream.
    pub fn push(&mut self, mut piece: &[u8], lines: &mut Vec<Line>) {
        let mut out = Lines {
            lines,
            depth: 0,
            limits: self.limits,
        };
        while let Some(read) = self.reader.read(&mut piece) {
            let now = self.now;
            match read {
                Ok(frame) => {
                    let bytes = frame_bytes(frame.payload.len()) as u64;
                    let place = out.lines.len();
                    let pair = (frame.source, frame.destination);
                    let joined = joined(&mut self.pairs, pair, &mut out);
                    of_frame(&frame, joined, now, &mut out);
                    self.frames += 1;
                    let end = self.passed();
                    if let Some(line) = skipped(self.explained, end - bytes) {
                        out.lines.insert(place, line);
                    }
                    self.explained = end;
                }
                Err(error) => {
                    out.lines.extend(skipped(self.explained, error.offset));
                    self.explained = self.passed();
                    let LinkError { offset, fault } = error;
                    out.fault(format_args!("frame at octet {offset}: {fault}"));
                }
            }
        }
    }

    /// Appends what there is to say at the end of the stream, or where a part of it is missing:
    /// frames and fragments that are not complete. Then another stream begins.
    pub fn finish(&mut self, lines: &mut Vec<Line>) {
        let mut out = Lines {
            lines,
            depth: 0,
            limits: self.limits,
        };
        out.lines.extend(skipped(self.explained, self.passed()));
        match self.reader.held_bytes() {
            0 => {}
            held => {
                let octets = counted(held as u64, "octet");
                out.fault(format_args!("the frame is cut off after {octets}"));
            }
        }
        for ((source, destination), joined) in &self.pairs {
            let (bytes, segments) = (joined.held_bytes(), joined.held_segments());
            if segments > 0 {
                let segments = counted(segments, "segment");
                let octets = counted(bytes as u64, "octet");
                out.fault(format_args!(
                    "the fragment {source} -> {destination} is cut off after {octets} in {segments}"
                ));
            }
        }
        let frames = self.frames;
        *self = Self::new(self.now, self.limits);
        self.frames = frames;
    }

    /// Good frames so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Octets of the stream up to the end of the last frame or of what is none.
    fn passed(&self) -> u64 {
        let counters = self.reader.counters();
        counters.frame_bytes + counters.skipped_bytes
    }
}

/// What puts the fragments between two stations together.
fn joined<'p>(
    pairs: &'p mut BTreeMap<(Address, Address), Reassembler>,
    pair: (Address, Address),
    out: &mut Lines<'_>,
) -> &'p mut Reassembler {
    if pairs.len() >= PAIRS_MAX && !pairs.contains_key(&pair) {
        out.doubt(format_args!(
            "more than {PAIRS_MAX} pairs of stations: unfinished fragments are given up"
        ));
        pairs.clear();
    }
    let begin = || Reassembler::new(FragmentMax::MOST, TIMEOUT);
    pairs.entry(pair).or_insert_with(begin)
}

fn of_frame(frame: &Frame<'_>, joined: &mut Reassembler, now: Instant, out: &mut Lines<'_>) {
    let (source, destination) = (frame.source, frame.destination);
    let function = frame.control.function;
    let side = if frame.control.from_master {
        "master"
    } else {
        "outstation"
    };
    let bit = match function {
        Function::Primary { function, fcb } if function.is_counted() => {
            if fcb {
                ", FCB 1"
            } else {
                ", FCB 0"
            }
        }
        Function::Secondary { dfc: true, .. } => ", DFC: busy",
        Function::Primary { .. } | Function::Secondary { .. } => "",
    };
    let carried = match frame.payload.len() {
        0 => String::new(),
        bytes => format!(", {} of user data", counted(bytes as u64, "octet")),
    };
    out.say(format_args!(
        "frame {source} -> {destination} of the {side}, {function}{bit}{carried}, checksums right"
    ));
    if !frame.control.has_user_data() {
        return;
    }
    let mut out = out.within();
    let from_master = frame.control.from_master;
    segment(frame, from_master, joined, now, &mut out);
}

fn segment(
    frame: &Frame<'_>,
    from_master: bool,
    joined: &mut Reassembler,
    now: Instant,
    out: &mut Lines<'_>,
) {
    if let Some((octet, bytes)) = frame.payload.split_first() {
        let header = Header::decode(octet);
        let octets = counted(bytes.len() as u64, "octet");
        out.say(format_args!("{header}, {octets}"));
        if header.fir && joined.held_segments() > 0 {
            let held = counted(joined.held_bytes() as u64, "octet");
            let segments = counted(joined.held_segments(), "segment");
            out.doubt(format_args!(
                "the fragment before is given up, {held} in {segments}"
            ));
        }
    }
    let duplicates = joined.counters().duplicates;
    let pushed = joined.push(
        now,
        &UserData {
            source: frame.source,
            destination: frame.destination,
            payload: frame.payload,
        },
    );
    let mut out = out.within();
    match pushed {
        Ok(Some(fragment)) => {
            let sender = match from_master {
                true => Sender::Master,
                false => Sender::Outstation,
            };
            explain(fragment, sender, &mut out);
        }
        Ok(None) => {}
        Err(error) => out.fault(error),
    }
    if joined.counters().duplicates > duplicates {
        out.doubt("the same segment once more, ignored");
    }
}

fn skipped(from: u64, to: u64) -> Option<Line> {
    let count = to.checked_sub(from).filter(|count| *count > 0)?;
    Some(Line {
        depth: 0,
        tone: Tone::Doubt,
        text: format!(
            "{} at octet {from} are no frame, skipped",
            counted(count, "octet")
        ),
    })
}
