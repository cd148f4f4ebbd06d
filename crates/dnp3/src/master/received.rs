//! What a fragment from an outstation was.

use std::num::NonZeroU64;
use std::time::Instant;

use crate::app::{ControlError, FragmentError, Function, Iin, ObjectError, Response, Sequence};

/// What a fragment was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Received<'a> {
    /// There is something in it to keep.
    Deliver(Delivery<'a>),
    /// There is nothing in it to keep: it only answers, or tells internal indications.
    Null,
    /// An unsolicited response that was delivered before: it is not to be kept again. The confirm
    /// is sent again if the receipt is there; otherwise the receipt is still waited for.
    Repeated,
    /// It is none of those that can come now. Nothing of it is to be kept, and it is not confirmed.
    Ignored(Ignored),
}

/// A fragment with objects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delivery<'a> {
    /// The fragment. Its [`Response::headers`] are good up to the dead letter, if there is one.
    pub response: Response<'a>,
    /// What receipts name it by.
    pub token: Token,
    /// Whether the confirm waits for a receipt: [`super::Association::handle_durable`] or
    /// [`super::Association::handle_refused`] must follow. Otherwise the first may be left out.
    pub needs_receipt: bool,
    /// Whether events in it may have been delivered before: an earlier confirm has not been sent, or
    /// may not have arrived. An outstation that answers with wrong sequence numbers may send events
    /// again unmarked: who must keep nothing twice looks at their times as well.
    pub may_repeat: bool,
    /// Whether absolute times in it come from a synchronised clock: the outstation does not ask
    /// for the time, and has not restarted since the clock was set.
    pub is_synchronised: bool,
    /// When the request that it answers was due; `None` if it came unasked.
    pub due: Option<Instant>,
    /// What cannot be read.
    pub dead_letter: Option<DeadLetter<'a>>,
}

impl<'a> Delivery<'a> {
    /// What is in a fragment that an outstation sent to somebody else: nobody has to confirm it, and
    /// whether it comes again nobody can tell. `None` if there is nothing in it to keep.
    ///
    /// Its clock counts as synchronised unless this very fragment asks for the time or tells a restart.
    ///
    /// # Errors
    /// If it is none that an outstation sends.
    pub fn overheard(fragment: &'a [u8]) -> Result<Option<Self>, Ignored> {
        let response = Response::parse(fragment)?;
        if response.function == Function::AuthenticationResponse {
            return Err(Ignored::Authentication);
        }
        match response.check() {
            Ok(()) | Err(ControlError::UnsolicitedWithoutCon) => {}
            Err(error) => return Err(error.into()),
        }
        if response.is_null() {
            return Ok(None);
        }
        let error = response.headers().find_map(Result::err);
        Ok(Some(Self {
            response,
            token: Token::first(),
            needs_receipt: false,
            may_repeat: false,
            is_synchronised: !response
                .iin
                .intersects(Iin::NEED_TIME | Iin::DEVICE_RESTART),
            due: None,
            dead_letter: error.map(|error| DeadLetter {
                octets: response.rest(error.offset),
                error,
            }),
        }))
    }
}

/// The end of a fragment that cannot be read. It is to be kept as it is: the outstation forgets it
/// when the fragment is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetter<'a> {
    /// Why.
    pub error: ObjectError,
    /// The octets from the first object header that cannot be read to the end of the fragment.
    pub octets: &'a [u8],
}

/// Names a delivered fragment; no other fragment of the same association has the same name.
///
/// Names ascend in the order of delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(NonZeroU64);

/// Why a fragment was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// It is none that an outstation sends.
    #[error(transparent)]
    Malformed(#[from] FragmentError),
    /// Its control octet contradicts its function.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// It speaks of secure authentication, which this master does not.
    #[error("secure authentication is not supported")]
    Authentication,
    /// Nothing was asked.
    #[error("a response to no request")]
    Unasked,
    /// It answers another request, by custom one that was given up.
    #[error("a response with the number {}, not {}", found.value(), expected.value())]
    Sequence {
        /// The number that the next fragment has.
        expected: Sequence,
        /// What was found.
        found: Sequence,
    },
    /// FIR is set and it is not the first fragment, or the reverse.
    #[error("FIR is wrong for this fragment of the response")]
    Order,
    /// It came while nothing could be kept.
    #[error("nothing can be kept now")]
    Paused,
    /// It came before the first integrity poll was done: [`super::EarlyEvents::Ignore`].
    #[error("events before the first integrity poll")]
    Early,
    /// There is no connection.
    #[error("there is no connection")]
    Disconnected,
}

impl Token {
    /// The first name, and whether its fragment was asked for.
    pub(super) fn first() -> Self {
        Self(NonZeroU64::MIN)
    }

    /// The next name for a fragment that was asked for, or for one that was not.
    pub(super) fn next(self, is_solicited: bool) -> Self {
        let number = self.0.get() | 1;
        let number = number.saturating_add(if is_solicited { 1 } else { 2 });
        Self(NonZeroU64::new(number).unwrap_or(self.0))
    }

    /// Whether its fragment was asked for. Refusals of others do not touch an answer.
    pub(super) fn is_solicited(self) -> bool {
        self.0.get() & 1 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_ascend_and_tell_what_was_asked() {
        let mut token = Token::first();
        for is_solicited in [true, false, false, true, true, false, true] {
            let next = token.next(is_solicited);
            assert!(next > token, "{next:?} after {token:?}");
            assert_eq!(next.is_solicited(), is_solicited);
            token = next;
        }
    }
}
