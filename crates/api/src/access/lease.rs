//! What somebody came in by, and answers that end with it: a stream that was opened with a token ends
//! when the token is revoked.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::{Stream, StreamExt};
use gridos_access::{SessionId, TokenDigest};
use gridos_model::Timestamp;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::state::Access;

/// How often an answer that goes on is looked at: what expires does so without anybody telling.
const LOOK: Duration = Duration::from_secs(1);

/// What somebody came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lease {
    /// Nothing is needed.
    Open,
    /// A token of this engine.
    Token(TokenDigest),
    /// A session of a browser.
    Session(SessionId),
    /// Something that is good until then.
    Until(Timestamp),
}

/// The same answer, which ends when `lease` is no longer good.
pub(super) fn bound(response: Response, lease: Lease, access: Arc<Access>) -> Response {
    if lease == Lease::Open {
        return response;
    }
    let (parts, body) = response.into_parts();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let leased = Leased {
        body: body.into_data_stream().boxed(),
        lease,
        access,
        look,
    };
    Response::from_parts(parts, Body::from_stream(leased))
}

struct Leased {
    body: Pin<Box<dyn Stream<Item = Result<Bytes, axum::Error>> + Send>>,
    lease: Lease,
    access: Arc<Access>,
    look: Interval,
}

impl Stream for Leased {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.look.poll_tick(context).is_ready() {
            if !self.access.is_good(&self.lease) {
                return Poll::Ready(None);
            }
        }
        self.body.poll_next_unpin(context)
    }
}
