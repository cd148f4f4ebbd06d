//! How long the certificates of HTTPS, of listeners and of connections to devices hold.

use std::collections::BTreeMap;

use gridos_api::TlsServer;
use gridos_model::Timestamp;

use super::Finding;
use crate::config::Config;
use crate::engine::EXPIRES_SOON;

const CHECK: &str = "certificates";

/// A file, and when the first of the certificates that stand with it ends.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    file: String,
    expires: Timestamp,
}

pub(super) fn look(config: &Config) -> Vec<Seen> {
    let listeners = config.listeners.iter().filter_map(|one| one.tls.as_ref());
    let profiles = config.profiles.iter().filter_map(|one| one.tls.as_ref());
    let files = listeners
        .chain(profiles)
        .map(|tls| (tls.certificate_file.clone(), tls.credentials.expires()));
    let files: BTreeMap<String, Timestamp> = files.chain(of_http(config)).collect();
    let seen = files.into_iter();
    seen.map(|(file, expires)| Seen { file, expires }).collect()
}

/// Those of HTTPS, which were found to be readable with the configuration.
fn of_http(config: &Config) -> Option<(String, Timestamp)> {
    let settings = config.http.tls.clone()?;
    let file = settings.certificate.display().to_string();
    let server = TlsServer::load(settings).ok()?;
    Some((file, server.expires()))
}

pub(super) fn judge(seen: &[Seen], now: Timestamp) -> Vec<Finding> {
    if seen.is_empty() {
        return vec![Finding::ok(CHECK, "none is configured")];
    }
    seen.iter().map(|one| judge_one(one, now)).collect()
}

fn judge_one(Seen { file, expires }: &Seen, now: Timestamp) -> Finding {
    let days = expires.since(now).as_secs() / 86_400;
    if *expires <= now {
        let what = format!("'{file}' or its ca ended at {expires}: nobody accepts it");
        return Finding::problem(CHECK, what, "renew it");
    }
    let what = format!("'{file}' and its ca hold for {days} days, until {expires}");
    match *expires < now.saturating_add(EXPIRES_SOON) {
        true => Finding::warning(CHECK, what, "renew it now"),
        false => Finding::ok(CHECK, what),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use gridos_collect::modbus::Credentials;
    use rcgen::{CertificateParams, KeyPair};

    use super::super::Grade;
    use super::*;

    /// When a real certificate ends that is made to end then.
    fn expires(year: i32) -> Timestamp {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["gridos".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = params.self_signed(&key).unwrap().pem();
        let key = key.serialize_pem();
        let read = Credentials::read(
            certificate.as_bytes(),
            certificate.as_bytes(),
            key.as_bytes(),
        );
        read.unwrap().expires()
    }

    #[test]
    fn days_left_decide() {
        let expires = expires(2031);
        let grade = |days: i64| {
            let day = Duration::from_secs(86_400);
            let now = match u32::try_from(days) {
                Ok(before) => expires.saturating_sub(day * before),
                Err(_) => expires.saturating_add(day),
            };
            let file = "engine.pem".to_owned();
            judge(&[Seen { file, expires }], now)[0].grade
        };
        assert_eq!(grade(31), Grade::Ok);
        assert_eq!(grade(29), Grade::Warning);
        assert_eq!(grade(0), Grade::Problem);
        assert_eq!(grade(-1), Grade::Problem);
        let now = Timestamp::from(SystemTime::now());
        let expired = Seen {
            file: "old.pem".to_owned(),
            expires: self::expires(2020),
        };
        assert_eq!(judge(&[expired], now)[0].grade, Grade::Problem);
        assert_eq!(judge(&[], now)[0].grade, Grade::Ok);
    }
}
