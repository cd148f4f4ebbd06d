//! Sessions against pymodbus, an independent implementation: every function, kind and order.
//!
//! Skipped unless `tests/.venv` exists; `tests/requirements.txt` says how to make it. With
//! `GRIDOS_TESTS_SKIP_NOTHING`, as in `tests/run`, what would be skipped fails.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

#[expect(dead_code, reason = "other tests need more of it")]
mod rig;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gridos_modbus::{PlanLimits, RegisterPoint};
use gridos_model::Quality;
use gridos_telemetry::DeviceState;
use rig::{Rig, Setup};

/// The running server; it ends with this.
struct Peer {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Peer {
    /// Starts the server, or says why the test is skipped.
    fn start() -> Option<Self> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
        let python = tests.join(".venv/bin/python");
        if !python.exists() {
            let why = format!(
                "there is no {}; see tests/requirements.txt",
                python.display()
            );
            let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
            assert!(nothing.is_none(), "{why}");
            println!("skipped: {why}");
            return None;
        }
        let mut child = Command::new(python)
            .arg(tests.join("interop/pymodbus_server.py"))
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
        let port = peer
            .line()
            .parse()
            .expect("the server should print its port");
        peer.address.set_port(port);
        Some(peer)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Gives a command; returns the lines before its `ok`.
    fn order(&mut self, command: &str) -> Vec<String> {
        writeln!(self.commands, "{command}").unwrap();
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            assert!(
                !line.is_empty() && !line.starts_with("error"),
                "{command}: {line}"
            );
            if line == "ok" {
                return lines;
            }
            lines.push(line);
        }
    }

    /// The points that it serves, with their values.
    fn image(&mut self) -> Vec<(RegisterPoint, f64)> {
        let lines = self.order("image");
        lines.iter().map(|line| point(line).expect(line)).collect()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended already, for whatever reason the test has found.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads `NAME TABLE ADDRESS KIND ORDER VALUE`.
fn point(line: &str) -> Option<(RegisterPoint, f64)> {
    let mut words = line.split(' ');
    let (name, table) = (words.next()?, words.next()?.parse().ok()?);
    let (address, kind) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let order = words.next()?.parse().ok()?;
    let point = RegisterPoint {
        order,
        ..RegisterPoint::new(name, table, address, kind)
    };
    Some((point, words.next()?.parse().ok()?))
}

/// What the quality of a value of the image must be.
fn quality(point: &RegisterPoint, value: f64) -> Quality {
    let is_long = ["u64", "i64"].contains(&point.kind.to_string().as_str());
    if !value.is_finite() {
        Quality::NOT_FINITE
    } else if is_long && value.abs() > 9_007_199_254_740_992.0 {
        Quality::IMPRECISE
    } else {
        Quality::GOOD
    }
}

#[tokio::test]
async fn every_function_kind_and_order_is_read_right() {
    let Some(mut peer) = Peer::start() else {
        return;
    };
    let image = peer.image();
    assert!(image.len() > 200);
    for limits in [
        PlanLimits::default(),
        PlanLimits {
            max_gap_registers: 0,
            max_gap_bits: 0,
            max_registers: 4,
            max_bits: 1,
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
            assert!(arrived.time <= arrived.received);
            for (n, (name, value)) in arrived.points.into_iter().zip(arrived.values).enumerate() {
                let quality = arrived.qualities.get(n).copied().unwrap_or_default();
                read.insert(name, (value.to_bits(), quality));
            }
        }
        for (point, value) in &image {
            let (bits, found) = read[&point.name];
            let is_same =
                bits == value.to_bits() || value.is_nan() && f64::from_bits(bits).is_nan();
            assert!(
                is_same,
                "{point:?}: {} is not {value}",
                f64::from_bits(bits)
            );
            assert_eq!(found, quality(point, *value), "{point:?}");
        }
        assert_eq!(rig.device(0).failures.get(), 0);
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_was_stopped_is_polled_again() {
    let Some(mut peer) = Peer::start() else {
        return;
    };
    let (point, value) = peer.image().remove(0);
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
async fn exceptions_bring_no_reading_and_keep_the_connection() {
    let Some(mut peer) = Peer::start() else {
        return;
    };
    let (known, value) = peer.image().remove(0);
    let absent = RegisterPoint {
        address: 5_000,
        ..known.clone()
    };
    let absent = RegisterPoint {
        name: "absent".to_owned(),
        ..absent
    };
    let name = known.name.clone();
    let mut rig = Rig::start(vec![Setup::new("d", peer.address, vec![known, absent])]);
    rig.until(|telemetry| telemetry.modbus.exceptions.get() >= 3)
        .await;
    let error = rig.device(0).last_error().unwrap().text;
    assert!(
        error.ends_with("exception 2 (illegal data address)"),
        "{error}"
    );
    assert_eq!(rig.next_of("d", &name).await.values, [value]);
    peer.order("except 6");
    rig.until(|telemetry| {
        let error = telemetry
            .devices
            .get(0)
            .and_then(|device| device.last_error());
        error.is_some_and(|error| error.text.ends_with("exception 6 (server device busy)"))
    })
    .await;
    peer.order("except off");
    let before = rig.device(0).readings.get();
    rig.until(|telemetry| telemetry.devices.get(0).unwrap().readings.get() > before)
        .await;
    assert_eq!(rig.telemetry.modbus.connects.get(), 1);
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    let mut arrived = rig.stop().await;
    // What is refused as a whole is told once, without a value.
    arrived.retain(|arrived| !arrived.is_void());
    for arrived in arrived {
        assert_eq!(arrived.points, [name.as_str()]);
    }
}
