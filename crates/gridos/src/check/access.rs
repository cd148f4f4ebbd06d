//! Who may come in: what is probably not meant.

use std::path::Path;

use gridos_access::BookFile;
use gridos_model::Timestamp;

use crate::config::Config;
use crate::engine::EXPIRES_SOON;

/// What is allowed, but probably not meant, at `now`.
pub(super) fn warnings(config: &Config, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    let (http, access) = (&config.http, &config.access);
    let listen = http.listen;
    if access.is_open_at(listen) {
        warnings.push(format!("the API at {listen} is open to whoever reaches it"));
    }
    if access.is_on && http.tls.is_none() && !listen.ip().is_loopback() {
        warnings.push(format!(
            "passwords and tokens go to the API at {listen} in the clear; write [http.tls]"
        ));
    }
    if access.is_on {
        warnings.extend(of_users(&access.users_file));
    }
    let certificate = http
        .tls
        .as_ref()
        .map(|tls| (tls.certificate.display(), tls));
    if let Some((file, tls)) = certificate
        && let Ok(expires) = tls.check(&|path| std::fs::read(path))
    {
        if expires < now {
            warnings.push(format!(
                "the certificate of '{file}' ended at {expires}; renew it"
            ));
        } else if expires < now.saturating_add(EXPIRES_SOON) {
            warnings.push(format!(
                "the certificate of '{file}' ends at {expires}; renew it"
            ));
        }
    }
    warnings
}

fn of_users(path: &Path) -> Option<String> {
    match BookFile::new(path).read() {
        Ok(Some(_)) => None,
        Ok(None) => {
            let path = path.display();
            Some(format!(
                "there is no users' file {path} yet; see gridos user add"
            ))
        }
        Err(error) => Some(error.to_string()),
    }
}
