//! Bearer tokens of an identity provider: JWTs by its keys, as OpenID Connect describes them.
//!
//! Of a token are checked (RFC 7519, RFC 8725): the algorithm, which is one of two and is the key's
//! and not the token's choice; the signature; `iss`; `aud`; `exp` and `nbf`, with a leeway for
//! clocks; and what it may do by a claim, as a map says. A token with `crit` is refused.

mod keys;
mod signatures;

use gridos_model::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::Value;

pub use keys::{KeySet, KeySetError};

use crate::{Principal, PrincipalKind, Role, check_name};

/// Clocks differ by no more, or somebody should look after them.
const LEEWAY_S: i64 = 60;
/// A longer text is no token that anybody needs.
const TOKEN_BYTES_MAX: usize = 16 << 10;

/// What is demanded of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demands {
    /// The issuer, exactly.
    pub issuer: String,
    /// The audience that must be among the token's.
    pub audience: String,
    /// The claim that holds roles or groups: a text, or a list of them. A dot leads into an object:
    /// `realm_access.roles`.
    pub roles_claim: String,
    /// The claim that holds the name; where it is absent or no plain name, `sub` counts.
    pub name_claim: String,
    /// What each value of the claim allows; of several the one that allows most counts.
    pub roles: Vec<(String, Role)>,
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who it is.
    pub principal: Principal,
    /// From when on the token is no longer valid.
    pub expires: Timestamp,
}

/// Why a token is not believed. What is in the token is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// It is no JWT, or one of a kind that is not taken.
    #[error("the token is no JWT signed by RS256 or ES256")]
    Foreign,
    /// No key of the issuer is known by that name: it may have a new one.
    #[error("the token is signed with a key that the issuer does not list")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Forged,
    /// It is somebody else's.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// It is over.
    #[error("the token has expired")]
    Expired,
    /// It is not valid yet.
    #[error("the token is not valid yet; compare the clocks")]
    TooEarly,
    /// It says nothing that allows anything here.
    #[error("the token's claim of roles holds none that is mapped to a role")]
    NoRole,
    /// It does not say whose it is.
    #[error("the token names nobody")]
    NoName,
}

impl Demands {
    /// Whose `token` is, at `now`, by the issuer's `keys`.
    ///
    /// # Errors
    /// If it is not believed.
    pub fn judge(
        &self,
        token: &str,
        keys: &KeySet,
        now: Timestamp,
    ) -> Result<Identity, NotBelieved> {
        signatures::install();
        let claims = verified(token, keys)?;
        if claims.get("iss").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err(NotBelieved::Issuer);
        }
        if !texts(claims.get("aud")).any(|audience| audience == self.audience) {
            return Err(NotBelieved::Audience);
        }
        let expires = self.check_time(&claims, now)?;
        let role = self.role(&claims).ok_or(NotBelieved::NoRole)?;
        let name = self.name(&claims).ok_or(NotBelieved::NoName)?;
        let kind = PrincipalKind::Oidc;
        let principal = Principal { name, role, kind };
        Ok(Identity { principal, expires })
    }

    fn check_time(&self, claims: &Value, now: Timestamp) -> Result<Timestamp, NotBelieved> {
        let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates, and the bounds are beyond all times"
        )]
        let millis = |seconds: f64| (seconds * 1_000.0) as i64;
        let expires = seconds("exp").ok_or(NotBelieved::Expired)?;
        let expires = millis(expires).saturating_add(LEEWAY_S * 1_000);
        if now.as_millis() >= expires {
            return Err(NotBelieved::Expired);
        }
        let from = seconds("nbf").map_or(i64::MIN, millis);
        if now.as_millis().saturating_add(LEEWAY_S * 1_000) < from {
            return Err(NotBelieved::TooEarly);
        }
        // Beyond all times that can be told it is as good as never.
        Ok(Timestamp::from_millis(expires.min(i64::MAX / 1_000_000)))
    }

    fn role(&self, claims: &Value) -> Option<Role> {
        let mut found = Some(claims);
        for part in self.roles_claim.split('.') {
            found = found.and_then(|value| value.get(part));
        }
        // A claim whose own name has dots, such as a URL.
        let found = claims.get(&self.roles_claim).or(found);
        let held: Vec<_> = texts(found).collect();
        let mapped = self.roles.iter();
        let mapped = mapped.filter(|(value, _)| held.contains(&value.as_str()));
        let rank = |role: &Role| Role::ALL.iter().filter(|need| role.may(**need)).count();
        mapped.map(|(_, role)| *role).max_by_key(rank)
    }

    fn name(&self, claims: &Value) -> Option<String> {
        let names = [self.name_claim.as_str(), "sub"].into_iter();
        let names = names.filter_map(|claim| claims.get(claim)?.as_str());
        let mut plain = names.filter(|name| check_name(name).is_ok());
        plain.next().map(str::to_owned)
    }
}

/// The claims of `token`, whose signature is right; nothing else of them is checked.
fn verified(token: &str, keys: &KeySet) -> Result<Value, NotBelieved> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(NotBelieved::Foreign);
    }
    // Other algorithms, `none` among them, are none that the library knows or that we take.
    let header = decode_header(token).map_err(|_| NotBelieved::Foreign)?;
    let is_taken = matches!(header.alg, Algorithm::RS256 | Algorithm::ES256);
    if !is_taken || header.crit.is_some() {
        return Err(NotBelieved::Foreign);
    }
    let key = keys.find(header.kid.as_deref(), header.alg);
    let key = key.ok_or(NotBelieved::UnknownKey)?;
    let mut validation = Validation::new(header.alg);
    // The rest is checked by our own clock, which is an argument.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let decoded = decode::<Value>(token, key, &validation);
    decoded
        .map(|token| token.claims)
        .map_err(|_| NotBelieved::Forged)
}

/// A text, or the texts of a list.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Some(Value::Array(values)) => (None, Some(values)),
        other => (other, None),
    };
    let many = many.into_iter().flatten();
    one.into_iter().chain(many).filter_map(Value::as_str)
}
