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
        case.restarts(),
        case.samples(),
        case.loss(),
        case.completeness(),
        case.success(),
        case.errors(),
        case.latency(),
        case.errors_against_stable(),
        case.latency_against_stable(),
        case.lateness_against_stable(),
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

    /// A hard limit: who crashes and is back before anybody looks is still no good version.
    fn restarts(&self) -> Finding {
        let most = self.thresholds.restarts_at_most;
        let Some(restarts) = self.candidate.restarts else {
            let why = "nobody knows whether the candidate began anew".to_owned();
            return inconclusive(Check::Restarts, why);
        };
        let why = match restarts {
            0 => "no process of the candidate began anew".to_owned(),
            1 => "a process of the candidate ended and began anew; read why in its log".to_owned(),
            _ => format!(
                "processes of the candidate ended and began anew, {restarts} times; read why in their logs"
            ),
        };
        Finding {
            candidate: Some(restarts as f64),
            bound: Some(most as f64),
            samples: self.candidate.intervals.len() as u64,
            ..Finding::new(Check::Restarts, failed_if(restarts > most), why)
        }
    }

    fn samples(&self) -> Finding {
        let (batches, _) = self.candidate.total(|i| i.batches);
        let (scans, _) = self.candidate.total(|i| i.scans);
        let least = self.thresholds;
        let is_enough = batches >= least.batches_at_least && scans >= least.scans_at_least;
        let why = format!(
            "{batches} batches and {scans} scans of the candidate; {} and {} are the least",
            least.batches_at_least, least.scans_at_least
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
        let good = self.scans(self.candidate, bad).map(misses);
        let bound = Bound {
            check: Check::Success,
            bound,
            what: format!("answered well, must be above {}", percent(bound)),
            is_kept: |share, bound| share > bound,
            is_share_of_good: true,
        };
        self.against_bound(&bound, good, self.scans(self.stable, bad).map(misses))
    }

    fn errors(&self) -> Finding {
        let bound = self.thresholds.errors_below;
        let bound = Bound {
            check: Check::Errors,
            bound,
            what: format!("went wrong, must be below {}", percent(bound)),
            is_kept: |share, bound| share < bound,
            is_share_of_good: false,
        };
        let of = |side| self.scans(side, |i| i.errors);
        self.against_bound(&bound, of(self.candidate), of(self.stable))
    }

    fn latency(&self) -> Finding {
        let bound = self.thresholds.within_at_least;
        let bound = Bound {
            check: Check::Latency,
            bound,
            what: format!(
                "stored within {} s, must be at least {}",
                self.thresholds.objective_seconds,
                percent(bound)
            ),
            is_kept: |share, bound| share >= bound,
            is_share_of_good: true,
        };
        let of = |side| {
            let rate = self.rate(side, |i| i.within, |i| i.batches)?;
            enough(rate, self.thresholds.batches_at_least, "batches")
        };
        self.against_bound(&bound, of(self.candidate), of(self.stable))
    }

    /// A bound that is not kept fails only if chance does not explain it, and if stable has not
    /// about the same trouble at the same time; it never passes.
    fn against_bound(
        &self,
        of: &Bound,
        candidate: Result<Rate, Missing>,
        stable: Result<Rate, Missing>,
    ) -> Finding {
        let rate = match candidate {
            Ok(rate) => rate,
            Err(missing) => return inconclusive(of.check, missing),
        };
        let p = of.p(rate);
        let is_sure = p < self.thresholds.significance;
        let common = stable.ok().filter(|stable| {
            let own = self.thresholds.own_times * of.bad(*stable);
            of.bad(rate) <= own
        });
        let (decision, note) = match ((of.is_kept)(rate.share(), of.bound), is_sure, common) {
            (true, ..) => (Decision::Pass, String::new()),
            (false, _, Some(stable)) => {
                let note = format!(
                    "; stable has {} at the same time, so it is not the candidate alone",
                    percent(stable.share())
                );
                (Decision::Inconclusive, note)
            }
            (false, true, None) => (Decision::Fail, String::new()),
            (false, false, None) => (Decision::Inconclusive, "; too few to be sure".to_owned()),
        };
        let (low, high) = rate.interval(Z_95);
        let why = format!(
            "{} of {} {} (95 % interval {} to {}){note}",
            percent(rate.share()),
            rate.total(),
            of.what,
            percent(low),
            percent(high)
        );
        Finding {
            candidate: Some(rate.share()),
            stable: common.map(|stable| stable.share()),
            bound: Some(of.bound),
            interval: Some((low, high)),
            p: Some(p),
            samples: rate.total(),
            ..Finding::new(of.check, decision, why)
        }
    }

    fn errors_against_stable(&self) -> Finding {
        let both = self
            .scans(self.candidate, |i| i.errors)
            .and_then(|candidate| Ok((candidate, self.scans(self.stable, |i| i.errors)?)));
        let (candidate, stable) = match both {
            Ok(both) => both,
            Err(missing) => return inconclusive(Check::ErrorsAgainstStable, missing),
        };
        let p = candidate.p_if_as(&stable);
        let above = candidate.share() - stable.share();
        let allowed = self.thresholds.errors_above_stable;
        let is_worse = p < self.thresholds.significance && above > allowed;
        let why = format!(
            "{} of the candidate's scans went wrong, {} of stable's; {} more may (Fisher's exact test: p {})",
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

    /// What comes late from when it was due, the device's own time and late polls included: only
    /// beside stable, whose devices are like the candidate's.
    fn lateness_against_stable(&self) -> Finding {
        let check = Check::LatenessAgainstStable;
        let late = |side| {
            let within = self.rate(side, |i| i.due_within, |i| i.due)?;
            let within = enough(within, self.thresholds.batches_at_least, "batches")?;
            Ok::<_, Missing>(misses(within))
        };
        let both = late(self.candidate).and_then(|candidate| Ok((candidate, late(self.stable)?)));
        let (candidate, stable) = match both {
            Ok(both) => both,
            Err(missing) => return inconclusive(check, missing),
        };
        let usual = self.thresholds.own_times * stable.share();
        let allowed = usual.max(self.thresholds.overdue_at_most);
        let p = candidate.p_if_at_most(allowed);
        let is_worse = candidate.share() > allowed && p < self.thresholds.significance;
        let why = format!(
            "{} of the candidate's batches are stored more than {} s after they were due, {} of stable's; {} may be",
            percent(candidate.share()),
            self.thresholds.objective_seconds,
            percent(stable.share()),
            percent(allowed)
        );
        Finding {
            candidate: Some(candidate.share()),
            stable: Some(stable.share()),
            bound: Some(allowed),
            p: Some(p),
            samples: candidate.total(),
            ..Finding::new(check, failed_if(is_worse), why)
        }
    }

    fn scans(&self, side: &Side, hits: Counted) -> Result<Rate, Missing> {
        let rate = self.rate(side, hits, |i| i.scans)?;
        enough(rate, self.thresholds.scans_at_least, "scans")
    }

    /// The share over the intervals in which both numbers are known.
    fn rate(&self, side: &Side, hits: Counted, total: Counted) -> Result<Rate, Missing> {
        let is_whole = |interval: &&Interval| hits(interval).is_some() && total(interval).is_some();
        let whole = Side {
            intervals: side.intervals.iter().filter(is_whole).copied().collect(),
            ..Side::default()
        };
        let (sum, known) = whole.total(total);
        if known < self.thresholds.intervals_at_least {
            return Err(self.too_few(known));
        }
        let (hits, _) = whole.total(hits);
        // What is counted in two cells may fall between the two looks at them.
        Rate::of(hits.min(sum), sum).ok_or_else(|| "there was nothing to count: idle".to_owned())
    }

    fn too_few(&self, known: usize) -> Missing {
        let least = self.thresholds.intervals_at_least;
        format!("known in {known} intervals; {least} are the least")
    }
}

/// A bound on a share.
struct Bound {
    check: Check,
    bound: f64,
    what: String,
    is_kept: fn(f64, f64) -> bool,
    /// The share is of what is good: it must be high.
    is_share_of_good: bool,
}

impl Bound {
    /// How likely chance alone takes the share beyond the bound.
    fn p(&self, rate: Rate) -> f64 {
        match self.is_share_of_good {
            true => rate.p_if_at_least(self.bound),
            false => rate.p_if_at_most(self.bound),
        }
    }

    /// The share of what is bad.
    fn bad(&self, rate: Rate) -> f64 {
        match self.is_share_of_good {
            true => misses(rate).share(),
            false => rate.share(),
        }
    }
}

/// What is not in the rate, of the same total.
fn misses(rate: Rate) -> Rate {
    // No more than the total, so it is a rate.
    Rate::of(rate.total() - rate.hits(), rate.total()).unwrap_or(rate)
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
