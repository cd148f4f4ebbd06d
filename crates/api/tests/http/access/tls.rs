//! HTTPS on a real socket: versions, certificates that change under load, certificates of clients.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gridos_access::Role;
use gridos_api::{CertificateRule, ClientCertificates, TlsFile, TlsServer, TlsSettings};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use reqwest::tls::Version;
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::people::People;

pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// An authority that signs what is asked for.
pub(super) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { pem, issuer }
    }

    /// A certificate and its key, of a server on this machine.
    fn server(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        self.signed(&params)
    }

    fn client(&self, name: &str, alternative: &str) -> (String, String) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = vec![SanType::DnsName(alternative.try_into().unwrap())];
        self.signed(&params)
    }

    fn signed(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        (signed.pem(), key.serialize_pem())
    }
}

fn write(folder: &Path, (certificate, key): &(String, String)) {
    for (name, text) in [("engine.pem", certificate), ("engine.key", key)] {
        let fresh = folder.join("fresh");
        fs::write(&fresh, text).unwrap();
        fs::rename(fresh, folder.join(name)).unwrap();
    }
}

/// An engine on HTTPS that is stopped when this is dropped.
pub(super) struct Site {
    pub(super) at: SocketAddr,
    tls: Arc<TlsServer>,
    people: People,
    folder: TempDir,
    _stop: watch::Sender<bool>,
}

impl Site {
    pub(super) async fn new(
        authority: &Authority,
        clients: Option<(&Authority, ClientCertificates)>,
        rules: Vec<CertificateRule>,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        write(folder.path(), &authority.server("first"));
        let client_ca = clients.map(|(authority, _)| {
            let path = folder.path().join("clients.pem");
            fs::write(&path, &authority.pem).unwrap();
            path
        });
        let settings = TlsSettings {
            certificate: folder.path().join("engine.pem"),
            key: folder.path().join("engine.key"),
            client_ca,
            client_certificates: clients.map_or(ClientCertificates::Required, |(_, each)| each),
        };
        let tls = Arc::new(TlsServer::load(settings).unwrap());
        let mut people = People::with(|settings| settings.certificates = rules);
        people.rig.state.tls = Some(Arc::clone(&tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(Arc::clone(&tls).watch(stopped.clone()));
        tokio::spawn(gridos_api::serve(
            listener,
            people.rig.state.clone(),
            stopped,
        ));
        Self {
            at,
            tls,
            people,
            folder,
            _stop: stop,
        }
    }

    pub(super) fn builder(&self, authority: &Authority) -> ClientBuilder {
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let trusted = Certificate::from_pem(authority.pem.as_bytes()).unwrap();
        Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .resolve("localhost", self.at)
            .tls_certs_only([trusted])
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.at.port())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_are_spoken_and_nothing_in_the_clear() {
    let authority = Authority::new("ours");
    let site = Site::new(&authority, None, Vec::new()).await;
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let only = site
            .builder(&authority)
            .tls_version_min(version)
            .tls_version_max(version)
            .build()
            .unwrap();
        let answer = only.get(site.url("/health/live")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{version:?}");
        let headers = answer.headers();
        assert_eq!(headers["strict-transport-security"], "max-age=31536000");
    }
    let foreign = Authority::new("theirs");
    let client = site.builder(&foreign).build().unwrap();
    assert!(client.get(site.url("/health/live")).send().await.is_err());
    let plain = format!("http://{}/health/live", site.at);
    let client = site.builder(&authority).build().unwrap();
    assert!(client.get(plain).send().await.is_err());
    // What a browser gets over TLS goes over TLS alone.
    let body = serde_json::json!({ "user": "the-viewer", "password": super::people::PASSWORD });
    let signed_in = client
        .post(site.url("/api/v1/session"))
        .json(&body)
        .send()
        .await
        .unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-gridos-session=") && cookie.contains("; Secure"),
        "{cookie}"
    );
}

/// The certificate changes while clients ask all the time, over connections of before and new ones.
#[tokio::test(flavor = "multi_thread")]
async fn certificates_change_under_load_without_a_failed_request() {
    let authority = Authority::new("ours");
    let site = Site::new(&authority, None, Vec::new()).await;
    let (is_over, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let asking: Vec<_> = (0..4)
        .map(|nth| {
            let keeps = site.builder(&authority).build().unwrap();
            let (authority, url) = (
                Certificate::from_pem(authority.pem.as_bytes()).unwrap(),
                site.url("/health/live"),
            );
            let (at, is_over, asked) = (site.at, Arc::clone(&is_over), Arc::clone(&asked));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let fresh = Client::builder()
                        .no_proxy()
                        .timeout(PATIENCE)
                        .resolve("localhost", at)
                        .tls_certs_only([authority.clone()])
                        .build()
                        .unwrap();
                    let client = if nth % 2 == 0 { &keeps } else { &fresh };
                    let answer = client.get(&url).send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    answer.bytes().await.unwrap();
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for year in [2041, 2042, 2043] {
        let before = site.tls.expires();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        // Each ends at another time, by which it is told from the one before.
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        write(site.folder.path(), &authority.signed(&params));
        let began = Instant::now();
        while site.tls.expires() == before {
            assert!(began.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let so_far = asked.load(Ordering::Relaxed);
        while asked.load(Ordering::Relaxed) < so_far + 20 {
            assert!(began.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    // A broken one keeps the last.
    let good = site.tls.expires();
    fs::write(site.folder.path().join("engine.pem"), "no certificate").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(site.tls.expires(), good);
    is_over.store(true, Ordering::Relaxed);
    for each in asking {
        each.await.unwrap();
    }
}

async fn session(client: &Client, site: &Site) -> Value {
    let answer = client
        .get(site.url("/api/v1/session"))
        .send()
        .await
        .unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_somebody_where_a_rule_says_so() {
    let (authority, foreign) = (Authority::new("ours"), Authority::new("theirs"));
    let rule = |subject: &str, name: &str, role| CertificateRule {
        subject: subject.to_owned(),
        name: name.to_owned(),
        role,
    };
    let rules = vec![
        rule("CN=gateway-7", "gateway-7", Role::Ingest),
        rule("historian.example", "historian", Role::Viewer),
    ];
    for clients in [ClientCertificates::Optional, ClientCertificates::Required] {
        let site = Site::new(&authority, Some((&authority, clients)), rules.clone()).await;
        let with = |(certificate, key): (String, String)| {
            let identity = Identity::from_pem(format!("{certificate}{key}").as_bytes()).unwrap();
            site.builder(&authority).identity(identity).build().unwrap()
        };
        let gateway = session(&with(authority.client("gateway-7", "gw7.example")), &site).await;
        assert_eq!(
            (&gateway["principal"], &gateway["kind"]),
            (&"gateway-7".into(), &"certificate".into())
        );
        assert_eq!(gateway["may"], serde_json::json!(["ingest"]));
        let historian = authority.client("anything", "historian.example");
        assert_eq!(session(&with(historian), &site).await["role"], "viewer");
        // One that no rule names is nobody, and a token still counts more.
        let other = with(authority.client("gateway-8", "gw8.example"));
        assert_eq!(session(&other, &site).await["principal"], Value::Null);
        let by_token = other
            .get(site.url("/api/v1/session"))
            .bearer_auth(site.people.token("operator"))
            .send()
            .await
            .unwrap();
        let by_token: Value = serde_json::from_str(&by_token.text().await.unwrap()).unwrap();
        assert_eq!(by_token["principal"], "operator-token");
        // One of another authority is not let in at all.
        let stranger = with(foreign.client("gateway-7", "gw7.example"));
        assert!(stranger.get(site.url("/health/live")).send().await.is_err());
        let bare = site.builder(&authority).build().unwrap();
        let answer = bare.get(site.url("/health/live")).send().await;
        assert_eq!(answer.is_ok(), clients == ClientCertificates::Optional);
    }
}

#[test]
fn files_that_do_not_fit_are_told_by_their_key() {
    let authority = Authority::new("ours");
    let (certificate, key) = authority.server("engine");
    let (_, other) = authority.server("other");
    let settings = TlsSettings {
        certificate: "engine.pem".into(),
        key: "engine.key".into(),
        client_ca: Some("clients.pem".into()),
        client_certificates: ClientCertificates::Required,
    };
    let check = |certificate: &str, key: &str, clients: &str| {
        let (certificate, key, clients) =
            (certificate.to_owned(), key.to_owned(), clients.to_owned());
        settings.check(&move |path| match path.to_str() {
            Some("engine.pem") => Ok(certificate.clone().into_bytes()),
            Some("engine.key") => Ok(key.clone().into_bytes()),
            _ => Ok(clients.clone().into_bytes()),
        })
    };
    assert!(check(&certificate, &key, &authority.pem).is_ok());
    for (found, file) in [
        (check(&certificate, &other, &authority.pem), TlsFile::Key),
        (check(&certificate, "x", &authority.pem), TlsFile::Key),
        (check("x", &key, &authority.pem), TlsFile::Certificate),
        (check(&certificate, &key, "x"), TlsFile::ClientCa),
    ] {
        assert_eq!(found.unwrap_err().file, file);
    }
}
