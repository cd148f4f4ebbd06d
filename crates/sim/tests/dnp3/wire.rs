//! Frames octet by octet.

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::{ClockConfig, OutstationConfig, PointDefinition, PointKind, Update};
use gridos_sim::dnp3::{Fleet, FleetConfig, Process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::master::{Master, dump, hex, listen};

/// One analog input whose value is 1.25.
fn still() -> FleetConfig {
    let point = PointDefinition::new(PointKind::AnalogInput, 0, Class::One);
    FleetConfig {
        process: Process::Still(vec![point]),
        ..FleetConfig::default()
    }
}

async fn one_and_a_quarter(config: FleetConfig) -> Fleet {
    let fleet = listen(config).await;
    for unit in fleet.units() {
        unit.with(|outstation, at| {
            let point = outstation.points().find(PointKind::AnalogInput, 0).unwrap();
            let update = Update::new(Value::Float32(1.25), at.unix_ms).silent();
            outstation.update(point, update, at).unwrap();
        });
    }
    fleet
}

/// The next octets, as many as `expected` has.
async fn expect(stream: &mut TcpStream, expected: &str) {
    let mut octets = vec![0; hex(expected).len()];
    stream.read_exact(&mut octets).await.unwrap();
    assert_eq!(dump(&octets), dump(&hex(expected)));
}

const NULL: &str = "05 64 0A 44 01 00 0A 00 6E 25 C0 F0 82 90 00 43 A2";
const CONFIRM_NULL: &str = "05 64 08 C4 0A 00 01 00 FC 42 C0 D0 00 1B 49";
const ASK_STATUS: &str = "05 64 05 C9 0A 00 01 00 FE DA";
const STATUS: &str = "05 64 05 0B 01 00 0A 00 6D ED";
const CLEAR: &str = "05 64 0E C4 0A 00 01 00 25 29 C0 C1 02 50 01 00 07 07 00 3E 5F";
const CLEARED: &str = "05 64 0A 44 01 00 0A 00 6E 25 C1 C1 81 10 00 5A D6";

#[tokio::test]
async fn frames_known_octet_by_octet_are_answered_so() {
    let fleet = one_and_a_quarter(still()).await;
    let mut stream = TcpStream::connect(fleet.addresses().next().unwrap())
        .await
        .unwrap();
    expect(&mut stream, NULL).await;
    stream.write_all(&hex(CONFIRM_NULL)).await.unwrap();
    stream.write_all(&hex(ASK_STATUS)).await.unwrap();
    expect(&mut stream, STATUS).await;
    stream.write_all(&hex(CLEAR)).await.unwrap();
    expect(&mut stream, CLEARED).await;
}

#[tokio::test]
async fn a_request_split_at_every_octet_is_answered() {
    let fleet = one_and_a_quarter(still()).await;
    let mut stream = TcpStream::connect(fleet.addresses().next().unwrap())
        .await
        .unwrap();
    stream.set_nodelay(true).unwrap();
    expect(&mut stream, NULL).await;
    let request = hex(ASK_STATUS);
    for cut in 0..=request.len() {
        stream.write_all(&request[..cut]).await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(&request[cut..]).await.unwrap();
        expect(&mut stream, STATUS).await;
    }
}

#[tokio::test]
async fn noise_and_frames_for_others_are_passed_over() {
    let fleet = one_and_a_quarter(still()).await;
    let mut stream = TcpStream::connect(fleet.addresses().next().unwrap())
        .await
        .unwrap();
    expect(&mut stream, NULL).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\n\r\n\x05\x64")
        .await
        .unwrap();
    // To the outstation 11, from the master 2, and from an outstation.
    for other in [
        "05 64 05 C9 0B 00 01 00 16 18",
        "05 64 05 C9 0A 00 02 00 55 6A",
        STATUS,
    ] {
        stream.write_all(&hex(other)).await.unwrap();
    }
    stream.write_all(&hex(ASK_STATUS)).await.unwrap();
    expect(&mut stream, STATUS).await;
}

#[tokio::test]
async fn several_outstations_share_a_line() {
    let config = FleetConfig {
        outstations: 5,
        per_line: 3,
        outstation: OutstationConfig {
            unsolicited: None,
            clock: ClockConfig {
                needs_time_at_start: false,
                ..ClockConfig::default()
            },
            ..OutstationConfig::default()
        },
        ..still()
    };
    let fleet = one_and_a_quarter(config).await;
    assert_eq!(fleet.addresses().len(), 2);
    let lines: Vec<_> = fleet
        .units()
        .iter()
        .map(|unit| (unit.line(), unit.address().raw()))
        .collect();
    assert_eq!(lines, [(0, 10), (0, 11), (0, 12), (1, 13), (1, 14)]);
    let mut first = Master::connect(&fleet, 0).await;
    let mut second = Master::connect(&fleet, 1).await;
    let value = "1E 05 00 00 00 01 00 00 A0 3F";
    for address in [12, 10, 11] {
        let answer = first.ask(address, "C3 01 3C 01 06").await;
        assert_eq!(answer, format!("C3 81 80 00 {value}"));
    }
    assert_eq!(
        second.ask(14, "C4 01 3C 01 06").await,
        format!("C4 81 80 00 {value}")
    );
    // A message to all, which all obey.
    let frame = {
        use gridos_dnp3::link::{Address, Control, Function, Primary, encode};
        let function = Function::Primary {
            function: Primary::UnconfirmedUserData,
            fcb: false,
        };
        let control = Control {
            from_master: true,
            function,
        };
        let (all, me) = (Address::BROADCAST_DONT_CONFIRM, Address::from_raw(1));
        let mut frame = Vec::new();
        let clear = hex("C0 C5 02 50 01 00 07 07 00");
        encode(control, all, me, &clear, &mut frame).unwrap();
        frame
    };
    first.stream.write_all(&frame).await.unwrap();
    for address in 10..13 {
        assert_eq!(first.ask(address, "C6 01").await, "C6 81 01 00");
    }
    assert_eq!(second.ask(13, "C7 01").await, "C7 81 80 00");
}

#[tokio::test]
async fn a_new_connection_takes_the_place_of_the_old_one() {
    let fleet = one_and_a_quarter(still()).await;
    let mut old = Master::connect(&fleet, 0).await;
    old.receive().await.unwrap();
    let mut new = Master::connect(&fleet, 0).await;
    assert!(new.receive().await.is_ok());
    assert!(old.receive().await.is_err());
    assert_eq!(fleet.units()[0].connections(), 2);
}

#[tokio::test]
async fn a_stopped_fleet_frees_its_ports() {
    let fleet = listen(FleetConfig {
        outstations: 20,
        ..still()
    })
    .await;
    let address = fleet.addresses().nth(19).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    expect(&mut stream, "05 64 0A 44 01 00 1D 00").await;
    fleet.stop().await;
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest).await;
    assert!(ended.is_ok() || ended.is_err());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_makes_no_fleet_is_refused() {
    let ip = std::net::Ipv4Addr::LOCALHOST.into();
    let point = PointDefinition::new(PointKind::AnalogInput, 0, Class::One);
    for config in [
        FleetConfig {
            first_address: 65_520,
            ..still()
        },
        FleetConfig {
            per_line: 0,
            ..still()
        },
        FleetConfig {
            process: Process::Still(vec![point, point]),
            ..still()
        },
    ] {
        let refused = Fleet::listen(ip, 0, config).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    }
    let two = FleetConfig {
        outstations: 2,
        ..still()
    };
    assert!(Fleet::listen(ip, 65_535, two).await.is_err());
}
