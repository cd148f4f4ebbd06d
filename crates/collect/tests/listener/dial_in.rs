//! Devices that dial in to be polled.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::modbus::{Guests, Inbox, ModbusDevice, Peer, Service, Via, start};
use gridos_modbus::{Kind, Plan, PlanLimits, RegisterPoint, Table};
use gridos_model::{Directory, DirectoryBuilder, Point};
use gridos_telemetry::{DeviceState, PeerRefusal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::rig::{Rig, Terms, anybody};

/// Devices named by their peers, each with one register.
async fn start_polling(peers: Vec<(&'static str, Peer)>) -> Rig {
    let points = vec![RegisterPoint::new(
        "level",
        Table::HoldingRegister,
        7,
        Kind::U16,
    )];
    let plan = Arc::new(Plan::new(points, &PlanLimits::default()).unwrap());
    let groups: Vec<_> = plan.requests().iter().map(|r| r.points()).collect();
    let mut builder = DirectoryBuilder::default();
    let mut guests = Vec::new();
    let mut polled = Vec::new();
    for (name, peer) in peers {
        let points = vec![Point::new("level", "m")];
        let device = builder.add(name, points, &groups).unwrap();
        let inbox = Arc::new(Inbox::default());
        guests.push((peer, Arc::clone(&inbox)));
        polled.push((name, device, inbox));
    }
    let service = Service::DialIn {
        guests: Guests::new(guests),
    };
    let poll = move |directory: &Directory, intake, stop| {
        let device = |(name, device, inbox)| ModbusDevice {
            device,
            host: format!("listener/{name}"),
            port: 0,
            unit: 1,
            plan: Arc::clone(&plan),
            layouts: directory.device(device).groups().to_vec(),
            whole: Arc::clone(directory.device(device).whole()),
            scan_periods: vec![Duration::from_millis(5)],
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_millis(50),
            reconnect_max: Duration::from_millis(20),
            via: Via::DialIn(inbox),
            connections: 1,
            probe_max: Duration::from_millis(20),
        };
        let devices = polled.into_iter().map(device).collect();
        start(devices, 1, intake, stop).unwrap()
    };
    Rig::serve(builder.build(), service, Terms::default(), poll).await
}

/// A device that dials in, says `packet`, and then answers every read with `value`.
fn dial(address: SocketAddr, packet: &'static [u8], value: u16) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(packet).await.unwrap();
        let mut request = [0; 12];
        while stream.read_exact(&mut request).await.is_ok() {
            assert_eq!(request[6..], [1, 3, 0, 7, 0, 1]);
            let mut answer = request[..4].to_vec();
            answer.extend([0, 5, 1, 3, 2]);
            answer.extend(value.to_be_bytes());
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    })
}

#[tokio::test]
async fn a_device_is_polled_over_the_connection_it_made() {
    let mut rig = start_polling(vec![("d", anybody())]).await;
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
    assert!(error.starts_with("the device did not dial in"), "{error}");
    let device = dial(rig.address, b"", 42);
    // What was told while it was away is that there is no value.
    let mut first = rig.values().await;
    while first[0].1.is_nan() {
        first = rig.values().await;
    }
    for _ in 0..10 {
        assert_eq!(first, [("level".to_owned(), 42.0)]);
        first = rig.values().await;
    }
    // It dials in again without having closed the first connection, as after a power cut.
    let again = dial(rig.address, b"", 43);
    while rig.values().await[0].1 != 43.0 {}
    device.await.unwrap();
    rig.stop().await;
    again.await.unwrap();
}

#[tokio::test]
async fn devices_behind_one_address_are_told_apart_by_their_packets() {
    let packet = |text: &str| Peer::Packet(text.as_bytes().to_vec());
    let peers = vec![
        ("north", packet("866001\r\n")),
        ("south", packet("866002\r\n")),
    ];
    let mut rig = start_polling(peers).await;
    let south = dial(rig.address, b"866002\r\n", 2);
    let north = dial(rig.address, b"866001\r\n", 1);
    let (mut norths, mut souths) = (0, 0);
    while norths < 3 || souths < 3 {
        let arrived = rig.next().await;
        match arrived.device.as_str() {
            "north" => norths += u32::from(arrived.readings[0].1 == 1.0),
            _ => souths += u32::from(arrived.readings[0].1 == 2.0),
        }
    }
    for packet in [&b"866003\r\n"[..], b"GET / HTTP/1.1\r\n"] {
        let mut stranger = rig.client().await;
        stranger.send(packet).await;
        assert_eq!(stranger.closed().await, []);
    }
    assert_eq!(rig.refusals(PeerRefusal::Unknown), 2);
    rig.stop().await;
    south.await.unwrap();
    north.await.unwrap();
}
