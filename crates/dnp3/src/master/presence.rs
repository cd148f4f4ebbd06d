//! Does the outstation answer?

use super::{Event, Offline};

/// Whether an outstation answers, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Presence {
    state: State,
    /// Requests without an answer since the last one with an answer.
    timeouts: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Unknown,
    Online,
    Offline,
}

impl Presence {
    /// A fragment has arrived.
    pub(super) fn on_heard(&mut self) -> Option<Event> {
        self.timeouts = 0;
        let before = std::mem::replace(&mut self.state, State::Online);
        (before != State::Online).then_some(Event::Online)
    }

    /// A request has not been answered; `most` are too many.
    pub(super) fn on_timeout(&mut self, most: u32) -> Option<Event> {
        self.timeouts = self.timeouts.saturating_add(1);
        let timeouts = self.timeouts;
        if timeouts < most || self.state == State::Offline {
            return None;
        }
        self.state = State::Offline;
        Some(Event::Offline(Offline::Unresponsive { timeouts }))
    }

    /// The connection has ended.
    pub(super) fn on_disconnected(&mut self) -> Option<Event> {
        self.timeouts = 0;
        let before = std::mem::take(&mut self.state);
        (before == State::Online).then_some(Event::Offline(Offline::Disconnected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once() {
        let mut presence = Presence::default();
        let unresponsive = Event::Offline(Offline::Unresponsive { timeouts: 2 });
        assert_eq!(presence.on_timeout(2), None);
        assert_eq!(presence.on_timeout(2), Some(unresponsive));
        assert_eq!(presence.on_timeout(2), None);
        assert_eq!(presence.on_heard(), Some(Event::Online));
        assert_eq!(presence.on_heard(), None);
        assert_eq!(presence.on_timeout(2), None);
        let disconnected = Event::Offline(Offline::Disconnected);
        assert_eq!(presence.on_disconnected(), Some(disconnected));
        assert_eq!(presence.on_disconnected(), None);
    }
}
