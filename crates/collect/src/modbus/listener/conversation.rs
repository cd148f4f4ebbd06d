//! A device that writes its registers, and what it is answered.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_modbus::{Exception, FRAME_BYTES_MAX, Frame, Image, Incoming, Reply, Staged, Stamp};
use gridos_model::{Batch, Quality, Timestamp};
use gridos_ring::{Intake, Receipt, Receiver, Refused as NotTaken};
use gridos_telemetry::{ListenerAnswer, PeerRefusal, Refusal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant as Deadline, timeout, timeout_at};

use super::Confirm;
use super::host::Hall;
use super::pushed::Pusher;
use crate::net::{Place, Refused, Stream};
use crate::wall::wall;

/// How long the rest of a frame may take after its first byte, and the answer to be sent.
const FRAME_WITHIN: Duration = Duration::from_secs(5);
/// How long a write may wait to be durable before its device is told to try again later: from
/// silence it could not tell a slow disk from a dead engine.
const DURABLE_WITHIN: Duration = Duration::from_secs(3);

/// One connection over which devices write.
pub(super) struct Conversation<'a> {
    hall: &'a Hall,
    stream: Stream,
    devices: Vec<Device>,
    confirm: Confirm,
    parts_within: Duration,
    bytes: [u8; FRAME_BYTES_MAX],
    filled: usize,
}

struct Device {
    pusher: Arc<Pusher>,
    /// Made with the first request: a silent connection costs none.
    image: Option<Image>,
}

/// What became of waiting for a frame.
enum Waited {
    /// Some bytes more.
    Bytes,
    /// The peer has closed the connection between two frames, or the engine stops.
    Ended,
}

/// When a request came.
#[derive(Clone, Copy)]
struct Moment {
    wire: Instant,
    received: Timestamp,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(
        hall: &'a Hall,
        stream: Stream,
        pushers: Vec<Arc<Pusher>>,
        (confirm, parts_within): (Confirm, Duration),
    ) -> Self {
        let device = |pusher| Device {
            pusher,
            image: None,
        };
        Self {
            hall,
            stream,
            devices: pushers.into_iter().map(device).collect(),
            confirm,
            parts_within,
            bytes: [0; FRAME_BYTES_MAX],
            filled: 0,
        }
    }

    /// Answers one request after the other, until the connection ends.
    pub(super) async fn run(mut self, place: &Place) -> Result<(), Refused> {
        let mut begun: Option<Deadline> = None;
        loop {
            let (reply, length) = match Frame::parse(&self.bytes[..self.filled]) {
                Ok(Some((frame, length))) => {
                    let moment = Moment {
                        wire: Instant::now(),
                        received: wall(),
                    };
                    let mut devices = self.devices.iter_mut();
                    let device = devices.find(|d| d.pusher.unit == frame.unit);
                    if device.is_some() {
                        // A frame to nobody proves nothing.
                        place.on_request(moment.wire);
                    }
                    let terms = (self.confirm, self.parts_within);
                    let reply = answer(self.hall, device, &frame, moment, terms).await;
                    (reply, length)
                }
                Ok(None) => match self.wait(begun).await? {
                    Waited::Bytes => {
                        begun = begun.or_else(|| Some(Deadline::now() + FRAME_WITHIN));
                        continue;
                    }
                    Waited::Ended => return Ok(()),
                },
                Err(error) => return Err((PeerRefusal::Malformed, error.to_string())),
            };
            self.send(&reply).await?;
            self.bytes.copy_within(length..self.filled, 0);
            self.filled -= length;
            begun = (self.filled > 0).then(|| Deadline::now() + FRAME_WITHIN);
        }
    }

    /// Reads more bytes, until the deadline of a frame that has `begun`, or else the idle timeout.
    async fn wait(&mut self, begun: Option<Deadline>) -> Result<Waited, Refused> {
        let idle = self.hall.host.idle_timeout;
        let until = begun.unwrap_or_else(|| Deadline::now() + idle);
        let read = tokio::select! {
            read = timeout_at(until, self.stream.read(&mut self.bytes[self.filled..])) => read,
            () = self.hall.stopped() => return Ok(Waited::Ended),
        };
        match read {
            Ok(Ok(0)) if begun.is_none() => Ok(Waited::Ended),
            Ok(Ok(0)) => Err((PeerRefusal::Malformed, "it ended within a frame".to_owned())),
            Ok(Ok(count)) => {
                self.filled += count;
                Ok(Waited::Bytes)
            }
            // Many stacks end TLS without a word of farewell; between frames nothing is cut off.
            Ok(Err(error)) if is_end(&error) && begun.is_none() => Ok(Waited::Ended),
            Ok(Err(error)) if is_end(&error) => {
                Err((PeerRefusal::Malformed, "it ended within a frame".to_owned()))
            }
            Ok(Err(error)) => self.broke(&error),
            Err(_) if begun.is_some() => {
                let why = format!("it stopped within a frame for {FRAME_WITHIN:?}");
                Err((PeerRefusal::Silent, why))
            }
            Err(_) => {
                let why = format!("it was silent for {idle:?}");
                self.note(&why);
                Err((PeerRefusal::Silent, why))
            }
        }
    }

    /// A connection that broke is the device's trouble, not a refusal.
    fn broke(&self, error: &io::Error) -> Result<Waited, Refused> {
        self.note(&format!("the connection broke: {error}"));
        Ok(Waited::Ended)
    }

    fn note(&self, why: &str) {
        for device in self.devices.iter().filter(|d| d.image.is_some()) {
            device.pusher.stats.failed(&why);
        }
    }

    async fn send(&mut self, reply: &Reply) -> Result<(), Refused> {
        let sending = async {
            self.stream.write_all(reply.as_bytes()).await?;
            self.stream.flush().await
        };
        match timeout(FRAME_WITHIN, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err((
                PeerRefusal::Silent,
                format!("no answer could be sent: {error}"),
            )),
            Err(_) => Err((
                PeerRefusal::Silent,
                "it does not read its answers".to_owned(),
            )),
        }
    }
}

/// Does what `frame` asks, counts it, and says how it is answered.
async fn answer(
    hall: &Hall,
    device: Option<&mut Device>,
    frame: &Frame<'_>,
    moment: Moment,
    terms: (Confirm, Duration),
) -> Reply {
    let answered = match device {
        Some(device) => obey(hall, device, frame, moment, terms).await,
        None => Err(Exception::NoPath),
    };
    let cells = hall.cells();
    match answered {
        Ok((reply, answer)) => {
            cells.answered(answer);
            reply
        }
        Err(exception) => {
            cells.answered(label(exception));
            Reply::exception(frame, exception)
        }
    }
}

async fn obey(
    hall: &Hall,
    device: &mut Device,
    frame: &Frame<'_>,
    moment: Moment,
    (confirm, parts_within): (Confirm, Duration),
) -> Result<(Reply, ListenerAnswer), Exception> {
    let incoming = Incoming::parse(frame.pdu)?;
    let Device { pusher, image } = device;
    let image = image.get_or_insert_with(|| {
        let (plan, whole) = (Arc::clone(&pusher.plan), Arc::clone(&pusher.whole));
        Image::new(plan, whole, parts_within)
    });
    let (written, read) = match incoming {
        Incoming::Read(read) => {
            if !image.can_read(read, None) {
                return Err(Exception::IllegalAddress);
            }
            let reply = Reply::values(frame, read, image.values(read));
            return Ok((reply, ListenerAnswer::Read));
        }
        Incoming::Write(written) => (written, None),
        Incoming::Exchange { written, read } => (written, Some(read)),
    };
    if read.is_some_and(|read| !image.can_read(read, Some(&written))) {
        return Err(Exception::IllegalAddress);
    }
    let staged = image.stage(written, moment.wire, moment.received);
    let staged = staged.ok_or(Exception::IllegalAddress)?;
    let cells = hall.cells();
    cells.unmapped.add(staged.unmapped() as u64);
    cells.incomplete.add(staged.forgotten() as u64);
    // What completes no value waits for its rest, and nothing of it could be durable yet. If there is
    // room for the values and not for the texts, the device writes both again: twice told, not lost.
    let offered = [
        offer_values(&hall.intake, pusher, &staged, moment, confirm)?,
        offer_texts(&hall.intake, pusher, &staged, moment, confirm)?,
    ];
    let until = Deadline::now() + DURABLE_WITHIN;
    for receiver in offered.into_iter().flatten() {
        // What was offered may still become durable: written again it is told twice, not lost.
        let durable = timeout_at(until, receiver.wait()).await;
        let durable = durable.map_err(|_| Exception::Busy)?;
        durable.map_err(|_| Exception::Failure)?;
    }
    let readings = staged.completed().len() + staged.texts().len();
    pusher.stats.readings.add(readings as u64);
    pusher.wrote(moment.received);
    staged.keep();
    let reply = match read {
        Some(read) => Reply::values(frame, read, image.values(read)),
        None => Reply::acknowledgement(frame, &written),
    };
    Ok((reply, ListenerAnswer::Taken))
}

/// Leaves the completed values at `intake`; gives what to wait for before they are acknowledged.
fn offer_values(
    intake: &Intake,
    pusher: &Pusher,
    staged: &Staged<'_>,
    moment: Moment,
    confirm: Confirm,
) -> Result<Option<Receiver>, Exception> {
    if staged.completed().is_empty() {
        return Ok(None);
    }
    let mut batch = take(intake, staged.completed().len())?;
    batch.start_events(&pusher.whole, moment.received);
    for value in staged.completed() {
        let (time, flags) = when(value.stamp.as_ref(), moment);
        batch.push_event(value.position, time, value.value, value.quality | flags);
    }
    offer(intake, batch, moment, confirm)
}

/// The same with the completed texts.
fn offer_texts(
    intake: &Intake,
    pusher: &Pusher,
    staged: &Staged<'_>,
    moment: Moment,
    confirm: Confirm,
) -> Result<Option<Receiver>, Exception> {
    if staged.texts().is_empty() {
        return Ok(None);
    }
    let mut batch = take(intake, staged.texts().len())?;
    batch.start_texts(&pusher.whole, moment.received);
    for text in staged.texts() {
        let (time, flags) = when(text.stamp.as_ref(), moment);
        batch.push_text(text.position, time, &text.text, flags);
    }
    offer(intake, batch, moment, confirm)
}

/// When something was true, and how far that may be trusted.
fn when(stamp: Option<&Stamp>, moment: Moment) -> (Timestamp, Quality) {
    match stamp {
        Some(stamp) => (stamp.time, stamp.event_flags()),
        None => (moment.received, Quality::NO_SOURCE_TIME),
    }
}

fn take(intake: &Intake, readings: usize) -> Result<Box<Batch>, Exception> {
    intake.take().ok_or_else(|| {
        let ledger = &intake.telemetry().ledger;
        ledger.received.add(readings as u64);
        ledger.refuse(Refusal::PoolEmpty, readings as u64);
        intake.hold_back();
        Exception::Busy
    })
}

fn offer(
    intake: &Intake,
    batch: Box<Batch>,
    moment: Moment,
    confirm: Confirm,
) -> Result<Option<Receiver>, Exception> {
    let (receipt, receiver) = match confirm {
        Confirm::Durable => {
            let (receipt, receiver) = Receipt::pair();
            (Some(receipt), Some(receiver))
        }
        Confirm::Received => (None, None),
    };
    match intake.offer(batch, moment.wire, receipt) {
        Ok(()) => Ok(receiver),
        Err(NotTaken::RingFull | NotTaken::JournalStalled | NotTaken::Fenced) => {
            Err(Exception::Busy)
        }
        Err(NotTaken::Invalid(_)) => Err(Exception::Failure),
    }
}

fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

fn label(exception: Exception) -> ListenerAnswer {
    match exception {
        Exception::IllegalFunction => ListenerAnswer::IllegalFunction,
        Exception::IllegalAddress => ListenerAnswer::IllegalAddress,
        Exception::IllegalValue => ListenerAnswer::IllegalValue,
        Exception::Failure => ListenerAnswer::Failure,
        Exception::Busy => ListenerAnswer::Busy,
        Exception::NoPath => ListenerAnswer::NoPath,
    }
}
