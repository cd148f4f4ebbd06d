//! The link layer of one station towards another.

use std::time::{Duration, Instant};

use super::frame::encode_bare;
use super::keep_alive::Silence;
use super::{
    Address, Frame, Function, KeepAlive, Pair, Payload, Primary, Refusal, Role, Secondary,
    StationCounters,
};

/// How a station behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationConfig {
    /// After how much silence the other station is asked for its status; `None` never asks, so a
    /// dead connection is not noticed here. Default 60 s; some devices close a connection that is
    /// idle for 10 s.
    pub keep_alive: Option<Duration>,
    /// How long the answer to that may take. Default 3 s.
    pub answer_timeout: Duration,
    /// Whether confirmed frames are refused until the other station has reset the link states, as
    /// the standard wants. Default `false`: stations that keep their frame count over connections
    /// are common, and over TCP no frame is lost that the count would reveal.
    pub strict: bool,
    /// Whether an outstation also takes what is sent to the self-address. Default `false`. A
    /// master never does.
    pub answers_self_address: bool,
}

/// What a frame was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// User data for the transport function.
    Deliver(UserData<'a>),
    /// Confirmed user data that were delivered before; they have been acknowledged again.
    Repeated,
    /// A request of the link layer; its answer has been appended to what is to be sent.
    Request,
    /// An answer of the link layer: the other station is there.
    Reply(Secondary),
    /// The frame is not for this station.
    Refused(Refusal),
}

/// User data that a station has accepted: one segment of the transport function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserData<'a> {
    /// Who sent them.
    pub source: Address,
    /// To whom: this station, or all.
    pub destination: Address,
    /// The segment.
    pub payload: Payload<'a>,
}

/// The link layer of one station towards another: refuses what is not for it, answers what the
/// link layer itself is asked, hands on user data once, and notices when the other falls silent.
///
/// It is the secondary station of IEEE 1815-2012, clause 9; as a primary station it only asks for
/// the status and never sends confirmed user data. It lives as long as the connection.
#[derive(Clone, Debug)]
pub struct Station {
    pair: Pair,
    config: StationConfig,
    /// What FCB the next confirmed frame must have; `None` until it is known.
    expected: Option<bool>,
    silence: Silence,
    counters: StationCounters,
}

impl Default for StationConfig {
    fn default() -> Self {
        Self {
            keep_alive: Some(Duration::from_secs(60)),
            answer_timeout: Duration::from_secs(3),
            strict: false,
            answers_self_address: false,
        }
    }
}

impl Station {
    /// The local station of `pair`, on a connection that begins `now`.
    pub fn new(pair: Pair, config: StationConfig, now: Instant) -> Self {
        Self {
            pair,
            config,
            expected: None,
            silence: Silence::new(config.keep_alive, config.answer_timeout, now),
            counters: StationCounters::default(),
        }
    }

    /// Begins anew, as a new connection does. The counters go on.
    pub fn reset(&mut self, now: Instant) {
        self.expected = None;
        self.silence.on_heard(now);
    }

    /// Takes a frame that arrived `now`, and appends what must be answered to `out`.
    pub fn handle<'a>(
        &mut self,
        now: Instant,
        frame: &Frame<'a>,
        out: &mut Vec<u8>,
    ) -> Received<'a> {
        if let Err(refusal) = self.check(frame) {
            self.counters.on_refused(refusal);
            return Received::Refused(refusal);
        }
        self.counters.frames += 1;
        self.silence.on_heard(now);
        match frame.control.function {
            Function::Primary { function, fcb } => self.on_primary(frame, function, fcb, out),
            Function::Secondary { function, .. } => {
                self.counters.replies += 1;
                self.counters.not_supported += u64::from(function == Secondary::NotSupported);
                Received::Reply(function)
            }
        }
    }

    /// Whether the addresses and the direction of a frame say that it is for this station.
    ///
    /// # Errors
    /// If it is not; nothing is counted.
    pub fn check(&self, frame: &Frame<'_>) -> Result<(), Refusal> {
        if frame.control.from_master == self.pair.from_master() {
            return Err(Refusal::WrongDirection);
        }
        let is_outstation = self.pair.role() == Role::Outstation;
        let destination = frame.destination;
        if destination.is_broadcast() {
            if !is_outstation || !frame.control.has_user_data() {
                return Err(Refusal::Broadcast);
            }
        } else if destination.is_self() {
            if !is_outstation || !self.config.answers_self_address {
                return Err(Refusal::SelfAddress);
            }
        } else if destination != self.pair.local() {
            return Err(Refusal::UnknownDestination);
        }
        if frame.source != self.pair.remote() {
            return Err(Refusal::UnknownSource);
        }
        Ok(())
    }

    /// When [`Station::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.silence.poll_timeout()
    }

    /// Looks whether the other station has been silent for too long, and asks it by appending to
    /// `out`.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<u8>) -> KeepAlive {
        let outcome = self.silence.handle_timeout(now);
        match outcome {
            KeepAlive::Waiting => {}
            KeepAlive::Sent => {
                self.counters.keep_alives += 1;
                request_link_status(&self.pair, out);
            }
            KeepAlive::Failed => self.counters.keep_alives_failed += 1,
        }
        outcome
    }

    /// Who talks with whom.
    pub fn pair(&self) -> &Pair {
        &self.pair
    }

    /// What has been seen since the station was made.
    pub fn counters(&self) -> &StationCounters {
        &self.counters
    }

    fn on_primary<'a>(
        &mut self,
        frame: &Frame<'a>,
        function: Primary,
        fcb: bool,
        out: &mut Vec<u8>,
    ) -> Received<'a> {
        match function {
            Primary::UnconfirmedUserData => self.deliver(frame),
            // Who sends to all counts for none of them, and expects no acknowledgement.
            Primary::ConfirmedUserData if frame.destination.is_broadcast() => self.deliver(frame),
            Primary::ConfirmedUserData => match self.count(fcb) {
                Counted::New => {
                    self.answer(Secondary::Ack, out);
                    self.deliver(frame)
                }
                Counted::Repeated => {
                    self.answer(Secondary::Ack, out);
                    self.counters.repeated += 1;
                    Received::Repeated
                }
                Counted::NotReset => self.refuse_unreset(out),
            },
            Primary::TestLinkStates => match self.count(fcb) {
                // The last acknowledgement, which a repeated test asks for, was always an ACK:
                // NACK is only sent before the link states are reset.
                Counted::New | Counted::Repeated => self.reply(Secondary::Ack, out),
                Counted::NotReset => self.refuse_unreset(out),
            },
            Primary::ResetLinkStates => {
                self.expected = Some(true);
                self.reply(Secondary::Ack, out)
            }
            Primary::RequestLinkStatus => self.reply(Secondary::LinkStatus, out),
        }
    }

    /// Compares the frame count bit with the expected one, which alternates.
    fn count(&mut self, fcb: bool) -> Counted {
        match self.expected {
            Some(expected) if expected != fcb => return Counted::Repeated,
            Some(_) => {}
            None if self.config.strict => return Counted::NotReset,
            None => self.counters.unreset += 1,
        }
        self.expected = Some(!fcb);
        Counted::New
    }

    fn deliver<'a>(&mut self, frame: &Frame<'a>) -> Received<'a> {
        self.counters.delivered += 1;
        Received::Deliver(UserData {
            source: frame.source,
            destination: frame.destination,
            payload: frame.payload,
        })
    }

    fn reply<'a>(&mut self, function: Secondary, out: &mut Vec<u8>) -> Received<'a> {
        self.counters.requests += 1;
        self.answer(function, out);
        Received::Request
    }

    fn refuse_unreset<'a>(&mut self, out: &mut Vec<u8>) -> Received<'a> {
        self.answer(Secondary::Nack, out);
        // The frame itself has been counted already.
        self.counters.not_reset += 1;
        Received::Refused(Refusal::NotReset)
    }

    fn answer(&self, function: Secondary, out: &mut Vec<u8>) {
        let dfc = false;
        encode_bare(&self.pair, Function::Secondary { function, dfc }, out);
    }
}

/// Appends the request for the link status of the remote station to `out`: it is answered by every
/// station that is there.
pub fn request_link_status(pair: &Pair, out: &mut Vec<u8>) {
    let function = Primary::RequestLinkStatus;
    encode_bare(
        pair,
        Function::Primary {
            function,
            fcb: false,
        },
        out,
    );
}

/// What the frame count bit says of a frame.
enum Counted {
    New,
    Repeated,
    NotReset,
}
