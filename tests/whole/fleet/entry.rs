//! Who comes in to NATS: by a certificate of the right authority and with the right word; and what is told to who does
//! not.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::fleet::site::fleet_command;
use crate::support::nats::Cluster;

/// An authority whose certificate is in a file.
fn authority(path: &Path) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(path, authority.pem()).unwrap();
    authority
}

#[test]
fn who_has_the_right_word_comes_in_by_the_right_authority_alone() {
    let dir = TempDir::new().unwrap();
    let file = |name: &str| dir.path().join(name);
    let own = authority(&file("own.pem"));
    authority(&file("other.pem"));
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&key, &own).unwrap();
    fs::write(file("server.pem"), server.pem()).unwrap();
    fs::write(file("server.key"), key.serialize_pem()).unwrap();
    fs::write(file("right"), "hunter2\n").unwrap();
    fs::write(file("wrong"), "hunter3\n").unwrap();
    let more = format!(
        "tls {{ cert_file: {:?}, key_file: {:?} }}\nauthorization {{ user: gridos, password: hunter2 }}",
        file("server.pem"),
        file("server.key"),
    );
    let Some(nats) = Cluster::start_with(1, more) else {
        return;
    };
    let status = |host: &str, authority: &str, word: &str| {
        let text = format!(
            "[fleet]\nservers = \"tls://{host}:{}\"\nmember = \"m\"\nreplicas = 1\n\
             ca_file = \"{authority}\"\nuser = \"gridos\"\npassword_file = \"{word}\"\n",
            nats.address(0).port()
        );
        let config = file("gridos.toml");
        fs::write(&config, text).unwrap();
        fleet_command(&config, &["status"])
    };
    // The server may not have begun to listen.
    let mut told = status("localhost", "own.pem", "right");
    while told.2.contains("refused (os error") {
        told = status("localhost", "own.pem", "right");
    }
    assert_eq!(told.0, Some(0), "{told:?}");
    for (host, authority, word, expected) in [
        (
            "localhost",
            "other.pem",
            "right",
            "name the authority in ca_file",
        ),
        (
            "localhost",
            "own.pem",
            "wrong",
            "it does not let us in by what the configuration says",
        ),
        (
            "127.0.0.1",
            "own.pem",
            "right",
            "for another name than the one in servers",
        ),
    ] {
        let (code, _, wrong) = status(host, authority, word);
        assert!(
            code != Some(0) && wrong.contains(expected),
            "{expected}\n{wrong}"
        );
        assert!(!wrong.contains("hunter"), "{wrong}");
    }
}
