//! What must be known of a client's certificate beside its validity.

use std::net::IpAddr;

use gridos_model::Timestamp;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode as _, Error};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// The common name (X.520, 2.5.4.3).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// The alternative names of the subject (RFC 5280, 4.2.1.6).
const ALTERNATIVE_NAMES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Whose certificate it is, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerCertificate {
    /// The subject as RFC 4514 writes it: `CN=gateway-7,O=Example Grid`.
    subject: String,
    common_name: Option<String>,
    alternatives: Vec<String>,
    /// The last moment at which it is valid.
    pub(crate) not_after: Timestamp,
}

impl PeerCertificate {
    /// Reads a certificate in DER; its signature is not checked.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Error> {
        let certificate = Certificate::from_der(der)?.tbs_certificate;
        let names = certificate
            .subject
            .0
            .iter()
            .flat_map(|names| names.0.iter());
        let common_name = names
            .filter(|name| name.oid == COMMON_NAME)
            .filter_map(|name| std::str::from_utf8(name.value.value()).ok())
            .next();
        let extensions = certificate.extensions.iter().flatten();
        let found = extensions
            .filter(|extension| extension.extn_id == ALTERNATIVE_NAMES)
            .map(|extension| SubjectAltName::from_der(extension.extn_value.as_bytes()))
            .next()
            .transpose()?;
        let alternatives = found
            .iter()
            .flat_map(|names| &names.0)
            .filter_map(alternative);
        Ok(Self {
            subject: certificate.subject.to_string(),
            common_name: common_name.map(str::to_owned),
            alternatives: alternatives.collect(),
            not_after: certificate.validity.not_after.to_system_time().into(),
        })
    }

    /// Whether `name` is its subject, its common name or one of its alternative names.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        self.subject == name
            || self.common_name.as_deref() == Some(name)
            || self.alternatives.iter().any(|own| own == name)
    }
}

fn alternative(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::Rfc822Name(name) => Some(name.to_string()),
        GeneralName::UniformResourceIdentifier(name) => Some(name.to_string()),
        GeneralName::IpAddress(octets) => {
            let octets = octets.as_bytes();
            let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(octets).map(IpAddr::from);
            v4.or_else(|_| v6()).ok().map(|address| address.to_string())
        }
        GeneralName::OtherName(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::RegisteredId(_) => None,
    }
}
