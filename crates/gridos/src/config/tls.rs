//! `tls = { ca = "ca.pem", certificate = "engine.pem", key = "engine.key" }`: Modbus/TCP Security.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use gridos_collect::modbus::{Credentials, CredentialsFile};

use super::device_csv::ReadFile;
use super::section::{Section, shown};

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
    folder: &'a Path,
    read_file: ReadFile<'a>,
    loaded: RefCell<HashMap<[String; 3], Option<Arc<Credentials>>>>,
}

impl<'a> TlsFiles<'a> {
    /// Reads files relative to `folder`.
    pub(super) fn new(folder: &'a Path, read_file: ReadFile<'a>) -> Self {
        Self {
            folder,
            read_file,
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
            let path = self.folder.join(name);
            let read = (self.read_file)(&path);
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
