//! Where connections come from.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::Unit;
use super::line::{Line, LineConfig};
use super::unit::now;

/// How connections begin.
#[derive(Debug)]
pub(crate) enum Port {
    /// A master connects. If another one does, the connection before ends: it is likely dead.
    Listen(TcpListener),
    /// The outstations connect to a master, and again this long after a connection has ended.
    Call { master: SocketAddr, pause: Duration },
}

/// How long to wait before accepting again after the system refused, as when out of files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `units` over one connection after another.
pub(crate) async fn serve(
    port: Port,
    units: Vec<Arc<Unit>>,
    config: LineConfig,
    wake: Arc<Notify>,
) {
    let mut next = None;
    for nth in 0.. {
        let mut stream = match next.take() {
            Some(stream) => stream,
            None => port.connection().await,
        };
        let mut line = Line::connect(&units, &config, nth, now());
        tokio::select! {
            ended = line.carry(&mut stream, &wake) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection of simulated outstations ended");
                }
            }
            stream = port.interruption() => next = Some(stream),
        }
        drop(line);
        drop(stream);
        if let (Port::Call { pause, .. }, None) = (&port, &next) {
            tokio::time::sleep(*pause).await;
        }
    }
}

impl Port {
    /// The next connection.
    async fn connection(&self) -> TcpStream {
        loop {
            let (connected, pause) = match self {
                Self::Listen(listener) => {
                    let accepted = listener.accept().await;
                    (accepted.map(|(stream, _)| stream), ACCEPT_PAUSE)
                }
                Self::Call { master, pause } => (TcpStream::connect(master).await, *pause),
            };
            match connected {
                Ok(stream) => return stream,
                Err(error) => log(&error),
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// A connection that ends the one before.
    async fn interruption(&self) -> TcpStream {
        match self {
            Self::Listen(_) => self.connection().await,
            Self::Call { .. } => std::future::pending().await,
        }
    }
}

fn log(error: &io::Error) {
    tracing::debug!(%error, "simulated outstations get no connection");
}
