//! How many readings each client may post, and how many changes it may ask for.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gridos_access::{Principal, PrincipalKind};

use crate::access::Peer;
use crate::problem::{Kind, Problem};
use crate::state::Api;

/// So many clients are told apart; the rest share one allowance.
const SOURCES_MAX: usize = 10_000;
/// A client may be ahead of its rate by what it may post in this time.
const BURST: Duration = Duration::from_secs(10);

/// Who posts: a print of their name, or of the address if nobody is asked for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source(u64);

static PRINTS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Source {
    /// Everybody who is not told apart.
    const OTHERS: Self = Self(0);

    /// Who sent `request`.
    pub(crate) fn of(request: &Request) -> Self {
        let principal = request.extensions().get::<Principal>();
        let named = principal.filter(|own| own.kind != PrincipalKind::Open);
        Self(match named {
            Some(named) => PRINTS.hash_one(&named.name),
            None => PRINTS.hash_one(Peer::of(request.extensions()).address),
        })
    }
}

/// Refuses a change by whoever asks for too many; posts of readings are bounded by their readings,
/// and sign-ins by those that fail.
pub(crate) async fn changes(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    if !request.method().is_safe() {
        let (source, now) = (Source::of(&request), Instant::now());
        if let Err(problem) = api.changes.check(source, now) {
            return problem.into_response();
        }
        api.changes.charge(source, 1, now);
    }
    next.run(request).await
}

/// A leaky bucket for each client: what it sends pours in, and runs out at the rate that is allowed.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// What is counted.
    what: &'static str,
    /// So many a second; 0 is no limit.
    rate: f64,
    buckets: Mutex<HashMap<Source, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl Limiter {
    /// Lets each client send so many of `what` a second; 0 is no limit.
    pub(crate) fn new(what: &'static str, rate: u64) -> Self {
        Self {
            what,
            rate: rate as f64,
            buckets: Mutex::default(),
        }
    }

    /// Refuses whoever is ahead of their rate.
    pub(crate) fn check(&self, source: Source, now: Instant) -> Result<(), Problem> {
        if self.rate == 0.0 {
            return Ok(());
        }
        let over = self.level(source, now) - self.rate * BURST.as_secs_f64();
        if over <= 0.0 {
            return Ok(());
        }
        let seconds = (over / self.rate).ceil().clamp(1.0, 3_600.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to 3,600"
        )]
        let seconds = seconds as u32;
        let detail = format!(
            "{} {} a second are allowed; nothing of this request was read",
            self.rate, self.what
        );
        Err(Problem::new(Kind::RateLimited, detail).retry_after_s(seconds))
    }

    /// Notes that so many came.
    pub(crate) fn charge(&self, source: Source, count: u64, now: Instant) {
        if self.rate == 0.0 {
            return;
        }
        let mut buckets = self.lock();
        if buckets.len() >= SOURCES_MAX && !buckets.contains_key(&source) {
            buckets.retain(|_, bucket| bucket.level(self.rate, now) > 0.0);
        }
        let is_known = buckets.len() < SOURCES_MAX || buckets.contains_key(&source);
        let source = if is_known { source } else { Source::OTHERS };
        let bucket = buckets.entry(source).or_insert(Bucket {
            level: 0.0,
            at: now,
        });
        *bucket = Bucket {
            level: bucket.level(self.rate, now) + count as f64,
            at: now,
        };
    }

    fn level(&self, source: Source, now: Instant) -> f64 {
        let buckets = self.lock();
        let is_full = buckets.len() >= SOURCES_MAX;
        let own = buckets.get(&source);
        let bucket = own.or_else(|| buckets.get(&Source::OTHERS).filter(|_| is_full));
        bucket.map_or(0.0, |bucket| bucket.level(self.rate, now))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Source, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn level(&self, rate: f64, now: Instant) -> f64 {
        let gone = now.saturating_duration_since(self.at).as_secs_f64();
        (self.level - gone * rate).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn whoever_is_ahead_of_the_rate_waits_and_holds_up_nobody() {
        let (limiter, start) = (Limiter::new("readings", 100), Instant::now());
        let (fast, other) = (Source(1), Source(2));
        limiter.charge(fast, 1_000, start);
        assert!(limiter.check(fast, start).is_ok());
        limiter.charge(fast, 500, start);
        let refused = limiter.check(fast, start).unwrap_err();
        assert_eq!(refused.status(), 429);
        assert!(limiter.check(other, start).is_ok());
        assert!(limiter.check(fast, seconds(start, 4)).is_err());
        assert!(limiter.check(fast, seconds(start, 5)).is_ok());
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        let (limiter, start) = (Limiter::new("readings", 0), Instant::now());
        limiter.charge(Source(1), u64::MAX, start);
        assert!(limiter.check(Source(1), start).is_ok());
        assert!(limiter.lock().is_empty());
    }

    #[test]
    fn strangers_without_number_share_one_allowance() {
        let (limiter, start) = (Limiter::new("readings", 1), Instant::now());
        for source in 0..SOURCES_MAX as u64 + 100 {
            limiter.charge(Source(source + 1), 11, start);
        }
        assert!(limiter.lock().len() <= SOURCES_MAX + 1);
        assert!(limiter.check(Source(u64::MAX), start).is_err());
        // Those that are quiet make room again.
        let later = seconds(start, 10_000);
        limiter.charge(Source(u64::MAX), 1, later);
        assert_eq!(limiter.lock().len(), 1);
    }
}
