//! Devices that write their registers.

use gridos_collect::modbus::Confirm;
use gridos_modbus::{Kind, RegisterPoint, Table};
use gridos_model::Quality;
use gridos_telemetry::{DeviceState, ListenerAnswer, Refusal};

use crate::rig::{Disk, Rig, Setup, Terms, adu, anybody};

fn holding(name: &str, address: u16, kind: Kind) -> RegisterPoint {
    RegisterPoint::new(name, Table::HoldingRegister, address, kind)
}

/// A device with a float, a word, a word that is 16 bits, and two coils.
pub(crate) fn plc() -> Setup {
    Setup {
        name: "plc",
        peer: anybody(),
        unit: 1,
        points: vec![
            holding("float", 10, Kind::F32),
            RegisterPoint {
                scale: 0.1,
                ..holding("word", 12, Kind::U16)
            },
            holding("fault", 13, Kind::Bit(2)),
            RegisterPoint::new("open", Table::Coil, 3, Kind::Bool),
            RegisterPoint::new("closed", Table::Coil, 4, Kind::Bool),
            RegisterPoint::new("input", Table::InputRegister, 12, Kind::U16),
        ],
    }
}

fn named(values: &[(&str, f64)]) -> Vec<(String, f64)> {
    let owned = |(name, value): &(&str, f64)| ((*name).to_owned(), *value);
    values.iter().map(owned).collect()
}

#[tokio::test]
async fn every_function_that_writes_brings_readings_and_is_acknowledged() {
    let mut rig = Rig::start(vec![plc()], Terms::default()).await;
    let mut client = rig.client().await;
    for (pdu, answer, values) in [
        (
            vec![5, 0, 3, 0xff, 0],
            vec![5, 0, 3, 0xff, 0],
            named(&[("open", 1.0)]),
        ),
        (
            vec![6, 0, 12, 0, 25],
            vec![6, 0, 12, 0, 25],
            named(&[("word", 2.5)]),
        ),
        (
            vec![15, 0, 2, 0, 4, 1, 0b0100],
            vec![15, 0, 2, 0, 4],
            named(&[("open", 0.0), ("closed", 1.0)]),
        ),
        (
            vec![16, 0, 10, 0, 4, 8, 0x3f, 0x80, 0, 0, 0, 7, 0, 4],
            vec![16, 0, 10, 0, 4],
            named(&[("float", 1.0), ("word", 0.7000000000000001), ("fault", 1.0)]),
        ),
        (
            vec![23, 0, 10, 0, 2, 0, 13, 0, 1, 2, 0, 0],
            vec![23, 4, 0x3f, 0x80, 0, 0],
            named(&[("fault", 0.0)]),
        ),
    ] {
        assert_eq!(client.ask(&pdu).await, answer, "{pdu:?}");
        assert_eq!(rig.values().await, values, "{pdu:?}");
    }
    // What was written can be read back, and nothing else.
    assert_eq!(client.ask(&[3, 0, 12, 0, 2]).await, [3, 4, 0, 7, 0, 0]);
    assert_eq!(client.ask(&[1, 0, 3, 0, 2]).await, [1, 1, 0b10]);
    for (pdu, answer) in [
        (vec![3, 0, 12, 0, 9], [0x83, 2]),
        (vec![4, 0, 12, 0, 1], [0x84, 2]),
        (vec![6, 0, 99, 0, 0], [0x86, 2]),
        (vec![6, 0, 12, 0], [0x86, 3]),
        (vec![22, 0, 12, 0, 0, 0, 0], [0x96, 1]),
        (vec![8, 0, 0, 0, 0], [0x88, 1]),
        (vec![43, 14, 1, 0], [0xab, 1]),
    ] {
        assert_eq!(client.ask(&pdu).await, answer, "{pdu:?}");
    }
    client.send(&adu(9, 2, &[6, 0, 12, 0, 0])).await;
    assert_eq!(client.receive().await, (9, 2, vec![0x86, 10]));
    let counted = [
        (ListenerAnswer::Taken, 5),
        (ListenerAnswer::Read, 2),
        (ListenerAnswer::IllegalFunction, 3),
        (ListenerAnswer::IllegalAddress, 3),
        (ListenerAnswer::IllegalValue, 1),
        (ListenerAnswer::NoPath, 1),
    ];
    for (answer, count) in counted {
        assert_eq!(rig.answers(answer), count, "{answer:?}");
    }
    // Coils 2 and 5.
    assert_eq!(rig.telemetry.listeners.unmapped.get(), 2);
    let stats = rig.telemetry.devices.get(0).unwrap();
    assert_eq!((stats.readings.get(), stats.state()), (8, DeviceState::Up));
    drop(client);
    rig.stop().await;
}

#[tokio::test]
async fn a_text_is_written_like_a_value_and_is_durable_before_it_is_acknowledged() {
    let mut setup = plc();
    setup.points.push(holding("serial", 14, Kind::Text(3)));
    let mut rig = Rig::start(vec![setup], Terms::default()).await;
    let mut client = rig.client().await;
    // The word that is 16 bits, and the text behind it.
    let pdu = [16, 0, 13, 0, 4, 8, 0, 4, b'S', b'N', b'-', b'7', 0xff, 0];
    assert_eq!(client.ask(&pdu).await, [16, 0, 13, 0, 4]);
    assert_eq!(rig.values().await, named(&[("fault", 1.0)]));
    let told = rig.next().await;
    let quality = Quality::NO_SOURCE_TIME | Quality::TEXT_ESCAPED;
    let text = ("serial".to_owned(), "SN-7\\xff".to_owned(), quality);
    assert_eq!((told.readings, told.texts), (vec![], vec![text]));
    assert_eq!(told.times, [told.received]);
    let stats = rig.telemetry.devices.get(0).unwrap();
    assert_eq!(stats.readings.get(), 2);
    drop(client);
    rig.stop().await;
}

#[tokio::test]
async fn a_value_in_two_writes_comes_whole_and_says_that_its_time_is_the_engines() {
    let mut rig = Rig::start(vec![plc()], Terms::default()).await;
    let mut client = rig.client().await;
    assert_eq!(
        client.ask(&[6, 0, 10, 0x3f, 0x80]).await,
        [6, 0, 10, 0x3f, 0x80]
    );
    assert_eq!(client.ask(&[6, 0, 11, 0, 0]).await, [6, 0, 11, 0, 0]);
    let arrived = rig.next().await;
    let expected = ("float".to_owned(), 1.0, Quality::NO_SOURCE_TIME);
    assert_eq!(arrived.readings, [expected]);
    assert_eq!(
        (arrived.device.as_str(), &*arrived.times),
        ("plc", &[arrived.received][..])
    );
    // Another connection has parts of its own.
    let mut other = rig.client().await;
    other.ask(&[6, 0, 10, 0x40, 0]).await;
    client.ask(&[6, 0, 11, 0, 1]).await;
    client.ask(&[6, 0, 12, 0, 0]).await;
    assert_eq!(rig.values().await, named(&[("word", 0.0)]));
    rig.stop().await;
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_durable() {
    let mut rig = Rig::start(vec![plc()], Terms::default()).await;
    let mut client = rig.client().await;
    rig.set(Disk::Slow);
    client.send(&adu(1, 1, &[6, 0, 12, 0, 25])).await;
    // The batch is in the engine's hands, and the device still knows nothing.
    assert_eq!(rig.values().await, named(&[("word", 2.5)]));
    tokio::task::yield_now().await;
    assert!(client.is_silent());
    assert_eq!(rig.answers(ListenerAnswer::Taken), 0);
    // Not even a stop acknowledges it, nor does it keep the acknowledgement back.
    rig.begin_stop();
    tokio::task::yield_now().await;
    assert!(client.is_silent());
    rig.redeem();
    assert_eq!(client.receive().await.2, [6, 0, 12, 0, 25]);
    assert_eq!(client.closed().await, []);
    rig.stop().await;
}

#[tokio::test]
async fn what_never_became_durable_is_refused_and_can_be_sent_again() {
    let mut rig = Rig::start(vec![plc()], Terms::default()).await;
    let mut client = rig.client().await;
    assert_eq!(client.ask(&[6, 0, 10, 0x3f, 0x80]).await.len(), 5);
    rig.set(Disk::Broken);
    assert_eq!(client.ask(&[6, 0, 11, 0, 0]).await, [0x86, 4]);
    assert_eq!(rig.answers(ListenerAnswer::Failure), 1);
    rig.next().await;
    rig.set(Disk::Sound);
    assert_eq!(client.ask(&[6, 0, 11, 0, 0]).await, [6, 0, 11, 0, 0]);
    assert_eq!(rig.values().await, named(&[("float", 1.0)]));
    rig.stop().await;
}

#[tokio::test]
async fn a_full_ring_is_busy_and_takes_nothing() {
    let terms = Terms {
        slots: 1,
        confirm: Confirm::Received,
        ..Terms::default()
    };
    let mut rig = Rig::start(vec![plc()], terms).await;
    let mut client = rig.client().await;
    client.ask(&[6, 0, 10, 0x3f, 0x80]).await;
    rig.set(Disk::Stalled);
    // The thread may take one more out of the ring before it sees that it is to stall.
    let mut taken = 0;
    while client.ask(&[6, 0, 12, 0, 25]).await != [0x86, 6] {
        taken += 1;
        assert!(taken < 5);
    }
    assert_eq!(client.ask(&[6, 0, 11, 0, 0]).await, [0x86, 6]);
    assert_eq!(client.ask(&[3, 0, 11, 0, 1]).await, [0x83, 2]);
    assert_eq!(rig.answers(ListenerAnswer::Busy), 2);
    let ledger = rig.telemetry.ledger.snapshot();
    assert_eq!(ledger.refused_for(Refusal::RingFull), 2);
    rig.set(Disk::Sound);
    for _ in 0..taken {
        assert_eq!(rig.values().await, named(&[("word", 2.5)]));
    }
    rig.until(|_| true).await;
    // The other half was kept all the time.
    while client.ask(&[6, 0, 11, 0, 0]).await == [0x86, 6] {}
    assert_eq!(rig.values().await, named(&[("float", 1.0)]));
    rig.stop().await;
}

#[tokio::test]
async fn frames_that_come_in_pieces_or_together_are_all_answered() {
    let mut rig = Rig::start(vec![plc()], Terms::default()).await;
    let mut client = rig.client().await;
    client.0.set_nodelay(true).unwrap();
    let bytes = adu(3, 1, &[6, 0, 12, 0, 25]);
    for cut in 1..bytes.len() {
        client.send(&bytes[..cut]).await;
        tokio::task::yield_now().await;
        client.send(&bytes[cut..]).await;
        assert_eq!(
            client.receive().await,
            (3, 1, vec![6, 0, 12, 0, 25]),
            "{cut}"
        );
        assert_eq!(rig.values().await, named(&[("word", 2.5)]));
    }
    let mut many = Vec::new();
    for transaction in 0..100 {
        many.extend(adu(transaction, 1, &[6, 0, 12, 0, 1]));
    }
    client.send(&many).await;
    for transaction in 0..100 {
        assert_eq!(client.receive().await.0, transaction);
        rig.next().await;
    }
    rig.stop().await;
}
