//! Servers of NATS, as sections name them that need one.

use std::path::{Path, PathBuf};

use gridos_nats::{Credentials, ServerOptions};

use super::name::Name;
use super::secret::Secret;
use super::section::{Section, shown};
use super::source::{Files, Found};

/// Where the servers of NATS are, and how one comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsServers {
    /// As `nats://host:4222`.
    pub servers: Vec<String>,
    /// A file with a JWT and an NKey seed.
    pub credentials_file: Option<PathBuf>,
    /// A file with a token; it is read again at each start.
    pub token_file: Option<PathBuf>,
    /// A user and the file of the password, which is read again at each start.
    pub password: Option<(String, PathBuf)>,
    /// Authorities that are trusted beside the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// The certificate that is shown, and its key, in PEM.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// A file by which one comes in cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("what is needed to come in at NATS cannot be read from {path}")]
pub struct NatsFileError {
    /// The file.
    path: String,
    /// Why not.
    source: std::io::Error,
}

impl NatsServers {
    /// What the section says; all faults are told.
    pub(super) fn read(section: &Section<'_>, files: &Files<'_>) -> Option<Self> {
        let servers = shared_servers(section);
        let servers = section.demand("servers", servers, "servers = \"nats://127.0.0.1:4222\"");
        let checked = |key| checked(section, files, key);
        let (credentials_file, token_file) = (checked("credentials_file"), checked("token_file"));
        let ca_file = checked("ca_file");
        let certificate = both(section, "certificate_file", "key_file")
            .and_then(|()| checked("certificate_file").zip(checked("key_file")));
        let user = section.text("user").map(|found| found.value.to_owned());
        let password_file = checked("password_file");
        both(section, "user", "password_file");
        let ways = ["credentials_file", "token_file", "user"];
        if ways.iter().filter(|key| section.has(key)).count() > 1 {
            let what = format!("{} exclude each other; keep one", ways.join(", "));
            section.report(what);
        }
        Some(Self {
            servers: servers?.value,
            credentials_file,
            token_file,
            password: user.zip(password_file),
            ca_file,
            certificate,
        })
    }

    /// The same with the files as they are now, for the client called `client`.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn options(&self, client: &str) -> Result<ServerOptions, NatsFileError> {
        let credentials = match (&self.credentials_file, &self.token_file, &self.password) {
            (Some(path), ..) => Credentials::File(path.clone()),
            (None, Some(path), _) => Credentials::Token(secret(path)?.expose().to_owned()),
            (None, None, Some((user, path))) => Credentials::Password {
                user: user.clone(),
                password: secret(path)?.expose().to_owned(),
            },
            (None, None, None) => Credentials::None,
        };
        Ok(ServerOptions {
            servers: self.servers.clone(),
            client: client.to_owned(),
            credentials,
            ca_file: self.ca_file.clone(),
            certificate: self.certificate.clone(),
        })
    }
}

fn secret(path: &Path) -> Result<Secret, NatsFileError> {
    let text = std::fs::read_to_string(path).map_err(|source| NatsFileError {
        path: path.display().to_string(),
        source,
    })?;
    Ok(Secret::new(text.trim()))
}

/// Names are parts of subjects and buckets of NATS.
pub(super) fn token(text: &str) -> Result<Name, String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if !text.chars().all(is_plain) {
        return Err(
            "may hold letters, digits, - and _ only: it is part of a name in NATS".to_owned(),
        );
    }
    Name::plain(text).map_err(|error| error.to_string())
}

/// The text may hold a password: it is not shown.
fn shared_servers(section: &Section<'_>) -> Option<Found<Vec<String>>> {
    let text = section.text("servers")?;
    match servers(text.value) {
        Ok(servers) => Some(Found::new(servers, &text.place)),
        Err(hidden) => {
            section.fault("servers", hidden);
            None
        }
    }
}

fn servers(text: &str) -> Result<Vec<String>, Hidden> {
    let servers: Vec<_> = text
        .split(',')
        .map(|server| server.trim().to_owned())
        .collect();
    let is_server = |server: &String| {
        let rest = ["nats://", "tls://"]
            .iter()
            .find_map(|scheme| server.strip_prefix(scheme));
        rest.is_some_and(|rest| {
            !rest.is_empty() && !rest.contains(['@', '/', ' ']) && !rest.starts_with(':')
        })
    };
    match servers.iter().all(is_server) {
        true => Ok(servers),
        false => Err(Hidden),
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "must be nats://host:4222 or tls://host:4222, several with commas between; secrets belong in files"
)]
struct Hidden;

/// Whether both keys are given; one alone is a fault.
fn both(section: &Section<'_>, one: &str, other: &str) -> Option<()> {
    match (section.has(one), section.has(other)) {
        (true, true) => Some(()),
        (false, false) => None,
        (true, false) => {
            section.fault(one, format_args!("needs `{other}` beside it"));
            None
        }
        (false, true) => {
            section.fault(other, format_args!("needs `{one}` beside it"));
            None
        }
    }
}

/// The file is read again at every start; that it can be is seen here.
fn checked(section: &Section<'_>, files: &Files<'_>, key: &'static str) -> Option<PathBuf> {
    let path = files.folder.join(section.text(key)?.value);
    if let Err(error) = (files.read)(&path) {
        let shown = shown(&path.to_string_lossy());
        section.fault(key, format_args!("{shown} cannot be read: {error}"));
    }
    Some(path)
}
