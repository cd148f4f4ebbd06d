//! TLS: who the server must be, and how the engine shows who it is.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore};

/// How a connection is made over TLS 1.2 or 1.3: the server must have a certificate of one of the
/// roots for the name that it is connected by (`sslmode=verify-full`). The files are PEM, and are read
/// anew for each connection, so that a renewed certificate needs no restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresTls {
    /// Whose certificates the server may have.
    pub roots: TlsRoots,
    /// The engine's own certificate, if the server asks for one.
    pub identity: Option<TlsIdentity>,
}

/// Whose certificates are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsRoots {
    /// The authorities that this machine trusts (`sslrootcert=system`).
    System,
    /// Those in a file (`sslrootcert`).
    File(PathBuf),
}

/// The engine's own certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The certificate, and those between it and its authority (`sslcert`).
    pub certificate: PathBuf,
    /// Its private key, without a password (`sslkey`).
    pub key: PathBuf,
}

/// Why the files of a connection over TLS cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option} of the database {what}")]
pub struct PostgresTlsError {
    /// The option of the URL that names the file.
    pub option: &'static str,
    what: String,
}

/// Reads a file.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

impl PostgresTls {
    /// Makes sure that the files can be used as they are now.
    ///
    /// # Errors
    /// If one cannot be read, holds nothing of its kind, or key and certificate do not fit.
    pub fn check(&self, read: ReadFile<'_>) -> Result<(), PostgresTlsError> {
        self.load(read).map(|_| ())
    }

    /// Takes relative paths as relative to `folder`.
    pub fn based_on(&mut self, folder: &Path) {
        if let TlsRoots::File(path) = &mut self.roots {
            *path = folder.join(&path);
        }
        if let Some(TlsIdentity { certificate, key }) = &mut self.identity {
            *certificate = folder.join(&certificate);
            *key = folder.join(&key);
        }
    }

    /// What makes connections with the files as they are now.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, PostgresTlsError> {
        let config = self.load(&|path| std::fs::read(path))?;
        Ok(MakeRustlsConnect::new(config))
    }

    fn load(&self, read: ReadFile<'_>) -> Result<ClientConfig, PostgresTlsError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| wrong("sslrootcert", why))?
            .with_root_certificates(self.roots.load(read)?);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = identity.load(read)?;
                let fitted = builder.with_client_auth_cert(chain, key);
                fitted.map_err(|why| {
                    wrong(
                        "sslkey",
                        format_args!("does not fit the certificate of sslcert: {why}"),
                    )
                })?
            }
        };
        // Connections live long, and each has a configuration of its own.
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

impl TlsRoots {
    fn load(&self, read: ReadFile<'_>) -> Result<RootCertStore, PostgresTlsError> {
        let mut roots = RootCertStore::empty();
        match self {
            Self::File(path) => {
                for certificate in certificates("sslrootcert", path, read)? {
                    let added = roots.add(certificate);
                    added.map_err(|why| {
                        let path = path.display();
                        wrong(
                            "sslrootcert",
                            format_args!(
                                "is '{path}', which holds a certificate that is none: {why}"
                            ),
                        )
                    })?;
                }
            }
            Self::System => {
                // Some that cannot be read are no reason not to use the others.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if roots.is_empty() {
                    let what = "is 'system', and this machine has no authorities that it trusts; \
                                install them (ca-certificates), or name a file";
                    return Err(wrong("sslrootcert", what));
                }
            }
        }
        Ok(roots)
    }
}

impl TlsIdentity {
    fn load(
        &self,
        read: ReadFile<'_>,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), PostgresTlsError> {
        let chain = certificates("sslcert", &self.certificate, read)?;
        let key = contents("sslkey", &self.key, read)?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| {
            let path = self.key.display();
            let what = "holds no private key in PEM without a password";
            wrong("sslkey", format_args!("is '{path}', which {what}"))
        })?;
        Ok((chain, key))
    }
}

fn certificates(
    option: &'static str,
    path: &Path,
    read: ReadFile<'_>,
) -> Result<Vec<CertificateDer<'static>>, PostgresTlsError> {
    let pem = contents(option, path, read)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => {
            let path = path.display();
            let what = format_args!("is '{path}', which holds no certificate in PEM");
            Err(wrong(option, what))
        }
    }
}

fn contents(
    option: &'static str,
    path: &Path,
    read: ReadFile<'_>,
) -> Result<Vec<u8>, PostgresTlsError> {
    read(path).map_err(|error| {
        let path = path.display();
        wrong(
            option,
            format_args!("is '{path}', which cannot be read: {error}"),
        )
    })
}

fn wrong(option: &'static str, what: impl fmt::Display) -> PostgresTlsError {
    let what = what.to_string();
    PostgresTlsError { option, what }
}

/// What rustls found, in an operator's words; `None` if it is none of those that somebody must do
/// something about.
pub(crate) fn in_words(error: &Error) -> Option<String> {
    use CertificateError as Reason;
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is not named here is said as the library says it"
    )]
    let what = match error {
        Error::AlertReceived(alert) => {
            return Some(format!(
                "the server ended the TLS handshake ({alert:?}): see its log; it may ask for a \
                 certificate of ours (sslcert, sslkey) of an authority that it knows"
            ));
        }
        Error::InvalidCertificate(reason) => match reason {
            Reason::UnknownIssuer | Reason::BadSignature => {
                "is of no authority that is trusted: compare it with sslrootcert"
            }
            Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
                "is for another name: connect by a name that it has, or let it be made for this one"
            }
            Reason::Expired | Reason::ExpiredContext { .. } => "has expired: renew it",
            Reason::NotValidYet | Reason::NotValidYetContext { .. } => {
                "is not valid yet: compare the clocks"
            }
            other => {
                let other = other.to_string();
                return Some(format!("the server's certificate cannot be used: {other}"));
            }
        },
        _ => return None,
    };
    Some(format!("the server's certificate {what}"))
}
