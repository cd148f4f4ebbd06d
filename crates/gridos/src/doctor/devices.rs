//! Whether devices can be reached: some of them, spread over the fleet, and no more than a connection.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Finding;
use crate::config::Config;

const CHECK: &str = "devices";
const PATIENCE: Duration = Duration::from_secs(2);
/// So many that do not answer are named.
const NAMED_MAX: usize = 3;

#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Addresses of the fleet.
    all: usize,
    tried: usize,
    /// Where nobody answered, and why.
    lost: Vec<String>,
}

pub(super) async fn look(config: &Config, most: usize) -> Seen {
    let enabled = config.devices.iter().filter(|device| device.enabled);
    // Those that dial in are not called.
    let called = enabled.filter(|device| device.guest.is_none());
    let addresses = called.filter_map(|device| device.connection.as_ref());
    let addresses: BTreeSet<_> = addresses.map(|at| at.address.clone()).collect();
    let mut tries = JoinSet::new();
    for address in spread(addresses.len(), most).filter_map(|at| addresses.iter().nth(at)) {
        let (host, port) = (address.host().to_owned(), address.port());
        let shown = address.to_string();
        tries.spawn(async move {
            match timeout(PATIENCE, TcpStream::connect((&*host, port))).await {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(format!("{shown} ({error})")),
                Err(_) => Some(format!("{shown} (no answer)")),
            }
        });
    }
    let tried = tries.len();
    let mut lost: Vec<String> = tries.join_all().await.into_iter().flatten().collect();
    lost.sort();
    Seen {
        all: addresses.len(),
        tried,
        lost,
    }
}

/// Up to `most` places among `all`, evenly spread.
fn spread(all: usize, most: usize) -> impl Iterator<Item = usize> {
    let count = all.min(most);
    (0..count).map(move |nth| nth * all / count.max(1))
}

pub(super) fn judge(seen: &Seen) -> Option<Finding> {
    let Seen { all, tried, lost } = seen;
    if *tried == 0 {
        return (*all == 0).then(|| Finding::ok(CHECK, "none is called"));
    }
    let reached = tried - lost.len();
    let what = format!("{reached} of {tried} answer, of {all} addresses that are called");
    if lost.is_empty() {
        return Some(Finding::ok(CHECK, what));
    }
    let named = lost.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>();
    let what = format!("{what}; not {}", named.join(", "));
    let advice = "look at routes, firewalls and the device itself; gridos probe asks one by hand";
    Some(match reached {
        0 => Finding::problem(CHECK, what, advice),
        _ => Finding::warning(CHECK, what, advice),
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::super::Grade;
    use super::*;

    fn config(ports: &[u16]) -> Config {
        let mut text = String::from(
            "[[profile]]\nname = \"p\"\nprotocol = \"modbus\"\npoint = [{ name = \"a\", input = 0 }]\n",
        );
        for port in ports {
            text += &format!(
                "[[device]]\nname = \"d{port}\"\nprofile = \"p\"\naddress = \"127.0.0.1:{port}\"\n"
            );
        }
        let none = |_: &std::path::Path| Ok(Vec::new());
        Config::parse(&text, "g.toml", [("", ""); 0], &none).unwrap()
    }

    #[tokio::test]
    async fn those_that_do_not_answer_are_named() {
        let device = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = device.local_addr().unwrap().port();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let away = gone.local_addr().unwrap().port();
        drop(gone);
        let grade = |seen: &Seen| judge(seen).unwrap().grade;
        assert_eq!(grade(&look(&config(&[there]), 20).await), Grade::Ok);
        let seen = look(&config(&[there, away]), 20).await;
        let found = judge(&seen).unwrap();
        assert_eq!(found.grade, Grade::Warning);
        assert!(found.what.contains(&away.to_string()), "{found:?}");
        assert_eq!(grade(&look(&config(&[away]), 20).await), Grade::Problem);
        assert_eq!(judge(&look(&config(&[away]), 0).await), None);
        assert_eq!(grade(&look(&config(&[]), 20).await), Grade::Ok);
    }

    #[test]
    fn a_sample_is_spread_over_the_fleet() {
        assert_eq!(
            spread(10_000, 4).collect::<Vec<_>>(),
            [0, 2_500, 5_000, 7_500]
        );
        assert_eq!(spread(3, 20).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(spread(0, 20).count(), 0);
    }
}
