//! What is known of users, tokens and sessions, shared by all requests and over reloads.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use gridos_access::{Book, BookFile, BookFileError, Sessions, Throttle, ThrottleOptions};
use tokio::sync::{Semaphore, watch};

use super::issuer::{Issuer, IssuerError};
use super::lease::Lease;
use super::settings::AccessSettings;
use crate::body::now;

/// Passwords that are checked at once: each takes 19 MiB and a core for some ten milliseconds, and the
/// engine has other work.
const HASHED_AT_ONCE: usize = 1;
/// Failures whose deeds are recorded one by one, of each address; more are counted.
const RECORDED: ThrottleOptions = ThrottleOptions {
    free: 20,
    wait: Duration::from_secs(60),
    wait_max: Duration::from_secs(60),
    forget: Duration::from_secs(60),
    capacity: 1_024,
};

/// Who may come in. Cloning is done by [`Arc`]; it outlives a reload of the configuration.
pub struct Access {
    settings: AccessSettings,
    file: BookFile,
    book: RwLock<Arc<Book>>,
    /// Counts the changes of the book and the ends of sessions.
    pub(super) changes: watch::Sender<u64>,
    sessions: Mutex<Sessions>,
    /// Wrong passwords.
    sign_ins: Mutex<Throttle>,
    /// Wrong tokens and cookies.
    guesses: Mutex<Throttle>,
    /// Refusals that are recorded.
    recorded: Mutex<Throttle>,
    pub(super) hashing: Semaphore,
    pub(super) issuer: Option<Issuer>,
    started: Instant,
}

/// Access cannot be controlled.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The users' file is wrong.
    #[error(transparent)]
    File(#[from] BookFileError),
    /// The identity provider can never be asked.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
}

impl Access {
    /// Reads what there is.
    ///
    /// # Errors
    /// If the users' file is wrong or open to others, or the identity provider can never be asked. A file
    /// that is not there is no fault: nobody can sign in until it is.
    pub fn new(settings: AccessSettings) -> Result<Self, AccessError> {
        let file = BookFile::new(&settings.users_file);
        let book = match settings.is_on {
            true => file.read()?,
            false => None,
        };
        if settings.is_on && book.is_none() && settings.oidc.is_none() {
            let path = file.path().display();
            tracing::warn!(%path, "there is no users' file: nobody can sign in; see gridos user add");
        }
        let issuer = settings.oidc.clone().map(Issuer::new).transpose()?;
        Ok(Self {
            file,
            book: RwLock::new(Arc::new(book.unwrap_or_default())),
            changes: watch::Sender::new(0),
            sessions: Mutex::new(Sessions::new(settings.sessions)),
            sign_ins: Mutex::new(Throttle::new(ThrottleOptions::default())),
            guesses: Mutex::new(Throttle::new(ThrottleOptions::default())),
            recorded: Mutex::new(Throttle::new(RECORDED)),
            hashing: Semaphore::new(HASHED_AT_ONCE),
            issuer,
            started: Instant::now(),
            settings,
        })
    }

    /// An engine that asks nobody.
    pub fn off() -> Self {
        let settings = AccessSettings::default();
        Self {
            file: BookFile::new(""),
            book: RwLock::default(),
            changes: watch::Sender::new(0),
            sessions: Mutex::new(Sessions::new(settings.sessions)),
            sign_ins: Mutex::new(Throttle::new(ThrottleOptions::default())),
            guesses: Mutex::new(Throttle::new(ThrottleOptions::default())),
            recorded: Mutex::new(Throttle::new(RECORDED)),
            hashing: Semaphore::new(HASHED_AT_ONCE),
            issuer: None,
            started: Instant::now(),
            settings,
        }
    }

    pub(super) fn settings(&self) -> &AccessSettings {
        &self.settings
    }

    pub(super) fn file(&self) -> &BookFile {
        &self.file
    }

    /// Whether anybody is asked who they are.
    pub(super) fn is_on(&self) -> bool {
        self.settings.is_on
    }

    /// The users and tokens now.
    pub(super) fn book(&self) -> Arc<Book> {
        let book = self.book.read();
        Arc::clone(&book.unwrap_or_else(PoisonError::into_inner))
    }

    /// Other users and tokens from now on, also for what is under way.
    pub(super) fn set_book(&self, book: Book) {
        let mut place = self.book.write().unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(book);
        drop(place);
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        held(&self.sessions)
    }

    pub(super) fn sign_ins(&self) -> MutexGuard<'_, Throttle> {
        held(&self.sign_ins)
    }

    pub(super) fn guesses(&self) -> MutexGuard<'_, Throttle> {
        held(&self.guesses)
    }

    pub(super) fn recorded(&self) -> MutexGuard<'_, Throttle> {
        held(&self.recorded)
    }

    /// The time for sessions and patience.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether what somebody came in by is still good.
    pub(super) fn is_good(&self, lease: &Lease) -> bool {
        match lease {
            Lease::Open => true,
            Lease::Token(digest) => {
                let book = self.book();
                book.token(digest)
                    .is_some_and(|token| token.is_valid(now()))
            }
            Lease::Until(end) => now() < *end,
            Lease::Session(id) => {
                let now = self.elapsed();
                let session = self.sessions().use_one(*id, now).cloned();
                let is_good = session.is_some_and(|session| self.is_current(&session));
                if !is_good {
                    self.sessions().close(*id);
                }
                is_good
            }
        }
    }

    /// Whether the user of `session` is still who they were when it was opened.
    pub(super) fn is_current(&self, session: &gridos_access::Session) -> bool {
        let book = self.book();
        let user = book.user(&session.principal.name);
        user.is_some_and(|user| user.credential() == session.credential)
    }
}

/// What is behind these locks is whole whenever they are free, whoever panicked.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("is_on", &self.settings.is_on)
            .finish_non_exhaustive()
    }
}
