//! What the metrics of the templates mean to somebody who has never seen them.

use gridos_analysis::Metric;

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    /// A share from 0 to 1.
    Share,
    Seconds,
}

/// What is measured, for the metrics of the templates that ship.
const WORDS: &[(&str, &str, Kind)] = &[
    ("no-data-loss", "readings lost", Kind::Number),
    ("completeness", "readings kept", Kind::Share),
    ("alive", "scrapes answered", Kind::Share),
    ("restarts", "crashes and restarts", Kind::Number),
    ("enough-batches", "batches to judge by", Kind::Number),
    ("enough-scans", "scans to judge by", Kind::Number),
    ("success-rate", "scans answered well", Kind::Share),
    ("error-rate", "scans gone wrong", Kind::Share),
    ("latency-p95", "stored within 0.5 s", Kind::Share),
    (
        "latency-vs-stable",
        "p95 beyond what stable allows",
        Kind::Seconds,
    ),
    (
        "lateness-vs-stable",
        "overdue beyond what stable allows",
        Kind::Share,
    ),
];
/// What conditions for one number begin with.
const ONE_NUMBER: &str = "len(result) == 1 && result[0] ";

/// What a metric is of which nothing is known.
pub(super) const NONE: &str = "unknown";

/// The columns that a label takes at most.
pub(super) const LABEL_MAX: usize = 33;

/// What the metric called `name` measures; its name, where nobody wrote words for it.
pub(super) fn label(name: &str) -> &str {
    known(name).map_or(name, |(_, words, _)| words)
}

/// A value of that metric.
pub(super) fn value(name: &str, value: f64) -> String {
    if value.is_nan() {
        return NONE.to_owned();
    }
    let kind = known(name).map_or(Kind::Number, |(_, _, kind)| *kind);
    match kind {
        Kind::Share => format!("{} %", number(value * 100.0, 2)),
        Kind::Seconds => format!("{} s", number(value, 3)),
        Kind::Number => number(value, if value.abs() < 10.0 { 4 } else { 0 }),
    }
}

/// What the metric must be: `≥ 95 %`; the condition itself, where it is another one.
pub(super) fn demand(metric: &Metric) -> String {
    let Some(condition) = metric.success.as_ref().map(|condition| condition.text()) else {
        return String::new();
    };
    let parts = condition
        .strip_prefix(ONE_NUMBER)
        .and_then(|rest| rest.split_once(' '));
    let bound = parts.and_then(|(sign, bound)| Some((sign, bound.parse::<f64>().ok()?)));
    let Some((sign, bound)) = bound else {
        return condition.to_owned();
    };
    let sign = match sign {
        "<=" => "≤",
        ">=" => "≥",
        other => other,
    };
    format!("{sign} {}", value(&metric.name, bound))
}

fn known(name: &str) -> Option<&'static (&'static str, &'static str, Kind)> {
    WORDS.iter().find(|(known, ..)| *known == name)
}

/// So many digits behind the point at most, and no minus before nothing.
fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    match text {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gridos_analysis::Template;

    use super::*;

    const SHIPPED: [&str; 2] = [
        include_str!("../../../../../deploy/analysis/gridos-step.yaml"),
        include_str!("../../../../../deploy/analysis/gridos-hard-limits.yaml"),
    ];

    #[test]
    fn what_ships_has_words_and_bounds() {
        for text in SHIPPED {
            for template in Template::read_all(text).unwrap() {
                let given = template
                    .args()
                    .map(|(name, _)| (name.to_owned(), "x".to_owned()));
                let given: BTreeMap<_, _> = given.collect();
                for metric in template.metrics(&given).unwrap() {
                    assert!(known(&metric.name).is_some(), "{}", metric.name);
                    let demand = demand(&metric);
                    assert!(demand.starts_with(['≤', '≥', '<', '>']), "{demand}");
                }
            }
        }
        for (_, words, _) in WORDS {
            assert!(words.chars().count() <= LABEL_MAX, "{words}");
        }
    }

    #[test]
    fn numbers_are_short_and_nan_is_what_it_is() {
        let shown = [
            ("completeness", 0.99875),
            ("latency-vs-stable", -0.126_55),
            ("no-data-loss", 0.25),
            ("enough-scans", 612.34),
            ("else", f64::NAN),
        ];
        let shown = shown.map(|(name, number)| value(name, number));
        assert_eq!(shown, ["99.88 %", "-0.127 s", "0.25", "612", NONE]);
        assert_eq!(value("completeness", -0.000_000_1), "0 %");
        assert_eq!(label("else"), "else");
    }
}
