//! Against pymodbus, an independent implementation: a PLC that writes, over TCP and TLS, and a
//! device that is polled over TLS.
//!
//! Skipped unless `tests/.venv` exists; `tests/requirements.txt` says how to make it.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::modbus::{Guests, ModbusDevice, Peer, Service, TlsClient, Via, start};
use gridos_modbus::{Kind, Plan, PlanLimits, RegisterPoint, Table};
use gridos_model::{Directory, DirectoryBuilder, Point};
use gridos_telemetry::{DeviceState, ListenerAnswer, PeerRefusal};

use crate::authority::{Authority, Wish};
use crate::files::Files;
use crate::push::plc;
use crate::rig::{Rig, Setup, Terms};

/// A program of `tests/interop` that runs; it ends with this.
struct Program {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Program {
    /// Starts `script`, or says why the test is skipped.
    fn start(script: &str, arguments: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
        let python = tests.join(".venv/bin/python");
        if !python.exists() {
            println!(
                "skipped: there is no {}; see tests/requirements.txt",
                python.display()
            );
            return None;
        }
        let mut child = Command::new(python)
            .arg(tests.join("interop").join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Some(Self {
            commands: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        })
    }

    /// The PLC that writes to `rig`, with what it says first.
    async fn writer(rig: &Rig, files: Option<&Files>) -> Option<(Self, String)> {
        let address = rig.address;
        let place = [
            address.ip().to_string(),
            address.port().to_string(),
            "1".to_owned(),
        ];
        let tls = files.map(Files::arguments).unwrap_or_default();
        let arguments = place.into_iter().map(OsString::from);
        let arguments = arguments.chain(tls.into_iter().map(OsString::from));
        let mut program = Self::start("pymodbus_writer.py", arguments)?;
        let (program, line) = tokio::task::spawn_blocking(move || {
            let line = program.line();
            (program, line)
        })
        .await
        .unwrap();
        Some((program, line))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Gives a command; returns itself and the answer.
    async fn order(mut self, command: &'static str) -> (Self, String) {
        tokio::task::spawn_blocking(move || {
            writeln!(self.commands, "{command}").unwrap();
            let line = self.line();
            (self, line)
        })
        .await
        .unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already, for whatever reason the test has found.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All five functions, with what arrives and what is answered.
async fn writes_everything(rig: &mut Rig, mut plc: Program) {
    for (command, answer, values) in [
        ("coil 3 1", "ok", &[("open", 1.0)][..]),
        ("register 12 25", "ok", &[("word", 2.5)]),
        ("coils 3 0 1", "ok", &[("open", 0.0), ("closed", 1.0)]),
        (
            "registers 10 16256 0 30 4",
            "ok",
            &[("float", 1.0), ("word", 3.0), ("fault", 1.0)],
        ),
        ("exchange 10 2 12 40", "ok 16256 0", &[("word", 4.0)]),
        ("read-registers 10 4", "ok 16256 0 40 4", &[]),
        ("read-coils 3 2", "ok 0 1", &[]),
        ("register 99 1", "exception 2", &[]),
        ("mask 12 0 0", "exception 1", &[]),
    ] {
        let (again, found) = plc.order(command).await;
        plc = again;
        assert_eq!(found, answer, "{command}");
        if !values.is_empty() {
            let found = rig.values().await;
            let found: Vec<_> = found
                .iter()
                .map(|(name, value)| (name.as_str(), *value))
                .collect();
            assert_eq!(found, values, "{command}");
        }
    }
    assert_eq!(rig.answers(ListenerAnswer::Taken), 5);
}

#[tokio::test]
async fn pymodbus_writes_with_every_function() {
    let mut rig = Rig::start(vec![plc()], Terms::default()).await;
    if let Some((writer, said)) = Program::writer(&rig, None).await {
        assert_eq!(said, "connected");
        writes_everything(&mut rig, writer).await;
    }
    rig.stop().await;
}

#[tokio::test]
async fn pymodbus_writes_over_tls_with_a_certificate() {
    let authority = Authority::new("grid");
    let own = authority.issue("engine", Wish::default());
    let terms = Terms {
        tls: Some(authority.credentials(&own).server()),
        ..Terms::default()
    };
    let device = Setup {
        peer: Peer::Subject("plc-7".to_owned()),
        ..plc()
    };
    let mut rig = Rig::start(vec![device], terms).await;
    let files = Files::new(&authority, &authority.issue("plc-7", Wish::default()));
    if let Some((writer, said)) = Program::writer(&rig, Some(&files)).await {
        assert_eq!(said, "connected");
        writes_everything(&mut rig, writer).await;
        let expired = Wish {
            is_expired: true,
            ..Wish::default()
        };
        let files = Files::new(&authority, &authority.issue("plc-7", expired));
        let (writer, _) = Program::writer(&rig, Some(&files)).await.unwrap();
        let (_, answer) = writer.order("register 12 25").await;
        assert!(answer.starts_with("error"), "{answer}");
        assert_eq!(rig.refusals(PeerRefusal::Tls), 1);
    }
    rig.stop().await;
}

/// A rig that polls the first holding register at `port` over TLS.
async fn poll(port: u16, client: TlsClient) -> Rig {
    let points = vec![RegisterPoint::new(
        "first",
        Table::HoldingRegister,
        1,
        Kind::U16,
    )];
    let plan = Arc::new(Plan::new(points, &PlanLimits::default()).unwrap());
    let mut builder = DirectoryBuilder::default();
    let points = vec![Point::new("first", "")];
    let groups: Vec<_> = plan.requests().iter().map(|r| r.points()).collect();
    let device = builder.add("d", points, &groups).unwrap();
    let poll = move |directory: &Directory, intake, stop| {
        let device = ModbusDevice {
            device,
            host: "127.0.0.1".to_owned(),
            port,
            unit: 1,
            plan,
            layouts: directory.device(device).groups().to_vec(),
            whole: Arc::clone(directory.device(device).whole()),
            scan_periods: vec![Duration::from_millis(5)],
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            reconnect_max: Duration::from_millis(20),
            via: Via::Tls(client),
            connections: 1,
            probe_max: Duration::from_millis(20),
        };
        start(vec![device], 1, intake, stop).unwrap()
    };
    let nobody = Service::DialIn {
        guests: Guests::new([]),
    };
    Rig::serve(builder.build(), nobody, Terms::default(), poll).await
}

#[tokio::test]
async fn a_device_is_polled_over_tls_if_both_certificates_are_good() {
    let authority = Authority::new("grid");
    let files = Files::new(&authority, &authority.issue("plc-7", Wish::default()));
    let arguments = files.arguments().into_iter().map(OsString::from);
    let Some(mut server) = Program::start("pymodbus_server.py", arguments) else {
        return;
    };
    let port = server.line().parse().unwrap();
    let own = authority.issue("engine", Wish::default());
    let good = authority.credentials(&own);
    let mut rig = poll(port, good.client("127.0.0.1").unwrap()).await;
    for _ in 0..3 {
        assert_eq!(rig.values().await, [("first".to_owned(), 258.0)]);
    }
    rig.stop().await;
    // The device's certificate is of another authority, or for another name.
    let other = Authority::new("grid");
    let wrong = other.credentials(&other.issue("engine", Wish::default()));
    for (client, what) in [
        (
            wrong.client("127.0.0.1").unwrap(),
            "no authority in the ca file",
        ),
        (good.client("plc-8.example").unwrap(), "has another name"),
    ] {
        let rig = poll(port, client).await;
        rig.until(|telemetry| telemetry.devices.get(0).unwrap().state() == DeviceState::Down)
            .await;
        let error = rig
            .telemetry
            .devices
            .get(0)
            .unwrap()
            .last_error()
            .unwrap()
            .text;
        assert!(error.contains(what), "{error}");
        assert!(rig.telemetry.modbus.io_errors.get() > 0);
        rig.stop().await;
    }
    // The engine's own certificate has expired: the device sends it away.
    let expired = Wish {
        is_expired: true,
        ..Wish::default()
    };
    let expired = authority.credentials(&authority.issue("engine", expired));
    let rig = poll(port, expired.client("127.0.0.1").unwrap()).await;
    rig.until(|telemetry| telemetry.devices.get(0).unwrap().state() == DeviceState::Down)
        .await;
    assert_eq!(rig.telemetry.devices.get(0).unwrap().readings.get(), 0);
    rig.stop().await;
    drop(server);
}
