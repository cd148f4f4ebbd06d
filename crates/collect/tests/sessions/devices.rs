//! Values of simulated devices, and what becomes of devices that misbehave.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::rig::{Rig, Setup};
use gridos_modbus::{Kind, Order, PlanLimits, RegisterPoint, Table};
use gridos_sim::modbus::Table as SimTable;
use gridos_sim::modbus::{Device, Exception, Fault, Gateway, Memory, Proxy, Server, Spoil};
use gridos_sim::substation::{Feeder, MAP, Measurements};
use gridos_telemetry::{DeviceState, Telemetry, Trouble};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;

const FREE_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

async fn serve(device: &Arc<Memory>) -> Server {
    let device: Arc<dyn Device> = Arc::clone(device) as _;
    Server::bind(crate::free_address(), device).await.unwrap()
}

fn input(name: &str, address: u16, kind: Kind) -> RegisterPoint {
    RegisterPoint::new(name, Table::InputRegister, address, kind)
}

/// A device of one input register at address 0, holding 7.
fn seven() -> (Arc<Memory>, Vec<RegisterPoint>) {
    let memory = Memory::default();
    memory.set_registers(SimTable::InputRegister, 0, &[7]);
    (Arc::new(memory), vec![input("p", 0, Kind::U16)])
}

#[tokio::test]
async fn values_of_all_tables_arrive() {
    let memory = Arc::new(Memory::default());
    memory.set_bits(SimTable::Coil, 3, &[true, false, true]);
    memory.set_bits(
        SimTable::DiscreteInput,
        0,
        &[false, true, true, true, true, true, true, true],
    );
    memory.set_registers(SimTable::HoldingRegister, 10, &[0xe979, 0x42f6]);
    memory.set_registers(SimTable::InputRegister, 65_535, &[0xffff]);
    let float = RegisterPoint {
        order: Order::CDAB,
        ..RegisterPoint::new("holding", Table::HoldingRegister, 10, Kind::F32)
    };
    let points = vec![
        RegisterPoint::new("coil", Table::Coil, 5, Kind::Bool),
        RegisterPoint::new("input_0", Table::DiscreteInput, 0, Kind::Bool),
        RegisterPoint::new("input_7", Table::DiscreteInput, 7, Kind::Bool),
        float,
        input("last", 65_535, Kind::I16),
    ];
    let server = serve(&memory).await;
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    for (point, values) in [
        ("coil", vec![1.0]),
        ("input_7", vec![0.0, 1.0]),
        ("holding", vec![f64::from(123.456_f32)]),
        ("last", vec![-1.0]),
    ] {
        let arrived = rig.next_of("d", point).await;
        assert_eq!(arrived.values, values);
        assert!(arrived.qualities.is_empty() && arrived.time <= arrived.received);
    }
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    assert_eq!(rig.device(0).last_error(), None);
    assert_eq!(rig.device(0).failures.get(), 0);
    assert_eq!(rig.telemetry.modbus.connects.get(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_device_that_was_away_is_polled_again() {
    let (memory, points) = seven();
    let server = serve(&memory).await;
    let address = server.local_addr();
    let mut rig = Rig::start(vec![Setup::new("d", address, points)]);
    assert_eq!(rig.next().await.values, [7.0]);
    server.stop().await;
    rig.until_state(0, DeviceState::Down).await;
    let refused = |error: Option<Trouble>| error.is_some_and(|e| e.text.contains("cannot connect"));
    rig.until(|telemetry| refused(telemetry.devices.get(0).unwrap().last_error()))
        .await;
    memory.set_registers(SimTable::InputRegister, 0, &[8]);
    let _server = Server::bind(address, memory).await.unwrap();
    while rig.next().await.values != [8.0] {}
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    assert!(rig.telemetry.modbus.connects.get() >= 2);
    rig.stop().await;
}

#[tokio::test]
async fn an_exception_keeps_the_connection_and_brings_no_reading() {
    let memory = Arc::new(Memory::default());
    memory.set_registers(SimTable::InputRegister, 0, &[1, 2, 3, 4]);
    memory.refuse(SimTable::InputRegister, 3..=3, Exception::IllegalAddress);
    let points = vec![input("good", 0, Kind::U16), input("bad", 3, Kind::U16)];
    let server = serve(&memory).await;
    let limits = PlanLimits {
        max_gap_registers: 0,
        ..PlanLimits::default()
    };
    let setup = Setup {
        limits,
        ..Setup::new("d", server.local_addr(), points)
    };
    let mut rig = Rig::start(vec![setup]);
    while rig.telemetry.modbus.exceptions.get() < 5 {
        assert_eq!(rig.next().await.points, ["good"]);
    }
    let error = rig.device(0).last_error().unwrap().text;
    let expected = "reading 1 of input_register from address 3: exception 2 (illegal data address)";
    assert_eq!(error, expected);
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    assert!(rig.device(0).failures.get() >= 5);
    memory.refuse_nothing();
    assert_eq!(rig.next_of("d", "bad").await.values, [4.0]);
    assert_eq!(rig.telemetry.modbus.connects.get(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_spoilt_answer_never_becomes_a_batch() {
    for fault in [
        Fault::ShortReply,
        Fault::WrongUnit,
        Fault::WrongTransaction,
        Fault::HalfReply,
        Fault::Silent,
        Fault::Close,
        Fault::Exception(Exception::GatewayTarget),
    ] {
        let (memory, mut points) = seven();
        memory.set_bits(SimTable::Coil, 0, &[true; 9]);
        points.push(RegisterPoint::new("a", Table::Coil, 0, Kind::Bool));
        points.push(RegisterPoint::new("b", Table::Coil, 8, Kind::Bool));
        memory.set_fault(Some(fault));
        let server = serve(&memory).await;
        let setup = Setup {
            timeout: Duration::from_millis(50),
            ..Setup::new("d", server.local_addr(), points)
        };
        let mut rig = Rig::start(vec![setup]);
        rig.until(|telemetry| telemetry.devices.get(0).unwrap().failures.get() >= 6)
            .await;
        assert_eq!(rig.device(0).state(), DeviceState::Down, "{fault:?}");
        let told = rig.next_of_all().await;
        assert!(told.is_void() && told.values.iter().all(|value| value.is_nan()));
        assert_eq!(rig.device(0).readings.get(), 0, "{fault:?}");
        let cells = &rig.telemetry.modbus;
        let counted = match fault {
            Fault::Silent | Fault::HalfReply => &cells.timeouts,
            Fault::Close => &cells.io_errors,
            Fault::Exception(_) => &cells.exceptions,
            Fault::ShortReply | Fault::WrongUnit | Fault::WrongTransaction => {
                &cells.protocol_errors
            }
        };
        assert!(counted.get() >= 6, "{fault:?}: {cells:?}");
        if fault == Fault::Close {
            let error = rig.device(0).last_error().unwrap().text;
            assert!(
                error.starts_with("the device closed the connection"),
                "{error}"
            );
        }
        memory.set_fault(None);
        assert_eq!(rig.next_of("d", "p").await.values, [7.0]);
        assert_eq!(rig.next_of("d", "b").await.values, [1.0, 1.0]);
        assert_eq!(rig.device(0).state(), DeviceState::Up);
        rig.stop().await;
    }
}

/// Two units behind one address, and the setups that poll units 1, 2 and the absent 3.
async fn three_units() -> (Server, [Arc<Memory>; 2], Vec<Setup>) {
    let (one, points) = seven();
    let (two, _) = seven();
    two.set_registers(SimTable::InputRegister, 0, &[8]);
    let gateway = Gateway::default()
        .with(1, Arc::clone(&one) as _)
        .with(2, Arc::clone(&two) as _);
    let server = Server::bind(FREE_PORT.into(), Arc::new(gateway))
        .await
        .unwrap();
    let setup = |(name, unit)| Setup {
        unit,
        timeout: Duration::from_millis(50),
        ..Setup::new(name, server.local_addr(), points.clone())
    };
    let setups = [("one", 1), ("two", 2), ("three", 3)].map(setup);
    (server, [one, two], setups.into())
}

#[tokio::test]
async fn units_share_a_connection() {
    let (_server, _, setups) = three_units().await;
    let mut rig = Rig::start(setups);
    assert_eq!(rig.next_of("one", "p").await.values, [7.0]);
    assert_eq!(rig.next_of("two", "p").await.values, [8.0]);
    rig.until_state(2, DeviceState::Down).await;
    let error = rig.device(2).last_error().unwrap().text;
    assert!(error.contains("exception 11"), "{error}");
    assert_eq!(rig.next_of("one", "p").await.values, [7.0]);
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    assert_eq!(rig.telemetry.modbus.connects.get(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_silent_unit_does_not_silence_its_neighbours() {
    let (_server, [_, two], setups) = three_units().await;
    two.set_fault(Some(Fault::Silent));
    let mut rig = Rig::start(setups);
    rig.until(|telemetry| telemetry.modbus.timeouts.get() >= 3)
        .await;
    let before = rig.device(0).readings.get();
    while rig.device(0).readings.get() < before + 3 {
        assert_eq!(rig.next().await.device, "one");
    }
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    assert_eq!(rig.device(1).state(), DeviceState::Down);
    two.set_fault(None);
    assert_eq!(rig.next_of("two", "p").await.values, [8.0]);
    rig.stop().await;
}

#[tokio::test]
async fn units_that_were_away_together_come_back_together() {
    const UNITS: u8 = 20;
    let (good, points) = seven();
    let (away, _) = seven();
    away.set_fault(Some(Fault::Silent));
    let both = Gateway::default().with(100, Arc::clone(&good) as _);
    let gateway = (1..=UNITS).fold(both, |all, unit| all.with(unit, Arc::clone(&away) as _));
    let server = Server::bind(FREE_PORT.into(), Arc::new(gateway));
    let server = server.await.unwrap();
    let setup = |unit: u8| Setup {
        unit,
        timeout: Duration::from_millis(50),
        ..Setup::new(
            format!("unit-{unit}").leak(),
            server.local_addr(),
            points.clone(),
        )
    };
    let rig = Rig::start((1..=UNITS).chain([100]).map(setup).collect());
    rig.until(|telemetry| telemetry.modbus.timeouts.get() >= 40)
        .await;
    away.set_fault(None);
    let up = |telemetry: &Telemetry| {
        let devices = (0..usize::from(UNITS)).map(|n| telemetry.devices.get(n).unwrap());
        let up = devices.filter(|device| device.state() == DeviceState::Up);
        up.count()
    };
    rig.until(|telemetry| up(telemetry) > 0).await;
    let before = rig.device(usize::from(UNITS)).readings.get();
    rig.until(|telemetry| up(telemetry) == usize::from(UNITS))
        .await;
    // Units take turns, so the good one tells how long it took.
    let readings = rig.device(usize::from(UNITS)).readings.get() - before;
    assert!(readings <= 5 * u64::from(UNITS), "{readings}");
    rig.stop().await;
}

#[tokio::test]
async fn a_full_ring_skips_scans_and_counts_them() {
    let (memory, points) = seven();
    let server = serve(&memory).await;
    let setup = Setup::new("d", server.local_addr(), points);
    let mut rig = Rig::start_with(vec![setup], 10, 2, false);
    rig.until(|telemetry| telemetry.ring.full.get() >= 3).await;
    assert_eq!(memory.reads().len(), 2, "a full engine asks no device");
    assert!(rig.device(0).overruns.get() >= 2);
    assert_eq!(rig.telemetry.ledger.offered.get(), 2);
    rig.drain();
    for _ in 0..5 {
        assert_eq!(rig.next().await.values, [7.0]);
    }
    rig.stop().await;
}

#[tokio::test]
async fn readings_without_a_batch_are_counted_as_refused() {
    let (memory, points) = seven();
    let server = serve(&memory).await;
    let setup = Setup::new("d", server.local_addr(), points);
    let mut rig = Rig::start_with(vec![setup], 1, 10, false);
    rig.until(|telemetry| telemetry.ledger.snapshot().refused >= 3)
        .await;
    let ledger = rig.telemetry.ledger.snapshot();
    assert_eq!(ledger.offered, 1);
    assert!(ledger.refused >= 3 && rig.device(0).overruns.get() >= 2);
    rig.drain();
    for _ in 0..3 {
        assert_eq!(rig.next().await.values, [7.0]);
    }
    rig.stop().await;
}

/// A port of 127.0.0.0/8 that is full: what connects to it hears nothing.
async fn full_port() -> (Socket, Vec<TcpStream>, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    socket.bind(&everywhere.into()).unwrap();
    socket.listen(0).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let mut waiting = Vec::new();
    loop {
        let connecting = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        match tokio::time::timeout(Duration::from_millis(200), connecting).await {
            Ok(stream) => waiting.push(stream.unwrap()),
            Err(_) => return (socket, waiting, port),
        }
    }
}

#[tokio::test]
async fn addresses_that_swallow_connections_do_not_hold_up_a_good_one() {
    let (memory, points) = seven();
    let server = serve(&memory).await;
    // Each connection brings one answer and ends with the next.
    let script = |n: u64| {
        if n.is_multiple_of(2) {
            Spoil::Pass
        } else {
            Spoil::Cut(0)
        }
    };
    let good = Proxy::start(server.local_addr(), script).await.unwrap();
    let (_socket, _waiting, port) = full_port().await;
    let mut setups = vec![Setup::new("good", good.local_addr(), points.clone())];
    for last in 1..=40 {
        let name = format!("swallows-{last}").leak();
        setups.push(Setup {
            period: Duration::from_secs(1),
            ..Setup::new(name, ([127, 0, 1, last], port).into(), points.clone())
        });
    }
    // Each of the others holds its connection up for ten seconds.
    let rig = Rig::start_connecting(setups, (1_000, 1_000), true, 4);
    rig.until(|telemetry| telemetry.modbus.connects.get() >= 400)
        .await;
    rig.stop().await;
}

/// The register map of the simulated feeder as points of the engine.
fn feeder_points() -> Vec<RegisterPoint> {
    let point = |point: &gridos_sim::substation::MapPoint| {
        let table = point.table.name().parse().unwrap();
        let kind = point.kind.parse().unwrap();
        RegisterPoint {
            unit: point.unit.to_owned(),
            order: point.order.parse().unwrap(),
            scale: point.scale,
            ..RegisterPoint::new(point.name, table, point.address, kind)
        }
    };
    MAP.iter().map(point).collect()
}

#[tokio::test]
async fn a_feeder_is_read_as_its_map_says() {
    let feeder = Arc::new(Feeder::new(4));
    let server = Server::bind(FREE_PORT.into(), Arc::clone(&feeder) as _)
        .await
        .unwrap();
    let address: SocketAddr = server.local_addr();
    let mut rig = Rig::start(vec![Setup::new("f", address, feeder_points())]);
    for table in [
        "current_a",
        "breaker_closed",
        "pick_up_current",
        "protection_enabled",
    ] {
        let arrived = rig.next_of("f", table).await;
        // The device shows one of the steps of 100 ms around the time of the sweep.
        let steps = (0..11_u64)
            .map(|n| arrived.time.as_nanos() / 1_000_000 + i64::try_from(n).unwrap() * 100 - 500);
        let steps: Vec<Measurements> = steps
            .map(|ms| feeder.measure(Duration::from_millis(u64::try_from(ms).unwrap())))
            .collect();
        let is_shown = |now: &Measurements| {
            arrived
                .points
                .iter()
                .zip(&arrived.values)
                .all(|(name, value)| {
                    let point = MAP.iter().find(|point| point.name == name).unwrap();
                    let expected = (point.value)(now);
                    (expected - value).abs() <= point.scale * 0.501 || point.kind == "f32"
                })
        };
        assert!(steps.iter().any(is_shown), "{arrived:?}");
    }
    rig.stop().await;
}
