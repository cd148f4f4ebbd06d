//! Who is at the other end of a connection.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::http::Extensions;

use crate::tls::PeerCertificate;

/// The other end of a connection; in the extensions of each request that comes over it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Where it is.
    pub(crate) address: IpAddr,
    /// Whether the connection is encrypted.
    pub(crate) is_tls: bool,
    /// The certificate that it showed, which is valid.
    pub(crate) certificate: Option<Arc<PeerCertificate>>,
}

impl Peer {
    /// The one of a request; this machine, if nobody said.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or(Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            is_tls: false,
            certificate: None,
        })
    }
}
