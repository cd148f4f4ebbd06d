//! Tokens of an identity provider, made here with keys made here, good ones and all kinds of bad ones.

#![cfg(test)]

#[path = "support/signer.rs"]
mod signer;

use gridos_access::oidc::{Demands, KeySet, KeySetError, NotBelieved};
use gridos_access::{PrincipalKind, Role};
use gridos_model::Timestamp;
use serde_json::{Value, json};
use signer::{Ec, Rsa, compact, encoded};

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_millis(NOW * 1_000)
}

fn demands() -> Demands {
    Demands {
        issuer: "https://login.example/tenant".to_owned(),
        audience: "api://gridos".to_owned(),
        roles_claim: "roles".to_owned(),
        name_claim: "preferred_username".to_owned(),
        roles: vec![
            ("GridOS.Viewer".to_owned(), Role::Viewer),
            ("GridOS.Operator".to_owned(), Role::Operator),
            ("GridOS.Admin".to_owned(), Role::Admin),
        ],
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://login.example/tenant",
        "aud": "api://gridos",
        "sub": "b5d8-77",
        "preferred_username": "anna@example.org",
        "roles": ["Other", "GridOS.Operator", "GridOS.Viewer"],
        "exp": NOW + 600,
        "nbf": NOW - 10,
        "iat": NOW - 10,
    })
}

/// The claims with one more, or another, or without one if it is null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let object = claims.as_object_mut().unwrap();
    if value.is_null() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), value);
    }
    claims
}

fn keys(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn judge(token: &str, keys: &KeySet) -> Result<(String, Role), NotBelieved> {
    let identity = demands().judge(token, keys, now())?;
    assert_eq!(identity.principal.kind, PrincipalKind::Oidc);
    assert_eq!(identity.expires.as_millis(), (NOW + 660) * 1_000);
    Ok((identity.principal.name, identity.principal.role))
}

#[test]
fn good_tokens_of_both_algorithms_are_believed() {
    let (ec, rsa) = (Ec::new("e1"), Rsa::new("r1"));
    let keys = keys(&[ec.jwk(), rsa.jwk()]);
    let anna = Ok(("anna@example.org".to_owned(), Role::Operator));
    assert_eq!(judge(&ec.sign(&claims()), &keys), anna);
    assert_eq!(judge(&rsa.sign(&claims()), &keys), anna);
    let many = with("aud", json!(["other", "api://gridos"]));
    assert_eq!(judge(&ec.sign(&many), &keys), anna);
    // A name that would break a log is passed over for the subject.
    let odd = with("preferred_username", json!("a b\n"));
    let by_subject = Ok(("b5d8-77".to_owned(), Role::Operator));
    assert_eq!(judge(&ec.sign(&odd), &keys), by_subject);
}

#[test]
fn what_is_wrong_with_the_claims_is_told() {
    let ec = Ec::new("e1");
    let keys = keys(&[ec.jwk()]);
    for (name, value, why) in [
        (
            "iss",
            json!("https://login.example/other"),
            NotBelieved::Issuer,
        ),
        ("iss", Value::Null, NotBelieved::Issuer),
        (
            "iss",
            json!(["https://login.example/tenant"]),
            NotBelieved::Issuer,
        ),
        ("aud", json!("other"), NotBelieved::Audience),
        ("aud", json!([]), NotBelieved::Audience),
        ("aud", Value::Null, NotBelieved::Audience),
        ("exp", json!(NOW - 61), NotBelieved::Expired),
        ("exp", json!(NOW - 60), NotBelieved::Expired),
        ("exp", Value::Null, NotBelieved::Expired),
        ("exp", json!("never"), NotBelieved::Expired),
        ("nbf", json!(NOW + 61), NotBelieved::TooEarly),
        ("roles", json!(["Other"]), NotBelieved::NoRole),
        ("roles", json!("gridos.operator"), NotBelieved::NoRole),
        ("roles", Value::Null, NotBelieved::NoRole),
    ] {
        let token = ec.sign(&with(name, value.clone()));
        assert_eq!(judge(&token, &keys), Err(why), "{name} {value}");
    }
    let leeway = ec.sign(&with("exp", json!(NOW - 59)));
    assert!(demands().judge(&leeway, &keys, now()).is_ok());
    let endless = ec.sign(&with("exp", json!(1e300)));
    assert!(demands().judge(&endless, &keys, now()).is_ok());
}

#[test]
fn forged_tokens_are_not_believed() {
    let (ec, other, rsa) = (Ec::new("e1"), Ec::new("e1"), Rsa::new("r1"));
    let keys = keys(&[ec.jwk(), rsa.jwk()]);
    let good = ec.sign(&claims());
    // Another's key under the same name.
    assert_eq!(
        judge(&other.sign(&claims()), &keys),
        Err(NotBelieved::Forged)
    );
    // Other claims under a good signature.
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let claims_of_admin = encoded(&with("roles", json!(["GridOS.Admin"])));
    let swapped = format!("{head}.{claims_of_admin}.{signature}");
    assert_eq!(judge(&swapped, &keys), Err(NotBelieved::Forged));
    // No signature at all, in all spellings of it.
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let head = encoded(&json!({ "alg": none, "typ": "JWT", "kid": "e1" }));
        for signature in ["", signature] {
            let token = format!("{head}.{}.{signature}", encoded(&claims()));
            assert_eq!(judge(&token, &keys), Err(NotBelieved::Foreign), "{none}");
        }
    }
    // The public key as the secret of a MAC.
    for kid in ["e1", "r1"] {
        for secret in [ec.public(), rsa.jwk().to_string().into_bytes()] {
            let token = signer::hs256(&secret, kid, &claims());
            assert_eq!(judge(&token, &keys), Err(NotBelieved::Foreign));
        }
    }
    // A key of one kind is not taken for the other's.
    let head = json!({ "alg": "RS256", "kid": "e1" });
    let confused = compact(&head, &claims(), |message| rsa.raw(message));
    assert_eq!(judge(&confused, &keys), Err(NotBelieved::UnknownKey));
    // A key that the token brings along.
    let head = json!({ "alg": "ES256", "kid": "e1", "jwk": other.jwk() });
    let brought = compact(&head, &claims(), |message| other.raw(message));
    assert_eq!(judge(&brought, &keys), Err(NotBelieved::Forged));
    // Something that must be understood, and is not.
    let head = json!({ "alg": "ES256", "kid": "e1", "crit": ["exp"] });
    let critical = compact(&head, &claims(), |message| ec.raw(message));
    assert_eq!(judge(&critical, &keys), Err(NotBelieved::Foreign));
}

#[test]
fn keys_are_found_by_name() {
    let (old, new) = (Ec::new("old"), Ec::new("new"));
    let both = keys(&[old.jwk(), new.jwk()]);
    assert!(judge(&old.sign(&claims()), &both).is_ok());
    assert!(judge(&new.sign(&claims()), &both).is_ok());
    let rotated = keys(&[new.jwk()]);
    assert_eq!(
        judge(&old.sign(&claims()), &rotated),
        Err(NotBelieved::UnknownKey)
    );
    // A token without the name of a key leaves no choice, or is not believed.
    let head = json!({ "alg": "ES256" });
    let nameless = compact(&head, &claims(), |message| new.raw(message));
    assert!(judge(&nameless, &rotated).is_ok());
    assert_eq!(judge(&nameless, &both), Err(NotBelieved::UnknownKey));
    // What is not for signatures, or is of a kind that nobody knows, spoils no other.
    let mut for_secrets = old.jwk();
    for_secrets["use"] = json!("enc");
    let odd = json!({ "kty": "XYZ", "kid": "odd" });
    let secret = json!({ "kty": "oct", "kid": "old", "k": "c2VjcmV0", "alg": "HS256" });
    let some = keys(&[for_secrets.clone(), odd.clone(), secret.clone(), new.jwk()]);
    assert_eq!(
        judge(&old.sign(&claims()), &some),
        Err(NotBelieved::UnknownKey)
    );
    assert!(judge(&new.sign(&claims()), &some).is_ok());
    let none = json!({ "keys": [for_secrets, odd, secret] }).to_string();
    assert_eq!(
        KeySet::parse(none.as_bytes()).unwrap_err(),
        KeySetError::NoKey
    );
    for text in ["", "{}", "[]", r#"{"keys":1}"#] {
        assert_eq!(
            KeySet::parse(text.as_bytes()).unwrap_err(),
            KeySetError::Malformed,
            "{text}"
        );
    }
}

#[test]
fn roles_may_be_deeper_or_have_dots_in_their_names() {
    let ec = Ec::new("e1");
    let keys = keys(&[ec.jwk()]);
    let role = |claim: &str, claims: Value| {
        let demands = Demands {
            roles_claim: claim.to_owned(),
            ..demands()
        };
        demands
            .judge(&ec.sign(&claims), &keys, now())
            .map(|identity| identity.principal.role)
    };
    let deeper = with("realm_access", json!({ "roles": ["GridOS.Admin"] }));
    assert_eq!(role("realm_access.roles", deeper), Ok(Role::Admin));
    let dotted = with("https://grid.example/role", json!("GridOS.Viewer"));
    assert_eq!(role("https://grid.example/role", dotted), Ok(Role::Viewer));
}

#[test]
fn no_text_panics() {
    let ec = Ec::new("e1");
    let keys = keys(&[ec.jwk()]);
    let good = ec.sign(&claims());
    for at in 0..good.len() {
        assert!(judge(&good[..at], &keys).is_err());
        let mut wrong = good.clone().into_bytes();
        wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
        // The last digit of a signature has bits that count for nothing.
        let _ = judge(&String::from_utf8(wrong).unwrap(), &keys);
    }
    for text in ["", ".", "..", "...", "a.b.c", &"x".repeat(20_000)] {
        assert_eq!(judge(text, &keys), Err(NotBelieved::Foreign));
    }
}
