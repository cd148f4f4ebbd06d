//! The statistics agree with counting out everything, and with published values.

#![cfg(test)]

use std::sync::LazyLock;

use gridos_canary::{Effect, RankTest, Rate};
use proptest::prelude::*;

/// Pairs in which `a` is larger, ties one half.
fn pairs_larger(a: &[f64], b: &[f64]) -> f64 {
    let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (x, y)));
    pairs
        .map(|(x, y)| f64::from(u8::from(x > y)) + f64::from(u8::from(x == y)) / 2.0)
        .sum()
}

/// The share of all ways to deal the values out in which at least as many pairs are larger.
fn by_dealing_out(a: &[f64], b: &[f64]) -> f64 {
    let all: Vec<f64> = a.iter().chain(b).copied().collect();
    let seen = pairs_larger(a, b);
    let (mut ways, mut at_least) = (0_u32, 0_u32);
    for mask in 0_u32..1 << all.len() {
        if mask.count_ones() as usize != a.len() {
            continue;
        }
        let chosen = |is_one: bool| -> Vec<f64> {
            let values = all.iter().enumerate();
            let values = values.filter(|(n, _)| (mask >> n & 1 == 1) == is_one);
            values.map(|(_, value)| *value).collect()
        };
        ways += 1;
        at_least += u32::from(pairs_larger(&chosen(true), &chosen(false)) >= seen);
    }
    f64::from(at_least) / f64::from(ways)
}

fn choose(n: u64, k: u64) -> f64 {
    (0..k).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64)
}

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9
}

#[test]
fn without_ties_the_test_is_that_of_the_tables() {
    // All of 3 above all of 3: 1 of 20 ways. All of 5 above all of 5: 1 of 252.
    let test = RankTest::larger(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]).unwrap();
    assert!(test.is_exact && is_near(test.p, 0.05), "{test:?}");
    let high: Vec<f64> = (5..10).map(f64::from).collect();
    let low: Vec<f64> = (0..5).map(f64::from).collect();
    let test = RankTest::larger(&high, &low).unwrap();
    assert!(is_near(test.p, 1.0 / 252.0));
    assert!(is_near(RankTest::larger(&low, &high).unwrap().p, 1.0));
}

#[test]
fn what_is_missing_or_no_number_has_no_test() {
    let good = [1.0, 2.0];
    for bad in [&[][..], &[f64::NAN], &[1.0, f64::INFINITY]] {
        assert_eq!(RankTest::larger(bad, &good), None);
        assert_eq!(RankTest::larger(&good, bad), None);
        assert_eq!(Effect::of(bad, &good), None);
    }
    assert_eq!(Rate::of(0, 0), None);
    assert_eq!(Rate::of(2, 1), None);
    assert_eq!(Rate::of(0, u64::MAX), None);
}

#[test]
fn one_outlier_is_not_slower_but_a_shift_is() {
    // 7 of 10 intervals at a hundred times: what others' judges let pass.
    let stable: Vec<f64> = (0..10).map(|n| 0.1 + f64::from(n) / 1e3).collect();
    let mut spiky = stable.clone();
    spiky[0] = 60.0;
    assert!(RankTest::larger(&spiky, &stable).unwrap().p > 0.05);
    let mut bad = stable.clone();
    bad.iter_mut().take(7).for_each(|value| *value *= 100.0);
    assert!(RankTest::larger(&bad, &stable).unwrap().p < 0.05);
    assert!(Effect::of(&bad, &stable).unwrap().shift > 1.0);
}

#[test]
fn wilson_is_as_published() {
    // 95 % of 300: about 0.92 to 0.97.
    let (low, high) = Rate::of(285, 300).unwrap().interval(1.959_963_984_540_054);
    assert!(
        (low - 0.919_2).abs() < 5e-4 && (high - 0.969_4).abs() < 5e-4,
        "{low} {high}"
    );
    // 0 of 10: 0 to 0.2775 (Newcombe 1998).
    let (low, high) = Rate::of(0, 10).unwrap().interval(1.959_963_984_540_054);
    assert!(low == 0.0 && (high - 0.277_5).abs() < 5e-4, "{low} {high}");
}

#[test]
fn fisher_is_as_published() {
    // The lady tasting tea: 4 of 4 right, p = 1/70; 3 right, 17/70.
    let p = |hits| {
        Rate::of(hits, 4)
            .unwrap()
            .p_if_as(&Rate::of(4 - hits, 4).unwrap())
    };
    assert!(is_near(p(4), 1.0 / 70.0) && is_near(p(3), 17.0 / 70.0));
}

#[test]
fn large_counts_are_quick_and_bounded() {
    let rate = Rate::of(500_000_000, 10_000_000_000).unwrap();
    let p = rate.p_if_at_most(0.05);
    assert!((0.4..0.6).contains(&p), "{p}");
    let other = Rate::of(400_000_000, 10_000_000_000).unwrap();
    assert!(rate.p_if_as(&other) < 1e-9 && other.p_if_as(&rate) > 0.999);
}

/// In how many ways 31 values have so many pairs with 30 others in which they are larger, without ties:
/// by the recursion of Mann and Whitney.
static UNTIED: LazyLock<Vec<f64>> = LazyLock::new(|| {
    const PAIRS: usize = 31 * 30;
    let mut ways = vec![vec![vec![0.0; PAIRS + 1]; 31]; 32];
    for m in 0..=31 {
        for n in 0..=30 {
            if m == 0 || n == 0 {
                ways[m][n][0] = 1.0;
                continue;
            }
            for pairs in 0..=m * n {
                // The largest value of all is one of the first, or of the others.
                let first = if pairs >= n {
                    ways[m - 1][n][pairs - n]
                } else {
                    0.0
                };
                ways[m][n][pairs] = first + ways[m][n - 1][pairs];
            }
        }
    }
    ways.remove(31).remove(30)
});

fn sample() -> impl Strategy<Value = Vec<f64>> {
    // Few different values, so that there are ties.
    prop::collection::vec((0_u8..6).prop_map(f64::from), 1..7)
}

proptest! {
    #[test]
    fn the_exact_test_agrees_with_dealing_out(a in sample(), b in sample()) {
        let test = RankTest::larger(&a, &b).unwrap();
        prop_assert!(test.is_exact);
        prop_assert_eq!(test.pairs_larger, pairs_larger(&a, &b));
        prop_assert!(is_near(test.p, by_dealing_out(&a, &b)));
    }

    #[test]
    fn the_normal_test_agrees_with_the_recursion(order in Just((0_u8..61).collect::<Vec<_>>()).prop_shuffle()) {
        let values: Vec<f64> = order.into_iter().map(f64::from).collect();
        let (a, b) = values.split_at(31);
        let test = RankTest::larger(a, b).unwrap();
        prop_assert!(!test.is_exact);
        // Without ties they are whole.
        let seen = pairs_larger(a, b);
        let at_least = UNTIED.iter().enumerate().filter(|(pairs, _)| *pairs as f64 >= seen);
        let above: f64 = at_least.map(|(_, ways)| ways).sum();
        let all: f64 = UNTIED.iter().sum();
        prop_assert!((test.p - above / all).abs() < 0.002, "{} {}", test.p, above / all);
    }

    #[test]
    fn the_effect_agrees_with_all_pairs(a in sample(), b in sample()) {
        let effect = Effect::of(&a, &b).unwrap();
        let pairs = (a.len() * b.len()) as f64;
        prop_assert!(is_near(effect.likelier, pairs_larger(&a, &b) / pairs));
        prop_assert!((-1.0..=1.0).contains(&effect.delta()));
        let back = Effect::of(&b, &a).unwrap();
        prop_assert!(is_near(effect.shift, -back.shift) && is_near(effect.delta(), -back.delta()));
    }

    #[test]
    fn binomial_tails_agree_with_adding_up(total in 1_u64..40, hits in 0_u64..40, share in 0.01_f64..0.99) {
        let hits = hits.min(total);
        let term = |k: u64| {
            choose(total, k)
                * share.powi(i32::try_from(k).unwrap())
                * (1.0 - share).powi(i32::try_from(total - k).unwrap())
        };
        let rate = Rate::of(hits, total).unwrap();
        prop_assert!(is_near(rate.p_if_at_most(share), (hits..=total).map(term).sum()));
        prop_assert!(is_near(rate.p_if_at_least(share), (0..=hits).map(term).sum()));
    }

    #[test]
    fn fisher_agrees_with_adding_up(a in (0_u64..15, 1_u64..15), b in (0_u64..15, 1_u64..15)) {
        let (a, b) = ((a.0.min(a.1), a.1), (b.0.min(b.1), b.1));
        let hits = a.0 + b.0;
        let ways = |mine: u64| match hits.checked_sub(mine) {
            Some(others) if mine <= a.1 && others <= b.1 => choose(a.1, mine) * choose(b.1, others),
            _ => 0.0,
        };
        let above: f64 = (a.0..=hits).map(ways).sum();
        let all: f64 = (0..=hits).map(ways).sum();
        let p = Rate::of(a.0, a.1).unwrap().p_if_as(&Rate::of(b.0, b.1).unwrap());
        prop_assert!(is_near(p, above / all), "{} {}", p, above / all);
    }

    #[test]
    fn an_interval_holds_the_share(hits in 0_u64..1_000, more in 1_u64..1_000) {
        let rate = Rate::of(hits, hits + more).unwrap();
        let (low, high) = rate.interval(1.96);
        prop_assert!(0.0 <= low && low <= rate.share() && rate.share() <= high && high <= 1.0);
    }
}
