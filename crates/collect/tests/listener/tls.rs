//! TLS with certificates on both sides: who is let in, and who is not.

use std::sync::Arc;

use gridos_collect::modbus::{Certificate, Credentials, CredentialsFile, Peer};
use gridos_telemetry::{ListenerAnswer, PeerRefusal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion,
};

use crate::authority::{Authority, Issued, Wish};
use crate::push::plc;
use crate::rig::{Rig, Setup, Terms, adu};

/// The listener `own` of `authority`, which demands `roles`.
async fn listener(authority: &Authority, peer: Peer, roles: &[&str]) -> Rig {
    let own = authority.issue("engine", Wish::default());
    let terms = Terms {
        tls: Some(authority.credentials(&own).server()),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        ..Terms::default()
    };
    let device = Setup { peer, ..plc() };
    Rig::start(vec![device], terms).await
}

/// Writes one register over TLS; the answer, or `None` if it was not let in.
async fn write(
    rig: &Rig,
    authority: &Authority,
    own: Option<&Issued>,
    version: &'static SupportedProtocolVersion,
) -> Option<Vec<u8>> {
    let stream = TcpStream::connect(rig.address).await.unwrap();
    let connector = TlsConnector::from(client(authority, own, version));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = connector.connect(name, stream).await.ok()?;
    stream
        .write_all(&adu(1, 1, &[6, 0, 12, 0, 25]))
        .await
        .ok()?;
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.ok()?;
    Some(answer)
}

fn client(
    authority: &Authority,
    own: Option<&Issued>,
    version: &'static SupportedProtocolVersion,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let pem = authority.pem();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match own {
        Some(own) => {
            let chain = CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            config.with_client_auth_cert(vec![chain], key).unwrap()
        }
        None => config.with_no_client_auth(),
    })
}

#[tokio::test]
async fn a_certificate_of_the_authority_is_let_in_and_no_other() {
    let authority = Authority::new("grid");
    let other = Authority::new("grid");
    let mut rig = listener(&authority, Peer::Subject("plc-7".to_owned()), &[]).await;
    let good = authority.issue("plc-7", Wish::default());
    for version in [&TLS12, &TLS13] {
        let answer = write(&rig, &authority, Some(&good), version).await.unwrap();
        assert_eq!(answer, adu(1, 1, &[6, 0, 12, 0, 25]));
        rig.next().await;
    }
    let expired = Wish {
        is_expired: true,
        ..Wish::default()
    };
    let expired = authority.issue("plc-7", expired);
    let forged = other.issue("plc-7", Wish::default());
    for own in [Some(&expired), Some(&forged), None] {
        for version in [&TLS12, &TLS13] {
            assert_eq!(write(&rig, &authority, own, version).await, None);
        }
    }
    rig.until(|telemetry| telemetry.listeners.refusals(PeerRefusal::Tls) == 6)
        .await;
    // No TLS at all.
    let mut plain = rig.client().await;
    plain.send(&adu(1, 1, &[6, 0, 12, 0, 25])).await;
    plain.closed().await;
    rig.until(|telemetry| telemetry.listeners.refusals(PeerRefusal::Tls) == 7)
        .await;
    // A good certificate of nobody who is configured.
    let unknown = authority.issue("plc-8", Wish::default());
    assert_eq!(write(&rig, &authority, Some(&unknown), &TLS13).await, None);
    rig.until(|telemetry| telemetry.listeners.refusals(PeerRefusal::Unknown) == 1)
        .await;
    assert_eq!(rig.answers(ListenerAnswer::Taken), 2);
    rig.stop().await;
}

#[tokio::test]
async fn a_role_that_is_demanded_must_be_in_the_certificate() {
    let authority = Authority::new("grid");
    let peer = Peer::Subject("CN=plc-7".to_owned());
    let mut rig = listener(&authority, peer, &["substation", "plant"]).await;
    let role = |role| {
        let wish = Wish {
            role,
            ..Wish::default()
        };
        authority.issue("plc-7", wish)
    };
    let fit = role(Some("plant"));
    assert!(write(&rig, &authority, Some(&fit), &TLS13).await.is_some());
    rig.next().await;
    for unfit in [role(None), role(Some("office"))] {
        assert_eq!(write(&rig, &authority, Some(&unfit), &TLS13).await, None);
    }
    rig.until(|telemetry| telemetry.listeners.refusals(PeerRefusal::Role) == 2)
        .await;
    rig.stop().await;
}

#[tokio::test]
async fn whoever_stalls_a_handshake_keeps_no_device_waiting() {
    let authority = Authority::new("grid");
    let mut rig = listener(&authority, Peer::Subject("plc-7".to_owned()), &[]).await;
    let good = authority.issue("plc-7", Wish::default());
    let mut stalled = Vec::new();
    for _ in 0..30 {
        stalled.push(rig.client().await);
        let config = client(&authority, Some(&good), &TLS13);
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut hello = Vec::new();
        let mut connection = ClientConnection::new(config, name).unwrap();
        connection.write_tls(&mut hello).unwrap();
        let mut begun = rig.client().await;
        begun.send(&hello).await;
        // It is answered, and then never goes on.
        begun.0.readable().await.unwrap();
        stalled.push(begun);
    }
    assert!(write(&rig, &authority, Some(&good), &TLS13).await.is_some());
    rig.next().await;
    // All the others were still waited for meanwhile.
    assert_eq!(rig.refusals(PeerRefusal::Tls), 0);
    assert_eq!(rig.telemetry.listeners.accepts.get(), 61);
    drop(stalled);
    rig.stop().await;
}

#[test]
fn certificates_tell_subject_role_and_end() {
    let authority = Authority::new("grid");
    let wish = Wish {
        role: Some("plant"),
        is_expired: true,
    };
    let issued = authority.issue("plc-7", wish);
    let der = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
    let certificate = Certificate::parse(&der).unwrap();
    assert_eq!(certificate.role.as_deref(), Some("plant"));
    assert_eq!(certificate.not_after.to_string(), "2021-01-01T00:00:00Z");
    assert!(certificate.is_of("plc-7") && certificate.is_of("CN=plc-7"));
    assert!(!certificate.is_of(""));
    let credentials = authority.credentials(&issued);
    assert_eq!(credentials.expires(), certificate.not_after);
    assert!(Certificate::parse(b"\x30\x03abc").is_err());
}

#[test]
fn files_that_do_not_fit_say_which() {
    let authority = Authority::new("grid");
    let own = authority.issue("engine", Wish::default());
    let foreign = authority.issue("engine", Wish::default());
    let ca = authority.pem();
    for (ca, certificate, key, file, what) in [
        (
            "",
            &*own.certificate,
            &*own.key,
            CredentialsFile::Ca,
            "holds no certificate",
        ),
        (
            &*ca,
            &*own.key,
            &*own.key,
            CredentialsFile::Certificate,
            "holds no certificate",
        ),
        (
            &*ca,
            &*own.certificate,
            "",
            CredentialsFile::Key,
            "holds no private key",
        ),
        (
            &*ca,
            &*own.certificate,
            &*foreign.key,
            CredentialsFile::Key,
            "does not fit",
        ),
    ] {
        let error = Credentials::read(ca.as_bytes(), certificate.as_bytes(), key.as_bytes());
        let error = error.unwrap_err();
        assert_eq!(error.file, file, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}
