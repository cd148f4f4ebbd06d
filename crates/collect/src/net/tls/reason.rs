//! Why a handshake failed, in an operator's words.

use std::io;

use tokio_rustls::rustls::{CertificateError, Error};

/// `error` with what the library says in names of its own said in words.
pub(super) fn in_words(error: io::Error) -> io::Error {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    let words = match inner {
        Some(Error::InvalidCertificate(reason)) => of_certificate(reason),
        Some(Error::AlertReceived(alert)) => {
            format!("the other side ended it: {}", spaced(&format!("{alert:?}")))
        }
        Some(_) | None => return error,
    };
    io::Error::new(error.kind(), words)
}

fn of_certificate(reason: &CertificateError) -> String {
    use CertificateError as Reason;
    let text = reason.to_string();
    let what = if text.contains("CaUsedAsEndEntity") {
        "is that of an authority (its basic constraints say CA), which no device may show"
    } else if text.contains("UnsupportedCertVersion") {
        "is not of version 3"
    } else if matches!(reason, Reason::Expired | Reason::ExpiredContext { .. }) {
        "has expired"
    } else if matches!(
        reason,
        Reason::NotValidYet | Reason::NotValidYetContext { .. }
    ) {
        "is not valid yet; compare the clocks"
    } else if matches!(reason, Reason::UnknownIssuer) {
        "is of no authority in the ca file"
    } else if matches!(
        reason,
        Reason::NotValidForName | Reason::NotValidForNameContext { .. }
    ) {
        "has another name; write it as server_name"
    } else if matches!(
        reason,
        Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. }
    ) {
        "is not meant for this side (its extended key usage)"
    } else if matches!(reason, Reason::BadSignature) {
        "has a signature of no authority in the ca file"
    } else if matches!(reason, Reason::BadEncoding) {
        "cannot be read"
    } else if matches!(reason, Reason::Revoked) {
        "is revoked"
    } else {
        return format!(
            "the other side's certificate is refused: {}",
            spaced(&inner_of(reason))
        );
    };
    format!("the other side's certificate {what}")
}

/// The innermost name, as in `Other(OtherError(NameOfIt))`.
fn inner_of(reason: &CertificateError) -> String {
    let text = format!("{reason:?}");
    let name = text.rsplit('(').next().unwrap_or_default();
    name.trim_end_matches(')').to_owned()
}

/// `NameOfIt` as `name of it`.
fn spaced(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    for (at, letter) in name.chars().enumerate() {
        if at > 0 && letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_rustls::rustls::{AlertDescription, OtherError};

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("CaUsedAsEndEntity")]
    struct CaUsedAsEndEntity;

    #[test]
    fn nothing_of_the_library_s_own_names_is_left() {
        let told =
            |error: Error| in_words(io::Error::new(io::ErrorKind::InvalidData, error)).to_string();
        let other = CertificateError::Other(OtherError(Arc::new(CaUsedAsEndEntity)));
        let text = told(Error::InvalidCertificate(other));
        assert!(text.contains("that of an authority"), "{text}");
        let text = told(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert_eq!(
            text,
            "the other side's certificate is of no authority in the ca file"
        );
        let text = told(Error::AlertReceived(AlertDescription::CertificateRequired));
        assert_eq!(text, "the other side ended it: certificate required");
        let text = told(Error::InvalidCertificate(
            CertificateError::UnknownRevocationStatus,
        ));
        assert!(
            text.ends_with("refused: unknown revocation status"),
            "{text}"
        );
        assert_eq!(told(Error::DecryptError), Error::DecryptError.to_string());
    }
}
