//! Whether the addresses are free that the engine listens at.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::Finding;
use crate::config::Config;

const CHECK: &str = "ports";
const PATIENCE: Duration = Duration::from_secs(1);
/// What a record begins with by which a server of TLS refuses (RFC 8446, 5.1).
const TLS_ALERT: u8 = 21;

/// One address, and why it cannot be had.
#[derive(Debug)]
struct Seen {
    name: String,
    address: SocketAddr,
    refusal: Option<io::Error>,
}

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let mut wanted = vec![("[http]".to_owned(), config.http.listen)];
    let listeners = config.listeners.iter();
    wanted.extend(listeners.map(|one| (format!("listener '{}'", one.name), one.listen)));
    let is_running = is_engine(config.http.listen).await;
    let mut found = Vec::new();
    for (name, address) in wanted {
        let refusal = TcpListener::bind(address).await.err();
        let seen = Seen {
            name,
            address,
            refusal,
        };
        found.push(judge(&seen, is_running));
    }
    found
}

/// Whether what listens there answers as an engine does; one with HTTPS only says that this is no TLS.
async fn is_engine(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = "GET /health/live HTTP/1.1\r\nHost: gridos\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.take(64 << 10).read_to_end(&mut answer).await.ok()?;
        let speaks_tls = answer.first() == Some(&TLS_ALERT);
        Some(speaks_tls || String::from_utf8_lossy(&answer).contains("\"pipeline\""))
    };
    let answer = timeout(PATIENCE, asked).await;
    answer.ok().flatten().unwrap_or(false)
}

fn judge(seen: &Seen, is_running: bool) -> Finding {
    let Seen { name, address, .. } = seen;
    let Some(refusal) = &seen.refusal else {
        return Finding::ok(CHECK, format!("{address} of {name} is free"));
    };
    let kind = refusal.kind();
    if kind == io::ErrorKind::AddrInUse && is_running {
        return Finding::ok(
            CHECK,
            format!("{address} of {name} is taken, and an engine runs here"),
        );
    }
    if kind == io::ErrorKind::AddrInUse {
        return Finding::problem(
            CHECK,
            format!("{address} of {name} is taken by another program"),
            format!(
                "ss -ltnp 'sport = :{}' shows which; stop it, or choose another port",
                address.port()
            ),
        );
    }
    if kind == io::ErrorKind::PermissionDenied {
        return Finding::problem(
            CHECK,
            format!("{address} of {name} is not for this user: ports below 1024 are root's"),
            "write AmbientCapabilities=CAP_NET_BIND_SERVICE into the unit, or choose another port",
        );
    }
    Finding::problem(
        CHECK,
        format!("{name} cannot listen at {address}: {refusal}"),
        "choose an address of this machine",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    async fn refused(address: SocketAddr) -> Seen {
        Seen {
            name: "[http]".to_owned(),
            address,
            refusal: TcpListener::bind(address).await.err(),
        }
    }

    #[tokio::test]
    async fn a_port_is_free_or_taken() {
        let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = holder.local_addr().unwrap();
        let taken = refused(address).await;
        let found = judge(&taken, false);
        assert_eq!(found.grade, Grade::Problem);
        assert!(
            found.advice.contains(&address.port().to_string()),
            "{found:?}"
        );
        assert_eq!(judge(&taken, true).grade, Grade::Ok);
        drop(holder);
        assert_eq!(judge(&refused(address).await, false).grade, Grade::Ok);
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_a_problem() {
        // TEST-NET-1 (RFC 5737) is nobody's.
        let found = judge(&refused("192.0.2.1:8080".parse().unwrap()).await, false);
        assert_eq!(found.grade, Grade::Problem);
        assert!(found.what.contains("cannot listen at 192.0.2.1:8080"));
        let denied = Seen {
            name: "[http]".to_owned(),
            address: "127.0.0.1:80".parse().unwrap(),
            refusal: Some(io::ErrorKind::PermissionDenied.into()),
        };
        assert!(
            judge(&denied, false)
                .advice
                .contains("CAP_NET_BIND_SERVICE")
        );
    }
}
