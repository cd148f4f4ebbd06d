//! Connections to a server that has TLS, and to one that has not.

use std::net::IpAddr;
use std::path::PathBuf;

use gridos_store::postgres::{PostgresTls, TlsIdentity, TlsRoots};
use gridos_store::{PostgresConfig, PostgresStore, Store, StoreError};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SanType,
};
use tempfile::TempDir;

use super::postgres::{config, rows};
use crate::support::postgres::Cluster;

/// An authority and the folder of its files.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
            dir: TempDir::new().unwrap(),
        }
    }

    /// A certificate and its key for `name`, as PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = vec![match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.try_into().unwrap()),
        }];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn file(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    /// The file of its own certificate.
    fn roots(&self) -> TlsRoots {
        TlsRoots::File(self.file("ca.pem", &self.issuer.pem()))
    }
}

async fn serve(cluster: &Cluster, certificate: &(String, String)) {
    let (certificate, key) = certificate;
    let name = format!("server-{}.pem", rand_name(certificate));
    let certificate = cluster.install(&name, certificate);
    let key = cluster.install(&format!("{name}.key"), key);
    cluster.set("ssl_key_file", key.to_str().unwrap()).await;
    cluster
        .set("ssl_cert_file", certificate.to_str().unwrap())
        .await;
    cluster.set("ssl", "on").await;
}

/// Something of a certificate that no other has.
fn rand_name(pem: &str) -> u32 {
    crc32c::crc32c(pem.as_bytes())
}

fn over_tls(cluster: &Cluster, host: &str, roots: TlsRoots) -> PostgresConfig {
    let mut config = config(cluster, "encrypted");
    config.host = host.to_owned();
    let identity = None;
    config.tls = Some(PostgresTls { roots, identity });
    config
}

async fn refused(config: PostgresConfig) -> String {
    let refused = PostgresStore::new(config).migrate().await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Forbidden { .. }),
        "{refused:?}"
    );
    refused.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_the_one_it_claims_to_be_or_is_refused() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("encrypted").await;
    let (authority, other) = (Authority::new(), Authority::new());
    let plain = refused(over_tls(&cluster, "127.0.0.1", authority.roots())).await;
    assert!(plain.contains("the server has no TLS"), "{plain}");

    serve(&cluster, &authority.issue("127.0.0.1")).await;
    let store = PostgresStore::new(over_tls(&cluster, "127.0.0.1", authority.roots()));
    store.migrate().await.unwrap();
    let encrypted = "select count(*) from pg_stat_ssl join pg_stat_activity using (pid) \
                     where ssl and version like 'TLSv1.%' and application_name = 'gridos'";
    assert_eq!(rows(&cluster, "encrypted", encrypted).await, ["1"]);

    let stranger = refused(over_tls(&cluster, "127.0.0.1", other.roots())).await;
    assert!(
        stranger.contains("is of no authority that is trusted"),
        "{stranger}"
    );
    let name = refused(over_tls(&cluster, "localhost", authority.roots())).await;
    assert!(name.contains("is for another name"), "{name}");
    assert!(name.contains("at localhost:"), "{name}");
    if let Err(error) = over_tls(&cluster, "127.0.0.1", TlsRoots::System)
        .tls
        .unwrap()
        .check(&|path| std::fs::read(path))
    {
        assert!(error.to_string().contains("no authorities"), "{error}");
    } else {
        let system = refused(over_tls(&cluster, "127.0.0.1", TlsRoots::System)).await;
        assert!(
            system.contains("is of no authority that is trusted"),
            "{system}"
        );
    }
    files_are_read_anew(&cluster, &authority, &other).await;
    the_login_is_bound_to_the_connection(&cluster, &authority).await;
    the_engine_shows_who_it_is(&cluster, &authority, &other).await;
}

/// A renewed certificate on either side is used from the next connection on.
async fn files_are_read_anew(cluster: &Cluster, authority: &Authority, other: &Authority) {
    let file = authority.file("changing.pem", &authority.issuer.pem());
    let config = || over_tls(cluster, "127.0.0.1", TlsRoots::File(file.clone()));
    let store = PostgresStore::new(config());
    store.migrate().await.unwrap();
    serve(cluster, &other.issue("127.0.0.1")).await;
    let stranger = refused(config()).await;
    assert!(
        stranger.contains("is of no authority that is trusted"),
        "{stranger}"
    );
    std::fs::write(&file, other.issuer.pem()).unwrap();
    // The old connection lives on; its end makes the store connect anew.
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
               where application_name = 'gridos'";
    rows(cluster, "encrypted", end).await;
    while store.migrate().await.is_err() {}
    std::fs::write(&file, "no certificate").unwrap();
    let broken = refused(config()).await;
    assert!(
        broken.contains("sslrootcert of the database is '"),
        "{broken}"
    );
    assert!(broken.contains("holds no certificate in PEM"), "{broken}");
    serve(cluster, &authority.issue("127.0.0.1")).await;
}

async fn the_login_is_bound_to_the_connection(cluster: &Cluster, authority: &Authority) {
    let role = "create role engine login password 'secret'; \
                grant all on schema public to engine; grant all on all tables in schema public to engine";
    rows(cluster, "encrypted", role).await;
    let before =
        std::fs::read_to_string(cluster.install("unused", "").with_file_name("pg_hba.conf"));
    let before = before.unwrap();
    let with = |rule: &str| format!("{rule}\n{before}");
    let install = async |rule: &str| {
        cluster.install("pg_hba.conf", &with(rule));
        rows(cluster, "encrypted", "select pg_reload_conf()").await;
    };
    let log_in = |channel_binding: bool| {
        let mut config = over_tls(cluster, "127.0.0.1", authority.roots());
        config.user = "engine".to_owned();
        config.password = Some("secret".to_owned());
        config.channel_binding = channel_binding;
        PostgresStore::new(config)
    };
    install("hostssl all engine 127.0.0.1/32 scram-sha-256").await;
    // Until the server has read its rules it trusts everybody, without a binding.
    while log_in(true).migrate().await.is_err() {}
    log_in(false).migrate().await.unwrap();
    install("hostssl all engine 127.0.0.1/32 password").await;
    let unbound = loop {
        if let Err(error) = log_in(true).migrate().await {
            break error;
        }
    };
    assert!(
        matches!(unbound, StoreError::Forbidden { .. }),
        "{unbound:?}"
    );
    assert!(unbound.to_string().contains("channel binding"), "{unbound}");
    log_in(false).migrate().await.unwrap();
}

async fn the_engine_shows_who_it_is(cluster: &Cluster, authority: &Authority, other: &Authority) {
    let ca = cluster.install("clients.pem", &authority.issuer.pem());
    cluster.set("ssl_ca_file", ca.to_str().unwrap()).await;
    let rules = "hostssl all engine 127.0.0.1/32 cert\nlocal all all trust\n";
    cluster.install("pg_hba.conf", rules);
    rows(cluster, "encrypted", "select pg_reload_conf()").await;
    let log_in = |by: Option<&Authority>| {
        let mut config = over_tls(cluster, "127.0.0.1", authority.roots());
        config.user = "engine".to_owned();
        config.tls.as_mut().unwrap().identity = by.map(|by| {
            let (certificate, key) = by.issue("engine");
            TlsIdentity {
                certificate: by.file("engine.pem", &certificate),
                key: by.file("engine.key", &key),
            }
        });
        config
    };
    let store = PostgresStore::new(log_in(Some(authority)));
    while store.migrate().await.is_err() {}
    let nobody = refused(log_in(None)).await;
    assert!(nobody.contains("SQLSTATE 28000"), "{nobody}");
    let stranger = refused(log_in(Some(other))).await;
    assert!(stranger.contains("see its log"), "{stranger}");
    let mut mixed = log_in(Some(authority));
    let (_, key) = other.issue("engine");
    let identity = mixed.tls.as_mut().unwrap().identity.as_mut().unwrap();
    identity.key = other.file("other.key", &key);
    let mixed = refused(mixed).await;
    assert!(
        mixed.contains("sslkey of the database does not fit"),
        "{mixed}"
    );
}
