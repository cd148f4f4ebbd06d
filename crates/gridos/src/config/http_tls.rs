//! `[http.tls]`: HTTP over TLS.

use std::path::PathBuf;

use gridos_api::{ClientCertificates, TlsFile, TlsSettings};

use super::section::{Section, shown};
use super::source::Files;

pub(super) const KEYS: &[&str] = &["certificate", "key", "client_ca", "client_certificates"];

/// What `tls` of `section` names, if it is given; the files are loaded to see that they fit.
pub(super) fn read(section: &Section<'_>, files: &Files<'_>) -> Option<TlsSettings> {
    let tls = section.table("tls", KEYS, "[http.tls]".to_owned())?;
    let path = |key: &str| -> Option<PathBuf> {
        let found = tls.text(key)?;
        Some(files.folder.join(found.value))
    };
    let demand = |key: &str, example: &str| tls.demand(key, path(key), example);
    let certificate = demand("certificate", "certificate = \"engine.pem\"");
    let key = demand("key", "key = \"engine.key\"");
    let client_ca = path("client_ca");
    let choices = [
        ("required", ClientCertificates::Required),
        ("optional", ClientCertificates::Optional),
    ];
    let clients = tls.choice("client_certificates", &choices);
    if clients.is_some() && client_ca.is_none() {
        let what = "needs client_ca: the authorities whose clients are let in";
        tls.fault("client_certificates", what);
    }
    let settings = TlsSettings {
        certificate: certificate?,
        key: key?,
        client_ca,
        client_certificates: clients.map(|found| found.value).unwrap_or_default(),
    };
    if let Err(error) = settings.check(files.read) {
        let path = match error.file {
            TlsFile::Certificate => Some(&settings.certificate),
            TlsFile::Key => Some(&settings.key),
            TlsFile::ClientCa => settings.client_ca.as_ref(),
        };
        let path = path
            .map(|path| shown(&path.to_string_lossy()))
            .unwrap_or_default();
        tls.fault(error.file.key(), format_args!("{path} {error}"));
        return None;
    }
    Some(settings)
}
