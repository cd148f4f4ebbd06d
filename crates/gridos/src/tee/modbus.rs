//! Modbus TCP in a capture: questions of whoever polls, put together with their answers.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_collect::modbus::{Content, Overheard, Question};
use gridos_modbus::{Frame, Table};
use gridos_model::Timestamp;

use super::heard::Heard;
use super::line::What;
use crate::config::{Fleet, FleetDevice};

/// Questions without an answer that are remembered of one connection: no master has more under way.
const ASKED_MAX: usize = 1_024;

/// Everybody who is asked over Modbus TCP.
pub(super) struct Modbus {
    devices: BTreeMap<(SocketAddr, u8), Vec<Overheard>>,
    sides: BTreeMap<(SocketAddr, SocketAddr), Side>,
    begun: Instant,
    first: Option<Timestamp>,
    pub(super) seen: Seen,
}

/// How much there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Answers that a request of the candidate could be decoded from.
    pub(super) decoded: u64,
    /// Answers with nothing in them that the candidate asks for.
    pub(super) others: u64,
    /// Exceptions.
    pub(super) exceptions: u64,
}

/// One connection.
#[derive(Default)]
struct Side {
    to_device: Vec<u8>,
    from_device: Vec<u8>,
    asked: HashMap<(u16, u8), Question>,
}

impl Modbus {
    pub(super) fn new() -> Self {
        Self {
            devices: BTreeMap::new(),
            sides: BTreeMap::new(),
            begun: Instant::now(),
            first: None,
            seen: Seen::default(),
        }
    }

    /// Adds a device that was asked at `address`; whether it is one that is polled.
    pub(super) fn add(&mut self, fleet: &Fleet, device: &FleetDevice, address: SocketAddr) -> bool {
        let Some(link) = &device.modbus else {
            return false;
        };
        let entry = fleet.directory.device(device.index);
        let plan = Arc::clone(&link.plan);
        let heard = Overheard::new(plan, entry.groups(), Arc::clone(entry.whole()));
        self.devices
            .entry((address, link.unit))
            .or_default()
            .push(heard);
        true
    }

    pub(super) fn has(&self, address: SocketAddr) -> bool {
        let mut units = self.devices.range((address, 0)..=(address, u8::MAX));
        units.next().is_some()
    }

    /// The stream between the two begins anew, or a part of it is missing.
    pub(super) fn interrupt(&mut self, from: SocketAddr, to: SocketAddr) {
        let (key, is_answer) = self.key(from, to);
        if let Some(side) = self.sides.get_mut(&key) {
            match is_answer {
                true => side.from_device.clear(),
                false => side.to_device.clear(),
            }
        }
    }

    /// Takes octets that `from` sent to `to`.
    pub(super) fn push(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        octets: &[u8],
        heard: &mut Heard<'_>,
    ) {
        let (key, is_answer) = self.key(from, to);
        let (device, _) = key;
        let side = self.sides.entry(key).or_default();
        let mut buffer = std::mem::take(match is_answer {
            true => &mut side.from_device,
            false => &mut side.to_device,
        });
        buffer.extend_from_slice(octets);
        let mut rest = &buffer[..];
        loop {
            match Frame::parse(rest) {
                Ok(Some((frame, length))) => {
                    match is_answer {
                        true => self.answer(device, key, &frame, heard),
                        false => self.question(key, &frame, heard.received()),
                    }
                    rest = rest.get(length..).unwrap_or_default();
                }
                Ok(None) => break,
                Err(error) => {
                    let what = format!("{from} to {to}: {error}");
                    heard.tell(What::Fault { what });
                    rest = &[];
                    break;
                }
            }
        }
        let rest = rest.to_vec();
        let side = self.sides.entry(key).or_default();
        match is_answer {
            true => side.from_device = rest,
            false => side.to_device = rest,
        }
    }

    /// The connection, the device first; and whether the device speaks.
    fn key(&self, from: SocketAddr, to: SocketAddr) -> ((SocketAddr, SocketAddr), bool) {
        match self.has(from) {
            true => ((from, to), true),
            false => ((to, from), false),
        }
    }

    fn question(&mut self, key: (SocketAddr, SocketAddr), frame: &Frame<'_>, asked: Timestamp) {
        let [function, start_high, start_low, count_high, count_low] = *frame.pdu else {
            return;
        };
        let table = Table::ALL.into_iter();
        let Some(table) = table
            .into_iter()
            .find(|table| table.function_code() == function)
        else {
            return;
        };
        let side = self.sides.entry(key).or_default();
        if side.asked.len() >= ASKED_MAX {
            side.asked.clear();
        }
        let question = Question {
            table,
            start: u16::from_be_bytes([start_high, start_low]),
            count: u16::from_be_bytes([count_high, count_low]),
            asked,
        };
        side.asked.insert((frame.transaction, frame.unit), question);
    }

    fn answer(
        &mut self,
        device: SocketAddr,
        key: (SocketAddr, SocketAddr),
        frame: &Frame<'_>,
        heard: &mut Heard<'_>,
    ) {
        let asked = self.sides.get_mut(&key);
        let asked = asked.and_then(|side| side.asked.remove(&(frame.transaction, frame.unit)));
        let Some(question) = asked else {
            return;
        };
        if frame.function() == question.table.function_code() | 0x80 {
            self.seen.exceptions += 1;
            return;
        }
        let Some(devices) = self.devices.get_mut(&(device, frame.unit)) else {
            return;
        };
        let received = heard.received();
        let since = received.since(*self.first.get_or_insert(received));
        let now = self.begun + since.min(LONGEST);
        let mut decoded = 0;
        for device in devices {
            let take = &mut |batch: &mut gridos_model::Batch| heard.take(batch);
            match values(&question, frame) {
                Some(Values::Registers(words)) => {
                    let content = Content::Registers(&words);
                    decoded += device
                        .on_answer(&question, content, received, now, take)
                        .unwrap_or(0);
                }
                Some(Values::Bits(bits)) => {
                    let content = Content::Bits(&bits);
                    decoded += device
                        .on_answer(&question, content, received, now, take)
                        .unwrap_or(0);
                }
                None => {
                    let what = format!(
                        "unit {} of {device:?}: the answer does not fit the {} of {} from {} that were asked \
                         for",
                        frame.unit,
                        question.count,
                        question.table,
                        question.start,
                        device = key.0
                    );
                    heard.tell(What::Fault { what });
                }
            }
        }
        match decoded {
            0 => self.seen.others += 1,
            _ => self.seen.decoded += 1,
        }
    }
}

/// No capture is longer.
const LONGEST: Duration = Duration::from_secs(86_400 * 3_650);

enum Values {
    Registers(Vec<u16>),
    Bits(Vec<bool>),
}

/// What the answer holds, if it is exactly what was asked for (V1.1b3, 6.1 to 6.4).
fn values(question: &Question, frame: &Frame<'_>) -> Option<Values> {
    let (function, rest) = frame.pdu.split_first()?;
    let (count, octets) = rest.split_first()?;
    if *function != question.table.function_code() || usize::from(*count) != octets.len() {
        return None;
    }
    let asked = usize::from(question.count);
    if question.table.is_bits() {
        let bits = octets
            .iter()
            .flat_map(|octet| (0..8).map(move |bit| octet >> bit & 1 == 1));
        (octets.len() == asked.div_ceil(8)).then(|| Values::Bits(bits.take(asked).collect()))
    } else {
        let words = octets.chunks_exact(2).map(|pair| {
            let [high, low] = *pair else { return 0 };
            u16::from_be_bytes([high, low])
        });
        (octets.len() == 2 * asked).then(|| Values::Registers(words.collect()))
    }
}
