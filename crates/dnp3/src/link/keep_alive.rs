//! Is the other station still there?

use std::time::{Duration, Instant};

/// What has become of a station's silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepAlive {
    /// Nothing is due.
    Waiting,
    /// A request for the link status has been appended to what is to be sent.
    Sent,
    /// Nothing has arrived since the request: the connection is dead and must be closed. It is
    /// said once.
    Failed,
}

/// The timer of [`KeepAlive`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    /// How long silence is nothing unusual; `None` never asks.
    idle: Option<Duration>,
    /// How long an answer may take.
    timeout: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Something arrived, or the connection began, at this instant.
    Since(Instant),
    /// The request was sent at this instant.
    Asked(Instant),
    /// Nobody answered.
    Dead,
}

impl Silence {
    pub(super) fn new(idle: Option<Duration>, timeout: Duration, now: Instant) -> Self {
        Self {
            idle,
            timeout,
            state: State::Since(now),
        }
    }

    /// Something arrived.
    pub(super) fn on_heard(&mut self, now: Instant) {
        self.state = State::Since(now);
    }

    /// When [`Silence::handle_timeout`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Since(since) => since.checked_add(self.idle?),
            State::Asked(asked) => asked.checked_add(self.timeout),
            State::Dead => None,
        }
    }

    /// Looks whether something is due; after [`KeepAlive::Sent`] the caller must ask.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> KeepAlive {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return KeepAlive::Waiting;
        }
        match self.state {
            State::Since(_) => {
                self.state = State::Asked(now);
                KeepAlive::Sent
            }
            State::Asked(_) | State::Dead => {
                self.state = State::Dead;
                KeepAlive::Failed
            }
        }
    }
}
