//! What the judge says of good candidates, of bad ones, and of those of whom too little is known.

#![cfg(test)]

use gridos_canary::{Check, Decision, Interval, Side, Thresholds, Verdict, judge};
use proptest::prelude::*;

/// An interval as a good side has it: a hundred scans, stored within 60 ms.
const GOOD: Interval = Interval {
    scans: Some(100),
    errors: Some(0),
    unavailable: Some(0),
    batches: Some(100),
    within: Some(100),
    due: Some(100),
    due_within: Some(100),
    latency: Some(0.06),
    received: Some(4_000),
    missing: Some(0),
    lost: Some(0),
};

fn side(change: impl Fn(usize, &mut Interval)) -> Side {
    let intervals = (0..10).map(|n| {
        let mut interval = GOOD;
        // No two intervals are alike.
        interval.latency = Some(0.06 + f64::from(u8::try_from(n * 7 % 10).unwrap()) / 1e3);
        change(n, &mut interval);
        interval
    });
    Side {
        intervals: intervals.collect(),
        restarts: Some(0),
    }
}

fn good() -> Side {
    side(|_, _| {})
}

fn of(candidate: &Side) -> Verdict {
    judge(&good(), candidate, &Thresholds::default())
}

/// Which checks came to a decision.
fn with(verdict: &Verdict, decision: Decision) -> Vec<Check> {
    let findings = verdict.findings.iter();
    let found = findings.filter(|finding| finding.decision == decision);
    found.map(|finding| finding.check).collect()
}

#[test]
fn a_good_candidate_passes() {
    let verdict = of(&good());
    assert_eq!(verdict.decision, Decision::Pass, "{verdict}");
    assert_eq!(verdict.findings.len(), 11);
}

#[test]
fn one_lost_reading_fails() {
    let verdict = of(&side(|n, i| i.lost = Some(u64::from(n == 3))));
    assert_eq!(with(&verdict, Decision::Fail), [Check::Loss]);
    // Also where too little is known for all else.
    let one = Side {
        intervals: vec![Interval {
            lost: Some(1),
            ..Interval::default()
        }],
        restarts: None,
    };
    assert_eq!(of(&one).decision, Decision::Fail);
}

#[test]
fn one_that_crashed_and_is_back_fails_with_words() {
    let began_anew = |restarts| Side { restarts, ..good() };
    let once = of(&began_anew(Some(1)));
    assert_eq!(with(&once, Decision::Fail), [Check::Restarts], "{once}");
    let words = "restarts: a process of the candidate ended and began anew";
    assert!(once.to_string().contains(words), "{once}");
    let often = of(&began_anew(Some(3))).to_string();
    assert!(often.contains("began anew, 3 times"), "{often}");
    let unknown = of(&began_anew(None));
    assert_eq!(with(&unknown, Decision::Inconclusive), [Check::Restarts]);
    // Stable's own restarts are no matter of the candidate.
    let verdict = judge(&began_anew(Some(2)), &good(), &Thresholds::default());
    assert_eq!(verdict.decision, Decision::Pass, "{verdict}");
}

#[test]
fn less_than_999_in_a_thousand_fails() {
    let kept = |missing| of(&side(move |_, i| i.missing = Some(missing)));
    assert_eq!(kept(4).decision, Decision::Pass);
    assert_eq!(with(&kept(5), Decision::Fail), [Check::Completeness]);
}

#[test]
fn eight_percent_errors_fail_by_themselves_and_against_stable() {
    let verdict = of(&side(|_, i| i.errors = Some(8)));
    assert_eq!(
        with(&verdict, Decision::Fail),
        [Check::Success, Check::Errors, Check::ErrorsAgainstStable]
    );
}

#[test]
fn devices_that_are_away_are_no_errors() {
    let verdict = of(&side(|_, i| i.unavailable = Some(4)));
    assert_eq!(verdict.decision, Decision::Pass, "{verdict}");
    let verdict = of(&side(|_, i| i.unavailable = Some(9)));
    assert_eq!(with(&verdict, Decision::Fail), [Check::Success]);
}

#[test]
fn the_bounds_are_strict_as_the_objectives_say() {
    // Exactly 95 % is not above 95 %, and 5 % not below 5 %; a thousand are too few to be sure.
    let verdict = of(&side(|_, i| i.errors = Some(5)));
    assert_eq!(verdict.decision, Decision::Fail, "{verdict}");
    assert_eq!(
        with(&verdict, Decision::Inconclusive),
        [Check::Success, Check::Errors]
    );
    // Exactly 95 % within the objective is enough.
    let verdict = of(&side(|_, i| i.within = Some(95)));
    assert_eq!(verdict.decision, Decision::Pass, "{verdict}");
    let verdict = of(&side(|_, i| i.within = Some(90)));
    assert_eq!(with(&verdict, Decision::Fail), [Check::Latency]);
}

/// What a starved machine, a slow disk or a bad network does to both is no fault of the candidate.
#[test]
fn what_stable_has_as_well_is_inconclusive_and_what_is_far_worse_fails() {
    let judged = |candidate: u64, stable: u64| {
        let errors = |errors| side(move |_, i| i.errors = Some(errors));
        judge(&errors(stable), &errors(candidate), &Thresholds::default())
    };
    for (candidate, stable) in [(8, 8), (8, 4), (40, 30)] {
        let verdict = judged(candidate, stable);
        let unclear = with(&verdict, Decision::Inconclusive);
        assert_eq!(unclear, [Check::Success, Check::Errors], "{verdict}");
    }
    let own = judged(9, 4);
    assert_eq!(
        with(&own, Decision::Fail),
        [Check::Success, Check::Errors, Check::ErrorsAgainstStable],
        "{own}"
    );
    let told = judged(8, 6).to_string();
    assert!(told.contains("; stable has 6 % at the same time"), "{told}");
    let late = |within| side(move |_, i| i.within = Some(within));
    let slow = |candidate, stable| judge(&late(stable), &late(candidate), &Thresholds::default());
    assert_eq!(slow(60, 75).decision, Decision::Inconclusive);
    assert_eq!(with(&slow(60, 90), Decision::Fail), [Check::Latency]);
}

#[test]
fn later_than_stable_fails_and_as_late_as_stable_does_not() {
    let overdue = |late: u64| side(move |_, i| i.due_within = Some(100 - late));
    let judged = |candidate, stable| {
        judge(
            &overdue(stable),
            &overdue(candidate),
            &Thresholds::default(),
        )
    };
    for (candidate, stable) in [(5, 0), (20, 20), (40, 20), (100, 60)] {
        assert_eq!(judged(candidate, stable).decision, Decision::Pass);
    }
    for (candidate, stable) in [(9, 0), (60, 20)] {
        let verdict = judged(candidate, stable);
        assert_eq!(
            with(&verdict, Decision::Fail),
            [Check::LatenessAgainstStable],
            "{verdict}"
        );
    }
}

#[test]
fn slower_than_stable_fails_within_the_objective() {
    let slower = |by: f64| of(&side(move |_, i| i.latency = i.latency.map(|l| l + by)));
    assert_eq!(slower(0.1).decision, Decision::Pass);
    assert_eq!(
        with(&slower(0.2), Decision::Fail),
        [Check::LatencyAgainstStable]
    );
}

#[test]
fn one_slow_interval_does_not_fail() {
    let verdict = of(&side(|n, i| {
        if n == 4 {
            i.latency = Some(60.0);
        }
    }));
    assert_eq!(verdict.decision, Decision::Pass, "{verdict}");
}

#[test]
fn an_idle_candidate_is_inconclusive() {
    let verdict = of(&side(|_, i| {
        *i = Interval {
            latency: Some(f64::NAN),
            scans: Some(0),
            errors: Some(0),
            unavailable: Some(0),
            batches: Some(0),
            within: Some(0),
            due: Some(0),
            due_within: Some(0),
            received: Some(0),
            missing: Some(0),
            lost: Some(0),
        };
    }));
    assert_eq!(verdict.decision, Decision::Inconclusive, "{verdict}");
}

#[test]
fn one_that_is_gone_is_inconclusive() {
    let verdict = of(&side(|n, i| {
        if n >= 8 {
            *i = Interval::default();
        }
    }));
    assert_eq!(verdict.decision, Decision::Inconclusive, "{verdict}");
    assert_eq!(with(&verdict, Decision::Inconclusive), [Check::Presence]);
}

#[test]
fn too_few_batches_are_inconclusive_whatever_they_say() {
    for errors in [0, 20] {
        let verdict = of(&side(|_, i| {
            i.scans = Some(20);
            i.batches = Some(20);
            i.within = Some(0);
            i.errors = Some(errors);
        }));
        assert_eq!(verdict.decision, Decision::Inconclusive, "{verdict}");
    }
}

#[test]
fn without_stable_nothing_is_concluded() {
    let verdict = judge(&Side::default(), &good(), &Thresholds::default());
    assert_eq!(verdict.decision, Decision::Inconclusive, "{verdict}");
    let none = judge(&good(), &Side::default(), &Thresholds::default());
    assert_eq!(none.decision, Decision::Inconclusive, "{none}");
}

#[test]
fn a_verdict_is_told_in_words_and_in_json() {
    let verdict = of(&side(|_, i| i.errors = Some(8)));
    let words = verdict.to_string();
    assert!(words.starts_with("fail\n"), "{words}");
    assert!(
        words.contains("errors: 8 % of 1000 went wrong, must be below 5 %"),
        "{words}"
    );
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["decision"], "fail");
    let findings = json["findings"].as_array().unwrap();
    let errors = findings
        .iter()
        .find(|finding| finding["check"] == "errors")
        .unwrap();
    assert_eq!(
        (&errors["candidate"], &errors["bound"]),
        (&0.08.into(), &0.05.into())
    );
}

/// Any number that may be missing.
fn maybe() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(prop_oneof![Just(0), 0_u64..200, Just(u64::MAX)])
}

fn interval() -> impl Strategy<Value = Interval> {
    let latency = prop::option::of(prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(-1.0),
        0.0_f64..10.0
    ]);
    (prop::collection::vec(maybe(), 10), latency).prop_map(|(n, latency)| Interval {
        scans: n[0],
        errors: n[1],
        unavailable: n[2],
        batches: n[3],
        within: n[4],
        latency,
        received: n[5],
        missing: n[6],
        lost: n[7],
        due: n[8],
        due_within: n[9],
    })
}

proptest! {
    #[test]
    fn nothing_panics_and_what_passes_has_earned_it(
        stable in prop::collection::vec(interval(), 0..12),
        candidate in prop::collection::vec(interval(), 0..12),
        restarts in (maybe(), maybe()),
    ) {
        let thresholds = Thresholds::default();
        let candidate = Side { intervals: candidate, restarts: restarts.0 };
        let stable = Side { intervals: stable, restarts: restarts.1 };
        let verdict = judge(&stable, &candidate, &thresholds);
        if verdict.decision == Decision::Pass {
            let total = |of: fn(&Interval) -> Option<u64>| -> u64 {
                candidate.intervals.iter().filter_map(of).fold(0, u64::saturating_add)
            };
            prop_assert_eq!(total(|i| i.lost), 0);
            prop_assert_eq!(candidate.restarts, Some(0));
            prop_assert!(total(|i| i.scans) >= thresholds.scans_at_least);
            prop_assert!(total(|i| i.batches) >= thresholds.batches_at_least);
        }
    }

    #[test]
    fn whatever_one_takes_away_does_not_make_it_pass(
        taken in prop::collection::vec(0_usize..10, 6..10),
        errors in 0_u64..20,
    ) {
        let whole = of(&side(|_, i| i.errors = Some(errors)));
        let less = of(&side(|n, i| {
            i.errors = Some(errors);
            if taken.contains(&n) {
                *i = Interval::default();
            }
        }));
        prop_assert!(whole.decision == Decision::Pass || less.decision != Decision::Pass);
    }
}
