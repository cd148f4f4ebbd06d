//! Keys made on the spot, and tokens signed with them.

use std::process::{Command, Stdio};

use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

/// A key of P-256.
pub(crate) struct Ec {
    id: String,
    pair: EcdsaKeyPair,
}

impl Ec {
    pub(crate) fn new(id: &str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self {
            id: id.to_owned(),
            pair: EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap(),
        }
    }

    /// As an issuer lists it.
    pub(crate) fn jwk(&self) -> Value {
        let point = self.public();
        let (x, y) = point[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "alg": "ES256",
            "x": base64(x), "y": base64(y),
        })
    }

    pub(crate) fn public(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    pub(crate) fn raw(&self, message: &[u8]) -> Vec<u8> {
        let signed = self.pair.sign(&SystemRandom::new(), message).unwrap();
        signed.as_ref().to_vec()
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let head = json!({ "alg": "ES256", "typ": "JWT", "kid": self.id });
        compact(&head, claims, |message| self.raw(message))
    }
}

/// A key of RSA.
pub(crate) struct Rsa {
    id: String,
    pair: RsaKeyPair,
}

impl Rsa {
    pub(crate) fn new(id: &str) -> Self {
        let made = Command::new("openssl")
            .args([
                "genpkey",
                "-algorithm",
                "RSA",
                "-pkeyopt",
                "rsa_keygen_bits:2048",
                "-outform",
                "DER",
            ])
            .stderr(Stdio::null())
            .output()
            .expect("openssl is installed by tests/run install");
        Self {
            id: id.to_owned(),
            // PKCS#8 or PKCS#1, as this version of openssl likes.
            pair: RsaKeyPair::from_pkcs8(&made.stdout)
                .or_else(|_| RsaKeyPair::from_der(&made.stdout))
                .unwrap(),
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        let public: PublicKeyComponents<Vec<u8>> = self.pair.public().into();
        json!({
            "kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256",
            "n": base64(&public.n),
            "e": base64(&public.e),
        })
    }

    pub(crate) fn raw(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .unwrap();
        signature
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": self.id });
        compact(&head, claims, |message| self.raw(message))
    }
}

/// A token whose MAC is made with `secret`.
pub(crate) fn hs256(secret: &[u8], kid: &str, claims: &Value) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let head = json!({ "alg": "HS256", "typ": "JWT", "kid": kid });
    compact(&head, claims, |message| {
        ring::hmac::sign(&key, message).as_ref().to_vec()
    })
}

pub(crate) fn compact(head: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encoded(head), encoded(claims));
    let signature = base64(&sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(crate) fn encoded(value: &Value) -> String {
    base64(value.to_string().as_bytes())
}

/// base64url without padding (RFC 4648, 5).
fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in octets.chunks(3) {
        let bits = three
            .iter()
            .fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet));
        let bits = bits << (8 * (3 - three.len()));
        for digit in 0..=three.len() {
            let sextet = bits >> (18 - 6 * digit) & 0x3f;
            text.push(char::from(DIGITS[sextet as usize]));
        }
    }
    text
}
