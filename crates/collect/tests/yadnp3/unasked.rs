//! What the outstation tells unasked.

use gridos_collect::dnp3::PointKind;
use gridos_model::Quality;
use gridos_telemetry::{ConfirmSide, FragmentFate};

use crate::outstation::{KINDS, Mode, Outstation, POINTS, Put, WHOLE, brisk};
use crate::rig::Rig;
use crate::takings::{Told, events, no_more_events, present};

/// Values of every kind, some of which are not good.
pub(crate) fn some_of_each() -> Vec<Put> {
    use PointKind::{Analog, AnalogOutput, Binary, BinaryOutput, Counter, DoubleBit};
    let put = Put::new;
    vec![
        put(Binary, 0, 1.0),
        put(Binary, 1, 0.0).flagged(0x00, Quality::OFFLINE),
        put(Binary, 5, 1.0).flagged(0x21, Quality::CHATTER_FILTER),
        put(DoubleBit, 0, 0.0),
        put(DoubleBit, 1, 1.0).flagged(0x09, Quality::REMOTE_FORCED),
        put(DoubleBit, 2, 2.0),
        put(DoubleBit, 5, 3.0).flagged(0x11, Quality::LOCAL_FORCED),
        put(BinaryOutput, 3, 1.0),
        put(Counter, 0, 0.0).flagged(0x41, Quality::DISCONTINUITY),
        put(Counter, 4, 4_294_967_295.0),
        put(Analog, 0, -2_147_483_648.0),
        put(Analog, 1, 2_147_483_647.0).flagged(0x21, Quality::OVER_RANGE),
        put(Analog, 2, -1.0).flagged(0x41, Quality::REFERENCE_ERR),
        put(Analog, 5, 70_000.0).flagged(0x05, Quality::COMM_LOST),
        put(AnalogOutput, 2, -70_000.0),
    ]
}

#[tokio::test]
async fn present_values_of_every_kind_are_swept() {
    let Some(mut outstation) = Outstation::start(&["--unsolicited"]) else {
        return;
    };
    let puts = some_of_each();
    outstation.put(&puts, Mode::Never);
    let mut rig = Rig::start(vec![outstation.setup(brisk())]);
    let untouched = KINDS.into_iter().flat_map(|kind| {
        (0..POINTS).map(move |index| {
            let put = Put::new(kind, index, 0.0);
            Told::untimed(&put.flagged(0x02, Quality::OFFLINE | Quality::RESTART))
        })
    });
    let put = puts.iter().map(Told::untimed);
    let expected = untouched.chain(put);
    let expected: Vec<_> = expected.map(|told| (told.point.clone(), told)).collect();
    let expected = expected.into_iter().collect();
    assert_eq!(present(&mut rig, WHOLE).await, expected);
    no_more_events(&mut rig, 0);
    rig.stop().await;
}

#[tokio::test]
async fn events_of_every_kind_arrive_once_and_are_confirmed() {
    let Some(mut outstation) = Outstation::start(&["--unsolicited"]) else {
        return;
    };
    let mut rig = Rig::start(vec![outstation.setup(brisk())]);
    // It says that it is there, and has done three things that it was asked for, of which the last
    // one is to tell events unasked.
    rig.until(|t| t.dnp3.fragments(FragmentFate::Null) >= 4)
        .await;
    let puts = some_of_each();
    outstation.put(&puts, Mode::Always);
    let expected: Vec<_> = puts.iter().map(Told::untimed).collect();
    assert_eq!(events(&mut rig, puts.len()).await, expected);
    outstation.until_empty(&mut rig).await;
    // A counter that is frozen, and the same value again.
    outstation.freeze(&[4]);
    outstation.put(&puts[..1], Mode::Always);
    let frozen = Put::new(PointKind::FrozenCounter, 4, 4_294_967_295.0);
    let expected = [frozen, puts[0]].map(|put| Told::untimed(&put));
    assert_eq!(events(&mut rig, 2).await, expected);
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, puts.len() as u64 + 2);
    let cells = &rig.telemetry.dnp3;
    assert!(cells.fragments(FragmentFate::Unsolicited) >= 1);
    assert!(cells.confirms(ConfirmSide::Unsolicited) >= 2);
    rig.stop().await;
}
