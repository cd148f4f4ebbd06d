//! Whose request it is, by what it shows.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use gridos_access::oidc::NotBelieved;
use gridos_access::{Principal, PrincipalKind, Token, TokenError};

use super::lease::Lease;
use super::peer::Peer;
use super::state::Access;
use crate::body::now;
use crate::problem::{Kind, Problem};

/// The header that a browser's requests carry when they change something.
pub(super) const CSRF_HEADER: &str = "x-gridos-csrf";

/// Somebody who is known.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) principal: Principal,
    pub(super) lease: Lease,
    /// What a browser must show beside its cookie.
    pub(super) csrf: Option<String>,
}

impl Access {
    /// Who asks: by `Authorization` if it is given, else by cookie, else by certificate; `None` if
    /// nothing is shown at all.
    ///
    /// # Errors
    /// If what is shown is wrong. A cookie that is over is not: the browser shows it unasked.
    pub(super) async fn identify(
        &self,
        parts: &Parts,
        peer: &Peer,
    ) -> Result<Option<Known>, Problem> {
        if !self.is_on() {
            return Ok(Some(Known {
                principal: Principal::open(),
                lease: Lease::Open,
                csrf: None,
            }));
        }
        if let Some(given) = parts.headers.get(AUTHORIZATION) {
            let given = given.to_str().unwrap_or_default();
            let known = self.by_bearer(given).await;
            return self.patiently(known, peer.address).map(Some);
        }
        if let Some(known) = self.by_cookie(parts) {
            return Ok(Some(known));
        }
        Ok(self.by_certificate(peer))
    }

    /// Slows down whoever guesses; what is right is never slowed.
    fn patiently(&self, known: Result<Known, Problem>, address: IpAddr) -> Result<Known, Problem> {
        let Err(problem) = known else { return known };
        if problem.status() != 401 {
            return Err(problem);
        }
        let now = self.elapsed();
        let mut guesses = self.guesses();
        if let Err(left) = guesses.check("", address, now) {
            return Err(too_many(left));
        }
        guesses.on_failure("", address, now);
        Err(problem)
    }

    async fn by_bearer(&self, given: &str) -> Result<Known, Problem> {
        let scheme_and_token = given.split_once(' ');
        let token = scheme_and_token
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let Some(token) = token else {
            let detail = "the header Authorization must be: Bearer and a token";
            return Err(Problem::new(Kind::Unauthenticated, detail));
        };
        match Token::parse(token) {
            Ok(token) => self.by_token(&token),
            Err(TokenError::Foreign) if self.issuer.is_some() => self.by_issuer(token).await,
            Err(error) => Err(Problem::new(Kind::Unauthenticated, error.to_string())),
        }
    }

    fn by_token(&self, token: &Token) -> Result<Known, Problem> {
        let digest = token.digest();
        let book = self.book();
        let wrong = |detail: &str| Problem::new(Kind::Unauthenticated, detail);
        let entry = book
            .token(&digest)
            .ok_or_else(|| wrong("the token is unknown; make one with gridos token create"))?;
        if !entry.is_valid(now()) {
            return Err(wrong(match entry.revoked {
                Some(_) => "the token was revoked; make another with gridos token create",
                None => "the token has expired; make another with gridos token create",
            }));
        }
        Ok(Known {
            principal: entry.principal(),
            lease: Lease::Token(digest),
            csrf: None,
        })
    }

    async fn by_issuer(&self, token: &str) -> Result<Known, Problem> {
        let Some(issuer) = &self.issuer else {
            return Err(not_believed(&NotBelieved::Foreign));
        };
        let identity = issuer.judge(token, now()).await;
        let identity = identity.map_err(|error| match error {
            super::issuer::NotJudged::NotBelieved(why) => not_believed(&why),
            super::issuer::NotJudged::Away => {
                let detail = "the identity provider does not answer, so its tokens cannot be \
                              checked; tokens of this engine and sessions go on";
                Problem::new(Kind::IssuerAway, detail).retry_after_s(10)
            }
        })?;
        Ok(Known {
            principal: identity.principal,
            lease: Lease::Until(identity.expires),
            csrf: None,
        })
    }

    fn by_cookie(&self, parts: &Parts) -> Option<Known> {
        let cookie = cookies(parts).next()?;
        let now = self.elapsed();
        let found = self
            .sessions()
            .find(cookie, now)
            .map(|(id, session)| (id, session.clone()));
        let (id, session) = found?;
        if !self.is_current(&session) {
            self.sessions().close(id);
            return None;
        }
        Some(Known {
            // The role is that of the book, not that of the time of signing in: they are the same,
            // or the session would be over.
            principal: session.principal,
            lease: Lease::Session(id),
            csrf: Some(session.csrf),
        })
    }

    fn by_certificate(&self, peer: &Peer) -> Option<Known> {
        let certificate = peer.certificate.as_ref()?;
        let rules = self.settings().certificates.iter();
        let rule = rules
            .into_iter()
            .find(|rule| certificate.is_of(&rule.subject))?;
        let principal = Principal {
            name: rule.name.clone(),
            role: rule.role,
            kind: PrincipalKind::Certificate,
        };
        Some(Known {
            principal,
            lease: Lease::Until(certificate.not_after),
            csrf: None,
        })
    }
}

/// The name of the cookie; that over TLS cannot be set by anybody who is not this host (RFC 6265bis, 4.1.3.2).
pub(super) fn cookie_name(is_tls: bool) -> &'static str {
    match is_tls {
        true => "__Host-gridos-session",
        false => "gridos-session",
    }
}

/// What the cookies of this engine hold, the safer first.
fn cookies(parts: &Parts) -> impl Iterator<Item = &str> {
    let all = |name: &'static str| {
        let headers = parts.headers.get_all(COOKIE).into_iter();
        let headers = headers.filter_map(|header| header.to_str().ok());
        let pairs = headers.flat_map(|header| header.split(';'));
        pairs.filter_map(move |pair| {
            let (own, value) = pair.trim().split_once('=')?;
            (own == name).then_some(value)
        })
    };
    let is_tls = Peer::of(&parts.extensions).is_tls;
    all(cookie_name(is_tls))
}

fn not_believed(why: &NotBelieved) -> Problem {
    Problem::new(Kind::Unauthenticated, why.to_string())
}

/// Whoever was wrong too often waits.
pub(super) fn too_many(left: std::time::Duration) -> Problem {
    let seconds = left.as_secs() + 1;
    let detail = format!("too many wrong attempts; try again in {seconds} s");
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    Problem::new(Kind::TooManyAttempts, detail).retry_after_s(seconds)
}
