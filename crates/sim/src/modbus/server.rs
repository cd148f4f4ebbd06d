//! A Modbus TCP server: one listener, a task per connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::device::Device;
use super::frame::{FRAME_BYTES_MAX, Malformed, Outcome, answer, parse};
use super::masters::Masters;

/// A device that listens; dropping it, or [`Server::stop`], ends it with its connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// How long to wait before accepting again after the system refused, as when out of files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Server {
    /// Serves `device` at `address` (port 0: a free one) on the current tokio runtime.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn bind(address: SocketAddr, device: Arc<dyn Device>) -> io::Result<Self> {
        Self::bind_watched(address, device, Arc::default()).await
    }

    /// Does the same, and tells `masters` who asks.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn bind_watched(
        address: SocketAddr,
        device: Arc<dyn Device>,
        masters: Arc<Masters>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(listen(listener, device, masters));
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener and all connections; the port is free when this returns.
    pub async fn stop(mut self) {
        self.task.abort();
        // The task was cancelled: there is nothing to learn from how it ended.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, device: Arc<dyn Device>, masters: Arc<Masters>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&device), Arc::clone(&masters)));
            }
            Err(error) => {
                tracing::warn!(%error, "simulated device cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one connection until it ends, for whatever reason.
async fn serve(stream: TcpStream, device: Arc<dyn Device>, masters: Arc<Masters>) {
    if let Err(error) = converse(stream, &*device, &masters).await {
        tracing::debug!(%error, "connection to a simulated device ended");
    }
}

async fn converse(mut stream: TcpStream, device: &dyn Device, masters: &Masters) -> io::Result<()> {
    let connection = masters.open();
    stream.set_nodelay(true)?;
    let mut input = [0; FRAME_BYTES_MAX];
    let mut filled = 0;
    let mut out = Vec::new();
    loop {
        let bytes = stream.read(&mut input[filled..]).await?;
        if bytes == 0 {
            return Ok(());
        }
        filled += bytes;
        let mut used = 0;
        while let Some((frame, bytes)) = parse(&input[used..filled]).map_err(malformed)? {
            used += bytes;
            masters.ask(connection, Instant::now());
            if answer(frame, device, &mut out) == Outcome::Close {
                return Ok(());
            }
            stream.write_all(&out).await?;
        }
        input.copy_within(used..filled, 0);
        filled -= used;
    }
}

fn malformed(_: Malformed) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the bytes are no Modbus TCP")
}
