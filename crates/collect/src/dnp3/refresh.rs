//! What must be read anew of an outstation that was lost until its link is whole.

/// Whether the points have values, and what is done about it.
///
/// An outstation buffers events while nobody listens, so after a short outage it is enough to read
/// those. Points that have no values need an integrity poll that began after they lost them, and
/// whose answer was taken whole.
#[derive(Debug)]
pub(super) struct Refresh {
    /// None were read yet, or they were told to be lost.
    lacks_values: bool,
    /// Whether everything is to be asked for as soon as the outstation answers.
    must_ask: bool,
    /// Whether an integrity poll has begun since then.
    is_begun: bool,
    /// Whether it was answered; whether that was taken is not known yet.
    is_answered: bool,
}

impl Refresh {
    /// Nothing was read yet; the integrity poll of the start is not this one's task.
    pub(super) fn new() -> Self {
        Self {
            lacks_values: true,
            must_ask: false,
            is_begun: false,
            is_answered: false,
        }
    }

    /// It was told that points have no values any more.
    pub(super) fn on_void(&mut self) {
        *self = Self {
            must_ask: true,
            ..Self::new()
        };
    }

    /// The outstation answers: whether to ask it for everything.
    pub(super) fn on_online(&mut self) -> bool {
        std::mem::take(&mut self.must_ask)
    }

    /// An integrity poll begins.
    pub(super) fn on_begun(&mut self) {
        self.is_begun = true;
    }

    /// An integrity poll was answered, up to what the outstation refuses.
    pub(super) fn on_answered(&mut self) {
        self.is_answered = self.is_begun;
    }

    /// There was no room for a fragment: if it was the last one of the poll, that is made again.
    pub(super) fn on_refused(&mut self) {
        self.is_answered = false;
    }

    /// What was answered was taken.
    pub(super) fn on_taken(&mut self) {
        self.lacks_values &= !std::mem::take(&mut self.is_answered);
    }

    /// Whether all points have values, as far as the outstation has any.
    pub(super) fn has_values(&self) -> bool {
        !self.lacks_values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that has read everything.
    fn refreshed() -> Refresh {
        let mut refresh = Refresh::new();
        refresh.on_begun();
        refresh.on_answered();
        assert!(!refresh.has_values());
        refresh.on_taken();
        assert!(refresh.has_values());
        refresh
    }

    #[test]
    fn values_that_are_lost_need_a_poll_that_began_afterwards() {
        let mut refresh = refreshed();
        assert!(!refresh.on_online());
        refresh.on_begun();
        refresh.on_void();
        assert!(refresh.on_online() && !refresh.on_online());
        // The answer to what was asked before.
        refresh.on_answered();
        refresh.on_taken();
        assert!(!refresh.has_values());
        refresh.on_begun();
        refresh.on_taken();
        assert!(!refresh.has_values());
        refresh.on_answered();
        refresh.on_taken();
        assert!(refresh.has_values());
    }

    #[test]
    fn an_answer_that_was_not_taken_does_not_count() {
        let mut refresh = Refresh::new();
        assert!(!refresh.on_online());
        refresh.on_begun();
        refresh.on_answered();
        refresh.on_refused();
        refresh.on_taken();
        assert!(!refresh.has_values());
        refresh.on_answered();
        refresh.on_taken();
        assert!(refresh.has_values());
        // Other fragments say nothing of it.
        refresh.on_refused();
        assert!(refresh.has_values());
    }
}
