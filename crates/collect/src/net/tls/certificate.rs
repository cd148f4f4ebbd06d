//! What the engine must know of a certificate beside its validity.

use gridos_model::Timestamp;
use x509_cert::der::asn1::{ObjectIdentifier, Utf8StringRef};
use x509_cert::der::{Decode, Error};

/// The extension that holds the role of a client (8.3): a text, which both sides agreed on.
const ROLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.50316.802.1");
/// The common name (X.520, 2.5.4.3).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Whose certificate it is, what they may do, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The subject as RFC 4514 writes it: `CN=rtu-7,O=Example Grid`.
    pub subject: String,
    /// The common name alone; empty if there is none.
    pub common_name: String,
    /// The role by the extension of Modbus Security, if there is one.
    pub role: Option<String>,
    /// The last moment at which it is valid.
    pub not_after: Timestamp,
}

impl Certificate {
    /// Reads a certificate in DER; its signature is not checked.
    ///
    /// # Errors
    /// If it is none, or its role is no text.
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        let certificate = x509_cert::Certificate::from_der(der)?.tbs_certificate;
        let role = certificate.extensions.iter().flatten();
        let role = role
            .filter(|extension| extension.extn_id == ROLE)
            .map(|extension| Utf8StringRef::from_der(extension.extn_value.as_bytes()))
            .next()
            .transpose()?;
        let names = certificate
            .subject
            .0
            .iter()
            .flat_map(|names| names.0.iter());
        let common_name = names
            .filter(|name| name.oid == COMMON_NAME)
            .filter_map(|name| std::str::from_utf8(name.value.value()).ok())
            .next();
        let not_after = certificate.validity.not_after.to_system_time();
        Ok(Self {
            subject: certificate.subject.to_string(),
            common_name: common_name.unwrap_or_default().to_owned(),
            role: role.map(|role| role.as_str().to_owned()),
            not_after: not_after.into(),
        })
    }

    /// Whether `name` is its subject or its common name.
    pub fn is_of(&self, name: &str) -> bool {
        self.subject == name || (!self.common_name.is_empty() && self.common_name == name)
    }
}
