//! Which names an engine is called by, and from which pages.
//!
//! A page of somebody else's, open in a browser on this machine, can have its own name lead to
//! 127.0.0.1 (DNS rebinding) and would then be of the same origin as an engine that asks nobody. It
//! still calls the engine by its own name, in `Host`.

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;

use super::settings::AccessSettings;
use crate::parameters::cut;
use crate::problem::{Kind, Problem};

/// Names that lead to the machine itself whoever is asked.
const LOCAL: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "::1"];

/// Whether the request is for this engine and, if it changes something, comes from no foreign page.
pub(super) fn check(parts: &Parts, settings: &AccessSettings) -> Result<(), Problem> {
    let called = called(parts);
    if settings.is_local
        && let Some(called) = called
        && !is_own(called, &settings.hosts)
    {
        let detail = format!(
            "the engine listens on this machine alone, and is not called '{}'; call it localhost or \
             127.0.0.1, or name that in [access] hosts",
            cut(called)
        );
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    if parts.method.is_safe() || !is_foreign(parts, called) {
        return Ok(());
    }
    let detail = "the request comes from a page of another site; use the engine's own page";
    Err(Problem::new(Kind::Forbidden, detail))
}

/// The host that is called, without the port; the URI's counts more than the header's (RFC 9112, 3.2.2).
fn called(parts: &Parts) -> Option<&str> {
    if let Some(host) = parts.uri.host() {
        return Some(host);
    }
    let host = parts.headers.get(HOST)?.to_str().unwrap_or("?");
    Some(without_port(host))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

fn is_own(called: &str, hosts: &[String]) -> bool {
    let own = LOCAL.into_iter().chain(hosts.iter().map(String::as_str));
    let is = |name: &str| name.eq_ignore_ascii_case(called);
    // Every address of 127.0.0.0/8 is this machine, and no name of a page.
    let is_loopback = called
        .trim_matches(['[', ']'])
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    is_loopback || own.into_iter().any(is)
}

/// Whether a browser says that another site's page asks. Programs say nothing.
fn is_foreign(parts: &Parts, called: Option<&str>) -> bool {
    let header = |name: &str| parts.headers.get(name)?.to_str().ok();
    match header("sec-fetch-site") {
        Some("same-origin" | "none") => false,
        Some(_) => true,
        None => match header(ORIGIN.as_str()) {
            None => false,
            Some(origin) => {
                let host = origin.split_once("://").map(|(_, host)| without_port(host));
                host.is_none() || host != called
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn judged(method: &str, headers: &[(&str, &str)], is_local: bool) -> bool {
        let mut request = Request::builder().method(method).uri("/api/v1/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let settings = AccessSettings {
            is_local,
            hosts: vec!["scada.example".to_owned()],
            ..AccessSettings::default()
        };
        check(&parts, &settings).is_ok()
    }

    #[test]
    fn a_name_that_somebody_made_lead_here_is_refused() {
        for (host, is_own) in [
            ("localhost:8080", true),
            ("LOCALHOST", true),
            ("127.0.0.1:1", true),
            ("127.1.2.3", true),
            ("[::1]:8080", true),
            ("scada.example:8080", true),
            ("evil.example:8080", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(judged("GET", &[("host", host)], true), is_own, "{host}");
            assert!(judged("GET", &[("host", host)], false), "{host}");
        }
    }

    #[test]
    fn a_foreign_page_changes_nothing() {
        let host = ("host", "engine:8080");
        for (header, may) in [
            (("sec-fetch-site", "same-origin"), true),
            (("sec-fetch-site", "none"), true),
            (("sec-fetch-site", "cross-site"), false),
            (("sec-fetch-site", "same-site"), false),
            (("origin", "http://engine:8080"), true),
            (("origin", "http://evil.example"), false),
            (("origin", "null"), false),
            (("accept", "*/*"), true),
        ] {
            assert_eq!(judged("POST", &[host, header], false), may, "{header:?}");
            assert!(judged("GET", &[host, header], false), "{header:?}");
        }
    }
}
