//! Signing in with a password.

use std::time::Duration;

use gridos_access::{Opened, Password, Principal};
use tokio::time::timeout;

use super::identify::too_many;
use super::peer::Peer;
use super::state::Access;
use crate::problem::{Kind, Problem};
use std::sync::Arc;

/// How long a sign-in waits for others to be checked.
const PATIENCE: Duration = Duration::from_secs(5);

impl Access {
    /// Opens a session for the user called `name`, if `password` is theirs.
    ///
    /// # Errors
    /// If it is not, or has to wait. Whether there is such a user is not told, nor shown by the time
    /// it takes.
    pub(super) async fn sign_in(
        self: &Arc<Self>,
        name: &str,
        password: Password,
        peer: &Peer,
    ) -> Result<(Principal, Opened), Problem> {
        let check = self.sign_ins().check(name, peer.address, self.elapsed());
        check.map_err(too_many)?;
        let turn = timeout(PATIENCE, self.hashing.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            let detail = "too many sign in at once; try again";
            return Err(Problem::new(Kind::Busy, detail).retry_after_s(2));
        };
        // Who waited may have to wait longer by now.
        let check = self.sign_ins().check(name, peer.address, self.elapsed());
        check.map_err(too_many)?;
        let user = self.book().user(name).cloned();
        let hash = user.as_ref().map(|user| user.password.clone());
        let checked = tokio::task::spawn_blocking(move || password.is_of(hash.as_ref())).await;
        let now = self.elapsed();
        let Some(user) = user.filter(|_| checked.unwrap_or(false)) else {
            self.sign_ins().on_failure(name, peer.address, now);
            let detail = "the name or the password is wrong";
            return Err(Problem::new(Kind::Unauthenticated, detail));
        };
        self.sign_ins().on_success(name, peer.address, now);
        let principal = user.principal();
        let opened = self
            .sessions()
            .open(principal.clone(), user.credential(), now);
        let opened = opened.map_err(|error| {
            tracing::error!(%error, "no session can be opened");
            Problem::new(
                Kind::Internal,
                "no session can be opened; see the engine's log",
            )
        })?;
        Ok((principal, opened))
    }
}
