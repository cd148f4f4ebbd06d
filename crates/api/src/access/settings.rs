//! How access is configured.

use std::path::PathBuf;

use gridos_access::oidc::Demands;
use gridos_access::{Role, SessionsOptions};

/// Who may come in.
#[derive(Clone, Debug)]
pub struct AccessSettings {
    /// Whether anybody is asked who they are; if not, everybody may do everything.
    pub is_on: bool,
    /// The file of users and tokens; it need not be there yet.
    pub users_file: PathBuf,
    /// The identity provider whose tokens are believed.
    pub oidc: Option<OidcSettings>,
    /// Whose client certificates mean what, the first that fits.
    pub certificates: Vec<CertificateRule>,
    /// Whether metrics are shown to everybody.
    pub metrics_open: bool,
    /// Whether only browsers that call this engine by a name of the machine itself, or one of
    /// [`Self::hosts`], are answered: it listens on loopback and asks nobody.
    pub is_local: bool,
    /// Further names by which it is called.
    pub hosts: Vec<String>,
    /// How long sessions of browsers live, and how many.
    pub sessions: SessionsOptions,
}

/// An identity provider.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    /// What is demanded of its tokens.
    pub demands: Demands,
    /// Where its keys are, if not where its discovery document says.
    pub keys_url: Option<String>,
    /// The only authorities that are trusted to reach it, in PEM; else the system's.
    pub authorities: Option<Vec<u8>>,
}

/// Whose certificate means what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRule {
    /// What the certificate must say: its subject as RFC 4514 writes it, its common name, or one of
    /// its alternative names (DNS, mail, URI or IP address).
    pub subject: String,
    /// The name by which its holder is recorded.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Default for AccessSettings {
    /// Nobody is asked.
    fn default() -> Self {
        Self {
            is_on: false,
            users_file: PathBuf::new(),
            oidc: None,
            certificates: Vec::new(),
            metrics_open: false,
            is_local: false,
            hosts: Vec::new(),
            sessions: SessionsOptions::default(),
        }
    }
}
