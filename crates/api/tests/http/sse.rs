//! A client of streams of events, written from what the standard says of them (WHATWG HTML, §9.2).

use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{Request, header};
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt;

/// One event; comments are none.
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// What takes the events of a stream.
pub(crate) trait Follower {
    fn event(&mut self, event: Event);
    /// The part of an event that has come so far.
    fn rest(&mut self) -> &mut Vec<u8>;

    /// Takes a piece of the stream, wherever it is cut.
    fn feed(&mut self, bytes: &[u8]) {
        let rest = self.rest();
        rest.extend(bytes);
        let whole = rest.windows(2).rposition(|two| two == b"\n\n");
        let Some(end) = whole else { return };
        let events: Vec<u8> = rest.drain(..end + 2).collect();
        let events = std::str::from_utf8(&events).unwrap();
        let events = events.split_terminator("\n\n").filter_map(read);
        events.for_each(|event| self.event(event));
    }
}

fn read(text: &str) -> Option<Event> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    Some(Event {
        data: serde_json::from_str(field("data: ")?).unwrap(),
        id: field("id: ").map(str::to_owned),
        name: field("event: ").unwrap().to_owned(),
    })
}

/// What is answered to who asks for the stream at `path`, having seen the event `last_id`.
pub(crate) async fn respond(router: &Router, path: &str, last_id: Option<&str>) -> Response {
    let mut request = Request::get(path);
    if let Some(id) = last_id {
        request = request.header("Last-Event-ID", id);
    }
    let request = request.body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

/// A client that is connected.
pub(crate) struct Client {
    pieces: BodyDataStream,
}

impl Client {
    pub(crate) async fn connect(router: &Router, path: &str, last_id: Option<&str>) -> Self {
        let response = respond(router, path, last_id).await;
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        let pieces = response.into_body().into_data_stream();
        Self { pieces }
    }

    /// The next piece; `None` if the stream is over or was broken off.
    pub(crate) async fn piece(&mut self) -> Option<Bytes> {
        self.pieces.next().await?.ok()
    }

    /// What comes at once; `None` if that is nothing.
    pub(crate) async fn piece_at_once(&mut self) -> Option<Bytes> {
        self.piece_until(Instant::now() + Duration::from_millis(1))
            .await
    }

    /// Takes all that comes at once.
    pub(crate) async fn fill(&mut self, follower: &mut impl Follower) {
        while let Some(piece) = self.piece_at_once().await {
            follower.feed(&piece);
        }
    }

    /// Takes what comes within `time`.
    pub(crate) async fn pass(&mut self, time: Duration, follower: &mut impl Follower) {
        let end = Instant::now() + time;
        while let Some(piece) = self.piece_until(end).await {
            follower.feed(&piece);
        }
    }

    /// The clock is paused, so nobody waits.
    async fn piece_until(&mut self, end: Instant) -> Option<Bytes> {
        let piece = timeout_at(end, self.pieces.next()).await.ok()?;
        Some(piece.expect("the stream goes on").unwrap())
    }
}
