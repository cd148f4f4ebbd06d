//! A metric: what a series is called, what it means, and which cell it shows.

use std::time::Duration;

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
    /// The labels that tell its series apart, if there are several; see [`Metric::labels`].
    pub(crate) labels: [Option<Label>; LABELS_MAX],
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

impl Kind {
    /// What Prometheus calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
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

/// Where the values come from; the position is that of the label's value. With two labels it goes
/// through the values of the second one for each value of the first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Read {
    Counter(fn(&Moment<'_>, usize) -> u64),
    /// A counter of time.
    Seconds(fn(&Moment<'_>, usize) -> Duration),
    Gauge(fn(&Moment<'_>, usize) -> f64),
    Histogram(fn(&Telemetry, usize) -> Buckets),
}

/// More labels would multiply the series.
pub(crate) const LABELS_MAX: usize = 2;

impl Metric {
    /// How it behaves.
    pub fn kind(&self) -> Kind {
        match self.read {
            Read::Counter(_) | Read::Seconds(_) => Kind::Counter,
            Read::Gauge(_) => Kind::Gauge,
            Read::Histogram(_) => Kind::Histogram,
        }
    }

    /// The labels that tell its series apart; none if it is one series.
    pub fn labels(&self) -> impl Iterator<Item = Label> + use<> {
        self.labels.into_iter().flatten()
    }

    /// The labels of each of its series, in order, for an engine of `version` whose alarms belong
    /// to `areas`; one without labels if it is one series.
    pub fn series(&self, version: &str, areas: &[&str]) -> Vec<Vec<(&'static str, String)>> {
        let mut all = vec![Vec::new()];
        for Label { name, values } in self.labels() {
            let values: Vec<String> = match values {
                Values::Listed(values) => values.iter().copied().map(str::to_owned).collect(),
                Values::Version => vec![version.to_owned()],
                Values::Areas => areas.iter().copied().map(str::to_owned).collect(),
            };
            let with = |before: &Vec<(&'static str, String)>| {
                let before = before.clone();
                values.clone().into_iter().map(move |value| {
                    let mut labels = before.clone();
                    labels.push((name, value));
                    labels
                })
            };
            all = all.iter().flat_map(with).collect();
        }
        all
    }

    /// The names that its samples have: three if it is a histogram.
    pub fn sample_names(&self) -> Vec<String> {
        match self.kind() {
            Kind::Histogram => ["bucket", "sum", "count"]
                .map(|part| format!("{}_{part}", self.name))
                .to_vec(),
            Kind::Counter | Kind::Gauge => vec![self.name.to_owned()],
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
            labels: [None; LABELS_MAX],
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
            labels: [None; LABELS_MAX],
            read: Read::Gauge(read),
        }
    }

    pub(crate) const fn histogram(
        name: &'static str,
        help: &'static str,
        read: fn(&Telemetry, usize) -> Buckets,
    ) -> Self {
        Self {
            name,
            help,
            unit: Unit::Seconds,
            labels: [None; LABELS_MAX],
            read: Read::Histogram(read),
        }
    }

    pub(crate) const fn seconds(
        name: &'static str,
        help: &'static str,
        read: fn(&Moment<'_>, usize) -> Duration,
    ) -> Self {
        Self {
            name,
            help,
            unit: Unit::Seconds,
            labels: [None; LABELS_MAX],
            read: Read::Seconds(read),
        }
    }

    pub(crate) const fn by(self, name: &'static str, values: &'static [&'static str]) -> Self {
        self.by_values(name, Values::Listed(values))
    }

    pub(crate) const fn by_values(self, name: &'static str, values: Values) -> Self {
        let label = Some(Label { name, values });
        let labels = match self.labels[0] {
            None => [label, None],
            first => [first, label],
        };
        Self { labels, ..self }
    }
}
