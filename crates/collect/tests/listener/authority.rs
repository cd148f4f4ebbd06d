//! A certificate authority of the test.

use gridos_collect::modbus::Credentials;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, IsCa, KeyPair, date_time_ymd,
};

/// The extension of Modbus Security that holds a role (8.3).
const ROLE: &[u64] = &[1, 3, 6, 1, 4, 1, 50_316, 802, 1];

/// Signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, in PEM.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// What a certificate is to say.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wish {
    pub(crate) role: Option<&'static str>,
    pub(crate) is_expired: bool,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `name` at 127.0.0.1.
    pub(crate) fn issue(&self, name: &str, wish: Wish) -> Issued {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = named(name);
        if let Some(role) = wish.role {
            // A UTF8String of the role (X.690, 8.23).
            let mut text = vec![0x0c, u8::try_from(role.len()).unwrap()];
            text.extend(role.bytes());
            let extension = CustomExtension::from_oid_content(ROLE, text);
            params.custom_extensions.push(extension);
        }
        if wish.is_expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// The credentials of `issued` that trust this authority.
    pub(crate) fn credentials(&self, issued: &Issued) -> Credentials {
        let (ca, certificate, key) = (self.pem(), &issued.certificate, &issued.key);
        Credentials::read(ca.as_bytes(), certificate.as_bytes(), key.as_bytes()).unwrap()
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
