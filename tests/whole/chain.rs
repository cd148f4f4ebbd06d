//! The whole chain under a storm: outstations make numbered events in bursts, while the engine is
//! killed, connections are cut, confirms are lost, the database goes and comes, and the disk is
//! slow. In the end each event that an outstation did not drop itself is in the database, once.
//!
//! `GRIDOS_CHAIN_SEEDS=1..10 GRIDOS_CHAIN_SECONDS=120` runs ten long storms one after the other; the
//! faults, and when they come, follow from the seed.

mod lives;
mod make;
mod power;
mod scenario;
mod stations;
mod verdict;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::sleep_until;

use self::lives::{Lives, Place};
use self::scenario::{Outage, Scenario};
use self::stations::{Station, Stations};
use crate::support::postgres::{Cluster, SUPERUSER, free_port};
use crate::support::random::{self, Random};

/// How long everything may take to be stored when the storm is over.
const PATIENCE: Duration = Duration::from_secs(180);
/// Storms of the usual run.
const SEEDS: u64 = 2;
const SECONDS: u64 = 15;
/// More storms if a starved machine let too little break in those.
const SPARE: u64 = 3;
/// So many outstations are there.
const STATIONS: usize = 50;

#[test]
fn each_event_is_stored_once_whatever_breaks() {
    if !has_strace() {
        return;
    }
    let seconds = variable("GRIDOS_CHAIN_SECONDS").map_or(SECONDS, |it| it.parse().unwrap());
    let first = random::seed();
    let seeds = variable("GRIDOS_CHAIN_SEEDS").map_or(first..=first + SEEDS - 1, |text| {
        let (first, last) = text.split_once("..").unwrap_or((&text, &text));
        first.parse().unwrap()..=last.parse().unwrap()
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let last = *seeds.end();
    let mut was_rough = false;
    for seed in seeds.chain(last + 1..=last + SPARE) {
        if was_rough && seed > last {
            break;
        }
        let Some(cluster) = runtime.block_on(Cluster::start()) else {
            return;
        };
        was_rough |= runtime.block_on(storm(seed, Duration::from_secs(seconds), cluster));
    }
    assert!(was_rough, "storms in which nothing breaks prove nothing");
}

/// Whether enough broke in it.
async fn storm(seed: u64, length: Duration, cluster: Cluster) -> bool {
    cluster.create_database("grid").await;
    let dir = TempDir::new().unwrap();
    let place = Place {
        dir: dir.path(),
        http_port: free_port(),
        door_port: free_port(),
        database_url: format!("postgres://{SUPERUSER}@127.0.0.1:{}/grid", cluster.port()),
    };
    let door = SocketAddr::from((Ipv4Addr::LOCALHOST, place.door_port));
    let stations = Arc::new(Stations::start(door, seed).await);
    assert_eq!(stations.all().len(), STATIONS);
    let scenario = Scenario::draw(seed, length, stations.lines(), STATIONS);
    println!("{scenario}");
    let mut lives = Lives::at(&place, &stations);

    let start = Instant::now();
    let others = [
        tokio::spawn(work(Arc::clone(&stations), start + length, seed)),
        tokio::spawn(trouble_lines(
            Arc::clone(&stations),
            start,
            scenario.line_faults,
        )),
        tokio::spawn(trouble_stations(
            Arc::clone(&stations),
            start,
            scenario.station_faults,
        )),
    ];
    let outages = tokio::spawn(trouble_database(cluster, start, scenario.outages));
    for life in &scenario.lives {
        lives.live(life).await;
    }
    for other in others {
        other.await.unwrap();
    }
    let cluster = outages.await.unwrap();
    stations.all().iter().for_each(|station| station.recover());

    let end = Instant::now();
    lives.drain(&stations).await;
    let (storm, drained) = (end - start, end.elapsed());
    println!("the storm took {storm:?}; {drained:?} later all was stored");
    tell(&stations, &lives);
    let database = cluster.connect("grid").await;
    let wrong = verdict::of(&stations, &lives, &database).await;
    assert!(
        wrong.is_empty(),
        "seed {seed}:\n{wrong}\nlog:\n{}",
        lives.log()
    );
    was_rough(&stations, &lives)
}

/// All outstations make events until `end`.
async fn work(stations: Arc<Stations>, end: Instant, seed: u64) {
    let mut works = Vec::new();
    for (n, station) in (0..).zip(stations.all()) {
        let station: Arc<Station> = Arc::clone(station);
        let random = Random::new(seed.wrapping_mul(1_000).wrapping_add(n));
        works.push(tokio::spawn(async move { station.work(end, random).await }));
    }
    for work in works {
        work.await.unwrap();
    }
}

async fn trouble_lines(stations: Arc<Stations>, start: Instant, faults: Vec<scenario::LineFault>) {
    let mut troubles = Vec::new();
    for fault in faults {
        sleep_until((start + fault.at).into()).await;
        let stations = Arc::clone(&stations);
        troubles.push(tokio::spawn(async move {
            stations.trouble_line(fault.line, fault.what).await;
        }));
    }
    for trouble in troubles {
        trouble.await.unwrap();
    }
}

async fn trouble_stations(
    stations: Arc<Stations>,
    start: Instant,
    faults: Vec<scenario::StationFault>,
) {
    let mut troubles = Vec::new();
    for fault in faults {
        sleep_until((start + fault.at).into()).await;
        let station = Arc::clone(&stations.all()[fault.station]);
        troubles.push(tokio::spawn(
            async move { station.trouble(fault.what).await },
        ));
    }
    for trouble in troubles {
        trouble.await.unwrap();
    }
}

/// The database is there again at the end.
async fn trouble_database(mut cluster: Cluster, start: Instant, outages: Vec<Outage>) -> Cluster {
    for outage in outages {
        sleep_until((start + outage.at).into()).await;
        tokio::task::block_in_place(|| cluster.stop(outage.how));
        tokio::time::sleep(outage.lasts).await;
        cluster.resume().await;
    }
    cluster
}

/// Says what the storm was like.
fn tell(stations: &Stations, lives: &Lives) {
    let sum = |count: fn(&Station) -> u64| -> u64 {
        stations.all().iter().map(|station| count(station)).sum()
    };
    println!(
        "{} events made, {} dropped by full buffers; {} confirms lost on the way, {} of nothing; \
         {} answers and {} unasked fragments without a confirm in time; {} restarts",
        sum(|it| it.ledger().produced()),
        sum(|it| it.ledger().overflowed().len()),
        sum(|it| it.counters().confirms_lost),
        sum(|it| it.counters().confirms_unexpected),
        sum(|it| it.counters().response_timeouts),
        sum(|it| it.counters().unsolicited_timeouts),
        sum(|it| it.counters().restarts),
    );
    println!(
        "{} power cuts took {} bytes that were not synced",
        lives.power_cuts, lives.bytes_lost
    );
    let is_told = |(name, value): &(&String, &f64)| **value > 0.0 && !name.contains("_bucket");
    for (name, value) in lives.counted.iter().filter(is_told) {
        println!("{name} {value}");
    }
}

/// Whether each kind of outstation was heard, buffers overflowed, confirms were lost and the power failed.
fn was_rough(stations: &Stations, lives: &Lives) -> bool {
    let are_heard = |station: &Arc<Station>| !station.ledger().confirmed().is_empty();
    let is_overflown = |make: &str| {
        let of_make = |station: &&Arc<Station>| station.make.name == make;
        let mut of_make = stations.all().iter().filter(of_make);
        of_make.all(|station| !station.ledger().overflowed().is_empty())
    };
    let mut confirms = stations.all().iter().map(|it| it.counters().confirms_lost);
    stations.all().iter().all(are_heard)
        && is_overflown("cramped")
        && is_overflown("stubborn")
        && confirms.any(|lost| lost > 0)
        && lives.power_cuts > 0
}

/// Whether there is the tool that makes syncs slow; with `GRIDOS_TESTS_SKIP_NOTHING` there must be.
fn has_strace() -> bool {
    let found = Command::new("strace")
        .arg("-V")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    if !found {
        let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
        assert!(nothing.is_none(), "there is no strace");
        println!("skipped: there is no strace");
    }
    found
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
