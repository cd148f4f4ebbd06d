//! Who may come in, and what they may do then.

mod audit;
mod gate;
mod handshakes;
mod matrix;
mod oidc;
mod people;
mod sessions;
#[expect(dead_code, reason = "these tests sign by one algorithm")]
#[path = "../../../../access/tests/support/signer.rs"]
mod signer;
mod tls;
