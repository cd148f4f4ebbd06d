//! Templates, steps and runs are read and followed as Argo Rollouts does.

#![cfg(test)]

use std::collections::BTreeMap;
use std::time::Duration;

use gridos_analysis::{AnalysisRun, ArgSource, Metric, Phase, Rollout, Step, Template, documents};
use proptest::prelude::*;

const TEMPLATE: &str = r#"
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: step}
spec:
  args:
  - name: canary-hash
  - {name: window, value: 5m}
  metrics:
  - name: latency
    interval: 30s
    initialDelay: 1m
    count: 3
    failureLimit: 1
    inconclusiveLimit: "1"
    successCondition: len(result) == 1 && result[0] >= 0.95
    failureCondition: len(result) == 1 && result[0] < 0.95
    provider:
      prometheus:
        address: http://p:9090
        query: rate(x{hash="{{args.canary-hash}}"}[{{ args.window }}])
"#;

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn template(text: &str) -> Template {
    Template::read_all(text).unwrap().remove(0)
}

fn metric(change: &[(&str, &str)]) -> Metric {
    let text = change.iter().fold(TEMPLATE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    template(&text)
        .metrics(&given(&[("canary-hash", "abc")]))
        .unwrap()
        .remove(0)
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Runs one metric through answers that come when they are due; the phase behind each.
fn phases(metric: Metric, answers: &[Result<&[f64], ()>]) -> Vec<Phase> {
    let mut run = AnalysisRun::new(vec![metric], Duration::ZERO, 1.0);
    let mut phases = Vec::new();
    for answer in answers {
        let Some(now) = run.poll_timeout() else { break };
        assert_eq!(run.poll_due(now), [0]);
        run.handle_answer(0, answer.map_err(|()| "away".to_owned()), now);
        phases.push(run.phase());
    }
    phases
}

const GOOD: Result<&[f64], ()> = Ok(&[0.99]);
const BAD: Result<&[f64], ()> = Ok(&[0.5]);
const EMPTY: Result<&[f64], ()> = Ok(&[]);
const NAN: Result<&[f64], ()> = Ok(&[f64::NAN]);
const TWO: Result<&[f64], ()> = Ok(&[0.99, 0.99]);
const AWAY: Result<&[f64], ()> = Err(());

#[test]
fn arguments_are_put_in_and_missed() {
    let latency = metric(&[]);
    assert_eq!(latency.query, r#"rate(x{hash="abc"}[5m])"#);
    assert_eq!(
        (latency.interval, latency.initial_delay),
        (Some(seconds(30)), seconds(60))
    );
    assert_eq!(
        (
            latency.count,
            latency.failure_limit,
            latency.inconclusive_limit
        ),
        (Some(3), 1, 1)
    );
    assert_eq!(latency.consecutive_error_limit, 4);
    let faster = latency.faster(30.0);
    assert_eq!(
        (faster.interval, faster.initial_delay),
        (Some(seconds(1)), seconds(2))
    );

    let template = template(TEMPLATE);
    let fault = |pairs: &[(&str, &str)]| template.metrics(&given(pairs)).unwrap_err().to_string();
    assert_eq!(fault(&[]), "step: nobody gives the argument 'canary-hash'");
    assert_eq!(
        fault(&[("canary-hash", "")]),
        "step: nobody gives the argument 'canary-hash'"
    );
    assert!(fault(&[("canary-hash", "a"), ("x", "y")]).contains("takes no argument 'x'"));
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    for (from, to, told) in [
        ("count: 3", "counts: 3", "counts"),
        ("interval: 30s", "interval: soon", "'soon' is no time"),
        ("count: 3", "count: many", "\"many\" is no whole number"),
        (
            "count: 3",
            "count: 3\n    consecutiveSuccessLimit: 3",
            "count is less than failureLimit and consecutiveSuccessLimit",
        ),
        ("< 0.95", "<", "metric latency"),
        ("prometheus:", "datadog:", "datadog"),
    ] {
        let text = TEMPLATE.replacen(from, to, 1);
        let fault = template(&text)
            .metrics(&given(&[("canary-hash", "abc")]))
            .unwrap_err();
        assert!(fault.to_string().contains(told), "{fault}");
    }
    assert_eq!(
        Template::read_all("a: 1").unwrap_err().to_string(),
        "holds no AnalysisTemplate"
    );
    assert!(
        Template::read_all("a: [")
            .unwrap_err()
            .to_string()
            .starts_with("is no YAML")
    );
}

#[test]
fn failures_beyond_the_limit_fail_at_once() {
    use Phase::{Failed, Running, Successful};
    assert_eq!(
        phases(metric(&[]), &[GOOD; 4]),
        [Running, Running, Successful]
    );
    assert_eq!(
        phases(metric(&[]), &[GOOD, BAD, GOOD]),
        [Running, Running, Successful]
    );
    assert_eq!(phases(metric(&[]), &[BAD, BAD, GOOD]), [Running, Failed]);
}

#[test]
fn nan_empty_and_two_series_are_inconclusive_and_never_pass() {
    use Phase::{Inconclusive, Running};
    for unclear in [NAN, EMPTY, TWO] {
        assert_eq!(
            phases(metric(&[]), &[unclear, unclear, GOOD]),
            [Running, Inconclusive]
        );
        let strict = metric(&[("inconclusiveLimit: \"1\"", "inconclusiveLimit: 0")]);
        assert_eq!(phases(strict, &[unclear]), [Inconclusive]);
    }
}

/// What cannot be told is measured again, until it can.
#[test]
fn successes_in_a_row_end_it_and_what_breaks_the_row_begins_it_anew() {
    use Phase::{Failed, Inconclusive, Running, Successful};
    let row = |limit: &str| {
        metric(&[
            ("count: 3", "count: 6\n    consecutiveSuccessLimit: 2"),
            ("inconclusiveLimit: \"1\"", "inconclusiveLimit: 4"),
            ("failureLimit: 1", limit),
        ])
    };
    let both = || row("failureLimit: 1");
    assert_eq!(phases(both(), &[GOOD, GOOD]), [Running, Successful]);
    for other in [NAN, BAD, AWAY] {
        let answers = [GOOD, other, GOOD, GOOD];
        assert_eq!(
            phases(both(), &answers),
            [Running, Running, Running, Successful]
        );
    }
    assert_eq!(
        phases(both(), &[GOOD, BAD, GOOD, BAD]).last(),
        Some(&Failed)
    );
    // Neither limit is reached: nobody can tell, and never a pass.
    let neither = [GOOD, NAN, GOOD, NAN, GOOD, NAN];
    assert_eq!(phases(both(), &neither).last(), Some(&Inconclusive));
    let alone = row("failureLimit: -1");
    assert_eq!(phases(alone, &neither).last(), Some(&Failed));
    let mut run = AnalysisRun::new(vec![both()], Duration::ZERO, 1.0);
    run.handle_answer(0, Ok(&[0.99]), seconds(60));
    assert_eq!(run.successes_in_row(0), Some((1, 2)));
}

#[test]
fn errors_do_not_count_and_the_fifth_in_a_row_ends_it() {
    use Phase::{Error, Running, Successful};
    let four = [AWAY, AWAY, AWAY, AWAY, GOOD, AWAY, GOOD, GOOD];
    let mut expected = vec![Running; 7];
    expected.push(Successful);
    assert_eq!(phases(metric(&[]), &four), expected);
    let mut five = vec![Running; 4];
    five.push(Error);
    assert_eq!(phases(metric(&[]), &[AWAY; 6]), five);
}

#[test]
fn without_an_interval_it_is_measured_once_and_again_after_an_error() {
    use Phase::{Running, Successful};
    let once = || {
        let mut metric = metric(&[]);
        (metric.interval, metric.count) = (None, None);
        metric
    };
    assert_eq!(phases(once(), &[GOOD; 3]), [Successful]);
    assert_eq!(phases(once(), &[AWAY, GOOD]), [Running, Successful]);
    let mut run = AnalysisRun::new(vec![once()], Duration::ZERO, 1.0);
    run.handle_answer(0, Err("away".to_owned()), seconds(60));
    assert_eq!(run.poll_timeout(), Some(seconds(70)));
}

#[test]
fn one_metric_that_fails_ends_the_others() {
    let mut run = AnalysisRun::new(vec![metric(&[]), metric(&[])], Duration::ZERO, 1.0);
    assert_eq!(
        (run.poll_due(seconds(59)), run.poll_due(seconds(60))),
        (vec![], vec![0, 1])
    );
    run.handle_answer(0, Ok(&[0.1]), seconds(60));
    run.handle_answer(0, Ok(&[0.1]), seconds(90));
    assert_eq!(run.phase(), Phase::Failed);
    assert_eq!(run.metric_phase(1), Some(Phase::Successful));
    assert_eq!(run.poll_timeout(), None);
}

#[test]
fn what_is_ended_early_is_successful_unless_it_had_failed() {
    let endless = || metric(&[("count: 3", "count: 1000")]);
    let mut run = AnalysisRun::new(vec![endless()], Duration::ZERO, 1.0);
    run.terminate();
    assert_eq!(run.phase(), Phase::Successful);
    let mut run = AnalysisRun::new(vec![endless()], Duration::ZERO, 1.0);
    run.handle_answer(0, Ok(&[0.1]), seconds(60));
    run.handle_answer(0, Ok(&[0.1]), seconds(90));
    run.terminate();
    assert_eq!(run.phase(), Phase::Failed);
}

#[test]
fn one_condition_alone_decides_both_ways() {
    use Phase::{Failed, Successful};
    let once = |success: bool| {
        let mut metric = metric(&[("failureLimit: 1", "failureLimit: 0")]);
        (metric.interval, metric.count) = (None, None);
        if success {
            metric.failure = None
        } else {
            metric.success = None
        }
        metric
    };
    assert_eq!(phases(once(true), &[GOOD]), [Successful]);
    assert_eq!(phases(once(true), &[NAN]), [Failed]);
    assert_eq!(phases(once(false), &[BAD]), [Failed]);
    // The trap that templates must not fall into.
    assert_eq!(phases(once(false), &[NAN]), [Successful]);
}

#[test]
fn steps_are_read() {
    let rollout = Rollout::read(
        "kind: Rollout\nmetadata: {name: g}\nspec: {strategy: {canary: {analysis: {startingStep: 1, templates: [{templateName: h}], \
         args: [{name: s, valueFrom: {podTemplateHashValue: Stable}}]}, steps: [{setWeight: 20}, {pause: {duration: 5m}}, \
         {pause: {duration: 30}}, {pause: {}}, {analysis: {templates: [{templateName: t}], args: [{name: c, valueFrom: \
         {podTemplateHashValue: Latest}}, {name: v, value: x}]}}]}}}",
    )
    .unwrap();
    let background = rollout.background.unwrap();
    assert_eq!(
        (background.starting_step, background.analysis.templates),
        (1, vec!["h".to_owned()])
    );
    assert_eq!(
        background.analysis.args,
        [("s".to_owned(), ArgSource::Stable)]
    );
    assert_eq!(
        rollout.steps[..4],
        [
            Step::SetWeight(20),
            Step::Pause(Some(seconds(300))),
            Step::Pause(Some(seconds(30))),
            Step::Pause(None),
        ]
    );
    let Step::Analysis(analysis) = &rollout.steps[4] else {
        panic!()
    };
    let value = ArgSource::Value("x".to_owned());
    assert_eq!(
        analysis.args,
        [("c".to_owned(), ArgSource::Latest), ("v".to_owned(), value)]
    );
    for wrong in [
        "{setWeigth: 20}",
        "{setWeight: 101}",
        "{experiment: {}}",
        "{pause: {duration: soon}}",
        "{}",
    ] {
        let text = format!(
            "kind: Rollout\nmetadata: {{name: g}}\nspec: {{strategy: {{canary: {{steps: [{wrong}]}}}}}}"
        );
        let fault = Rollout::read(&text).unwrap_err().to_string();
        assert!(fault.starts_with("g, step 0: "), "{fault}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ -~\n]{0,200}") {
        let _ = documents(&text);
        let _ = Template::read_all(&text);
        let _ = Rollout::read(&text);
        let _ = gridos_analysis::Condition::parse(&text).map(|condition| condition.holds(&[1.0]));
    }

    #[test]
    fn a_template_with_a_letter_changed_is_read_or_refused(at in 0_usize..700, letter in "[ -~]") {
        let mut text = TEMPLATE.to_owned();
        let at = at.min(text.len() - 1);
        text.replace_range(at..=at, &letter);
        for template in Template::read_all(&text).unwrap_or_default() {
            let _ = template.metrics(&given(&[("canary-hash", "abc")]));
        }
    }

    #[test]
    fn never_is_a_run_successful_without_its_count_of_good_answers(kinds in prop::collection::vec(0_u8..5, 0..12)) {
        let answers: Vec<_> = kinds.iter().map(|kind| [GOOD, BAD, NAN, EMPTY, AWAY][usize::from(*kind)]).collect();
        let phases = phases(metric(&[]), &answers);
        if phases.last() == Some(&Phase::Successful) {
            let good = kinds[..phases.len()].iter().filter(|kind| **kind == 0).count();
            // Three are measured; one may fail and one may be unclear.
            prop_assert!(good >= 1);
        }
    }
}
