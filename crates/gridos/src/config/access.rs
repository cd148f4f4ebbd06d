//! `[access]`: who may come in.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridos_access::oidc::Demands;
use gridos_access::{Role, SessionsOptions, check_name};
use gridos_api::{AccessSettings, CertificateRule, Issuer, OidcSettings};

use super::given::Given;
use super::http::Http;
use super::section::{Section, shown};
use super::source::Files;

pub(super) const KEYS: &[&str] = &[
    "mode",
    "users_file",
    "allow_open",
    "hosts",
    "session_idle",
    "session_max",
    "oidc",
    "certificate",
];

pub(super) const OIDC_KEYS: &[&str] = &[
    "issuer",
    "audience",
    "roles_claim",
    "name_claim",
    "map",
    "keys_url",
    "ca_file",
];

pub(super) const CERTIFICATE_KEYS: &[&str] = &["subject", "name", "role"];

/// The users' file in the data folder, if none is named.
const USERS_FILE: &str = "users.jsonl";

const MINUTE: Duration = Duration::from_secs(60);

/// Who may come in.
#[derive(Clone, Debug)]
pub struct Access {
    /// Whether anybody is asked who they are; default no.
    pub is_on: bool,
    /// The file of users and tokens; default `users.jsonl` in the data folder.
    pub users_file: PathBuf,
    /// The API may be open to whoever reaches it, and that is known and wanted; default no.
    pub allow_open: bool,
    /// Further names by which browsers call an engine that listens on this machine alone; default none.
    pub hosts: Vec<String>,
    /// A session of a browser ends when nobody uses it for so long; 1 min to 7 d, default 1 h.
    pub session_idle: Duration,
    /// And after this time in any case; 1 min to 30 d, default 12 h.
    pub session_max: Duration,
    /// The identity provider whose tokens are believed; default none.
    pub oidc: Option<OidcSettings>,
    /// Whose client certificates mean what; default nobody's.
    pub certificates: Vec<CertificateRule>,
}

impl Access {
    pub(super) fn read(
        section: &Section<'_>,
        http: &Http,
        data_dir: &Path,
        files: &Files<'_>,
    ) -> Self {
        let mode = section.choice("mode", &[("on", true), ("off", false)]);
        let is_on = mode.is_some_and(|found| found.value);
        let users_file = section.text("users_file");
        let users_file = users_file.map(|found| files.folder.join(found.value));
        let sessions = SessionsOptions::default();
        let span = |key, most: u64| {
            let range = MINUTE..=Duration::from_secs(most * 86_400);
            section.duration(key, &range).map(|found| found.value)
        };
        let hosts = section.list("hosts", "a list of names in quotes", |given| match given {
            Given::Typed(toml::de::DeValue::String(name)) => Some(name.to_string()),
            Given::Typed(_) | Given::Word(_) => None,
        });
        let access = Self {
            is_on,
            users_file: users_file.unwrap_or_else(|| data_dir.join(USERS_FILE)),
            allow_open: section.flag("allow_open").unwrap_or(false),
            hosts: hosts.map(|found| found.value).unwrap_or_default(),
            session_idle: span("session_idle", 7).unwrap_or(sessions.idle),
            session_max: span("session_max", 30).unwrap_or(sessions.age_max),
            oidc: oidc(section, files),
            certificates: certificates(section, http),
        };
        access.check_listen(section, http);
        access
    }

    /// What the API must know of it.
    pub fn settings(&self, http: &Http) -> AccessSettings {
        AccessSettings {
            is_on: self.is_on,
            users_file: self.users_file.clone(),
            oidc: self.oidc.clone(),
            certificates: self.certificates.clone(),
            metrics_open: http.metrics_open,
            is_local: !self.is_on && http.listen.ip().is_loopback(),
            hosts: self.hosts.clone(),
            sessions: SessionsOptions {
                idle: self.session_idle,
                age_max: self.session_max,
                ..SessionsOptions::default()
            },
        }
    }

    /// Whether whoever reaches `listen` may do everything.
    pub fn is_open_at(&self, listen: SocketAddr) -> bool {
        !self.is_on && !listen.ip().is_loopback()
    }

    fn check_listen(&self, section: &Section<'_>, http: &Http) {
        if self.is_open_at(http.listen) && !self.allow_open {
            let listen = http.listen;
            section.fault(
                "mode",
                format_args!(
                    "[http] listen = \"{listen}\" can be reached from the network, and nobody is asked \
                     who they are; write mode = \"on\" here and make a user (gridos user add), or \
                     listen on 127.0.0.1, or write allow_open = true if everybody may do everything"
                ),
            );
        }
        if self.is_on && self.allow_open {
            let what = "contradicts mode = \"on\"; leave one of them out";
            section.fault("allow_open", what);
        }
        let kept = [
            ("oidc", self.oidc.is_some()),
            ("certificate", !self.certificates.is_empty()),
        ];
        for (key, is_given) in kept {
            if is_given && !self.is_on {
                section.fault(
                    key,
                    "has no effect unless mode = \"on\"; write that as well",
                );
            }
        }
    }
}

fn oidc(section: &Section<'_>, files: &Files<'_>) -> Option<OidcSettings> {
    let oidc = section.table("oidc", OIDC_KEYS, "[access.oidc]".to_owned())?;
    let text = |key| oidc.text(key).map(|found| found.value.to_owned());
    let issuer = oidc.demand(
        "issuer",
        text("issuer"),
        "issuer = \"https://login.example\"",
    );
    let audience = oidc.demand("audience", text("audience"), "audience = \"gridos\"");
    let map = oidc.table("map", &[], "[access.oidc] map".to_owned());
    let map = oidc.demand("map", map, "map = { \"GridOS.Operator\" = \"operator\" }");
    let roles = map.map(|map| {
        let names = map.names().into_iter();
        let roles = names.filter_map(|name| {
            let role = role(&map, name.value)?;
            Some((name.value.to_owned(), role))
        });
        roles.collect::<Vec<_>>()
    });
    let authorities = oidc.text("ca_file").and_then(|found| {
        let path = files.folder.join(found.value);
        let read = (files.read)(&path);
        let shown = shown(&path.to_string_lossy());
        read.map_err(|error| {
            oidc.fault(
                "ca_file",
                format_args!("{shown} cannot be read: {error}; correct the path"),
            );
        })
        .ok()
    });
    let settings = OidcSettings {
        demands: Demands {
            issuer: issuer?,
            audience: audience?,
            roles_claim: text("roles_claim").unwrap_or_else(|| "roles".to_owned()),
            name_claim: text("name_claim").unwrap_or_else(|| "preferred_username".to_owned()),
            roles: roles?,
        },
        keys_url: text("keys_url"),
        authorities,
    };
    match Issuer::new(settings.clone()) {
        Ok(_) => Some(settings),
        Err(error) => {
            oidc.report(error);
            None
        }
    }
}

fn certificates(section: &Section<'_>, http: &Http) -> Vec<CertificateRule> {
    let tables = section.tables("certificate", CERTIFICATE_KEYS, "[[access.certificate]]");
    let has_authority = http.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
    if !tables.is_empty() && !has_authority {
        section.fault(
            "certificate",
            "needs [http.tls] client_ca: nobody is asked for one else",
        );
    }
    let rules = tables.iter().filter_map(|table| {
        let subject = table.text("subject").map(|found| found.value.to_owned());
        let subject = table.demand("subject", subject, "subject = \"CN=gateway-7\"");
        let name = table.word("name", |text| check_name(text).map(|()| text.to_owned()));
        let name = table.demand("name", name, "name = \"gateway-7\"");
        let role = role(table, "role");
        let role = table.demand("role", role, "role = \"ingest\"");
        Some(CertificateRule {
            subject: subject?,
            name: name?.value,
            role: role?,
        })
    });
    rules.collect()
}

fn role(section: &Section<'_>, key: &str) -> Option<Role> {
    let roles = Role::ALL.map(|role| (role.name(), role));
    section.choice(key, &roles).map(|found| found.value)
}
