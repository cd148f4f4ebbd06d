//! Modbus/TCP Security: TLS 1.2 or 1.3 with certificates on both sides.
//!
//! Clauses are those of the *MODBUS/TCP Security Protocol Specification* (MB-TCP-Security v21).

mod certificate;
mod credentials;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

pub use certificate::Certificate;
pub use credentials::{Credentials, CredentialsError, CredentialsFile};

/// How the engine connects to one device over TLS; made by [`Credentials::client`].
#[derive(Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
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
        connector.connect(self.server_name.clone(), stream).await
    }
}

impl TlsServer {
    /// Shakes hands over `stream` and tells whose certificate it was.
    ///
    /// # Errors
    /// If the peer is not done `within` that time, or has no certificate that is valid.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
        within: Duration,
    ) -> io::Result<(server::TlsStream<TcpStream>, Certificate)> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        let stream = timeout(within, acceptor.accept(stream)).await??;
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
