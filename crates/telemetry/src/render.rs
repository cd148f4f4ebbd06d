//! The catalogue as Prometheus text.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use metrics::{Key, KeyName, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::metric::{Moment, Read};
use crate::{AreaCells, Buckets, Metric, StageName, Telemetry, Unit, Values, catalogue};

/// All series of one engine, registered once with a recorder of its own.
///
/// The recorder is not the process's global one, so several engines fit into one process.
#[derive(Debug)]
pub(crate) struct Exposition {
    handle: PrometheusHandle,
    /// Held while rendering: two at once would mix their moments.
    rendering: Mutex<()>,
    counters: Vec<CounterSeries>,
    gauges: Vec<GaugeSeries>,
}

#[derive(Debug)]
struct CounterSeries {
    cell: metrics::Counter,
    read: fn(&Moment<'_>, usize) -> u64,
    position: usize,
}

#[derive(Debug)]
struct GaugeSeries {
    cell: metrics::Gauge,
    read: fn(&Moment<'_>, usize) -> f64,
    position: usize,
}

impl Exposition {
    pub(crate) fn new(version: &str, areas: &AreaCells) -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let mut exposition = Self {
            handle: recorder.handle(),
            rendering: Mutex::new(()),
            counters: Vec::new(),
            gauges: Vec::new(),
        };
        for metric in catalogue() {
            exposition.register(&recorder, metric, keys(metric, version, areas));
        }
        exposition
    }

    fn register(&mut self, recorder: &PrometheusRecorder, metric: &Metric, keys: Vec<Key>) {
        let metadata = Metadata::new(module_path!(), metrics::Level::INFO, None);
        let name = || KeyName::from_const_str(metric.name);
        let unit = Some(metric.unit.into());
        let help = SharedString::const_str(metric.help);
        match metric.read {
            Read::Counter(read) => {
                recorder.describe_counter(name(), unit, help);
                let keys = keys.into_iter().enumerate();
                self.counters.extend(keys.map(|(position, key)| {
                    let cell = recorder.register_counter(&key, &metadata);
                    CounterSeries {
                        cell,
                        read,
                        position,
                    }
                }));
            }
            Read::Gauge(read) => {
                recorder.describe_gauge(name(), unit, help);
                let keys = keys.into_iter().enumerate();
                self.gauges.extend(keys.map(|(position, key)| {
                    let cell = recorder.register_gauge(&key, &metadata);
                    GaugeSeries {
                        cell,
                        read,
                        position,
                    }
                }));
            }
            // The recorder would keep every single duration until the next render.
            Read::Stages | Read::Histogram(_) => {}
        }
    }

    pub(crate) fn render(&self, telemetry: &Telemetry) -> String {
        let _rendering = self
            .rendering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let moment = Moment {
            telemetry,
            ledger: telemetry.ledger.snapshot(),
        };
        for series in &self.counters {
            let value = (series.read)(&moment, series.position);
            series.cell.absolute(value);
        }
        for series in &self.gauges {
            let value = (series.read)(&moment, series.position);
            series.cell.set(value);
        }
        let recorded = self.handle.render();
        let histograms = catalogue()
            .iter()
            .filter_map(|metric| histogram_family(metric, telemetry));
        // The recorder keeps all in hash maps; a text that jumps about cannot be read by eye.
        let mut families: Vec<String> = recorded.split("\n\n").map(sorted).collect();
        families.extend(histograms);
        families.sort_unstable();
        families.concat()
    }
}

impl From<Unit> for metrics::Unit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Count => Self::Count,
            Unit::Bytes => Self::Bytes,
            Unit::Seconds => Self::Seconds,
        }
    }
}

/// One key per value of the metric's label.
fn keys(metric: &Metric, version: &str, areas: &AreaCells) -> Vec<Key> {
    let Some(label) = metric.label else {
        return vec![Key::from_static_name(metric.name)];
    };
    let key = |value: &str| {
        let labels = vec![metrics::Label::new(label.name, value.to_owned())];
        Key::from_parts(metric.name, labels)
    };
    match label.values {
        Values::Listed(values) => values.iter().copied().map(key).collect(),
        Values::Version => vec![key(version)],
        Values::Areas => areas.names().map(key).collect(),
    }
}

/// The lines of one family, HELP and TYPE first, then the samples in order.
fn sorted(family: &str) -> String {
    let mut lines: Vec<&str> = family.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_by_key(|line| (!line.starts_with('#'), *line));
    lines
        .iter()
        .fold(String::new(), |text, line| text + line + "\n")
}

/// A classic histogram, if the metric is one.
fn histogram_family(metric: &Metric, telemetry: &Telemetry) -> Option<String> {
    let (name, mut text) = (metric.name, String::new());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {}", metric.help);
    let _ = writeln!(text, "# TYPE {name} histogram");
    match metric.read {
        Read::Histogram(read) => histogram_lines(name, "", &read(telemetry), &mut text),
        Read::Stages => {
            let label = metric.label.map_or("stage", |label| label.name);
            for stage in StageName::ALL {
                let labels = format!("{label}=\"{}\"", stage.label());
                let buckets = telemetry.stages.get(*stage).buckets();
                histogram_lines(name, &labels, &buckets, &mut text);
            }
        }
        Read::Counter(_) | Read::Gauge(_) => return None,
    }
    Some(text)
}

fn histogram_lines(name: &str, labels: &str, buckets: &Buckets, text: &mut String) {
    let comma = if labels.is_empty() { "" } else { "," };
    let whole = if labels.is_empty() {
        String::new()
    } else {
        format!("{{{labels}}}")
    };
    for (bound, below) in buckets.cumulative() {
        let bound = bound.as_secs_f64();
        let _ = writeln!(
            text,
            "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {below}"
        );
    }
    let (count, sum) = (buckets.count(), buckets.sum().as_secs_f64());
    let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}");
    let _ = writeln!(text, "{name}_sum{whole} {sum}");
    let _ = writeln!(text, "{name}_count{whole} {count}");
}
