//! Where the bucket is, and how one comes in.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

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

/// How one comes in.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Without a word, or by the certificate alone.
    #[default]
    None,
    /// A token.
    Token(String),
    /// A user and a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A file with a JWT and an NKey seed, as `nsc` makes it.
    File(PathBuf),
}

impl BucketOptions {
    /// The name of the bucket.
    pub fn bucket(&self) -> String {
        format!("gridos-fleet-{}", self.fleet)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Token(_) => f.write_str("Token(***)"),
            Self::Password { user, .. } => write!(f, "Password({user}, ***)"),
            Self::File(path) => write!(f, "File({})", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_shows_itself() {
        let password = Credentials::Password {
            user: "me".to_owned(),
            password: "hunter2".to_owned(),
        };
        let shown = format!(
            "{password:?} {:?}",
            Credentials::Token("hunter2".to_owned())
        );
        assert_eq!(shown, "Password(me, ***) Token(***)");
    }
}
