//! The certificate and key of this side, and whom it trusts.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use gridos_model::Timestamp;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::{Certificate, TlsClient, TlsServer};

/// The certificate and key of this side, and the authorities whose certificates the other side may
/// have. Both sides of Modbus Security show one (6.2).
#[derive(Clone, Debug)]
pub struct Credentials {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    own: Certificate,
    expires: Timestamp,
    /// Tells the files from others, within this process.
    print: u64,
}

/// One of the three files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsFile {
    /// The authorities that are trusted.
    Ca,
    /// The own certificate, and those between it and its authority.
    Certificate,
    /// The private key of the own certificate.
    Key,
}

/// Why the files cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct CredentialsError {
    /// The file that must be corrected.
    pub file: CredentialsFile,
    what: String,
}

impl Credentials {
    /// Reads the three files, which are PEM.
    ///
    /// # Errors
    /// If one of them is none, or key and certificate do not belong together.
    pub fn read(ca: &[u8], certificate: &[u8], key: &[u8]) -> Result<Self, CredentialsError> {
        use CredentialsFile::{Ca, Certificate as Own, Key};
        let print = BuildHasherDefault::<DefaultHasher>::default().hash_one((ca, certificate, key));
        let trusted = certificates(ca, Ca)?;
        let chain = certificates(certificate, Own)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            let what = "holds no private key in PEM; it must have a block BEGIN PRIVATE KEY (PKCS #8), \
                        BEGIN EC PRIVATE KEY or BEGIN RSA PRIVATE KEY, without a password";
            error(Key, what)
        })?;
        let mut roots = RootCertStore::empty();
        for certificate in &trusted {
            let added = roots.add(certificate.clone());
            added.map_err(|why| error(Ca, format!("holds a certificate that is none: {why}")))?;
        }
        let mut shown = Vec::new();
        for certificate in trusted.iter().chain(&chain) {
            let file = if shown.len() < trusted.len() { Ca } else { Own };
            let parsed = Certificate::parse(certificate);
            shown.push(
                parsed.map_err(|why| {
                    error(file, format!("holds a certificate that is none: {why}"))
                })?,
            );
        }
        let own = shown.get(trusted.len()).cloned();
        let own = own.ok_or_else(|| error(Own, NO_CERTIFICATE))?;
        let expires = shown.iter().map(|certificate| certificate.not_after).min();
        let roots = Arc::new(roots);
        let provider = Arc::new(ring::default_provider());
        Ok(Self {
            client: client(&provider, &roots, chain.clone(), key.clone_key())?,
            server: server(&provider, roots, chain, key)?,
            expires: expires.unwrap_or(own.not_after),
            own,
            print,
        })
    }

    /// How to connect to the device that calls itself `server_name` in its certificate: a DNS name
    /// or an IP address.
    ///
    /// # Errors
    /// If the text is neither.
    pub fn client(&self, server_name: &str) -> Result<TlsClient, String> {
        let name = ServerName::try_from(server_name.to_owned());
        let server_name = name
            .map_err(|_| "is no name of a server; write its DNS name or IP address".to_owned())?;
        Ok(TlsClient {
            config: Arc::clone(&self.client),
            server_name,
            print: self.print,
        })
    }

    /// How to let devices in.
    pub fn server(&self) -> TlsServer {
        TlsServer {
            config: Arc::clone(&self.server),
        }
    }

    /// The own certificate.
    pub fn own(&self) -> &Certificate {
        &self.own
    }

    /// When the first of all certificates in the files becomes invalid.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }
}

fn error(file: CredentialsFile, what: impl Into<String>) -> CredentialsError {
    let what = what.into();
    CredentialsError { file, what }
}

const NO_CERTIFICATE: &str = "holds no certificate in PEM; it must have a block BEGIN CERTIFICATE";

fn certificates(
    pem: &[u8],
    file: CredentialsFile,
) -> Result<Vec<CertificateDer<'static>>, CredentialsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => Err(error(file, NO_CERTIFICATE)),
    }
}

fn mismatch(why: &tokio_rustls::rustls::Error) -> CredentialsError {
    let what = format!("does not fit the certificate: {why}; write the key it was made with");
    error(CredentialsFile::Key, what)
}

fn client(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ClientConfig>, CredentialsError> {
    let config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| mismatch(&why))?
        .with_root_certificates(Arc::clone(roots))
        .with_client_auth_cert(chain, key);
    let mut config = config.map_err(|why| mismatch(&why))?;
    // Connections live long; resuming would only keep memory for each device.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn server(
    provider: &Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, CredentialsError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    let verifier = verifier
        .build()
        .map_err(|why| error(CredentialsFile::Ca, format!("cannot be used: {why}")))?;
    let config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| mismatch(&why))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key);
    let mut config = config.map_err(|why| mismatch(&why))?;
    // A resumed session would outlive the certificate that it was made with.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
