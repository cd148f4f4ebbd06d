//! What arrives of what outstations say.

use gridos_collect::dnp3::{MappedPoint, PointKind};
use gridos_model::{Quality, TimeQuality, Timestamp};

use crate::outstation::{Site, confirm_unsolicited, unsolicited};
use crate::rig::{Rig, Setup};

#[tokio::test]
async fn whole_groups_are_sweeps_and_the_rest_are_events() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    let mut objects = vec![1, 1, 0x00, 0, 9, 0b1010_0001, 0b11];
    // g30v2: flags and 16 bits; only three of the five.
    objects.extend([30, 2, 0x00, 101, 103]);
    for (value, flags) in [(-5_i16, 0x01), (7, 0x21), (8, 0x00)] {
        objects.push(flags);
        objects.extend(value.to_le_bytes());
    }
    line.answer(&objects).await;
    let events = rig.next().await;
    assert_eq!(
        events.values(),
        [("a101", -5.0), ("a102", 7.0), ("a103", 8.0)]
    );
    let none = Quality::NO_SOURCE_TIME;
    let qualities: Vec<_> = events.readings.iter().map(|r| r.quality).collect();
    assert_eq!(
        qualities,
        [none, none | Quality::OVER_RANGE, none | Quality::OFFLINE]
    );
    let sweep = rig.next().await;
    assert!(sweep.is_sweep);
    assert_eq!(sweep.time_quality, Some(TimeQuality::None));
    let bits: Vec<_> = sweep.readings.iter().map(|r| r.value).collect();
    assert_eq!(bits, [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    let cells = &rig.telemetry.dnp3;
    assert_eq!((cells.static_values.get(), cells.unmapped.get()), (13, 2));
    let device = rig.telemetry.devices.get(0).unwrap();
    assert_eq!(device.unmapped.get(), 2);
    assert_eq!(device.unmapped_points(), "binary 8..9");
    rig.stop().await;
}

#[tokio::test]
async fn points_that_no_profile_names_are_shown() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    // Present values in a range and one by one, an octet string, events; then one that is mapped.
    let objects = [
        &[1, 2, 0x00, 200, 201, 0x01, 0x01][..],
        &[30, 4, 0x00, 98, 99, 0, 0, 0, 0],
        &[20, 6, 0x17, 1, 3, 7, 0],
        &[110, 1, 0x00, 4, 4, b'x'],
        &[1, 2, 0x00, 7, 7, 0x81],
    ]
    .concat();
    line.answer(&objects).await;
    assert_eq!(rig.next().await.values(), [("b7", 1.0)]);
    let shown = "binary 200..201, counter 3, analog 98..99, octets 4";
    let device = rig.telemetry.devices.get(0).unwrap();
    assert_eq!(device.unmapped_points(), shown);
    // An event beside the others joins them; a deadband is none that a profile could name.
    let objects = [
        &[2, 1, 0x17, 2, 202, 0x81, 0, 0x81][..],
        &[34, 1, 0x00, 0, 0, 1, 0],
    ]
    .concat();
    line.send(&unsolicited(1, &objects)).await;
    assert_eq!(rig.keep_next().await.values(), [("b0", 1.0)]);
    let shown = "binary 200..202, counter 3, analog 98..99, octets 4";
    assert_eq!(device.unmapped_points(), shown);
    rig.stop().await;
}

#[tokio::test]
async fn times_keep_their_worth_and_values_their_scale() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    setup.points.push(MappedPoint {
        scale: 0.5,
        offset: 10.0,
        ..MappedPoint::new(PointKind::Counter, 4)
    });
    setup.points.push(MappedPoint::new(PointKind::DoubleBit, 0));
    let mut rig = Rig::start(vec![setup]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    let millis = 1_700_000_000_000_u64;
    let mut objects = vec![51, 2, 0x07, 1];
    objects.extend(&millis.to_le_bytes()[..6]);
    // g4v3: double-bit on, 7 ms after the common time, whose clock is not synchronised.
    objects.extend([4, 3, 0x17, 1, 0, 0x81, 7, 0]);
    // g22v5: counter 4 = 100 with a time; DISCONTINUITY.
    objects.extend([22, 5, 0x17, 1, 4, 0x41, 100, 0, 0, 0]);
    objects.extend(&millis.to_le_bytes()[..6]);
    line.send(&unsolicited(1, &objects)).await;
    let batch = rig.keep_next().await;
    assert_eq!(batch.values(), [("d0", 2.0), ("c4", 60.0)]);
    let [double, counter] = &batch.readings[..] else {
        panic!("{batch:?}")
    };
    let at = Timestamp::from_millis(1_700_000_000_000);
    assert_eq!(double.time.since(at).as_millis(), 7);
    assert_eq!(double.quality, Quality::CLOCK_UNSYNCHRONISED);
    assert_eq!(
        (counter.time, counter.quality),
        (at, Quality::DISCONTINUITY)
    );
    assert_eq!(line.next().await, confirm_unsolicited(1));
    // The outstation asks for the time: its absolute times are not synchronised either.
    let mut objects = vec![22, 5, 0x17, 1, 4, 0x01, 101, 0, 0, 0];
    objects.extend(&millis.to_le_bytes()[..6]);
    let mut fragment = unsolicited(2, &objects);
    fragment[2] = 0x10;
    line.send(&fragment).await;
    let batch = rig.keep_next().await;
    assert_eq!(batch.readings[0].quality, Quality::CLOCK_UNSYNCHRONISED);
    rig.stop().await;
}

#[tokio::test]
async fn texts_are_told_when_they_change_and_as_often_as_they_are_events() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    setup.points = vec![
        MappedPoint::new(PointKind::Octets, 3),
        MappedPoint::new(PointKind::Octets, 4),
    ];
    setup.config.polls = Vec::new();
    let mut rig = Rig::start(vec![setup]);
    let mut line = site.accept().await;
    let serial = b"\x6e\x02\x00\x03\x04SN42";
    line.answer(serial).await;
    let texts = rig.next().await;
    let told: Vec<_> = texts.readings.iter().map(|r| r.text.as_deref()).collect();
    assert_eq!(told, [Some("SN"), Some("42")]);
    assert_eq!(texts.readings[0].quality, Quality::NO_SOURCE_TIME);
    // As an unsolicited present value: only one has changed.
    line.send(&unsolicited(1, b"\x6e\x02\x00\x03\x04SN43"))
        .await;
    let texts = rig.next().await;
    let told: Vec<_> = texts.readings.iter().map(|r| r.text.as_deref()).collect();
    assert_eq!(told, [Some("43")]);
    assert_eq!(line.next().await, confirm_unsolicited(1));
    line.send(&unsolicited(2, b"\x6f\x02\x17\x01\x04\x34\x33"))
        .await;
    let texts = rig.keep_next().await;
    assert_eq!(texts.readings[0].text.as_deref(), Some("43"));
    assert_eq!(line.next().await, confirm_unsolicited(2));
    rig.stop().await;
}
