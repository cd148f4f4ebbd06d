//! What Prometheus knows of one side, interval by interval.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gridos_canary::{Interval, Side};

use super::prometheus::Course;
use super::series::{self, Counter};
use super::{Prometheus, PrometheusError};

/// The times at which both sides are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// Seconds since 1970.
    end: f64,
    step: f64,
    intervals: u32,
}

impl Grid {
    /// The `window` up to now, in intervals.
    pub(crate) fn until_now(window: Duration, interval: Duration) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let intervals = window.as_secs_f64() / interval.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and 10,000"
        )]
        let intervals = intervals.floor().clamp(1.0, 10_000.0) as u32;
        Self {
            end: now.as_secs_f64(),
            step: interval.as_secs_f64(),
            intervals,
        }
    }

    /// In seconds.
    fn window(&self) -> f64 {
        self.step * f64::from(self.intervals)
    }

    fn start(&self) -> f64 {
        self.end - self.window()
    }

    /// The number of the moment at `time`, from 0.
    fn place(&self, time: f64) -> Option<usize> {
        let place = ((time - self.start()) / self.step).round();
        let is_within = (0.0..=f64::from(self.intervals)).contains(&place);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "used only if it is at most as many as there are intervals"
        )]
        let number = place as usize;
        is_within.then_some(number)
    }

    fn moments(&self) -> usize {
        usize::try_from(self.intervals)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    }
}

/// The labels alone.
fn trimmed(selector: &str) -> &str {
    selector
        .trim()
        .trim_start_matches('{')
        .trim_end_matches('}')
}

/// What the series that `selector` selects say.
pub(crate) async fn gather(
    prometheus: &Prometheus,
    selector: &str,
    grid: Grid,
) -> Result<Side, PrometheusError> {
    let selector = trimmed(selector);
    let count = async |counter: Counter| {
        let query = series::select(counter, selector);
        let courses = prometheus
            .query_range(&query, (grid.start(), grid.end), grid.step)
            .await?;
        Ok::<_, PrometheusError>(increases(&courses, grid, Before::Unknown))
    };
    let scans = count(series::SCANS).await?;
    let errors = count(series::ERRORS).await?;
    let unavailable = count(series::UNAVAILABLE).await?;
    let batches = count(series::BATCHES).await?;
    let within = count(series::WITHIN).await?;
    let due = count(series::DUE).await?;
    let due_within = count(series::DUE_WITHIN).await?;
    let received = count(series::RECEIVED).await?;
    let lost = series::select(series::LOST, selector);
    let lost = prometheus
        .query_range(&lost, (grid.start(), grid.end), grid.step)
        .await?;
    let lost = increases(&lost, grid, Before::Nothing);
    let restarts = prometheus
        .query(&series::restarts(selector, grid.window()))
        .await?;
    let mut missing = vec![Some(0_u64); grid.moments() - 1];
    for counter in series::MISSING {
        // What is not known of one is not known of the sum.
        for (sum, more) in missing.iter_mut().zip(count(*counter).await?) {
            *sum = sum.zip(more).map(|(sum, more)| sum.saturating_add(more));
        }
    }
    let latency = series::latency(selector, grid.step);
    let latency = prometheus
        .query_range(&latency, (grid.start(), grid.end), grid.step)
        .await?;
    let latency = values(latency.first(), grid);
    let intervals = (0..grid.moments() - 1).map(|n| {
        let of = |counts: &Vec<Option<u64>>| counts.get(n).copied().flatten();
        Interval {
            scans: of(&scans),
            errors: of(&errors),
            unavailable: of(&unavailable),
            batches: of(&batches),
            within: of(&within),
            due: of(&due),
            due_within: of(&due_within),
            latency: latency.get(n + 1).copied().flatten(),
            received: of(&received),
            missing: of(&missing),
            lost: of(&lost),
        }
    });
    Ok(Side {
        intervals: intervals.collect(),
        restarts: restarts.first().copied().map(counted),
    })
}

/// How far the scrapes of the series that `selector` selects are apart, in seconds: as half of them are at
/// most. None where there are not two.
pub(crate) async fn scrape_interval(
    prometheus: &Prometheus,
    selector: &str,
    grid: Grid,
) -> Result<Option<f64>, PrometheusError> {
    let samples = series::samples(trimmed(selector), grid.window());
    Ok(middle_distance(&prometheus.samples(&samples).await?))
}

fn middle_distance(courses: &[Course]) -> Option<f64> {
    let pairs = courses.iter().flat_map(|course| course.windows(2));
    let distance = |pair: &[(f64, f64)]| match pair {
        [(before, _), (after, _)] => Some(after - before),
        _ => None,
    };
    let mut distances: Vec<f64> = pairs.filter_map(distance).collect();
    distances.sort_by(f64::total_cmp);
    distances.get(distances.len() / 2).copied()
}

/// A course laid on the moments of the grid; what is no number is missing.
fn values(course: Option<&Course>, grid: Grid) -> Vec<Option<f64>> {
    let mut values = vec![None; grid.moments()];
    for (time, value) in course.into_iter().flatten() {
        let place = grid.place(*time).and_then(|place| values.get_mut(place));
        if let Some(place) = place.filter(|_| value.is_finite()) {
            *place = Some(*value);
        }
    }
    values
}

/// By how much counters grew within each interval, all series together.
///
/// A counter that fell began anew at 0, as after a restart (which is judged by itself). Where a series has no value at an
/// interval's end, it adds nothing; if none has, nothing is known. What it grew by over a hole is
/// found in the first interval behind.
fn increases(courses: &[Course], grid: Grid, before: Before) -> Vec<Option<u64>> {
    let mut sums = vec![None; grid.moments() - 1];
    for course in courses {
        let values = values(Some(course), grid);
        let first = values.first().copied().flatten();
        let (mut before, mut unseen) = match before {
            Before::Unknown => (first, 0),
            Before::Nothing => (first.or(Some(0.0)), first.map_or(0, counted)),
        };
        for (sum, value) in sums.iter_mut().zip(values.iter().skip(1)) {
            let Some(value) = value else { continue };
            if let Some(before) = before {
                let grown = if *value < before {
                    *value
                } else {
                    value - before
                };
                let grown = counted(grown).saturating_add(std::mem::take(&mut unseen));
                *sum = Some(sum.unwrap_or(0_u64).saturating_add(grown));
            }
            before = Some(*value);
        }
    }
    sums
}

/// What a counter had before the grid begins.
#[derive(Clone, Copy, Debug)]
enum Before {
    /// What its first value says: from there on it is looked at.
    Unknown,
    /// Nothing, as every process begins: what its first value says happened to the process as well,
    /// though nobody had looked yet.
    Nothing,
}

fn counted(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count; casts saturate"
    )]
    let count = value.round() as u64;
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid {
        end: 140.0,
        step: 10.0,
        intervals: 4,
    };

    fn grown(courses: &[&[(f64, f64)]]) -> Vec<Option<u64>> {
        let courses: Vec<Course> = courses.iter().map(|course| course.to_vec()).collect();
        increases(&courses, GRID, Before::Unknown)
    }

    fn all(course: &[(f64, f64)]) -> Vec<Option<u64>> {
        increases(&[course.to_vec()], GRID, Before::Nothing)
    }

    #[test]
    fn what_was_lost_before_the_first_look_is_lost() {
        let steady = [100.0, 110.0, 120.0, 130.0, 140.0].map(|time| (time, 3.0));
        assert_eq!(all(&steady), [Some(3), Some(0), Some(0), Some(0)]);
        // Of a process that begins within the grid, and of one that begins anew.
        assert_eq!(all(&steady[2..]), [None, Some(3), Some(0), Some(0)]);
        let again = [(100.0, 3.0), (110.0, 1.0), (120.0, 1.0)];
        assert_eq!(all(&again), [Some(4), Some(0), None, None]);
        let again = [(110.0, 3.0), (120.0, 0.0), (130.0, 2.0), (140.0, 2.0)];
        assert_eq!(all(&again), [Some(3), Some(0), Some(2), Some(0)]);
        assert_eq!(grown(&[&steady]), [Some(0); 4]);
    }

    #[test]
    fn counters_grow_restart_and_have_holes() {
        let steady = [
            (100.0, 5.0),
            (110.0, 7.0),
            (120.0, 7.0),
            (130.0, 10.0),
            (140.0, 11.0),
        ];
        assert_eq!(grown(&[&steady]), [Some(2), Some(0), Some(3), Some(1)]);
        let restarted = [
            (100.0, 5.0),
            (110.0, 7.0),
            (120.0, 3.0),
            (130.0, 4.0),
            (140.0, 4.0),
        ];
        assert_eq!(grown(&[&restarted]), [Some(2), Some(3), Some(1), Some(0)]);
        let hole = [(100.0, 5.0), (130.0, 8.0), (140.0, 8.0)];
        assert_eq!(grown(&[&hole]), [None, None, Some(3), Some(0)]);
        // Two engines, of which one joins and the other leaves.
        let both: [&[(f64, f64)]; 2] = [
            &[(100.0, 1.0), (110.0, 2.0)],
            &[(120.0, 9.0), (130.0, 10.0)],
        ];
        assert_eq!(grown(&both), [Some(1), None, Some(1), None]);
        assert_eq!(grown(&[]), [None; 4]);
    }

    #[test]
    fn scrapes_are_as_far_apart_as_most_are() {
        let course = |times: &[f64]| -> Course { times.iter().map(|time| (*time, 1.0)).collect() };
        let one = course(&[100.0, 115.0, 130.0, 190.0, 205.0]);
        assert_eq!(middle_distance(&[one, course(&[101.0])]), Some(15.0));
        assert_eq!(middle_distance(&[course(&[1.0])]), None);
    }

    #[test]
    fn what_is_no_number_is_missing() {
        let course = vec![
            (100.0, f64::NAN),
            (110.0, f64::INFINITY),
            (120.0, 0.5),
            (999.0, 1.0),
        ];
        assert_eq!(
            values(Some(&course), GRID),
            [None, None, Some(0.5), None, None]
        );
        assert_eq!(grown(&[&[(100.0, 1.0), (110.0, f64::NAN)]]), [None; 4]);
    }
}
