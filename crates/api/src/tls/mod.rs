//! TLS for HTTP: certificates that are read again when their files change, and those of clients.
//!
//! Versions are 1.2 and 1.3 with the cipher suites that rustls has at all, which are those that
//! IEC 62351-3 allows and none that it deprecates.

mod certificate;
mod files;
mod server;

pub(crate) use certificate::PeerCertificate;
pub use files::{TlsError, TlsFile};
pub use server::{ClientCertificates, TlsServer, TlsSettings};
