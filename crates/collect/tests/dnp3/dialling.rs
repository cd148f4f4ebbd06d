//! Connections that the engine makes over TLS.

use std::net::Ipv4Addr;
use std::sync::Arc;

use gridos_collect::dnp3::Via;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::authority::{Authority, Issued, Wish};
use crate::outstation::{Line, binary_events, confirm_unsolicited, unsolicited};
use crate::rig::{Rig, Setup};

fn acceptor(authority: &Authority, own: &Issued) -> TlsAcceptor {
    let mut roots = RootCertStore::empty();
    let pem = authority.pem();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .unwrap();
    let chain = CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![chain], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn an_outstation_is_collected_over_tls() {
    let authority = Authority::new("grid");
    let engine = authority.issue("engine", Wish::default());
    let rtu = authority.issue("rtu", Wish::default());
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut setup = Setup::new("rtu", socket.local_addr().unwrap());
    let client = authority.credentials(&engine).client("127.0.0.1").unwrap();
    setup.via = Via::Tls(client);
    let mut rig = Rig::start(vec![setup]);
    let (stream, _) = socket.accept().await.unwrap();
    let stream = acceptor(&authority, &rtu).accept(stream).await.unwrap();
    let mut line = Line::new(stream);
    line.answer(&[]).await;
    line.send(&unsolicited(1, &binary_events(&[(1, true, 5)])))
        .await;
    assert_eq!(rig.keep_next().await.values(), [("b1", 1.0)]);
    assert_eq!(line.next().await, confirm_unsolicited(1));
    rig.stop().await;
}
