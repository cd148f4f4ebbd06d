//! `[http]`: the address of the API, the live page and the metrics.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use gridos_api::{LineMapping, TlsSettings};

use super::http_tls;
use super::section::Section;
use super::source::Files;

pub(super) const KEYS: &[&str] = &[
    "listen",
    "body_limit",
    "streams_max",
    "metrics_open",
    "rate_limit",
    "change_rate_limit",
    "line_point",
    "tls",
];

/// The address of the API, the live page and the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where to listen; default 127.0.0.1:8080. Beyond loopback only if somebody is asked who they are, or
    /// it is said that nobody is to be.
    pub listen: SocketAddr,
    /// The largest request body, in bytes; 1 KiB to 64 MiB, default 1 MiB.
    pub body_limit: u64,
    /// The most clients that follow streams of events at once; 1 to 10,000, default 256.
    pub streams_max: usize,
    /// Whether `/metrics` is shown to everybody; default no.
    pub metrics_open: bool,
    /// The certificates of HTTPS; default none: HTTP.
    pub tls: Option<TlsSettings>,
    /// The most readings that one user or token, or one address if nobody is asked, may post a second, with ten
    /// seconds' worth at once; up to 100,000,000, default 0, which is no limit.
    pub rate_limit: u64,
    /// The most changes that the same may ask for a second, with ten seconds' worth at once: everything that
    /// changes something, but for posts of readings and sign-ins; up to 1,000,000, default 100; 0 is no limit.
    pub change_rate_limit: u64,
    /// Which point a field of InfluxDB line protocol is; default `{measurement}.{field}`.
    pub line_point: LineMapping,
}

impl Http {
    pub(super) fn read(section: &Section<'_>, files: &Files<'_>) -> Self {
        let listen = section.word("listen", |text| {
            text.parse::<SocketAddr>()
                .map_err(|_| "is no address with a port; write for example \"127.0.0.1:8080\"")
        });
        let listen = listen.map_or(
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            |found| found.value,
        );
        let body_limit = section.size("body_limit", &((1 << 10)..=(64 << 20)));
        let streams_max = section.whole("streams_max", 1..=10_000);
        let rate_limit = section.whole("rate_limit", 0..=100_000_000);
        let change_rate_limit = section.whole("change_rate_limit", 0..=1_000_000);
        let line_point = section.word("line_point", str::parse::<LineMapping>);
        Self {
            rate_limit: rate_limit.map_or(0, |found| found.value),
            change_rate_limit: change_rate_limit.map_or(100, |found| found.value),
            line_point: line_point.map(|found| found.value).unwrap_or_default(),
            listen,
            body_limit: body_limit.map_or(1 << 20, |found| found.value),
            streams_max: streams_max.map_or(256, |found| found.value),
            metrics_open: section.flag("metrics_open").unwrap_or(false),
            tls: http_tls::read(section, files),
        }
    }
}
