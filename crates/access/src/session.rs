//! Sessions: what a browser shows instead of a password, for some hours.

use std::collections::HashMap;
use std::time::Duration;

use crate::random::{self, RandomError, hex, is_same};
use crate::{Principal, TokenDigest};

/// How long sessions live, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionsOptions {
    /// One that nobody uses for so long ends.
    pub idle: Duration,
    /// And every one after this time.
    pub age_max: Duration,
    /// So many there are at most; the one that was used longest ago ends for a new one.
    pub count_max: usize,
    /// So many one principal has at most.
    pub each_max: usize,
}

impl Default for SessionsOptions {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(3_600),
            age_max: Duration::from_secs(12 * 3_600),
            count_max: 1_024,
            each_max: 16,
        }
    }
}

/// By what a session is known inside: not what the browser shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(TokenDigest);

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub principal: Principal,
    /// What it was opened with, such as the hash of a password: when that has changed, it is over.
    pub credential: String,
    /// What a request that changes something must carry beside the cookie.
    pub csrf: String,
    opened: Duration,
    used: Duration,
}

/// A session that was just opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What the browser shows: 64 hexadecimal digits; secret.
    pub cookie: String,
    /// What requests that change something must carry beside it.
    pub csrf: String,
}

/// The open sessions. Times are those since some instant of the caller's choice.
#[derive(Debug)]
pub struct Sessions {
    options: SessionsOptions,
    open: HashMap<SessionId, Session>,
}

impl Sessions {
    /// None is open yet.
    pub fn new(options: SessionsOptions) -> Self {
        Self {
            options,
            open: HashMap::new(),
        }
    }

    /// Opens one for `principal`, who showed `credential`.
    ///
    /// # Errors
    /// If the operating system gives no random numbers.
    pub fn open(
        &mut self,
        principal: Principal,
        credential: String,
        now: Duration,
    ) -> Result<Opened, RandomError> {
        let (cookie, csrf) = (hex(&random::secret()?), hex(&random::secret()?));
        self.make_room(&principal.name, now);
        let session = Session {
            principal,
            credential,
            csrf: csrf.clone(),
            opened: now,
            used: now,
        };
        self.open.insert(SessionId::of(&cookie), session);
        Ok(Opened { cookie, csrf })
    }

    /// The session that `cookie` is of, which is thereby used.
    pub fn find(&mut self, cookie: &str, now: Duration) -> Option<(SessionId, &Session)> {
        let id = SessionId::of(cookie);
        self.use_one(id, now).map(|session| (id, session))
    }

    /// Uses the session of `id`, if it is still open.
    pub fn use_one(&mut self, id: SessionId, now: Duration) -> Option<&Session> {
        let options = self.options;
        if self
            .open
            .get(&id)
            .is_some_and(|session| session.is_over(now, &options))
        {
            self.open.remove(&id);
        }
        let session = self.open.get_mut(&id)?;
        session.used = now;
        Some(session)
    }

    /// Ends the session of `id`.
    pub fn close(&mut self, id: SessionId) {
        self.open.remove(&id);
    }

    /// How many are open, with those that nobody has noticed to be over.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn make_room(&mut self, name: &str, now: Duration) {
        let options = self.options;
        self.open
            .retain(|_, session| !session.is_over(now, &options));
        let own = |session: &Session| session.principal.name == name;
        while self.open.values().filter(|session| own(session)).count() >= options.each_max {
            self.end_least_used(own);
        }
        while self.open.len() >= options.count_max.max(1) {
            self.end_least_used(|_| true);
        }
    }

    fn end_least_used(&mut self, of: impl Fn(&Session) -> bool) {
        let found = self.open.iter().filter(|(_, session)| of(session));
        let found = found.min_by_key(|(_, session)| session.used);
        if let Some(id) = found.map(|(id, _)| *id) {
            self.open.remove(&id);
        }
    }
}

impl Session {
    /// Whether `given` is its CSRF token, found out in the same time whatever it is.
    pub fn is_csrf(&self, given: &str) -> bool {
        is_same(&self.csrf, given)
    }

    fn is_over(&self, now: Duration, options: &SessionsOptions) -> bool {
        now.saturating_sub(self.used) >= options.idle
            || now.saturating_sub(self.opened) >= options.age_max
    }
}

impl SessionId {
    fn of(cookie: &str) -> Self {
        Self(TokenDigest::of_text(cookie))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PrincipalKind, Role};

    fn anna() -> Principal {
        named("anna")
    }

    fn named(name: &str) -> Principal {
        Principal {
            name: name.to_owned(),
            role: Role::Operator,
            kind: PrincipalKind::User,
        }
    }

    fn hours(hours: u64) -> Duration {
        Duration::from_secs(hours * 3_600)
    }

    #[test]
    fn a_session_ends_when_idle_and_with_the_shift() {
        let mut sessions = Sessions::new(SessionsOptions::default());
        let first = sessions.open(anna(), String::new(), hours(0)).unwrap();
        assert!(sessions.find(&first.cookie, hours(1)).is_none());
        assert!(sessions.is_empty());
        let second = sessions.open(anna(), String::new(), hours(1)).unwrap();
        let minutes = |minutes: u64| hours(1) + Duration::from_secs(minutes * 60);
        for at in (0..720).step_by(50) {
            assert!(sessions.find(&second.cookie, minutes(at)).is_some(), "{at}");
        }
        assert!(sessions.find(&second.cookie, minutes(720)).is_none());
    }

    #[test]
    fn cookies_and_csrf_tokens_are_their_own() {
        let mut sessions = Sessions::new(SessionsOptions::default());
        let opened = sessions.open(anna(), "hash".into(), hours(0)).unwrap();
        let other = sessions.open(anna(), "hash".into(), hours(0)).unwrap();
        assert_ne!(opened.cookie, other.cookie);
        let (id, session) = sessions.find(&opened.cookie, hours(0)).unwrap();
        assert!(session.is_csrf(&opened.csrf));
        assert!(!session.is_csrf(&other.csrf) && !session.is_csrf(""));
        assert!(!session.is_csrf(&opened.cookie));
        sessions.close(id);
        assert!(sessions.find(&opened.cookie, hours(0)).is_none());
        assert!(sessions.find(&other.cookie, hours(0)).is_some());
        assert!(sessions.find("", hours(0)).is_none());
    }

    #[test]
    fn their_number_is_bounded_and_nobody_takes_all() {
        let options = SessionsOptions {
            count_max: 8,
            each_max: 3,
            ..SessionsOptions::default()
        };
        let mut sessions = Sessions::new(options);
        let guest = sessions
            .open(named("guest"), String::new(), hours(0))
            .unwrap();
        for nth in 0..20 {
            let now = Duration::from_secs(nth);
            sessions.open(anna(), String::new(), now).unwrap();
        }
        assert_eq!(sessions.len(), 4);
        assert!(sessions.find(&guest.cookie, hours(0)).is_some());
        for nth in 0..20 {
            sessions
                .open(named(&format!("u{nth}")), String::new(), hours(0))
                .unwrap();
        }
        assert_eq!(sessions.len(), 8);
    }
}
