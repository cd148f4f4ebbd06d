//! What may happen in a day of the plant.

use proptest::prelude::*;

use super::{DAY, DEVICES, KINDS};

#[derive(Clone, Debug)]
pub(super) enum Step {
    Send(usize, f64, bool),
    /// Lost, or whole if it is lost.
    Link(usize),
    Order(usize, usize, OrderStep, Seen),
    /// The last command once more.
    Again,
    Wait(u64),
    /// The clock of the day is set by so many minutes.
    Set(i64),
    Snapshot,
    /// An end in order, or a crash that leaves the last snapshot and all records.
    Restart(u64, bool),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum OrderStep {
    Acknowledge,
    Reset,
    Silence,
    Shelve(u64, bool),
    Unshelve,
    Suppress,
    Unsuppress,
    Out,
    In,
    /// Another high limit.
    Limit(f64),
    Enable(bool),
    Response(u8),
}

/// Which occurrence whoever commands has seen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen {
    Present,
    Older,
    None,
}

pub(super) fn order() -> impl Strategy<Value = OrderStep> {
    prop_oneof![
        6 => Just(OrderStep::Acknowledge),
        2 => Just(OrderStep::Reset),
        2 => Just(OrderStep::Silence),
        4 => (0_u64..200, any::<bool>()).prop_map(|(m, one)| OrderStep::Shelve(m, one)),
        2 => Just(OrderStep::Unshelve),
        1 => Just(OrderStep::Suppress),
        2 => Just(OrderStep::Unsuppress),
        1 => Just(OrderStep::Out),
        2 => Just(OrderStep::In),
        1 => prop_oneof![Just(100.0), Just(40.0), Just(150.0)].prop_map(OrderStep::Limit),
        2 => any::<bool>().prop_map(OrderStep::Enable),
        1 => (0_u8..3).prop_map(OrderStep::Response),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![
        3 => Just(50.0),
        1 => prop::sample::select(vec![-5.0, 1.0, 5.0, 11.0, 99.0, 105.0, 109.0, 120.0]),
        1 => -10.0..170.0,
    ];
    let seen = prop_oneof![
        8 => Just(Seen::Present),
        1 => Just(Seen::Older),
        1 => Just(Seen::None),
    ];
    prop_oneof![
        12 => (0..DEVICES, value, prop::bool::weighted(0.3)).prop_map(|(d, v, b)| Step::Send(d, v, b)),
        4 => (0..DEVICES).prop_map(Step::Link),
        14 => (0..DEVICES, 0..KINDS.len(), order(), seen).prop_map(|(d, n, o, s)| Step::Order(d, n, o, s)),
        1 => Just(Step::Again),
        4 => (0_u64..150).prop_map(Step::Wait),
        1 => (-3 * DAY..3 * DAY).prop_map(Step::Set),
        1 => Just(Step::Snapshot),
        2 => (0_u64..300, any::<bool>()).prop_map(|(gone, crash)| Step::Restart(gone, crash)),
    ]
}
