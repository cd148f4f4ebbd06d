//! `[http]`: the address of the API, the live page and the metrics.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::section::Section;

pub(super) const KEYS: &[&str] = &["listen", "allow_unauthenticated", "body_limit"];

/// The address of the API, the live page and the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where to listen; default 127.0.0.1:8080. Beyond loopback only with
    /// [`Http::allow_unauthenticated`].
    pub listen: SocketAddr,
    /// The API is open to whoever reaches it, and that is known and wanted; default false.
    pub allow_unauthenticated: bool,
    /// The largest request body, in bytes; 1 KiB to 64 MiB, default 1 MiB.
    pub body_limit: u64,
}

impl Http {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let listen = section.word("listen", |text| {
            text.parse::<SocketAddr>()
                .map_err(|_| "is no address with a port; write for example \"127.0.0.1:8080\"")
        });
        let listen = listen.map_or(
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            |found| found.value,
        );
        let allowed = section.flag("allow_unauthenticated").unwrap_or(false);
        if !listen.ip().is_loopback() && !allowed {
            section.fault(
                "listen",
                format_args!(
                    "{listen} can be reached from the network, and nobody is asked who they are; \
                     listen on 127.0.0.1 behind a proxy that asks, or write \
                     allow_unauthenticated = true"
                ),
            );
        }
        let body_limit = section.size("body_limit", &((1 << 10)..=(64 << 20)));
        Self {
            listen,
            allow_unauthenticated: allowed,
            body_limit: body_limit.map_or(1 << 20, |found| found.value),
        }
    }
}
