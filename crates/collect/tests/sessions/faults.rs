//! No wrong value ever becomes a batch, whatever happens to the answers on their way.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use crate::rig::{Arrived, Rig, Setup};
use gridos_modbus::{Kind, RegisterPoint, Table};
use gridos_sim::modbus::{Device, Exception, Proxy, Read, Server, Spoil};
use gridos_telemetry::DeviceState;
use proptest::prelude::*;

/// The addresses of each block begin here; its first register holds the version.
const BLOCKS: [u16; 3] = [0, 100, 1_000];
/// Registers of a block, one point each.
const BLOCK: u16 = 12;

/// A device whose registers are a known function of table, address and a version, which grows with
/// every read.
#[derive(Debug, Default)]
struct Versioned {
    version: AtomicU16,
}

fn content(function: u16, address: u16, version: u16) -> u16 {
    let mixed = (u32::from(address) << 16 | u32::from(version)).wrapping_mul(0x9e37_79b1);
    let [high, low, ..] = mixed.rotate_left(u32::from(function) * 5).to_be_bytes();
    u16::from_be_bytes([high, low])
}

impl Versioned {
    fn next(&self) -> u16 {
        self.version.fetch_add(1, Ordering::AcqRel).wrapping_add(1)
    }
}

impl Device for Versioned {
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        let (version, function) = (self.next(), function(read));
        for (address, word) in (read.start..).zip(words) {
            *word = content(function, address, version);
            if BLOCKS.contains(&address) {
                *word = version;
            }
        }
        Ok(())
    }

    fn bits(&self, _read: Read, _bits: &mut [bool]) -> Result<(), Exception> {
        Err(Exception::IllegalFunction)
    }
}

fn function(read: Read) -> u16 {
    u16::from(read.table == gridos_sim::modbus::Table::InputRegister)
}

fn points() -> Vec<RegisterPoint> {
    let block = |(n, start): (usize, u16)| {
        // Two blocks of one table and one of another, so that answers could be taken for others.
        let table = if n == 1 {
            Table::InputRegister
        } else {
            Table::HoldingRegister
        };
        let point = move |at| RegisterPoint::new(&format!("p{at}"), table, at, Kind::U16);
        (start..start + BLOCK).map(point)
    };
    BLOCKS.into_iter().enumerate().flat_map(block).collect()
}

/// Checks a sweep: all of its values are those of one version, which it returns.
fn version_of(sweep: &Arrived) -> u16 {
    assert!(sweep.qualities.is_empty(), "{sweep:?}");
    let address = |name: &str| name[1..].parse::<u16>().unwrap();
    let start = address(&sweep.points[0]);
    assert!(BLOCKS.contains(&start) && sweep.values.len() == usize::from(BLOCK));
    let function = u16::from(start == BLOCKS[1]);
    let version = (0..=u16::MAX).find(|version| f64::from(*version) == sweep.values[0]);
    let version = version.unwrap();
    for (name, value) in sweep.points.iter().zip(&sweep.values).skip(1) {
        let expected = content(function, address(name), version);
        assert_eq!(*value, f64::from(expected), "{name} of version {version}");
    }
    version
}

/// Polls one device over a bad line and one over a good one until so many answers were spoilt.
async fn survive(seed: u64, answers: u64) {
    let late = Duration::from_millis(45);
    let bind = || async {
        let device: Arc<dyn Device> = Arc::new(Versioned::default());
        Server::bind((Ipv4Addr::LOCALHOST, 0).into(), device)
            .await
            .unwrap()
    };
    let (bad, good) = (bind().await, bind().await);
    let script = move |n: u64| Spoil::random(seed.wrapping_add(n), late);
    let proxy = Proxy::start(bad.local_addr(), script).await.unwrap();
    let setup = |name, address, timeout| Setup {
        timeout,
        ..Setup::new(name, address, points())
    };
    let setups = vec![
        setup("bad", proxy.local_addr(), late * 2 / 3),
        setup("good", good.local_addr(), Duration::from_secs(10)),
    ];
    let mut rig = Rig::start(setups);
    let mut last = std::collections::BTreeMap::new();
    let (mut swept_bad, mut swept_good) = (0_u64, 0_u64);
    while proxy.answers() < answers || swept_bad < 20 || swept_good < answers / 4 {
        let sweep = rig.next().await;
        let version = version_of(&sweep);
        let before = last.insert((sweep.device.clone(), sweep.points[0].clone()), version);
        // An answer that comes twice or late would show an older version.
        assert!(
            before.is_none_or(|before| before < version),
            "{sweep:?} after {before:?}"
        );
        if sweep.device == "bad" {
            swept_bad += 1;
        } else {
            swept_good += 1;
        }
    }
    assert!(rig.device(0).failures.get() > 0);
    assert_eq!(rig.device(1).state(), DeviceState::Up);
    let telemetry = Arc::clone(&rig.telemetry);
    let mut left: Vec<_> = rig.stop().await;
    let ledger = telemetry.ledger.snapshot();
    assert!(ledger.is_balanced(), "{ledger:?}");
    left.retain(|sweep| !sweep.is_void());
    left.iter().for_each(|sweep| {
        version_of(sweep);
    });
}

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn no_wrong_value_passes_a_bad_line(seed: u64) {
        block_on(survive(seed, 120));
    }
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_brings_nothing() {
    let device: Arc<dyn Device> = Arc::new(Versioned::default());
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), device)
        .await
        .unwrap();
    // One answer whole, so that each connection was a good one, and then one cut.
    let bytes = |n: u64| usize::try_from(n / 2).unwrap() % (9 + 2 * usize::from(BLOCK));
    let script = move |n: u64| match n % 4 {
        1 => Spoil::Cut(bytes(n)),
        3 => Spoil::Hang(bytes(n)),
        _ => Spoil::Pass,
    };
    let proxy = Proxy::start(server.local_addr(), script).await.unwrap();
    let setup = Setup {
        timeout: Duration::from_millis(10),
        ..Setup::new("d", proxy.local_addr(), points())
    };
    let mut rig = Rig::start(vec![setup]);
    while proxy.answers() < 140 {
        version_of(&rig.next().await);
    }
    let cells = &rig.telemetry.modbus;
    assert!(cells.timeouts.get() > 0 && cells.io_errors.get() + cells.protocol_errors.get() > 0);
    rig.stop().await;
}
