//! Server-sent events (WHATWG HTML §9.2): how they go over the wire, and who may follow them.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use gridos_telemetry::Telemetry;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::body::now;
use crate::problem::{Kind, Problem};

/// How long a client waits before it comes again.
pub(crate) const RETRY: &str = "retry: 2000\n\n";

/// Adds an event to `text`. JSON has no line breaks outside of its strings, and none in them, so the
/// data is one line.
pub(crate) fn event(
    text: &mut String,
    kind: &str,
    id: Option<impl Display>,
    data: &impl Serialize,
) {
    // Texts, numbers and names: there is nothing that could fail.
    let data = serde_json::to_string(data).unwrap_or_default();
    let _ = writeln!(text, "event: {kind}");
    if let Some(id) = id {
        let _ = writeln!(text, "id: {id}");
    }
    let _ = write!(text, "data: {data}\n\n");
}

/// The answer whose body is a stream of events.
pub(crate) fn response(pieces: Body) -> Response {
    let mut response = Response::new(pieces);
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/event-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    // Of proxies that keep back what they pass on, nginx and its kin know this.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// All streams of one API.
#[derive(Debug)]
pub(crate) struct Streams {
    places: Arc<Semaphore>,
    clients_max: usize,
    stop: watch::Sender<bool>,
    /// Tells this life of the engine from all others.
    pub(crate) life: u64,
}

impl Streams {
    /// Room for `clients_max` clients.
    pub(crate) fn new(clients_max: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(clients_max.min(Semaphore::MAX_PERMITS))),
            clients_max,
            stop: watch::Sender::new(false),
            life: now().as_nanos().cast_unsigned(),
        }
    }

    /// Lets a client in, if there is room.
    pub(crate) fn enter(&self, telemetry: &Arc<Telemetry>) -> Result<Guest, Problem> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            telemetry.http.streams_refused.increment();
            let detail = format!(
                "{} clients follow this engine already; ask from time to time, try again later, or \
                 raise streams_max of [http]",
                self.clients_max
            );
            return Err(Problem::new(Kind::Busy, detail).retry_after_s(5));
        };
        telemetry.http.streams.add(1);
        Ok(self.guest(telemetry, Some(place)))
    }

    /// Lets a client in that does not stay: it takes no place from those that do.
    pub(crate) fn visit(&self, telemetry: &Arc<Telemetry>) -> Guest {
        self.guest(telemetry, None)
    }

    fn guest(&self, telemetry: &Arc<Telemetry>, place: Option<OwnedSemaphorePermit>) -> Guest {
        Guest {
            stop: self.stop.subscribe(),
            telemetry: Arc::clone(telemetry),
            place,
        }
    }

    /// Ends all streams, and those to come.
    pub(crate) fn end(&self) {
        self.stop.send_replace(true);
    }
}

/// A client that was let in; its place, if it has one, is free when this is dropped.
#[derive(Debug)]
pub(crate) struct Guest {
    stop: watch::Receiver<bool>,
    pub(crate) telemetry: Arc<Telemetry>,
    place: Option<OwnedSemaphorePermit>,
}

impl Guest {
    /// Whether the stream is to end.
    pub(crate) fn is_over(&self) -> bool {
        // Who would say stop may also be gone.
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Waits until the stream is to end.
    pub(crate) async fn over(&mut self) {
        let _ = self.stop.wait_for(|stop| *stop).await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.telemetry.http.streams.sub(1);
        }
    }
}
