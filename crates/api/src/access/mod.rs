//! Who asks, and whether they may: before any endpoint is reached.
//!
//! What an endpoint needs stands in the OpenAPI document and nowhere else ([`Policy`]); what is not
//! listed there is refused. Everything about users, tokens and sessions that is not HTTP is
//! `gridos-access`'s.

mod by;
mod deeds;
mod gate;
mod host;
mod identify;
mod issuer;
mod lease;
pub(crate) mod list;
mod peer;
mod policy;
pub(crate) mod session;
mod settings;
mod sign_in;
mod state;
mod watch;

pub(crate) use by::Commander;
pub(crate) use gate::gate;
pub use issuer::{Issuer, IssuerError};
pub(crate) use peer::Peer;
pub(crate) use policy::Policy;
pub use settings::{AccessSettings, CertificateRule, OidcSettings};
pub use state::{Access, AccessError};
