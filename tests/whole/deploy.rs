//! What lies in `deploy/`: manifests are valid against the schemas of their kinds, queries are good
//! PromQL, and their numbers are the judge's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gridos_analysis::{Metric, Template, documents};
use gridos_canary::Thresholds;
use serde_json::{Value, json};
use tempfile::TempDir;

mod queries;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join("deploy").join(name)).unwrap()
}

/// All metrics of the templates, by name.
fn metrics() -> BTreeMap<String, Metric> {
    let mut metrics = BTreeMap::new();
    for file in [
        "analysis/gridos-step.yaml",
        "analysis/gridos-hard-limits.yaml",
    ] {
        for template in Template::read_all(&text(file)).unwrap() {
            let mut args = BTreeMap::from([("canary-hash".to_owned(), "7d9f".to_owned())]);
            if template.args().any(|(name, _)| name == "stable-hash") {
                args.insert("stable-hash".to_owned(), "54c8".to_owned());
            }
            for metric in template.metrics(&args).unwrap() {
                metrics.insert(metric.name.clone(), metric);
            }
        }
    }
    metrics
}

#[test]
fn the_numbers_are_the_judges() {
    let t = Thresholds::default();
    let metrics = metrics();
    let success = |name: &str| metrics[name].success.as_ref().unwrap().text().to_owned();
    let failure = |name: &str| metrics[name].failure.as_ref().unwrap().text().to_owned();
    let pair = |name: &str| (success(name), failure(name));
    let one = |what: String| format!("len(result) == 1 && result[0] {what}");
    let both = |good: &str, bad: &str, bound: f64| {
        (
            one(format!("{good} {bound}")),
            one(format!("{bad} {bound}")),
        )
    };
    assert_eq!(pair("success-rate"), both(">", "<=", t.success_above));
    assert_eq!(pair("error-rate"), both("<", ">=", t.errors_below));
    assert_eq!(pair("latency-p95"), both(">=", "<", t.within_at_least));
    assert_eq!(pair("latency-vs-stable"), both("<=", ">", 0.0));
    assert_eq!(pair("completeness"), both(">=", "<", t.complete_at_least));
    let lost = u32::try_from(t.lost_at_most).unwrap();
    assert_eq!(pair("no-data-loss"), both("<=", ">", lost.into()));
    let restarts = u32::try_from(t.restarts_at_most).unwrap();
    assert_eq!(pair("restarts"), both("<=", ">", restarts.into()));
    assert_eq!(
        success("enough-batches"),
        one(format!(">= {}", t.batches_at_least))
    );
    assert_eq!(
        success("enough-scans"),
        one(format!(">= {}", t.scans_at_least))
    );
    // Too few are never a failure.
    assert_eq!(
        (failure("enough-batches"), failure("enough-scans")),
        ("false".to_owned(), "false".to_owned())
    );
    let query = &metrics["latency-vs-stable"].query;
    assert!(
        query.contains(&format!("({} * histogram_quantile(0.95", t.slower_times)),
        "{query}"
    );
    assert!(
        query.contains(&format!("+ {})", t.slower_seconds)),
        "{query}"
    );
    let objective = format!("le=\"{}\"", t.objective_seconds);
    for name in ["latency-p95", "lateness-vs-stable"] {
        assert!(metrics[name].query.contains(&objective), "{name}");
    }
    for name in [
        "success-rate",
        "error-rate",
        "latency-p95",
        "lateness-vs-stable",
    ] {
        let own = format!("{} * ", t.own_times);
        assert!(metrics[name].query.contains(&own), "{name}");
    }
    assert_eq!(pair("lateness-vs-stable"), both("<=", ">", 0.0));
    let most = format!("), {})", t.overdue_at_most);
    assert!(metrics["lateness-vs-stable"].query.ends_with(&most));
}

#[test]
fn nothing_and_nan_and_two_series_satisfy_no_condition() {
    for (name, metric) in metrics() {
        let conditions = [metric.success, metric.failure];
        for condition in conditions.map(Option::unwrap) {
            for unclear in [
                &[][..],
                &[f64::NAN],
                &[1.0, 1.0],
                &[0.0, 0.0],
                &[f64::NAN, 1.0],
            ] {
                assert_eq!(
                    condition.holds(unclear),
                    Ok(false),
                    "{name}: {}",
                    condition.text()
                );
            }
        }
    }
}

#[test]
fn hard_limits_forgive_nothing() {
    let metrics = metrics();
    for name in ["no-data-loss", "completeness", "alive", "restarts"] {
        assert_eq!(
            (metrics[name].failure_limit, metrics[name].count),
            (0, None),
            "{name}"
        );
    }
}

#[test]
fn all_series_are_in_the_catalogue() {
    let known: Vec<&str> = gridos_telemetry::catalogue()
        .iter()
        .map(|m| m.name)
        .collect();
    for (name, metric) in metrics() {
        let words = metric
            .query
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let series: Vec<&str> = words.filter(|word| word.starts_with("gridos_")).collect();
        for series in &series {
            let family = series
                .trim_end_matches("_bucket")
                .trim_end_matches("_count");
            assert!(
                known.contains(series) || known.contains(&family),
                "{name} asks for {series}"
            );
        }
        assert!(!series.is_empty() || metric.query.contains("up{"), "{name}");
        assert!(
            metric.query.contains("rollouts_pod_template_hash=\"7d9f\""),
            "{name}"
        );
    }
}

#[test]
fn all_queries_are_good_promql() {
    let folder = TempDir::new().unwrap();
    let rules = folder.path().join("rules.yml");
    let rules_of = |(name, metric): (String, Metric)| json!({ "record": format!("canary:{}", name.replace('-', "_")), "expr": metric.query });
    let rules_text = json!({ "groups": [{
        "name": "canary",
        "rules": metrics().into_iter().map(rules_of).collect::<Vec<_>>(),
    }] });
    // JSON is YAML.
    fs::write(&rules, rules_text.to_string()).unwrap();
    let checked = Command::new("promtool")
        .args(["check", "rules"])
        .arg(&rules)
        .output();
    let Ok(checked) = checked else {
        assert!(
            std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING").is_none(),
            "run tests/run install"
        );
        eprintln!("skipped: promtool is not installed");
        return;
    };
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}

/// The schema of a kind of Argo's, of `../shared/crds`; `None` where that is not there.
fn schema(file: &str) -> Option<Value> {
    let path = root()
        .join("../shared/crds/argo-rollouts-v1.9.1")
        .join(file);
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    let mut crd = documents(&text).unwrap().remove(0);
    let mut version = crd["spec"]["versions"][0].take();
    Some(version["schema"]["openAPIV3Schema"].take())
}

/// Where a value is not as its schema says. Strict: a key that no schema names is a mistake, though a
/// cluster would silently drop it.
fn mistakes(place: &str, value: &Value, schema: &Value, found: &mut Vec<String>) {
    if schema["x-kubernetes-int-or-string"] == true {
        if !value.is_string() && !value.is_i64() {
            found.push(format!("{place}: neither a number nor text"));
        }
        return;
    }
    let is_right = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some(_) | None => true,
    };
    if !is_right {
        found.push(format!("{place}: not of type {}", schema["type"]));
        return;
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        if value[required.as_str().unwrap()].is_null() {
            found.push(format!("{place}: lacks {required}"));
        }
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        found.push(format!("{place}: none of {choices:?}"));
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        mistakes(&format!("{place}[{n}]"), item, &schema["items"], found);
    }
    for (key, field) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{key}");
        let known = schema["properties"].as_object();
        match known.map(|known| known.get(key)) {
            Some(Some(schema)) => mistakes(&place, field, schema, found),
            Some(None) => found.push(format!("{place}: unknown")),
            // Anything may be in it.
            None => {}
        }
    }
}

/// The mistakes of a manifest; what is of the whole object only, such as a Rollout's selector, is
/// not demanded of a part.
fn checked(manifest: &Value, schema: &Value) -> Vec<String> {
    let mut schema = schema.clone();
    schema["properties"]["metadata"] = json!({});
    let mut found = Vec::new();
    mistakes("", manifest, &schema, &mut found);
    found
}

#[test]
fn manifests_are_valid_and_misspelt_keys_are_found() {
    for (file, kind) in [
        ("analysis/gridos-step.yaml", "analysis-template-crd.yaml"),
        (
            "analysis/gridos-hard-limits.yaml",
            "analysis-template-crd.yaml",
        ),
        ("rollout/steps.yaml", "rollout-crd.yaml"),
    ] {
        let Some(schema) = schema(kind) else { return };
        let manifest = documents(&text(file)).unwrap().remove(0);
        assert_eq!(checked(&manifest, &schema), Vec::<String>::new(), "{file}");
        let misspelt = serde_json::to_string(&manifest).unwrap();
        let misspelt = misspelt
            .replace("\"setWeight\"", "\"setWieght\"")
            .replace("\"interval\"", "\"intervall\"");
        let misspelt: Value = serde_json::from_str(&misspelt).unwrap();
        assert!(
            checked(&misspelt, &schema)
                .iter()
                .any(|m| m.ends_with(": unknown")),
            "{file}"
        );
    }
}
