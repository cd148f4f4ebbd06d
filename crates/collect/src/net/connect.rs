//! How the byte stream to a device is made: dialled over TCP or TLS, or dialled in by the device.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsStream;

use super::begun::Begun;
use super::{Inbox, TlsClient};

/// Who makes the connection to a device, and what protects it.
#[derive(Clone, Debug, Default)]
pub enum Via {
    /// The engine dials, over plain TCP.
    #[default]
    Tcp,
    /// The engine dials, over TLS with certificates on both sides.
    Tls(TlsClient),
    /// The device dials in, and what it made is left in the inbox.
    DialIn(Arc<Inbox>),
}

/// Makes the connections of one session, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    host: String,
    port: u16,
    via: Via,
}

/// A connection to a device, whatever it is made of.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Begun(Box<Begun>),
}

/// Why there is no connection to a device.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It could not be made in time.
    #[error("no connection to {host}:{port} within {} ms", after.as_millis())]
    Timeout {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
        /// How long it was waited for.
        after: Duration,
    },
    /// It was refused, or the name has no address.
    #[error("cannot connect to {host}:{port}: {source}")]
    Refused {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The device is to dial in, and has not for so long.
    #[error("the device did not dial in within {} ms", .0.as_millis())]
    NotDialledIn(Duration),
}

/// A connection without traffic is probed after this time, and then as often.
const KEEPALIVE: Duration = Duration::from_secs(15);

impl Connector {
    /// Makes connections to `port` of `host`; where the device dials in, both are only names.
    pub(crate) fn new(host: &str, port: u16, via: Via) -> Self {
        Self {
            host: host.to_owned(),
            port,
            via,
        }
    }

    /// Whether the engine dials; a device that dials in must not hold up those that are dialled.
    pub(crate) fn is_dialled(&self) -> bool {
        !matches!(self.via, Via::DialIn(_))
    }

    /// The next connection, made `within` that time: DNS, TCP and TLS together.
    ///
    /// # Errors
    /// If it was refused, not made in time, or (dial-in) none has come.
    pub(crate) async fn connect(&self, within: Duration) -> Result<Stream, ConnectError> {
        if let Via::DialIn(inbox) = &self.via {
            let waiting = timeout(within, inbox.take()).await;
            return waiting.map_err(|_| ConnectError::NotDialledIn(within));
        }
        let connecting = timeout(within, self.dial()).await;
        let dialled = connecting.map_err(|_| ConnectError::Timeout {
            host: self.host.clone(),
            port: self.port,
            after: within,
        })?;
        dialled.map_err(|source| ConnectError::Refused {
            host: self.host.clone(),
            port: self.port,
            source,
        })
    }

    /// Waits for `delay` before the next connection; not longer than until a device dials in.
    pub(crate) async fn rest(&self, delay: Duration) {
        tokio::select! {
            () = sleep(delay) => {}
            () = self.superseded() => {}
        }
    }

    /// Ends when the device has dialled in again: it has given up the connection it had. Never
    /// ends where the engine dials.
    pub(crate) async fn superseded(&self) {
        match &self.via {
            Via::DialIn(inbox) => inbox.arrived().await,
            Via::Tcp | Via::Tls(_) => std::future::pending().await,
        }
    }

    /// Notes whether the device is heard on its connection.
    pub(crate) fn set_heard(&self, is_heard: bool) {
        if let Via::DialIn(inbox) = &self.via {
            inbox.set_heard(is_heard);
        }
    }

    async fn dial(&self) -> io::Result<Stream> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        prepare(&stream)?;
        match &self.via {
            Via::Tls(client) => {
                let stream = client.connect(stream).await?;
                Ok(Stream::Tls(Box::new(TlsStream::Client(stream))))
            }
            Via::Tcp | Via::DialIn(_) => Ok(Stream::Tcp(stream)),
        }
    }
}

/// Small frames leave at once, and a peer that has gone away without a word is noticed.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

impl Stream {
    /// The stream before `bytes` were read from it.
    pub(crate) fn begun(self, bytes: Vec<u8>) -> Self {
        if bytes.is_empty() {
            return self;
        }
        Self::Begun(Box::new(Begun::new(bytes, self)))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Begun(begun) => begun.poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Begun(begun) => Pin::new(&mut begun.rest).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Begun(begun) => Pin::new(&mut begun.rest).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Begun(begun) => Pin::new(&mut begun.rest).poll_shutdown(context),
        }
    }
}
