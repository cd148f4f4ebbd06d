//! Random alarms, and random streams of what may happen to them.

use std::ops::Range;
use std::time::Duration;

use gridos_alarm::{
    Condition, CountRule, Deadbands, Definition, Limits, LimitsSpec, Reference, States, WhichStates,
};
use gridos_model::{Level, Quality};
use proptest::prelude::*;
use proptest::sample::select;

/// Three devices with these numbers of points; the first has more than two chunks.
pub(crate) const DEVICES: [usize; 3] = [140, 5, 3];
pub(crate) const POINTS: usize = 148;

/// An alarm before it is given its place.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Of alarms of a point: few, so that points have several and batches meet them often.
    pub(crate) point: usize,
    /// The other point, if the deviation is from one.
    pub(crate) reference: usize,
    pub(crate) definition: Definition,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) alarms: Vec<Draft>,
    /// Which are restored to which rung of their ladder.
    pub(crate) restored: Vec<(usize, Level)>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) position: usize,
    pub(crate) value: f64,
    pub(crate) quality: Quality,
    /// Seconds before the reception; negative is in the future.
    pub(crate) age: i64,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A device, which of its points, their values, the age, whether the clock is right.
    Sweep(usize, Range<usize>, Vec<Read>, i64, bool),
    Events(usize, Vec<Read>),
    Link(usize, bool),
    /// Seconds that pass, and that the wall clock jumps; whether anybody looks for what is due.
    Pass(u64, i64, bool),
    Redefine(usize, Box<Draft>),
}

fn value() -> impl Strategy<Value = f64> {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        -0.0,
        0.1,
    ];
    prop_oneof![
        12 => (-12_i32..=12).prop_map(|n| f64::from(n) / 2.0),
        6 => (0_i32..=3).prop_map(f64::from),
        1 => select(odd.to_vec()),
    ]
}

fn quality() -> impl Strategy<Value = Quality> {
    let doubts = [
        Quality::COMM_LOST,
        Quality::NOT_FINITE,
        Quality::LATE,
        Quality::OUT_OF_RANGE,
        Quality::STALE.union(Quality::LATE),
        Quality::NO_SOURCE_TIME,
        Quality::CLOCK_UNSYNCHRONISED,
        Quality::CLOCK_CLAMPED,
    ];
    prop_oneof![6 => Just(Quality::GOOD), 1 => select(doubts.to_vec())]
}

fn read() -> impl Strategy<Value = Read> {
    let position = prop_oneof![5 => 0_usize..6, 1 => 0..DEVICES[0]];
    let age = prop_oneof![3 => Just(0_i64), 3 => 0_i64..30, 1 => -30_i64..0];
    (position, value(), quality(), age).prop_map(|(position, value, quality, age)| Read {
        position,
        value,
        quality,
        age,
    })
}

fn step(alarms: usize) -> impl Strategy<Value = Step> {
    let device = || select(vec![0_usize, 0, 0, 1, 2]);
    let sweep = (
        device(),
        0..DEVICES[0],
        prop::collection::vec(read(), DEVICES[0]),
        -5_i64..40,
        any::<bool>(),
        any::<bool>(),
    );
    let sweep = sweep.prop_map(|(device, from, mut reads, age, is_right, is_good)| {
        let from = if from % 3 == 0 {
            0
        } else {
            from % DEVICES[device]
        };
        if is_good {
            reads
                .iter_mut()
                .for_each(|read| read.quality = Quality::GOOD);
        }
        Step::Sweep(device, from..DEVICES[device], reads, age, is_right)
    });
    let events = (device(), prop::collection::vec(read(), 1..100));
    prop_oneof![
        4 => sweep,
        8 => events.prop_map(|(device, reads)| Step::Events(device, reads)),
        1 => (device(), any::<bool>()).prop_map(|(device, is_lost)| Step::Link(device, is_lost)),
        8 => (0_u64..20, prop_oneof![9 => Just(0_i64), 1 => -4_000_i64..4_000], prop::bool::weighted(0.8))
            .prop_map(|(seconds, jump, looks)| Step::Pass(seconds, jump, looks)),
        1 => (0..alarms, draft()).prop_map(|(alarm, draft)| Step::Redefine(alarm, Box::new(draft))),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let limit = |range: Range<i32>| prop::option::weighted(0.7, range.prop_map(f64::from));
    let deadband = || select(vec![0.0, 0.5, 1.0, f64::MIN_POSITIVE]);
    let own = || prop::option::weighted(0.2, select(vec![0.0, 0.5, 1.5]));
    let ladder = (limit(4..6), limit(1..4), limit(-3..0), limit(-6..-3));
    let spec = (ladder, deadband(), own(), own(), own(), own());
    spec.prop_filter_map(
        "limits that fit",
        |((high_high, high, low, low_low), deadband, hh, h, l, ll)| {
            let deadbands = Deadbands {
                high_high: hh.filter(|_| high_high.is_some()),
                high: h.filter(|_| high.is_some()),
                low: l.filter(|_| low.is_some()),
                low_low: ll.filter(|_| low_low.is_some()),
            };
            let spec = LimitsSpec {
                high_high,
                high,
                low,
                low_low,
                deadband,
                deadbands,
            };
            Limits::try_from(spec).ok()
        },
    )
}

fn seconds(from: &[u64]) -> impl Strategy<Value = Duration> + use<> {
    select(from.to_vec()).prop_map(Duration::from_secs)
}

fn rule() -> impl Strategy<Value = CountRule> {
    (2_u32..4, seconds(&[5, 20, 60])).prop_map(|(times, within)| CountRule { times, within })
}

fn states() -> impl Strategy<Value = States> {
    let list = prop::collection::vec(-1_i64..4, 1..3);
    (list, any::<bool>(), any::<bool>()).prop_map(|(list, is_normal, on_change_only)| States {
        which: if is_normal {
            WhichStates::Normal(list)
        } else {
            WhichStates::Abnormal(list)
        },
        on_change_only,
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let setpoint = select(vec![-1.0, 0.0, 0.3, 1e9]);
    let from = prop_oneof![
        setpoint.prop_map(Reference::Setpoint),
        Just(Reference::Point("other".to_owned())),
    ];
    prop_oneof![
        4 => limits().prop_map(Condition::Limit),
        2 => (from, limits()).prop_map(|(from, limits)| Condition::Deviation { from, limits }),
        1 => (limits(), seconds(&[1, 5])).prop_map(|(limits, min_interval)| Condition::Rate { limits, min_interval }),
        2 => states().prop_map(Condition::State),
        1 => rule().prop_map(Condition::Chatter),
        1 => Just(Condition::Quality),
        1 => seconds(&[7, 30]).prop_map(|after| Condition::Stale { after }),
        1 => seconds(&[7, 30]).prop_map(|after| Condition::Frozen { after }),
        1 => Just(Condition::Link),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    let delay = || prop_oneof![2 => Just(Duration::ZERO), 1 => seconds(&[5, 15])];
    let count = prop::option::weighted(0.2, rule());
    let point = || 0_usize..8;
    let draft = (
        point(),
        point(),
        condition(),
        delay(),
        delay(),
        count,
        prop::bool::weighted(0.9),
    );
    draft.prop_map(
        |(point, reference, condition, on, off, count, is_enabled)| {
            let mut definition = Definition::new(condition);
            (definition.on_delay, definition.off_delay) = (on, off);
            (definition.count, definition.is_enabled) = (count, is_enabled);
            // The last ones are of the other devices.
            let place = |point| {
                if point < 6 {
                    point
                } else {
                    point + DEVICES[0] - 6
                }
            };
            Draft {
                point: place(point),
                reference: place(reference),
                definition,
            }
        },
    )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    prop::collection::vec(draft(), 1..14).prop_flat_map(|alarms| {
        let count = alarms.len();
        let level = (1_u8..5).prop_map(|raw| Level::from_raw(raw).unwrap());
        let restored = prop::collection::vec((0..count, level), 0..4);
        let steps = prop::collection::vec(step(count), 1..40);
        (Just(alarms), restored, steps).prop_map(|(alarms, restored, steps)| Plan {
            alarms,
            restored,
            steps,
        })
    })
}
