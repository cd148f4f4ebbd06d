//! The HTTP server: connections in, each bounded in time, all of them in number.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_telemetry::{HttpRefusal, Telemetry};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::{interval, sleep, timeout};

use crate::access::Peer;
use crate::current::Current;
use crate::patient::Patient;
use crate::router::routes;
use crate::state::{Api, ApiState, Plant};

/// How often the pulse is felt when nobody asks for the status.
const BEAT: Duration = Duration::from_secs(1);
/// Pause after an error to accept, such as too many open files: it does not go away by asking.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A client that acknowledges nothing of what was sent for so long is gone (RFC 5482), also one whose
/// window stays shut.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(30);
/// Bytes that the system takes before it has sent them: in it, values would only grow old.
const UNSENT_MAX: u32 = 128 << 10;

/// Serves the router of `state` on `listener` until `stop` turns true (or its sender is gone), then
/// lets requests under way finish, at most for as long as a post may wait for the disk.
///
/// # Errors
/// None but those of the listener's own set-up.
pub async fn serve(
    listener: TcpListener,
    state: ApiState,
    stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let (_, plants) = mpsc::channel(1);
    serve_generations(listener, state, plants, stop).await
}

/// Another generation for the API.
#[derive(Debug)]
pub struct NextPlant {
    /// The generation.
    pub plant: Plant,
    /// Told when all requests that come are answered by it.
    pub done: oneshot::Sender<()>,
}

/// Serves as [`serve`] does; each of `plants` takes the place of the one before, for all requests that
/// come from then on. What is open goes on.
///
/// # Errors
/// None but those of the listener's own set-up.
pub async fn serve_generations(
    listener: TcpListener,
    state: ApiState,
    mut plants: mpsc::Receiver<NextPlant>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let settings = state.settings.clone();
    let mut api = Arc::new(Api::new(state));
    let router = Current::new(routes(Arc::clone(&api)));
    let places = Arc::new(Semaphore::new(settings.connections_max.max(1)));
    let connections = GracefulShutdown::new();
    let mut beat = interval(BEAT);
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            _ = beat.tick() => api.tick(Instant::now()),
            Some(next) = plants.recv() => {
                let renewed = Arc::new(api.over(&next.plant));
                router.set(routes(Arc::clone(&renewed)));
                // Who follows comes again, and gets what is there now.
                std::mem::replace(&mut api, renewed).streams.end();
                // Whoever waits may have gone.
                let _ = next.done.send(());
            }
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, address, place)) => {
                    let peer = Peer { address: address.ip(), is_tls: false, certificate: None };
                    let patience = settings.reading_timeout;
                    let telemetry = Arc::clone(&api.state.telemetry);
                    let Some(tls) = api.state.tls.clone() else {
                        let (router, watcher) = (router.clone(), connections.watcher());
                        connect(stream, peer, place, router, patience, watcher, telemetry);
                        continue;
                    };
                    let (router, watcher) = (router.clone(), connections.watcher());
                    tokio::spawn(async move {
                        match tls.accept(stream, patience).await {
                            Ok((stream, certificate)) => {
                                let certificate = certificate.map(Arc::new);
                                let peer = Peer { is_tls: true, certificate, ..peer };
                                connect(stream, peer, place, router, patience, watcher, telemetry);
                            }
                            // Scanners and browsers without the certificate are no event of the engine.
                            Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    // They would never end by themselves.
    api.streams.end();
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
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    // Answers are written whole; waiting for more to send would only delay them. It fails only if
    // the client has gone already, which is found soon enough.
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(&stream);
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
    let _ = socket.set_tcp_notsent_lowat(UNSENT_MAX);
    Ok((stream, address, place))
}

fn connect(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: Peer,
    place: OwnedSemaphorePermit,
    router: Current,
    patience: Duration,
    connections: Watcher,
    telemetry: Arc<Telemetry>,
) {
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(Patient::new(stream, patience)), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // A client that goes away in the middle is no event of the engine.
        if let Err(error) = connection.await {
            if is_sent_away(&error) {
                telemetry.http.refused(HttpRefusal::Connection);
            }
            tracing::debug!(%error, "a connection ended");
        }
        drop(place);
    });
}

/// Whether a connection ended because its head was none, or because its client was too slow.
fn is_sent_away(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(own) = cause {
        let of_head = own.downcast_ref::<hyper::Error>();
        let of_stream = own.downcast_ref::<io::Error>();
        if of_head.is_some_and(|error| error.is_parse() || error.is_timeout())
            || of_stream.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
        {
            return true;
        }
        cause = own.source();
    }
    false
}
