//! How long the members of a fleet keep their devices while NATS is away, and where they ask each other.

use std::net::SocketAddr;
use std::time::Duration;

use gridos_roster::PeerOptions;

use super::address::Address;
use super::section::Section;

/// The longest time for which promises may take the place of NATS.
const KEEP_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);
/// The port, unless the address names one.
const PORT: u16 = 7_946;

/// That members keep their devices while NATS is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// For how long; the lease to a week.
    pub keep: Duration,
    /// Where the peers ask.
    pub peers: PeerOptions,
}

impl Keeping {
    /// What the keys `keep`, `peer_listen` and `peer_address` say; `None` without them.
    pub(super) fn read(section: &Section<'_>, lease: Duration) -> Option<Self> {
        let listen = section.word("peer_listen", |text| {
            text.parse::<SocketAddr>()
                .map_err(|_| "is no address with a port; write for example \"10.0.0.7:7946\"")
        });
        let advertised = section.word("peer_address", |text| Address::parse(text, PORT));
        if !section.has("keep") {
            for key in ["peer_listen", "peer_address"] {
                if section.has(key) {
                    section.fault(key, "needs `keep` beside it");
                }
            }
            return None;
        }
        let keep = section.duration("keep", &(lease..=KEEP_MAX));
        let listen = section.demand("peer_listen", listen, "peer_listen = \"10.0.0.7:7946\"");
        let (keep, listen) = (keep?.value, listen?.value);
        if listen.ip().is_unspecified() && !section.has("peer_address") {
            section.fault(
                "peer_address",
                "is missing: peers cannot ask at an address that stands for all; write \
                 peer_address = \"10.0.0.7:7946\", where they reach this engine",
            );
        }
        Some(Self {
            keep,
            peers: PeerOptions {
                listen,
                advertised: advertised.map(|found| found.value.to_string()),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::super::tests::NO_VARIABLES;
    use super::super::{Config, Faults};
    use super::*;

    fn parse(more: &str) -> Result<Option<Keeping>, Faults> {
        let read = |_: &Path| Err(io::Error::other("there is none"));
        let text = format!("[fleet]\nservers = \"nats://a:4222\"\nmember = \"m\"\n{more}");
        let config = Config::parse(&text, "g.toml", NO_VARIABLES, &read)?;
        Ok(config.membership.unwrap().keeping)
    }

    #[test]
    fn who_keeps_says_for_how_long_and_where_it_is_asked() {
        assert_eq!(parse("").unwrap(), None);
        let text = "keep = \"1h\"\npeer_listen = \"0.0.0.0:7946\"\npeer_address = \"north-1\"";
        let keeping = parse(text).unwrap().unwrap();
        assert_eq!(keeping.keep, Duration::from_secs(3_600));
        assert_eq!(keeping.peers.advertised.as_deref(), Some("north-1:7946"));
        let keeping = parse("keep = \"1h\"\npeer_listen = \"10.0.0.7:7946\"").unwrap();
        assert_eq!(keeping.unwrap().peers.advertised, None);
    }

    #[test]
    fn what_is_missing_or_too_short_is_told() {
        for (text, expected) in [
            ("keep = \"1h\"", "[fleet] peer_listen: is missing"),
            ("peer_listen = \"10.0.0.7:7946\"", "needs `keep` beside it"),
            ("peer_address = \"a:1\"", "needs `keep` beside it"),
            (
                "keep = \"1h\"\npeer_listen = \"[::]:7946\"",
                "peer_address: is missing",
            ),
            (
                "keep = \"10s\"\npeer_listen = \"10.0.0.7:1\"",
                "g.toml:4: [fleet] keep: ",
            ),
            (
                "keep = \"1h\"\npeer_listen = \"north\"",
                "is no address with a port",
            ),
        ] {
            let told = parse(text).unwrap_err().to_string();
            assert!(told.contains(expected), "{expected}\n{told}");
        }
    }
}
