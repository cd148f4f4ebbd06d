//! What the database keeps, and what is probably not meant with it.

use std::net::IpAddr;

use gridos_store::postgres::PostgresServer;

use super::{Report, bytes, shown_bytes};
use crate::config::{Config, Database, show_duration, show_size};

impl Report {
    /// What of the database stays, in words; nothing if all does.
    pub(super) fn kept(&self) -> String {
        let a_day = self.store_bytes_a_day();
        let keep = self.upkeep.keep.map(|keep| {
            let total = shown_bytes(a_day * keep.as_secs_f64() / 86_400.0);
            format!(", kept {}, then {total}", show_duration(keep))
        });
        let limit = self.upkeep.size_limit.map(|limit| {
            let days = bytes(limit) / a_day;
            let days = if days.is_finite() {
                format!(", which is {days:.0} days")
            } else {
                String::new()
            };
            format!(", at most {}{days}", show_size(limit))
        });
        keep.unwrap_or_default() + &limit.unwrap_or_default()
    }
}

/// A database on another machine, with nothing between it and whoever listens.
pub(super) fn in_the_clear(config: &Config) -> Option<String> {
    let Database::Postgres { url, .. } = &config.store.database else {
        return None;
    };
    let place = url.config();
    let is_here = |host: &str| {
        let address = host.parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    };
    let elsewhere = |server: &PostgresServer| !server.is_socket() && !is_here(&server.host);
    let server = place.servers().find(elsewhere)?;
    place.tls.is_none().then(|| {
        format!(
            "readings go to the database at {server} unencrypted, and whoever is in between can \
             read and change them; write sslmode=verify-full and sslrootcert=FILE in the url"
        )
    })
}
