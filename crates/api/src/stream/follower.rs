//! One client of the stream: what it gets next.
//!
//! Nothing is kept for a client but the version that it has seen, and the piece that is on its way.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::time::{Instant, sleep_until, timeout};

use super::piece::OnItsWay;
use super::subscription::Subscription;
use super::writing::Writing;
use crate::body::{Time, now};
use crate::sse::{Guest, RETRY, event};
use crate::state::Api;

/// A client hears something at least this often.
const BEAT: Duration = Duration::from_secs(2);
/// A client that has not taken a piece for this long is cut.
const PATIENCE: Duration = Duration::from_secs(30);
/// One that is gone while a piece was on its way for this long was cut as well.
const STUCK: Duration = Duration::from_secs(5);

/// What a client is sent.
pub(super) struct Follower {
    api: Arc<Api>,
    subscription: Subscription,
    guest: Guest,
    /// How often it is told of changes at most.
    every: Duration,
    next: Next,
    way: OnItsWay,
    /// When it was last sent a piece, and when changes were last looked for.
    sent: Instant,
    looked: Instant,
}

/// Where it stands.
enum Next {
    /// It has just come.
    Greeting,
    /// It is to get everything.
    Snapshot,
    /// An event is under way.
    Rest(Writing),
    /// It has everything up to that version.
    News(u64),
}

#[derive(serde::Serialize)]
struct Beat {
    time: Time,
}

impl Follower {
    pub(super) fn new(
        api: Arc<Api>,
        subscription: Subscription,
        guest: Guest,
        every: Duration,
    ) -> Self {
        let now = Instant::now();
        Self {
            api,
            subscription,
            guest,
            every,
            next: Next::Greeting,
            way: OnItsWay::default(),
            sent: now,
            looked: now,
        }
    }

    /// The next piece, as soon as there is one; `None` when the engine stops, and an error for a
    /// client that takes nothing.
    pub(super) async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if !self.is_taken().await {
            return (!self.guest.is_over()).then(|| Err(io::ErrorKind::TimedOut.into()));
        }
        let bytes = match std::mem::replace(&mut self.next, Next::Snapshot) {
            Next::Greeting => RETRY.into(),
            Next::Snapshot => {
                self.subscription.table.look(&self.api).await;
                self.begin("snapshot", 0, self.subscription.version())
            }
            Next::Rest(writing) => self.go_on(writing, Vec::new()),
            Next::News(version) => self.news(version).await?,
        };
        self.sent = Instant::now();
        Some(Ok(self.way.send(bytes)))
    }

    /// Waits until the client has taken what it was sent; returns whether it has, and in time.
    async fn is_taken(&mut self) -> bool {
        let taken = tokio::select! {
            taken = timeout(PATIENCE, self.way.taken()) => taken.is_ok(),
            () = self.guest.over() => false,
        };
        if taken && matches!(self.next, Next::News(_)) && self.sent.elapsed() > self.every {
            self.guest.telemetry.http.streams_conflated.increment();
        }
        taken
    }

    /// What changed since `version`, or a sign of life.
    async fn news(&mut self, version: u64) -> Option<Vec<u8>> {
        loop {
            let beat = self.sent + BEAT;
            let due = (self.looked + self.every).min(beat);
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.guest.over() => return None,
            }
            if self.looked + self.every <= Instant::now() {
                self.looked = Instant::now();
                self.subscription.table.look(&self.api).await;
                if let Some(newest) = self.subscription.news(version) {
                    return Some(self.begin("delta", version, newest));
                }
            }
            if beat <= Instant::now() {
                self.next = Next::News(version);
                let mut text = String::new();
                event(
                    &mut text,
                    "beat",
                    Some(version),
                    &Beat { time: Time(now()) },
                );
                return Some(text.into_bytes());
            }
        }
    }

    fn begin(&mut self, kind: &str, known: u64, version: u64) -> Vec<u8> {
        let (writing, text) = Writing::begin(kind, known, version, Time(now()));
        self.go_on(writing, text)
    }

    fn go_on(&mut self, mut writing: Writing, mut text: Vec<u8>) -> Vec<u8> {
        let is_over = writing.go_on(&self.subscription, &mut text);
        self.next = match is_over {
            true => Next::News(writing.version),
            false => Next::Rest(writing),
        };
        text
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if self.way.is_waiting() && self.sent.elapsed() >= STUCK && !self.guest.is_over() {
            self.guest.telemetry.http.streams_cut.increment();
        }
    }
}
