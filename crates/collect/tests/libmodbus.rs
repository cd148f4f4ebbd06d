//! Sessions against libmodbus, a second independent implementation, as a server in C.
//!
//! Skipped unless its header (Debian: libmodbus-dev) and a C compiler are there.

#![cfg(test)]

#[expect(dead_code, reason = "other tests need more of it")]
mod rig;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gridos_modbus::{Kind, Order, PlanLimits, RegisterPoint, Table};
use gridos_telemetry::DeviceState;
use rig::{Rig, Setup};

const HEADERS: &str = "/usr/include/modbus";
const BITS: u16 = 50;
const REGISTERS: u16 = 200;

/// The running server; it ends with this.
struct Peer {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Peer {
    /// Compiles and starts the server under `name`, or says why the test is skipped.
    fn start(name: &str) -> Option<Self> {
        if !Path::new(HEADERS).join("modbus.h").exists() {
            println!("skipped: there is no {HEADERS}/modbus.h; install libmodbus-dev");
            return None;
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = source.join("../../tests/interop/libmodbus_server.c");
        let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let compiled = Command::new("cc")
            .args(["-O1", "-Wall", "-Werror", "-I", HEADERS, "-o"])
            .args([&binary, &source])
            .arg("-lmodbus")
            .status()
            .unwrap();
        assert!(compiled.success());
        let mut child = Command::new(binary)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut peer = Self {
            commands: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
        };
        let port = peer.line().parse().unwrap();
        peer.address.set_port(port);
        Some(peer)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn order(&mut self, command: &str) {
        writeln!(self.commands, "{command}").unwrap();
        assert_eq!(self.line(), "ok", "{command}");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended already, for whatever reason the test has found.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the server holds, with the values that must be read.
fn image() -> Vec<(RegisterPoint, f64)> {
    let point = |table: Table, address: u16, kind| {
        RegisterPoint::new(&format!("{table}_{address}"), table, address, kind)
    };
    let bit = |table, every| {
        move |n: u16| {
            (
                point(table, n, Kind::Bool),
                f64::from(u8::from(n.is_multiple_of(every))),
            )
        }
    };
    let mut image: Vec<_> = (0..BITS)
        .map(bit(Table::Coil, 3))
        .chain((0..BITS).map(bit(Table::DiscreteInput, 7)))
        .collect();
    for n in 0..REGISTERS {
        let holding = point(Table::HoldingRegister, n, Kind::U16);
        image.push((holding, f64::from(n.wrapping_mul(331))));
        let input = point(Table::InputRegister, n, Kind::U16);
        image.push((input, f64::from(u16::MAX - n)));
    }
    let orders = [Order::ABCD, Order::BADC, Order::CDAB, Order::DCBA];
    for (n, order) in (0..).zip(orders) {
        let point = RegisterPoint {
            order,
            ..point(Table::HoldingRegister, REGISTERS + 2 * n, Kind::F32)
        };
        image.push((point, f64::from(230.1_f32)));
    }
    image
}

#[tokio::test]
async fn all_tables_and_orders_are_read_right() {
    let Some(peer) = Peer::start("libmodbus_tables") else {
        return;
    };
    let image = image();
    for limits in [
        PlanLimits::default(),
        PlanLimits {
            max_registers: 7,
            max_bits: 5,
            ..PlanLimits::default()
        },
    ] {
        let points = image.iter().map(|(point, _)| point.clone()).collect();
        let setup = Setup {
            limits,
            ..Setup::new("d", peer.address, points)
        };
        let mut rig = Rig::start(vec![setup]);
        let mut read = BTreeMap::new();
        while read.len() < image.len() {
            let arrived = rig.next().await;
            assert!(arrived.qualities.is_empty(), "{arrived:?}");
            read.extend(arrived.points.into_iter().zip(arrived.values));
        }
        for (point, value) in &image {
            assert_eq!(read[&point.name], *value, "{point:?}");
        }
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_was_stopped_is_polled_again() {
    let Some(mut peer) = Peer::start("libmodbus_stop") else {
        return;
    };
    let (point, value) = image().remove(0);
    let mut rig = Rig::start(vec![Setup::new("d", peer.address, vec![point])]);
    assert_eq!(rig.next().await.values, [value]);
    peer.order("stop");
    rig.until_state(0, DeviceState::Down).await;
    peer.order("start");
    rig.until_state(0, DeviceState::Up).await;
    assert!(rig.telemetry.modbus.connects.get() >= 2);
    rig.stop().await;
}

#[tokio::test]
async fn an_address_that_is_not_there_is_an_exception() {
    let Some(peer) = Peer::start("libmodbus_absent") else {
        return;
    };
    let (known, value) = image().remove(0);
    let absent = RegisterPoint::new("absent", Table::InputRegister, REGISTERS, Kind::U16);
    let name = known.name.clone();
    let mut rig = Rig::start(vec![Setup::new("d", peer.address, vec![known, absent])]);
    rig.until(|telemetry| telemetry.modbus.exceptions.get() >= 1)
        .await;
    assert_eq!(rig.next_of("d", &name).await.values, [value]);
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    rig.stop().await;
}
