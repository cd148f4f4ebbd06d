//! A metric: what a series is called, what it means, and which cell it shows.

use crate::{Buckets, LedgerSnapshot, Telemetry};

/// One metric: all series of one name.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name; it ends in its unit, and in `_total` if it only grows.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub help: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// The label that tells its series apart, if there are several.
    pub label: Option<Label>,
    pub(crate) read: Read,
}

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things, or 0 and 1.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, and starts at 0 with the process.
    Counter,
    /// It rises and falls.
    Gauge,
    /// Cumulative buckets by `le`, a sum and a count.
    Histogram,
}

/// A label and all values it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The name.
    pub name: &'static str,
    /// The values.
    pub values: Values,
}

/// The values of a label; all are known when the process starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// These.
    Listed(&'static [&'static str]),
    /// The one version of the engine.
    Version,
    /// The areas of operators; see [`Telemetry::with_areas`].
    Areas,
}

/// What one rendering shows.
#[derive(Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) telemetry: &'a Telemetry,
    /// Taken once, so that the series of the ledger balance within one rendering.
    pub(crate) ledger: LedgerSnapshot,
}

/// Where the values come from; the position is that of the label's value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Read {
    Counter(fn(&Moment<'_>, usize) -> u64),
    Gauge(fn(&Moment<'_>, usize) -> f64),
    /// The latency of each stage.
    Stages,
    Histogram(fn(&Telemetry) -> Buckets),
}

impl Metric {
    /// How it behaves.
    pub fn kind(&self) -> Kind {
        match self.read {
            Read::Counter(_) => Kind::Counter,
            Read::Gauge(_) => Kind::Gauge,
            Read::Stages | Read::Histogram(_) => Kind::Histogram,
        }
    }

    pub(crate) const fn counter(
        name: &'static str,
        help: &'static str,
        read: fn(&Moment<'_>, usize) -> u64,
    ) -> Self {
        Self {
            name,
            help,
            unit: Unit::Count,
            label: None,
            read: Read::Counter(read),
        }
    }

    pub(crate) const fn gauge(
        name: &'static str,
        help: &'static str,
        unit: Unit,
        read: fn(&Moment<'_>, usize) -> f64,
    ) -> Self {
        Self {
            name,
            help,
            unit,
            label: None,
            read: Read::Gauge(read),
        }
    }

    pub(crate) const fn histogram(
        name: &'static str,
        help: &'static str,
        read: fn(&Telemetry) -> Buckets,
    ) -> Self {
        Self {
            name,
            help,
            unit: Unit::Seconds,
            label: None,
            read: Read::Histogram(read),
        }
    }

    pub(crate) const fn by(self, name: &'static str, values: &'static [&'static str]) -> Self {
        self.by_values(name, Values::Listed(values))
    }

    pub(crate) const fn by_values(self, name: &'static str, values: Values) -> Self {
        Self {
            label: Some(Label { name, values }),
            ..self
        }
    }
}
