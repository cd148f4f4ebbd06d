//! Fragments that wait to be durable, in the order in which they came.

use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use gridos_dnp3::master::Token;
use gridos_ring::Receiver;

use super::Recent;
use super::recent::Key;

/// Fragments of one outstation that wait for their receipts.
#[derive(Debug, Default)]
pub(super) struct Pending {
    fragments: VecDeque<Fragment>,
}

/// A fragment that was taken, or a part of it.
#[derive(Debug)]
pub(super) struct Fragment {
    /// What the association calls it.
    pub(super) token: Token,
    /// When its last byte was read.
    pub(super) wire: Instant,
    /// Its batches that are not known to be durable.
    pub(super) parts: VecDeque<Part>,
    /// Whether some of it was dropped because it had been taken before: then it is durable only if
    /// those before it are.
    pub(super) depends: bool,
    /// Whether not all of it was taken; the association knows.
    pub(super) is_refused: bool,
    /// Whether it is known that it will not be durable.
    pub(super) is_lost: bool,
}

/// A batch on its way to the disk.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) receiver: Receiver,
    /// Its events among the recent ones.
    pub(super) events: Range<u64>,
    /// The dead letter behind them.
    pub(super) letter: Option<Key>,
}

/// What became of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is durable, and came then.
    Durable(Token, Instant),
    /// It is not, and never will be.
    Lost(Token),
}

impl Pending {
    /// Waits for one more fragment.
    pub(super) fn push(&mut self, fragment: Fragment) {
        self.fragments.push_back(fragment);
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.fragments.is_empty()
    }

    /// What became of the next fragment of which it is known; what was lost is forgotten.
    /// If it is none, the task is woken when one is.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, recent: &mut Recent) -> Poll<Outcome> {
        while let Some(first) = self.fragments.front_mut() {
            while let Some(part) = first.parts.front_mut() {
                match Pin::new(&mut part.receiver).poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(_)) => {
                        first.is_lost = true;
                        recent.forget(part.events.clone());
                        part.letter
                            .iter()
                            .for_each(|key| recent.forget_letter(*key));
                    }
                }
                first.parts.pop_front();
            }
            let Fragment {
                token,
                wire,
                is_lost,
                is_refused,
                ..
            } = *first;
            self.fragments.pop_front();
            if is_lost {
                let rest = self.fragments.iter_mut();
                rest.for_each(|fragment| fragment.is_lost |= fragment.depends);
            }
            if !is_refused {
                return Poll::Ready(if is_lost {
                    Outcome::Lost(token)
                } else {
                    Outcome::Durable(token, wire)
                });
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
