//! The HTTP server: connections in, each bounded in time, all of them in number.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{interval, sleep, timeout};

use crate::patient::Patient;
use crate::router::routes;
use crate::state::{Api, ApiState};

/// How often the pulse is felt when nobody asks for the status.
const BEAT: Duration = Duration::from_secs(1);
/// Pause after an error to accept, such as too many open files: it does not go away by asking.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the router of `state` on `listener` until `stop` turns true (or its sender is gone), then
/// lets requests under way finish, at most for as long as a post may wait for the disk.
///
/// # Errors
/// None but those of the listener's own set-up.
pub async fn serve(
    listener: TcpListener,
    state: ApiState,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let api = Arc::new(Api::new(state));
    let settings = &api.state.settings;
    let router = routes(Arc::clone(&api));
    let places = Arc::new(Semaphore::new(settings.connections_max.max(1)));
    let connections = GracefulShutdown::new();
    let mut beat = interval(BEAT);
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            _ = beat.tick() => { api.beat(Instant::now()); }
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, place)) => {
                    connect(stream, place, router.clone(), settings.reading_timeout, &connections);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let patience = settings.receipt_timeout;
    if timeout(patience, connections.shutdown()).await.is_err() {
        tracing::warn!(
            ?patience,
            "connections were still open at the end of the patience"
        );
    }
    Ok(())
}

/// Ends when the engine stops; keeps no hold on the channel's value.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // Answers are written whole; waiting for more to send would only delay them. It fails only if
    // the client has gone already, which is found soon enough.
    let _ = stream.set_nodelay(true);
    Ok((stream, place))
}

fn connect(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    router: Router,
    patience: Duration,
    connections: &GracefulShutdown,
) {
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(Patient::new(stream, patience)), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // A client that goes away in the middle is no event of the engine.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
        drop(place);
    });
}
