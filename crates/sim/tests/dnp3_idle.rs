//! What an idle outstation costs. This is a program of its own, as it measures the whole of it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gridos_dnp3::app::Class;
use gridos_dnp3::outstation::{PointDefinition, PointKind};
use gridos_sim::dnp3::{Fleet, FleetConfig, Process};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Resident memory of this process.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

const COUNT: usize = 400;

/// What each of so many more connections takes, both ends of it and the listener.
async fn bytes_each<T>(start: impl AsyncFnOnce() -> (T, Vec<SocketAddr>)) -> u64 {
    let before = resident_bytes();
    let (_running, addresses) = start().await;
    let mut streams = Vec::new();
    for address in addresses {
        streams.push(TcpStream::connect(address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    (resident_bytes() - before) / u64::try_from(COUNT).unwrap()
}

/// Listeners whose connections are held and do nothing.
async fn bare() -> (Vec<JoinHandle<()>>, Vec<SocketAddr>) {
    let (mut tasks, mut addresses) = (Vec::new(), Vec::new());
    for _ in 0..COUNT {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        tasks.push(tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            while stream.readable().await.is_ok() {
                std::future::pending::<()>().await;
            }
        }));
    }
    (tasks, addresses)
}

#[tokio::test]
async fn a_connected_outstation_takes_little_memory() {
    let points =
        (0..8).map(|index| PointDefinition::new(PointKind::AnalogInput, index, Class::One));
    let config = FleetConfig {
        outstations: COUNT,
        process: Process::Still(points.collect()),
        ..FleetConfig::default()
    };
    // The first sockets also take what all share.
    bytes_each(bare).await;
    let bare = bytes_each(bare).await;
    let ip = Ipv4Addr::LOCALHOST.into();
    let outstation = bytes_each(async || {
        let fleet = Fleet::listen(ip, 0, config).await.unwrap();
        let addresses = fleet.addresses().collect();
        (fleet, addresses)
    })
    .await;
    assert!(
        outstation < bare + 4_096,
        "{outstation} bytes for an outstation with its connection, {bare} for a bare one"
    );
}
