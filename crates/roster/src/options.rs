//! Where the bucket is, and how one comes in.

use std::net::SocketAddr;
use std::path::PathBuf;

use gridos_nats::{Credentials, ServerOptions};

/// Where the bucket is, and how one comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketOptions {
    /// Servers, as `nats://host:4222` or `tls://host:4222`; any of a cluster, the others are learnt.
    pub servers: Vec<String>,
    /// The fleet's name: letters, digits, `-` and `_`.
    pub fleet: String,
    /// On how many servers the bucket is kept, if it has to be made: 1, 3 or 5.
    pub replicas: usize,
    /// What this client is called at the server.
    pub client: String,
    /// How one comes in.
    pub credentials: Credentials,
    /// The authorities that are trusted beside the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The certificate that is shown, and its key, in PEM.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// Where peers ask this member for promises while NATS is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerOptions {
    /// Where it listens, by UDP.
    pub listen: SocketAddr,
    /// Host and port at which peers reach that; none if it is `listen` itself.
    pub advertised: Option<String>,
}

impl BucketOptions {
    /// The name of the bucket.
    pub fn bucket(&self) -> String {
        format!("gridos-fleet-{}", self.fleet)
    }

    /// Where the servers are.
    pub(crate) fn server(&self) -> ServerOptions {
        ServerOptions {
            servers: self.servers.clone(),
            client: self.client.clone(),
            credentials: self.credentials.clone(),
            ca_file: self.ca_file.clone(),
            certificate: self.certificate.clone(),
        }
    }
}
