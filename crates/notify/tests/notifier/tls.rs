//! A receiver behind HTTPS whose certificate is of an authority of one's own.

use std::sync::Arc;

use gridos_notify::{Access, Receiver as Kind};
use gridos_telemetry::NotifyOutcome;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::engine::Engine;
use crate::receiver::Receiver;
use crate::until;

/// The certificate of an authority, in PEM, and a server that it vouches for.
fn server() -> (Vec<u8>, TlsAcceptor) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (
        authority.pem().into_bytes(),
        TlsAcceptor::from(Arc::new(config)),
    )
}

fn trusting(authorities: Vec<u8>) -> Access {
    Access {
        authorities: Some(authorities),
        ..Access::default()
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_if_its_file_is_given() {
    let (authority, tls) = server();
    let receiver = Receiver::listen("127.0.0.1:0", &[], Some(tls)).await;
    let url = format!("https://{}/hook", receiver.address);
    let mut engine = Engine::new();
    let (another, _) = server();
    for access in [Access::default(), trusting(another)] {
        let failed = engine.messages(NotifyOutcome::Failed);
        engine.notify_with(Kind::Webhook, &url, &access);
        engine.raise("feeder-1.p");
        until("not trusted", || {
            engine.messages(NotifyOutcome::Failed) > failed
        })
        .await;
        engine.stop().await;
    }
    assert_eq!(receiver.requests().len(), 0);
    engine.notify_with(Kind::Webhook, &url, &trusting(authority));
    until("told", || engine.messages(NotifyOutcome::Taken) == 1).await;
    assert_eq!(receiver.requests()[0].body["device"], "feeder-1");
}
