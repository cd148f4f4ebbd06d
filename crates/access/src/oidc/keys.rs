//! The keys of an issuer, as its JWKS (RFC 7517) lists them.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// So many keys an issuer lists at most.
const KEYS_MAX: usize = 64;

/// The keys that sign tokens; others of the list are left out.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// A text is no list of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is no JWKS.
    #[error("it is no list of keys (JWKS)")]
    Malformed,
    /// No key in it can be used.
    #[error("none of its keys is one of RSA or P-256 for signatures")]
    NoKey,
}

impl KeySet {
    /// The keys that `json` lists.
    ///
    /// # Errors
    /// If it is no list of keys, or none of them can be used.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        let list: Value = serde_json::from_slice(json).map_err(|_| KeySetError::Malformed)?;
        let keys = list.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or(KeySetError::Malformed)?.iter().take(KEYS_MAX);
        // A kind of key that is not known yet must not spoil the others.
        let keys: Vec<_> = keys
            .filter_map(|key| Key::of(&serde_json::from_value(key.clone()).ok()?))
            .collect();
        match keys.is_empty() {
            true => Err(KeySetError::NoKey),
            false => Ok(Self(keys)),
        }
    }

    /// The key called `id` if it is for `algorithm`. A token that names none must leave no choice.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let fits = |key: &&Key| key.algorithm == algorithm;
        let mut found = self.0.iter().filter(fits).filter(|key| match id {
            Some(id) => key.id.as_deref() == Some(id),
            None => true,
        });
        let first = found.next()?;
        found.next().is_none().then_some(&first.key)
    }
}

impl Key {
    fn of(key: &Jwk) -> Option<Self> {
        let (algorithm, named) = match &key.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::EllipticCurve(_)
            | AlgorithmParameters::OctetKey(_)
            | AlgorithmParameters::OctetKeyPair(_)
            | _ => return None,
        };
        let common = &key.common;
        let is_for_signatures =
            matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let is_for_it = common.key_algorithm.is_none_or(|name| name == named);
        if !is_for_signatures || !is_for_it {
            return None;
        }
        Some(Self {
            id: common.key_id.clone(),
            algorithm,
            key: DecodingKey::from_jwk(key).ok()?,
        })
    }
}
