//! The judge: two sides and the thresholds in, a verdict out.

use crate::side::Counted;
use crate::{
    Check, Decision, Effect, Finding, Interval, RankTest, Rate, Side, Thresholds, Verdict,
};

/// The normal deviate of a 95 % interval.
const Z_95: f64 = 1.959_963_984_540_054;

/// Whether `candidate` is as good as it must be, and as `stable`, which ran beside it.
///
/// The worst finding decides; what is missing or too little is never a pass.
pub fn judge(stable: &Side, candidate: &Side, thresholds: &Thresholds) -> Verdict {
    let case = Case {
        stable,
        candidate,
        thresholds,
    };
    Verdict::of(vec![
        case.presence(),
        case.samples(),
        case.loss(),
        case.completeness(),
        case.success(),
        case.errors(),
        case.latency(),
        case.errors_against_stable(),
        case.latency_against_stable(),
    ])
}

struct Case<'a> {
    stable: &'a Side,
    candidate: &'a Side,
    thresholds: &'a Thresholds,
}

/// What is missing for a judgement, in words.
type Missing = String;

impl Case<'_> {
    fn presence(&self) -> Finding {
        let last = self.candidate.intervals.len();
        match self.candidate.is_there() {
            true => Finding::new(Check::Presence, Decision::Pass, "it is there".to_owned()),
            false => inconclusive(
                Check::Presence,
                format!(
                    "the candidate told nothing in the last of {last} intervals: idle, gone or not scraped"
                ),
            ),
        }
    }

    fn samples(&self) -> Finding {
        let (batches, _) = self.candidate.total(|i| i.batches);
        let (asked, _) = self.candidate.total(|i| i.asked);
        let least = self.thresholds;
        let is_enough = batches >= least.batches_at_least && asked >= least.asked_at_least;
        let why = format!(
            "{batches} batches and {asked} requests of the candidate; {} and {} are the least",
            least.batches_at_least, least.asked_at_least
        );
        let decision = if is_enough {
            Decision::Pass
        } else {
            Decision::Inconclusive
        };
        Finding {
            samples: batches,
            candidate: Some(batches as f64),
            bound: Some(least.batches_at_least as f64),
            ..Finding::new(Check::Samples, decision, why)
        }
    }

    /// A hard limit: one reading is enough, however few there are.
    fn loss(&self) -> Finding {
        let (lost, known) = self.candidate.total(|i| i.lost);
        let most = self.thresholds.lost_at_most;
        if lost <= most && known < self.thresholds.intervals_at_least {
            return inconclusive(Check::Loss, self.too_few(known));
        }
        let decision = if lost > most {
            Decision::Fail
        } else {
            Decision::Pass
        };
        Finding {
            candidate: Some(lost as f64),
            bound: Some(most as f64),
            samples: known as u64,
            ..Finding::new(
                Check::Loss,
                decision,
                format!("{lost} readings lost; at most {most} may be"),
            )
        }
    }

    fn completeness(&self) -> Finding {
        let least = self.thresholds.complete_at_least;
        let rate = match self.rate(self.candidate, |i| i.missing, |i| i.received) {
            Ok(rate) => rate,
            Err(missing) => return inconclusive(Check::Completeness, missing),
        };
        let complete = 1.0 - rate.share();
        let decision = if complete < least {
            Decision::Fail
        } else {
            Decision::Pass
        };
        let why = format!(
            "{} of {} readings that came were not kept: {} complete; {} is the least",
            rate.hits(),
            rate.total(),
            percent(complete),
            percent(least)
        );
        Finding {
            candidate: Some(complete),
            bound: Some(least),
            samples: rate.total(),
            ..Finding::new(Check::Completeness, decision, why)
        }
    }

    fn success(&self) -> Finding {
        let bad: Counted = |i| Some(i.errors?.saturating_add(i.unavailable?));
        let bound = self.thresholds.success_above;
        match self.requests(self.candidate, bad) {
            Err(missing) => inconclusive(Check::Success, missing),
            Ok(bad) => {
                let good = Rate::of(bad.total() - bad.hits(), bad.total()).unwrap_or(bad);
                let is_kept = good.share() > bound;
                let p = good.p_if_at_least(bound);
                let what = format!("answered well, must be above {}", percent(bound));
                self.against_bound(Check::Success, good, (is_kept, p, bound), &what)
            }
        }
    }

    fn errors(&self) -> Finding {
        let bound = self.thresholds.errors_below;
        match self.requests(self.candidate, |i| i.errors) {
            Err(missing) => inconclusive(Check::Errors, missing),
            Ok(rate) => {
                let is_kept = rate.share() < bound;
                let what = format!("answered wrongly, must be below {}", percent(bound));
                let p = rate.p_if_at_most(bound);
                self.against_bound(Check::Errors, rate, (is_kept, p, bound), &what)
            }
        }
    }

    fn latency(&self) -> Finding {
        let bound = self.thresholds.within_at_least;
        let rate = self.rate(self.candidate, |i| i.within, |i| i.batches);
        match rate.and_then(|rate| enough(rate, self.thresholds.batches_at_least, "batches")) {
            Err(missing) => inconclusive(Check::Latency, missing),
            Ok(rate) => {
                let is_kept = rate.share() >= bound;
                let what = format!(
                    "stored within {} s, must be at least {}",
                    self.thresholds.objective_seconds,
                    percent(bound)
                );
                let p = rate.p_if_at_least(bound);
                self.against_bound(Check::Latency, rate, (is_kept, p, bound), &what)
            }
        }
    }

    /// A bound that is not kept fails only if chance does not explain it; it never passes.
    fn against_bound(
        &self,
        check: Check,
        rate: Rate,
        (is_kept, p, bound): (bool, f64, f64),
        what: &str,
    ) -> Finding {
        let is_sure = p < self.thresholds.significance;
        let (decision, note) = match (is_kept, is_sure) {
            (true, _) => (Decision::Pass, ""),
            (false, true) => (Decision::Fail, ""),
            (false, false) => (Decision::Inconclusive, "; too few to be sure"),
        };
        let (low, high) = rate.interval(Z_95);
        let why = format!(
            "{} of {} {what} (95 % interval {} to {}){note}",
            percent(rate.share()),
            rate.total(),
            percent(low),
            percent(high)
        );
        Finding {
            candidate: Some(rate.share()),
            bound: Some(bound),
            interval: Some((low, high)),
            p: Some(p),
            samples: rate.total(),
            ..Finding::new(check, decision, why)
        }
    }

    fn errors_against_stable(&self) -> Finding {
        let both = self
            .requests(self.candidate, |i| i.errors)
            .and_then(|candidate| Ok((candidate, self.requests(self.stable, |i| i.errors)?)));
        let (candidate, stable) = match both {
            Ok(both) => both,
            Err(missing) => return inconclusive(Check::ErrorsAgainstStable, missing),
        };
        let p = candidate.p_if_as(&stable);
        let above = candidate.share() - stable.share();
        let allowed = self.thresholds.errors_above_stable;
        let is_worse = p < self.thresholds.significance && above > allowed;
        let why = format!(
            "{} of the candidate's requests, {} of stable's; {} more may be (Fisher's exact test: p {})",
            percent(candidate.share()),
            percent(stable.share()),
            percent(allowed),
            probability(p)
        );
        Finding {
            candidate: Some(candidate.share()),
            stable: Some(stable.share()),
            bound: Some(allowed),
            p: Some(p),
            samples: candidate.total(),
            ..Finding::new(Check::ErrorsAgainstStable, failed_if(is_worse), why)
        }
    }

    fn latency_against_stable(&self) -> Finding {
        let check = Check::LatencyAgainstStable;
        let (candidate, stable) = (self.candidate.latencies(), self.stable.latencies());
        let known = candidate.len().min(stable.len());
        if known < self.thresholds.intervals_at_least {
            return inconclusive(check, self.too_few(known));
        }
        let (Some(test), Some(effect)) = (
            RankTest::larger(&candidate, &stable),
            Effect::of(&candidate, &stable),
        ) else {
            return inconclusive(check, self.too_few(0));
        };
        let usual = median(&stable);
        let allowed = usual * (self.thresholds.slower_times - 1.0) + self.thresholds.slower_seconds;
        let is_worse = test.p < self.thresholds.significance
            && effect.delta() >= self.thresholds.delta_at_least
            && effect.shift > allowed;
        let why = format!(
            "p95 is {:+.0} ms from stable's {:.0} ms; {:+.0} ms may be ({} rank test: p {}, Cliff's delta {:+.2})",
            effect.shift * 1e3,
            usual * 1e3,
            allowed * 1e3,
            if test.is_exact { "exact" } else { "normal" },
            probability(test.p),
            effect.delta()
        );
        Finding {
            candidate: Some(median(&candidate)),
            stable: Some(usual),
            bound: Some(allowed),
            p: Some(test.p),
            delta: Some(effect.delta()),
            samples: candidate.len() as u64,
            ..Finding::new(check, failed_if(is_worse), why)
        }
    }

    fn requests(&self, side: &Side, hits: Counted) -> Result<Rate, Missing> {
        let rate = self.rate(side, hits, |i| i.asked)?;
        enough(rate, self.thresholds.asked_at_least, "requests")
    }

    /// The share over the intervals in which both numbers are known.
    fn rate(&self, side: &Side, hits: Counted, total: Counted) -> Result<Rate, Missing> {
        let is_whole = |interval: &&Interval| hits(interval).is_some() && total(interval).is_some();
        let whole = Side {
            intervals: side.intervals.iter().filter(is_whole).copied().collect(),
        };
        let (sum, known) = whole.total(total);
        if known < self.thresholds.intervals_at_least {
            return Err(self.too_few(known));
        }
        let (hits, _) = whole.total(hits);
        // A request may be counted within one interval and its answer within the next.
        Rate::of(hits.min(sum), sum).ok_or_else(|| "there was nothing to count: idle".to_owned())
    }

    fn too_few(&self, known: usize) -> Missing {
        let least = self.thresholds.intervals_at_least;
        format!("known in {known} intervals; {least} are the least")
    }
}

fn enough(rate: Rate, least: u64, what: &str) -> Result<Rate, Missing> {
    if rate.total() < least {
        return Err(format!("{} {what}; {least} are the least", rate.total()));
    }
    Ok(rate)
}

fn inconclusive(check: Check, why: String) -> Finding {
    Finding::new(check, Decision::Inconclusive, why)
}

fn failed_if(is_worse: bool) -> Decision {
    if is_worse {
        Decision::Fail
    } else {
        Decision::Pass
    }
}

/// The middle value of some; of none, 0.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    // 99.9 % needs its decimals; 95 % does not.
    let text = format!("{percent:.2}");
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn probability(p: f64) -> String {
    if p < 0.001 {
        return "< 0.001".to_owned();
    }
    format!("= {p:.3}")
}
