//! `tls = { ca = "ca.pem", certificate = "engine.pem", key = "engine.key" }`: Modbus/TCP Security.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use gridos_collect::modbus::{Credentials, CredentialsFile};

use super::section::{Section, shown};
use super::source::Files;

pub(super) const KEYS: &[&str] = &["ca", "certificate", "key", "server_name"];

/// The certificates of one side, loaded and found to fit together.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The three files.
    pub credentials: Arc<Credentials>,
    /// What a device calls itself in its certificate, if not by its host.
    pub server_name: Option<String>,
    /// The file of the own certificate, for warnings.
    pub certificate_file: String,
}

/// Loads certificates, each set of files once.
pub(super) struct TlsFiles<'a> {
    files: &'a Files<'a>,
    loaded: RefCell<HashMap<[String; 3], Option<Arc<Credentials>>>>,
}

impl<'a> TlsFiles<'a> {
    /// Loads them from `files`.
    pub(super) fn new(files: &'a Files<'a>) -> Self {
        Self {
            files,
            loaded: RefCell::default(),
        }
    }

    /// What `tls` of `section` names, if it is given.
    pub(super) fn read(&self, section: &Section<'_>) -> Option<Tls> {
        let title = format!("{} tls", section.title());
        let tls = section.table("tls", KEYS, title)?;
        let file = |key: &'static str| {
            let found = tls.text(key).map(|found| found.value.to_owned());
            tls.demand(key, found, &format!("{key} = \"{key}.pem\""))
        };
        let (ca, certificate, key) = (file("ca"), file("certificate"), file("key"));
        let server_name = tls.text("server_name").map(|found| found.value.to_owned());
        let names = [ca?, certificate?, key?];
        let known = self.loaded.borrow().get(&names).cloned();
        let credentials = known.unwrap_or_else(|| {
            let loaded = self.load(&tls, &names).map(Arc::new);
            self.loaded
                .borrow_mut()
                .insert(names.clone(), loaded.clone());
            loaded
        });
        let [_, certificate_file, _] = names;
        Some(Tls {
            credentials: credentials?,
            server_name,
            certificate_file,
        })
    }

    fn load(&self, tls: &Section<'_>, names: &[String; 3]) -> Option<Credentials> {
        let bytes = |key: &str, name: &String| {
            let path = self.files.folder.join(name);
            let read = (self.files.read)(&path);
            read.map_err(|error| {
                let shown = shown(&path.to_string_lossy());
                let what = format_args!("{shown} cannot be read: {error}; correct the path");
                tls.fault(key, what);
            })
            .ok()
        };
        let ca = bytes("ca", &names[0]);
        let certificate = bytes("certificate", &names[1]);
        let key = bytes("key", &names[2]);
        Credentials::read(&ca?, &certificate?, &key?)
            .map_err(|error| {
                let (key, name) = match error.file {
                    CredentialsFile::Ca => ("ca", &names[0]),
                    CredentialsFile::Certificate => ("certificate", &names[1]),
                    CredentialsFile::Key => ("key", &names[2]),
                };
                tls.fault(key, format_args!("{} {error}", shown(name)));
            })
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use rcgen::{CertificateParams, KeyPair};

    use crate::check::Report;
    use crate::config::tests::NO_VARIABLES;
    use crate::config::{Config, Faults, Fleet, Reach};

    /// A certificate that is its own authority, and its key.
    fn own() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["engine".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn parse(text: &str, key: &str, certificate: &str) -> Result<Config, Faults> {
        let read = |path: &Path| match path.to_str() {
            Some("etc/own.pem") => Ok(certificate.as_bytes().to_vec()),
            Some("etc/own.key") => Ok(key.as_bytes().to_vec()),
            _ => Err(io::Error::other("there is none")),
        };
        Config::parse(text, "etc/g.toml", NO_VARIABLES, &read)
    }

    const DEVICE: &str = r#"
        [[profile]]
        name = "relay"
        protocol = "modbus"
        point = [{ name = "level", holding = 10 }]
        tls = { ca = "own.pem", certificate = "own.pem", key = "own.key" }
        [[device]]
        name = "a"
        profile = "relay"
        address = "relay-1.example"
    "#;

    #[test]
    fn a_device_over_tls_has_its_port_and_an_expired_certificate_is_warned_of() {
        let (certificate, key) = own();
        let config = parse(DEVICE, &key, &certificate).unwrap();
        let fleet = Fleet::of(&config).unwrap();
        let link = fleet.devices[0].modbus.as_ref().unwrap();
        assert_eq!(link.address.to_string(), "relay-1.example:802");
        let Reach::Tls(client) = &link.reach else {
            panic!("{:?}", link.reach);
        };
        assert!(format!("{client:?}").contains("relay-1.example"));
        let report = Report::of(&config).unwrap();
        let expired = "a certificate of 'own.pem' or its ca ended at 2020-01-01T00:00:00Z";
        assert!(
            report.warnings.iter().any(|w| w.contains(expired)),
            "{report}"
        );
    }

    #[test]
    fn files_that_do_not_fit_are_told_with_their_line() {
        let (certificate, key) = own();
        let (_, foreign) = own();
        let found = |text: &str, key: &str| parse(text, key, &certificate).unwrap_err().to_string();
        let mismatch = found(DEVICE, &foreign);
        let what =
            "etc/g.toml:6: profile 'relay' tls key: \"own.key\" does not fit the certificate";
        assert!(mismatch.contains(what), "{mismatch}");
        let missing = found(&DEVICE.replace(", key = \"own.key\"", ""), &key);
        assert!(
            missing.contains("profile 'relay' tls key: is missing; write key"),
            "{missing}"
        );
        let absent = found(
            &DEVICE.replace("ca = \"own.pem\"", "ca = \"none.pem\""),
            &key,
        );
        assert!(
            absent.contains("\"etc/none.pem\" cannot be read: there is none"),
            "{absent}"
        );
    }
}
