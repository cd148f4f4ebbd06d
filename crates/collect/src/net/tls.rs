//! Modbus/TCP Security: TLS 1.2 or 1.3 with certificates on both sides.
//!
//! Clauses are those of the *MODBUS/TCP Security Protocol Specification* (MB-TCP-Security v21).

mod certificate;
mod credentials;
mod reason;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::rustls::{ClientConfig, ServerConfig};
use tokio_rustls::{LazyConfigAcceptor, TlsConnector, client, server};

pub use certificate::Certificate;
pub use credentials::{Credentials, CredentialsError, CredentialsFile};

/// How the engine connects to one device over TLS; made by [`Credentials::client`].
#[derive(Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
    /// Tells the files of the credentials from others.
    print: u64,
}

impl PartialEq for TlsClient {
    fn eq(&self, other: &Self) -> bool {
        self.server_name == other.server_name && self.print == other.print
    }
}

/// How a listener lets devices in over TLS; made by [`Credentials::server`].
#[derive(Clone)]
pub struct TlsServer {
    config: Arc<ServerConfig>,
}

impl TlsClient {
    /// Shakes hands over `stream`.
    ///
    /// # Errors
    /// If the device does not speak TLS, or one side does not accept the other's certificate.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let shaken = connector.connect(self.server_name.clone(), stream).await;
        shaken.map_err(reason::in_words)
    }
}

impl TlsServer {
    /// Shakes hands over `stream` and tells whose certificate it was. The first answer, which costs
    /// nearly all of it, is made with a permit of `turns`; none is held while the peer is silent.
    ///
    /// # Errors
    /// If the peer is not done `within` that time, or has no certificate that is valid.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
        within: Duration,
        turns: &Semaphore,
    ) -> io::Result<(server::TlsStream<TcpStream>, Certificate)> {
        let shaking = async {
            let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
            // The semaphore is never closed; if it were, shaking hands unbounded is the lesser evil.
            let turn = turns.acquire().await.ok();
            let mut answering = pin!(hello.into_stream(Arc::clone(&self.config)));
            let answered = poll_fn(|context| Poll::Ready(answering.as_mut().poll(context))).await;
            drop(turn);
            match answered {
                Poll::Ready(stream) => stream,
                Poll::Pending => answering.await,
            }
        };
        let shaken = timeout(within, shaking).await?;
        let stream = shaken.map_err(reason::in_words)?;
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default();
        let own = chain.first().ok_or(io::ErrorKind::InvalidData)?;
        let certificate = Certificate::parse(own).map_err(io::Error::other)?;
        Ok((stream, certificate))
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsClient({:?})", self.server_name)
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsServer")
    }
}
