//! A client of the stream, written from what the stream promises: it knows the events alone.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::{Request, header};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt;

/// What a client has.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) points: BTreeMap<String, Value>,
    pub(crate) devices: BTreeMap<String, Value>,
    pub(crate) overview: Value,
    pub(crate) sequence: u64,
    pub(crate) snapshots: usize,
    pub(crate) deltas: usize,
    pub(crate) beats: usize,
    /// The data of the last event.
    pub(crate) last: Value,
    /// An event of which not all has come yet.
    rest: Vec<u8>,
}

impl Table {
    /// Takes a piece of the stream, wherever it is cut.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.rest.extend(bytes);
        let whole = self.rest.windows(2).rposition(|two| two == b"\n\n");
        let Some(end) = whole else { return };
        let events: Vec<u8> = self.rest.drain(..end + 2).collect();
        let events = std::str::from_utf8(&events).unwrap();
        events
            .split_terminator("\n\n")
            .for_each(|text| self.event(text));
    }

    fn event(&mut self, text: &str) {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let Some(data) = field("data: ") else { return };
        let id: u64 = field("id: ").unwrap().parse().unwrap();
        self.last = serde_json::from_str(data).unwrap();
        let data = self.last.clone();
        match field("event: ") {
            Some("snapshot") => {
                assert_eq!(self.snapshots, 0);
                self.snapshots += 1;
            }
            Some("delta") => {
                assert_eq!(self.snapshots, 1, "the snapshot comes first");
                assert!(id > self.sequence, "{id} after {}", self.sequence);
                self.deltas += 1;
            }
            Some("beat") => {
                assert_eq!(id, self.sequence);
                assert!(data["time"].is_string());
                self.beats += 1;
                return;
            }
            other => panic!("{other:?}"),
        }
        self.sequence = id;
        assert_eq!(data["sequence"], id);
        take(&mut self.points, &data["points"], "point");
        take(&mut self.devices, &data["devices"], "name");
        if !data["overview"].is_null() {
            self.overview = data["overview"].clone();
        }
    }
}

fn take(table: &mut BTreeMap<String, Value>, rows: &Value, name: &str) {
    for row in rows.as_array().unwrap() {
        table.insert(row[name].as_str().unwrap().to_owned(), row.clone());
    }
}

/// A client that is connected.
pub(crate) struct Client {
    pieces: BodyDataStream,
}

impl Client {
    pub(crate) async fn connect(router: &Router, query: &str) -> Self {
        let request = Request::get(format!("/api/v1/stream?{query}"));
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        let pieces = response.into_body().into_data_stream();
        Self { pieces }
    }

    /// Takes what comes at once.
    pub(crate) async fn fill(&mut self, table: &mut Table) {
        self.pass(Duration::from_millis(1), table).await;
    }

    /// Takes what comes within `time`. The clock is paused, so nobody waits.
    pub(crate) async fn pass(&mut self, time: Duration, table: &mut Table) {
        let end = Instant::now() + time;
        while let Ok(piece) = timeout_at(end, self.pieces.next()).await {
            table.feed(&piece.expect("the stream goes on").unwrap());
        }
    }

    /// The next piece; `None` if the stream is over or was broken off.
    pub(crate) async fn piece(&mut self) -> Option<axum::body::Bytes> {
        self.pieces.next().await?.ok()
    }
}
