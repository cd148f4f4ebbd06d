//! Posts that come again: the same key is answered as it was the first time.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderName, HeaderValue, response};
use axum::response::Response;
use tokio::sync::watch;

use crate::problem::{Kind, Problem};

/// How long an answer is remembered.
const LIFE: Duration = Duration::from_secs(3_600);
/// So many answers are remembered at most; the oldest goes first.
const ANSWERS_MAX: usize = 10_000;
/// And so many bytes of them.
const BYTES_MAX: usize = 8 << 20;
/// The longest key.
const KEY_BYTES_MAX: usize = 255;

/// Says that an answer is one of before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What was answered to posts that had a key. It is in memory: an engine that was started anew
/// knows no key of before, and takes a repeat as a new post.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    book: Arc<Mutex<Book>>,
    prints: RandomState,
}

/// What identifies a request: its key, and a print of everything else that matters.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    key: String,
    print: u64,
}

/// An answer that can be given again.
#[derive(Clone, Debug)]
struct Answer {
    head: response::Parts,
    body: Bytes,
}

#[derive(Debug)]
enum Entry {
    /// The sender is dropped when it is over.
    UnderWay(u64, watch::Receiver<()>),
    Answered(u64, Answer),
}

#[derive(Debug, Default)]
struct Book {
    entries: HashMap<String, Entry>,
    /// Those that are answered, the oldest first.
    order: VecDeque<(Instant, String)>,
    bytes: usize,
}

/// What a request is.
pub(super) enum Seen {
    /// The first of its key.
    First(Turn),
    /// One that was answered.
    Again(Response),
}

/// The right to do what the key is for. Dropped without an answer, nothing was done, and the next
/// one with the key is the first again.
#[derive(Debug)]
pub(super) struct Turn {
    book: Arc<Mutex<Book>>,
    key: String,
    print: u64,
    /// Wakes those that wait.
    _over: watch::Sender<()>,
    is_answered: bool,
}

impl Identity {
    /// The request of that key; `others` is whatever makes it another request.
    pub(super) fn new(
        repeats: &Repeats,
        key: String,
        others: impl std::hash::Hash,
    ) -> Result<Self, Problem> {
        if key.len() > KEY_BYTES_MAX {
            let detail = format!("the Idempotency-Key may have {KEY_BYTES_MAX} bytes");
            return Err(Problem::new(Kind::Invalid, detail));
        }
        Ok(Self {
            key,
            print: repeats.prints.hash_one(others),
        })
    }
}

impl Repeats {
    /// Waits while the first request of that key is under way.
    pub(super) async fn begin(&self, identity: Identity) -> Result<Seen, Problem> {
        loop {
            let mut over = match self.look(&identity, Instant::now())? {
                Look::Seen(seen) => return Ok(seen),
                Look::Wait(over) => over,
            };
            // An error says that the sender is gone, which is what is waited for.
            while over.changed().await.is_ok() {}
        }
    }

    fn look(&self, identity: &Identity, now: Instant) -> Result<Look, Problem> {
        let Identity { key, print } = identity;
        let mut book = lock(&self.book);
        book.forget(now);
        let own = match book.entries.get(key) {
            None => {
                let (sender, over) = watch::channel(());
                book.entries
                    .insert(key.clone(), Entry::UnderWay(*print, over));
                return Ok(Look::Seen(Seen::First(Turn {
                    book: Arc::clone(&self.book),
                    key: key.clone(),
                    print: *print,
                    _over: sender,
                    is_answered: false,
                })));
            }
            Some(Entry::UnderWay(own, _) | Entry::Answered(own, _)) if own != print => {
                let detail =
                    "the Idempotency-Key came with another request before; nothing was taken";
                return Err(Problem::new(Kind::KeyReused, detail));
            }
            Some(Entry::UnderWay(_, over)) => Look::Wait(over.clone()),
            Some(Entry::Answered(_, answer)) => Look::Seen(Seen::Again(answer.again())),
        };
        Ok(own)
    }
}

enum Look {
    Seen(Seen),
    Wait(watch::Receiver<()>),
}

impl Turn {
    /// Keeps the answer for those that come again, and gives it back.
    pub(super) async fn answer(mut self, response: Response) -> Response {
        let (head, body) = response.into_parts();
        // It is whole already; there is nothing that could fail.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let answer = Answer { head, body };
        let response = answer.response();
        lock(&self.book).keep(&self.key, self.print, answer, Instant::now());
        self.is_answered = true;
        response
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_answered {
            lock(&self.book).entries.remove(&self.key);
        }
    }
}

impl Book {
    fn forget(&mut self, now: Instant) {
        while self
            .order
            .front()
            .is_some_and(|(at, _)| now.saturating_duration_since(*at) >= LIFE)
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, key)) = self.order.pop_front() else {
            return;
        };
        if let Some(Entry::Answered(_, answer)) = self.entries.remove(&key) {
            self.bytes -= answer.bytes(&key);
        }
    }

    fn keep(&mut self, key: &str, print: u64, answer: Answer, now: Instant) {
        let bytes = answer.bytes(key);
        while !self.order.is_empty()
            && (self.order.len() >= ANSWERS_MAX || self.bytes + bytes > BYTES_MAX)
        {
            self.forget_oldest();
        }
        self.bytes += bytes;
        self.order.push_back((now, key.to_owned()));
        self.entries
            .insert(key.to_owned(), Entry::Answered(print, answer));
    }
}

impl Answer {
    fn bytes(&self, key: &str) -> usize {
        self.body.len() + key.len()
    }

    fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.head.status;
        response.headers_mut().clone_from(&self.head.headers);
        response
    }

    fn again(&self) -> Response {
        let mut response = self.response();
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, yes);
        response
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn look(repeats: &Repeats, key: &str, body: &str, now: Instant) -> Result<Look, Problem> {
        let identity = Identity::new(repeats, key.to_owned(), body).unwrap();
        repeats.look(&identity, now)
    }

    fn first(repeats: &Repeats, key: &str, now: Instant) -> Turn {
        match look(repeats, key, "body", now).unwrap() {
            Look::Seen(Seen::First(turn)) => turn,
            Look::Seen(Seen::Again(_)) | Look::Wait(_) => panic!("not the first"),
        }
    }

    #[tokio::test]
    async fn a_repeat_is_answered_as_the_first_was() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let turn = first(&repeats, "k", now);
        assert!(matches!(
            look(&repeats, "k", "body", now),
            Ok(Look::Wait(_))
        ));
        assert!(look(&repeats, "k", "other", now).is_err());
        turn.answer("done".into_response()).await;
        let Ok(Look::Seen(Seen::Again(again))) = look(&repeats, "k", "body", now) else {
            panic!("not answered");
        };
        assert_eq!(again.headers()[REPLAYED], "true");
        assert_eq!(to_bytes(again.into_body(), 9).await.unwrap(), "done");
        assert!(look(&repeats, "k", "other", now).is_err());
        // Forgotten in the end.
        drop(first(&repeats, "k", now + LIFE * 2));
    }

    #[test]
    fn what_did_nothing_may_come_again() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        drop(first(&repeats, "k", now));
        drop(first(&repeats, "k", now));
    }

    #[tokio::test]
    async fn memory_is_bounded_by_number_and_by_bytes() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        for n in 0..ANSWERS_MAX + 10 {
            first(&repeats, &n.to_string(), now)
                .answer("x".into_response())
                .await;
        }
        assert_eq!(lock(&repeats.book).entries.len(), ANSWERS_MAX);
        let large = "x".repeat(BYTES_MAX / 4);
        for n in 0..10 {
            first(&repeats, &format!("l{n}"), now)
                .answer(large.clone().into_response())
                .await;
        }
        let book = lock(&repeats.book);
        assert!(
            book.bytes <= BYTES_MAX && book.entries.len() == 3,
            "{}",
            book.bytes
        );
        assert_eq!(book.order.len(), 3);
    }
}
