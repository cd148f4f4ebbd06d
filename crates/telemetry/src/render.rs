//! The catalogue as Prometheus text.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use metrics::{Key, KeyName, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::metric::{Moment, Read};
use crate::{AreaCells, Buckets, Metric, Telemetry, Unit, catalogue};

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
    /// What the recorder cannot show: it has no histograms with these buckets that cost nothing
    /// between two renderings, and counts in whole numbers only.
    written: Vec<WrittenFamily>,
}

#[derive(Debug)]
struct WrittenFamily {
    metric: &'static Metric,
    /// By position: the labels of each series, as they stand in the text.
    labels: Vec<String>,
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
            written: Vec::new(),
        };
        let areas: Vec<_> = areas.names().collect();
        for metric in catalogue() {
            exposition.register(&recorder, metric, metric.series(version, &areas));
        }
        exposition
    }

    fn register(
        &mut self,
        recorder: &PrometheusRecorder,
        metric: &'static Metric,
        series: Vec<Vec<(&'static str, String)>>,
    ) {
        let metadata = Metadata::new(module_path!(), metrics::Level::INFO, None);
        let name = || KeyName::from_const_str(metric.name);
        let unit = Some(metric.unit.into());
        let help = SharedString::const_str(metric.help);
        match metric.read {
            Read::Counter(read) => {
                recorder.describe_counter(name(), unit, help);
                let keys = keys(metric.name, series).enumerate();
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
                let keys = keys(metric.name, series).enumerate();
                self.gauges.extend(keys.map(|(position, key)| {
                    let cell = recorder.register_gauge(&key, &metadata);
                    GaugeSeries {
                        cell,
                        read,
                        position,
                    }
                }));
            }
            Read::Seconds(_) | Read::Histogram(_) => self.written.push(WrittenFamily {
                metric,
                labels: series.iter().map(|labels| in_text(labels)).collect(),
            }),
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
        // The recorder keeps all in hash maps; a text that jumps about cannot be read by eye.
        let mut families: Vec<String> = recorded.split("\n\n").map(sorted).collect();
        families.extend(self.written.iter().map(|family| family.text(&moment)));
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

/// One key per series of the metric.
fn keys(name: &'static str, series: Vec<Vec<(&'static str, String)>>) -> impl Iterator<Item = Key> {
    series.into_iter().map(move |labels| {
        let labels = labels.into_iter();
        let labels: Vec<_> = labels
            .map(|(name, value)| metrics::Label::new(name, value))
            .collect();
        Key::from_parts(name, labels)
    })
}

/// Labels as they stand between the braces. The values are those of the catalogue, which need no
/// escape.
fn in_text(labels: &[(&'static str, String)]) -> String {
    let pairs: Vec<_> = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    pairs.join(",")
}

/// The lines of one family, HELP and TYPE first, then the samples in order.
fn sorted(family: &str) -> String {
    let mut lines: Vec<&str> = family.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_by_key(|line| (!line.starts_with('#'), *line));
    lines
        .iter()
        .fold(String::new(), |text, line| text + line + "\n")
}

impl WrittenFamily {
    fn text(&self, moment: &Moment<'_>) -> String {
        let Metric { name, help, .. } = self.metric;
        let (kind, mut text) = (self.metric.kind().name(), String::new());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}");
        let _ = writeln!(text, "# TYPE {name} {kind}");
        for (position, labels) in self.labels.iter().enumerate() {
            match self.metric.read {
                Read::Histogram(read) => {
                    let buckets = read(moment.telemetry, position);
                    histogram_lines(name, labels, &buckets, &mut text);
                }
                Read::Seconds(read) => {
                    let seconds = read(moment, position).as_secs_f64();
                    let _ = writeln!(text, "{name}{} {seconds}", in_braces(labels));
                }
                Read::Counter(_) | Read::Gauge(_) => {}
            }
        }
        text
    }
}

fn in_braces(labels: &str) -> String {
    if labels.is_empty() {
        String::new()
    } else {
        format!("{{{labels}}}")
    }
}

fn histogram_lines(name: &str, labels: &str, buckets: &Buckets, text: &mut String) {
    let comma = if labels.is_empty() { "" } else { "," };
    let whole = in_braces(labels);
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
