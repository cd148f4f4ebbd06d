//! What stands in the files of certificates and keys.

use std::sync::Arc;

use gridos_model::Timestamp;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::certificate::PeerCertificate;
use super::server::ClientCertificates;

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFile {
    /// The own certificate, and those between it and its authority.
    Certificate,
    /// The private key of the own certificate.
    Key,
    /// The authorities whose clients are let in.
    ClientCa,
}

impl TlsFile {
    /// Its key in the configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Key => "key",
            Self::ClientCa => "client_ca",
        }
    }
}

/// Why the files cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct TlsError {
    /// The file that must be corrected.
    pub file: TlsFile,
    what: String,
}

impl TlsError {
    pub(super) fn new(file: TlsFile, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { file, what }
    }
}

/// The files, read.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) client_ca: Option<Vec<u8>>,
}

/// What is made of them.
pub(super) struct Loaded {
    pub(super) config: Arc<ServerConfig>,
    /// When the first of the own certificates becomes invalid.
    pub(super) expires: Timestamp,
}

impl Contents {
    pub(super) fn load(&self, clients: ClientCertificates) -> Result<Loaded, TlsError> {
        let chain = certificates(&self.certificate, TlsFile::Certificate)?;
        let expires = expires(&chain)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| {
            let what = "holds no private key in PEM; it must have a block BEGIN PRIVATE KEY \
                        (PKCS #8), BEGIN EC PRIVATE KEY or BEGIN RSA PRIVATE KEY, without a password";
            TlsError::new(TlsFile::Key, what)
        })?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|why| TlsError::new(TlsFile::Key, why.to_string()))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(pem, TlsFile::ClientCa)? {
                    let added = roots.add(authority);
                    added.map_err(|why| TlsError::new(TlsFile::ClientCa, why.to_string()))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = match clients {
                    ClientCertificates::Required => verifier,
                    ClientCertificates::Optional => verifier.allow_unauthenticated(),
                };
                let verifier = verifier.build();
                let verifier = verifier.map_err(|why| {
                    TlsError::new(TlsFile::ClientCa, format!("cannot be used: {why}"))
                })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let config = builder.with_single_cert(chain, key);
        let mut config = config.map_err(|why| {
            let what =
                format!("does not fit the certificate: {why}; write the key it was made with");
            TlsError::new(TlsFile::Key, what)
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if self.client_ca.is_some() {
            // A resumed session would outlive the certificate that it was made with.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        let config = Arc::new(config);
        Ok(Loaded { config, expires })
    }
}

fn certificates(pem: &[u8], file: TlsFile) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => {
            let what = "holds no certificate in PEM; it must have a block BEGIN CERTIFICATE";
            Err(TlsError::new(file, what))
        }
    }
}

fn expires(chain: &[CertificateDer<'_>]) -> Result<Timestamp, TlsError> {
    let ends = chain.iter().map(|certificate| {
        let parsed = PeerCertificate::parse(certificate);
        parsed.map(|certificate| certificate.not_after)
    });
    let ends: Result<Vec<_>, _> = ends.collect();
    let ends = ends.map_err(|why| {
        let what = format!("holds a certificate that is none: {why}");
        TlsError::new(TlsFile::Certificate, what)
    })?;
    Ok(ends.into_iter().min().unwrap_or(Timestamp::MAX))
}
