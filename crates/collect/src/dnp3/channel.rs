//! One connection while it is open: what arrives, what is sent, what is due.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use gridos_dnp3::link::{Frame, LinkError, Reader, Recovery, Refusal};
use gridos_model::DeviceIndex;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::{Sleep, sleep_until};

use super::Recent;
use super::moment::Moment;
use super::outstation::{Outstation, Spare};
use super::pause::Pause;
use super::permits::Permits;
use super::session::Shared;
use super::tally::{fault, tell_reader};
use crate::net::Stream;

/// The outstations behind one connection, and the connection while there is one.
pub(super) struct Channel {
    shared: Arc<Shared>,
    /// Ascending by their link addresses.
    outstations: Vec<Outstation>,
    stream: Option<Stream>,
    reader: Reader,
    /// What is to be sent, and how much of it was.
    out: Vec<u8>,
    written: usize,
    /// Whether what was written may still be held back.
    must_flush: bool,
    timer: Pin<Box<Sleep>>,
    /// What the timer is set to: no later than anything that is due.
    deadline: Option<Instant>,
    heard: Instant,
    pause: Pause,
    permits: Permits,
}

/// Why a connection must not be used any more.
#[derive(Debug)]
pub(super) enum Ended {
    /// The other side has closed it.
    Closed,
    /// It broke.
    Broken(io::Error),
    /// Nobody answers.
    Silent,
    /// What comes is no DNP3.
    Noise(LinkError),
    /// The outstation has made another one.
    Superseded,
    /// The engine stops.
    Stopped,
    /// The outstations are another engine's by now, or may be.
    Fenced,
}

/// What every thread has once, so that no idle session has it.
struct Buffers {
    bytes: Box<[u8]>,
    spare: Spare,
}

/// A read takes up to so many bytes.
const READ_BYTES: usize = 65_536;
/// More than this is not kept ready for the next thing to send.
const OUT_SPARE_BYTES: usize = 256;
/// If the other side does not take what it is sent, no more is read from it.
const OUT_BYTES_MAX: usize = 65_536;
/// After so many broken frames without a good one, the other side speaks something else.
const BROKEN_MAX: u64 = 16;
/// Timers are no finer than this: what is due all the time must not spin.
const TIMER_MIN: Duration = Duration::from_millis(1);

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::new(Buffers {
        bytes: vec![0; READ_BYTES].into(),
        spare: Spare::default(),
    });
}

impl Channel {
    /// The channel of `outstations`, of which no two have the same addresses.
    pub(super) fn new(mut outstations: Vec<Outstation>, shared: &Arc<Shared>, seed: u64) -> Self {
        outstations.sort_by_key(Outstation::addresses);
        let now = Instant::now();
        Self {
            permits: Permits::new(&shared.integrity_polls),
            shared: Arc::clone(shared),
            outstations,
            stream: None,
            reader: Reader::new(Recovery::Stream),
            out: Vec::new(),
            written: 0,
            must_flush: false,
            timer: Box::pin(sleep_until(now.into())),
            deadline: None,
            heard: now,
            pause: Pause::new(seed),
        }
    }

    /// A connection begins.
    pub(super) fn connect(&mut self, stream: Stream) {
        let now = Instant::now();
        self.stream = Some(stream);
        self.reader.reset();
        self.heard = now;
        for outstation in &mut self.outstations {
            outstation.on_connected(now);
        }
    }

    /// The connection has ended; returns whether anybody was heard on it.
    pub(super) fn disconnect(&mut self, why: &Ended) -> bool {
        if self.stream.take().is_none() {
            return false;
        }
        self.out = Vec::new();
        self.written = 0;
        self.must_flush = false;
        self.permits.forget();
        let mut was_heard = false;
        for outstation in &mut self.outstations {
            was_heard |= outstation.unit.is_heard;
            outstation.on_disconnected(why, &self.shared.intake);
        }
        was_heard
    }

    /// What is known of the last events of each.
    pub(super) fn recent(&mut self) -> Vec<(DeviceIndex, Recent)> {
        let outstations = self.outstations.iter_mut();
        outstations
            .map(|outstation| outstation.unit.take_recent())
            .collect()
    }

    /// Whether anybody was heard on this connection.
    pub(super) fn is_heard(&self) -> bool {
        self.outstations.iter().any(|o| o.unit.is_heard)
    }

    /// Whether none of its outstations may be asked at this moment.
    pub(super) fn is_fenced(&self) -> bool {
        let intake = &self.shared.intake;
        !self
            .outstations
            .iter()
            .any(|o| intake.may_ask(o.unit.whole.device_index()))
    }

    /// No connection could be made.
    pub(super) fn on_unreachable(&mut self, why: &dyn fmt::Display) {
        for outstation in &mut self.outstations {
            outstation.unit.on_unreachable(why);
        }
    }

    /// Tells which points have no values any more, as far as there is room for it.
    pub(super) fn deliver_voids(&mut self) {
        for outstation in &mut self.outstations {
            outstation.unit.deliver_void(&self.shared.intake);
        }
    }

    /// Moves what is to be moved until nothing is; ends when the connection must not be used any
    /// more.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        if self.is_fenced() {
            return Poll::Ready(Ended::Fenced);
        }
        loop {
            let mut has_moved = false;
            if self.poll_timer(context) {
                return Poll::Ready(Ended::Silent);
            }
            has_moved |= self.poll_receipts(context);
            let intake = &self.shared.intake;
            has_moved |= self.permits.poll(context, &mut self.outstations, intake);
            match self.poll_read(context) {
                Poll::Ready(Ok(())) => has_moved = true,
                Poll::Ready(Err(ended)) => return Poll::Ready(ended),
                Poll::Pending => {}
            }
            has_moved |= self.turn();
            match self.poll_write(context) {
                Poll::Ready(Ok(())) => has_moved = true,
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::Broken(error)),
                Poll::Pending => {}
            }
            if !has_moved && !self.arm_timer(context) {
                return Poll::Pending;
            }
        }
    }

    /// Only confirms what was taken: the engine stops.
    pub(super) fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.stream.is_none() || self.is_fenced() {
            return Poll::Ready(());
        }
        while self.poll_receipts(context) {}
        self.turn();
        loop {
            match self.poll_write(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        let is_settled = self.outstations.iter().all(|o| o.unit.is_settled());
        if is_settled && self.out.is_empty() && !self.must_flush {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Nothing is read any more.
    pub(super) fn stop(&mut self) {
        let now = Instant::now();
        for outstation in &mut self.outstations {
            outstation.unit.set_paused(true, now);
            outstation.is_touched = true;
        }
    }

    /// Does what is due; returns whether nobody answers.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else {
            return false;
        };
        if self.timer.as_mut().poll(context).is_pending() {
            return false;
        }
        self.deadline = None;
        let now = Instant::now().max(deadline);
        let cells = &self.shared.intake.telemetry().dnp3;
        let count = self.outstations.len();
        let mut is_silent = false;
        for outstation in &mut self.outstations {
            if outstation.poll_timeout().is_some_and(|due| due <= now)
                && outstation.handle_timeout(now, &mut self.out, cells)
            {
                let silence = now.saturating_duration_since(self.heard);
                // Others on the same connection may be there, and it is theirs as well.
                is_silent |= count == 1 || silence >= SILENT_FOR_ALL;
                outstation.unit.on_silent();
            }
        }
        if self.pause.is_over(now, &self.shared.intake) {
            self.set_paused(false, now);
        }
        is_silent
    }

    /// Sets the timer to the next deadline; returns whether it is over already. A timer that is set
    /// to an earlier time stays: most deadlines move on before they come.
    fn arm_timer(&mut self, context: &mut Context<'_>) -> bool {
        let dues = self.outstations.iter().map(Outstation::poll_timeout);
        let Some(due) = dues.chain([self.pause.until()]).flatten().min() else {
            return false;
        };
        if self.deadline.is_some_and(|deadline| deadline <= due) {
            return false;
        }
        self.deadline = Some(due);
        let due = due.max(Instant::now() + TIMER_MIN);
        self.timer.as_mut().reset(due.into());
        self.timer.as_mut().poll(context).is_ready()
    }

    fn poll_receipts(&mut self, context: &mut Context<'_>) -> bool {
        let mut has_moved = false;
        for outstation in &mut self.outstations {
            while outstation.unit.poll_receipt(context, &self.shared.intake) {
                outstation.is_touched = true;
                has_moved = true;
            }
        }
        has_moved
    }

    /// Reads once, and takes what comes.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        if self.out.len() - self.written > OUT_BYTES_MAX {
            return Poll::Pending;
        }
        BUFFERS.with_borrow_mut(|Buffers { bytes, spare }| {
            let Some(stream) = &mut self.stream else {
                return Poll::Ready(Err(Ended::Closed));
            };
            let mut buffer = ReadBuf::new(bytes);
            ready!(Pin::new(stream).poll_read(context, &mut buffer)).map_err(Ended::Broken)?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Err(Ended::Closed));
            }
            Poll::Ready(self.take(buffer.filled(), spare))
        })
    }

    fn take(&mut self, mut input: &[u8], spare: &mut Spare) -> Result<(), Ended> {
        let moment = Moment::present();
        let intake = &self.shared.intake;
        let cells = &intake.telemetry().dnp3;
        let before = *self.reader.counters();
        let mut has_no_room = false;
        let mut ended = Ok(());
        while let Some(read) = self.reader.read(&mut input) {
            match read {
                Ok(frame) => match find(&mut self.outstations, &frame) {
                    Ok(outstation) => {
                        self.heard = moment.now;
                        has_no_room |=
                            outstation.on_frame(moment, &frame, &mut self.out, spare, intake);
                    }
                    Err(refusal) => cells.on_faults(fault(refusal), 1),
                },
                Err(error) => {
                    tracing::debug!(%error, "frame dropped");
                    if self.reader.broken_in_a_row() > BROKEN_MAX {
                        ended = Err(Ended::Noise(error));
                        break;
                    }
                }
            }
        }
        tell_reader(self.reader.counters(), &before, cells);
        for outstation in self.outstations.iter_mut().filter(|o| o.is_touched) {
            outstation.rest(spare);
        }
        if has_no_room {
            self.set_paused(true, moment.now);
        }
        ended
    }

    /// Asks the machines of outstations that something happened to; returns whether there were any.
    fn turn(&mut self) -> bool {
        if !self.outstations.iter().any(|o| o.is_touched) {
            return false;
        }
        let moment = Moment::present();
        if self.shared.intake.room() == 0 {
            // What is asked now could not be kept.
            self.set_paused(true, moment.now);
        }
        let mut has_room = true;
        for outstation in &mut self.outstations {
            if std::mem::take(&mut outstation.is_touched) {
                outstation.turn(moment, &mut self.out, &self.shared.intake);
                has_room &= outstation.unit.deliver_void(&self.shared.intake);
            }
        }
        if !has_room {
            // It is told when the pause is over.
            self.set_paused(true, moment.now);
        }
        true
    }

    fn set_paused(&mut self, is_paused: bool, now: Instant) {
        if !self.pause.set(is_paused, now, &self.shared.intake) {
            return;
        }
        for outstation in &mut self.outstations {
            outstation.unit.set_paused(is_paused, now);
            outstation.is_touched = true;
        }
    }

    /// Writes once, and sees to it that what was written leaves.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Pending;
        };
        let rest = self.out.get(self.written..).unwrap_or_default();
        if !rest.is_empty() {
            let count = ready!(Pin::new(&mut *stream).poll_write(context, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
            self.must_flush = true;
            if self.written < self.out.len() {
                return Poll::Ready(Ok(()));
            }
        }
        if !self.must_flush {
            return Poll::Pending;
        }
        ready!(Pin::new(stream).poll_flush(context))?;
        self.must_flush = false;
        self.out.clear();
        self.out.shrink_to(OUT_SPARE_BYTES);
        self.written = 0;
        let moment = Moment::present();
        for outstation in &mut self.outstations {
            outstation.on_sent(moment);
        }
        Poll::Ready(Ok(()))
    }
}

/// Several outstations share a connection: so long must all be silent until it counts as dead.
const SILENT_FOR_ALL: Duration = Duration::from_secs(10);

/// Whose frame it is, or why it is nobody's.
fn find<'o>(
    outstations: &'o mut [Outstation],
    frame: &Frame<'_>,
) -> Result<&'o mut Outstation, Refusal> {
    let addresses = (frame.destination.raw(), frame.source.raw());
    match outstations.binary_search_by_key(&addresses, Outstation::addresses) {
        Ok(at) => outstations.get_mut(at).ok_or(Refusal::UnknownSource),
        Err(_) => Err(stray(outstations, frame)),
    }
}

/// Why a frame is for none of them: the reason of the one that would nearly take it.
fn stray(outstations: &[Outstation], frame: &Frame<'_>) -> Refusal {
    let refusals = outstations
        .iter()
        .filter_map(|outstation| outstation.station().check(frame).err());
    let is_near = |refusal: &Refusal| *refusal != Refusal::UnknownDestination;
    let mut refusals = refusals.filter(is_near);
    refusals.next().unwrap_or(Refusal::UnknownDestination)
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the other side closed the connection"),
            Self::Broken(error) => write!(f, "the connection broke: {error}"),
            Self::Silent => f.write_str("nobody answers on the link"),
            Self::Noise(error) => write!(f, "what comes is no DNP3: {error}"),
            Self::Superseded => f.write_str("the outstation has made another connection"),
            Self::Stopped => f.write_str("the engine stops"),
            Self::Fenced => f.write_str("the engine's lease on its devices is over"),
        }
    }
}
