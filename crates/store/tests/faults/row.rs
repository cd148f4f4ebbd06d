//! A row as a user finds it, whatever the store.

use std::cmp::Ordering;

/// What a database shows of a record, or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    Reading {
        point: String,
        micros: i64,
        value: Number,
        quality: u32,
    },
    Text {
        point: String,
        micros: i64,
        text: String,
        quality: u32,
    },
    Alarm {
        point: String,
        micros: i64,
        from: String,
        to: String,
        value: Number,
        occurrence: u64,
    },
    /// What happened to an alarm; a change of a point's level is an alarm as well.
    AlarmEvent {
        alarm: String,
        device: String,
        sequence: u64,
        /// Action, whether operators were told, state and priority after it.
        told: [String; 4],
        micros: i64,
        received: i64,
        value: Number,
        quality: u32,
        comment: String,
    },
    Gap {
        device: String,
        from_micros: i64,
        until_micros: i64,
        reason: String,
    },
    Letter {
        device: String,
        micros: i64,
        reason: String,
        octets: String,
        length: u64,
    },
    Deed {
        sequence: u64,
        micros: i64,
        /// Principal, action, outcome, detail.
        told: [String; 4],
    },
    /// Not what a user wants, but there.
    Quarantined {
        stream: u64,
        position: u64,
        readings: u64,
    },
}

/// A value that is compared bit by bit; none if it is not a number.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Number(pub(crate) Option<f64>);

impl Number {
    /// What a store makes of `value`.
    pub(crate) fn of(value: f64) -> Self {
        Self((!value.is_nan()).then_some(value))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}
