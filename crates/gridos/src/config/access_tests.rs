//! What `[access]` may say.

use gridos_access::Role;

use super::tests::{faults, parse};

#[test]
fn an_identity_provider_is_named_whole() {
    let text = r#"
[access]
mode = "on"
[access.oidc]
issuer = "https://login.example/t"
audience = "gridos"
roles_claim = "groups"
map = { "Grid Operators" = "operator", "admins" = "admin" }
"#;
    let config = parse(text).unwrap();
    let demands = config.access.oidc.unwrap().demands;
    assert_eq!(demands.roles_claim, "groups");
    let admins = ("admins".to_owned(), Role::Admin);
    assert!(demands.roles.contains(&admins) && demands.roles.len() == 2);
    for (from, to, why) in [
        ("https://login", "http://login", "is no address of https"),
        ("\"admin\"", "\"root\"", "is unknown"),
        ("audience = \"gridos\"\n", "", "audience: is missing"),
        ("mode = \"on\"", "mode = \"off\"", "has no effect unless"),
        ("roles_claim", "role_claim", "did you mean 'roles_claim'?"),
    ] {
        let told = faults(&text.replace(from, to));
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn rules_for_certificates_need_somebody_who_signs_them() {
    let text = "[access]\nmode = \"on\"\n[[access.certificate]]\nsubject = \"CN=a\"\nname = \"a\"\nrole = \"viewer\"\n";
    let told = faults(text);
    assert!(
        told.contains("certificate: needs [http.tls] client_ca"),
        "{told}"
    );
    let told = faults(&text.replace("name = \"a\"", "name = \"a b\""));
    assert!(told.contains("is no name"), "{told}");
}
