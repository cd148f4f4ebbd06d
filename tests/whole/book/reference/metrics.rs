//! `docs/reference/metrics.md`: the catalogue.

use std::fmt::Write;

use gridos_telemetry::{Label, Metric, Values, catalogue};

use super::{cell, compare};

const HEAD: &str = "\
# Metrics

What `/metrics` shows to Prometheus. All series are there from the start, at 0 where nothing has
happened; a counter begins anew with the process. Names and meanings are those of the engine's
catalogue, of which this page is made.

| Series | Kind | Labels | What it says |
|---|---|---|---|
";

#[test]
fn the_page_of_metrics_is_the_catalogue() {
    let mut page = HEAD.to_owned();
    for metric in catalogue() {
        let kind = metric.kind().name();
        let (name, labels, help) = (metric.name, labels(metric), cell(metric.help));
        writeln!(page, "| `{name}` | {kind} | {labels} | {help} |").unwrap();
    }
    compare("metrics.md", &page);
}

fn labels(metric: &Metric) -> String {
    let labels: Vec<_> = metric.labels().map(values).collect();
    labels.join("; ")
}

fn values(label: Label) -> String {
    let values = match label.values {
        Values::Listed(values) => {
            let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
            values.join(", ")
        }
        Values::Version => "the version".to_owned(),
        Values::Areas => "each area".to_owned(),
    };
    format!("`{}`: {values}", label.name)
}
