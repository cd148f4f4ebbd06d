//! The side of TLS that listens.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gridos_model::Timestamp;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::certificate::PeerCertificate;
use super::files::{Contents, Loaded, TlsError, TlsFile};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Where certificates and keys are, all in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The own certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities whose clients are let in; `None` if clients are asked for none.
    pub client_ca: Option<PathBuf>,
    /// Whether clients must have a certificate.
    pub client_certificates: ClientCertificates,
}

/// Whether clients must have a certificate, where there are authorities for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Whoever has none is not let in at all.
    #[default]
    Required,
    /// Whoever has none must show something else.
    Optional,
}

impl TlsSettings {
    /// Whether what `read` gives for the files can be used; when the own certificate ends.
    ///
    /// # Errors
    /// If it cannot.
    pub fn check(
        &self,
        read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Timestamp, TlsError> {
        let loaded = self.read(read)?.load(self.client_certificates)?;
        Ok(loaded.expires)
    }

    fn read(&self, read: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Contents, TlsError> {
        let bytes = |file, path: &Path| {
            read(path).map_err(|error| TlsError::new(file, format!("cannot be read: {error}")))
        };
        let client_ca = self.client_ca.as_deref();
        Ok(Contents {
            certificate: bytes(TlsFile::Certificate, &self.certificate)?,
            key: bytes(TlsFile::Key, &self.key)?,
            client_ca: client_ca
                .map(|path| bytes(TlsFile::ClientCa, path))
                .transpose()?,
        })
    }
}

/// Shakes hands with whatever the files held last that can be used.
pub struct TlsServer {
    settings: TlsSettings,
    current: RwLock<Arc<ServerConfig>>,
    expires: watch::Sender<Timestamp>,
    loaded: Contents,
}

impl TlsServer {
    /// Loads the files.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn load(settings: TlsSettings) -> Result<Self, TlsError> {
        let contents = settings.read(&|path| std::fs::read(path))?;
        let Loaded { config, expires } = contents.load(settings.client_certificates)?;
        Ok(Self {
            settings,
            current: RwLock::new(config),
            expires: watch::Sender::new(expires),
            loaded: contents,
        })
    }

    /// When the first of the own certificates becomes invalid.
    pub fn expires(&self) -> Timestamp {
        *self.expires.borrow()
    }

    /// Loads the files again whenever they have changed, until `stop` turns true. Connections that are
    /// there go on with what they have. What cannot be used is told once, and the last good files
    /// count on: a key that is written after its certificate is no fault.
    pub async fn watch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = Ok(self.loaded.clone());
        let mut fault = None;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                _ = look.tick() => {}
            }
            let settings = self.settings.clone();
            let read = move || settings.read(&|path| std::fs::read(path));
            let Ok(found) = tokio::task::spawn_blocking(read).await else {
                continue;
            };
            // What is half written now is whole the next time: a fault is told when it stands.
            if found == seen {
                if let Some(error) = fault.take() {
                    self.tell(&error);
                }
                continue;
            }
            fault = self.take(&found).err();
            seen = found;
        }
    }

    fn take(&self, found: &Result<Contents, TlsError>) -> Result<(), TlsError> {
        let contents = found.as_ref().map_err(Clone::clone)?;
        let Loaded { config, expires } = contents.load(self.settings.client_certificates)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = config;
        drop(current);
        self.expires.send_replace(expires);
        tracing::info!(%expires, "the certificate of [http.tls] was read again");
        Ok(())
    }

    fn tell(&self, error: &TlsError) {
        let path = match error.file {
            TlsFile::Certificate => Some(&self.settings.certificate),
            TlsFile::Key => Some(&self.settings.key),
            TlsFile::ClientCa => self.settings.client_ca.as_ref(),
        };
        let path = path.map(|path| path.display().to_string());
        let (key, until) = (error.file.key(), self.expires());
        tracing::error!(
            %error, key, path, valid_until = %until,
            "the files of [http.tls] have changed and cannot be used; the last good ones count on"
        );
    }

    /// Shakes hands over `stream`, and tells the client's certificate, if it has one.
    ///
    /// # Errors
    /// If the client does not speak TLS, is not done `within` that time, or has a certificate that is
    /// not valid.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
        within: Duration,
    ) -> io::Result<(TlsStream<TcpStream>, Option<PeerCertificate>)> {
        let current = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&current)
        };
        let stream = timeout(within, TlsAcceptor::from(current).accept(stream)).await??;
        let (_, session) = stream.get_ref();
        let own = session.peer_certificates().and_then(|chain| chain.first());
        let certificate = own.map(|own| PeerCertificate::parse(own)).transpose();
        Ok((stream, certificate.map_err(io::Error::other)?))
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
