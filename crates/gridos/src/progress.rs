//! How far long work is, on the error output and only if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Parts of the whole that a bar has.
const PARTS: u64 = 10_000;
/// How often a bar without news is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// A line that tells how far something is, at which rate, and for how long still. It is gone when dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of `what`, in bytes.
    pub(crate) fn of_bytes(what: &'static str, bytes: u64) -> Self {
        let shape = "{msg} [{bar:30}] {percent:>3} %  {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        Self::new(what, bytes, shape)
    }

    /// Of `what`, of which the share is known and the number is not.
    pub(crate) fn of_share(what: &'static str) -> Self {
        let shape = "{msg} [{bar:30}] {percent:>3} %  {prefix}{elapsed} gone, {eta} left";
        Self::new(what, PARTS, shape)
    }

    /// Of `what`, of which nothing is known but that it goes on.
    pub(crate) fn of_unknown(what: &'static str) -> Self {
        let progress = Self::new(what, 0, "{spinner} {msg} {prefix}{elapsed} gone");
        progress.0.enable_steady_tick(TICK);
        progress
    }

    fn new(what: &'static str, length: u64, shape: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        // A shape that is wrong shows as the default one.
        let style = ProgressStyle::with_template(shape);
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> "),
        );
        bar.set_message(what);
        Self(bar)
    }

    /// So much is done, in what it was begun with.
    pub(crate) fn reach(&self, position: u64) {
        self.0.set_position(position);
    }

    /// So much of it is done, from 0 to 1; `count` of `noun` so far, with their rate.
    pub(crate) fn reach_share(&self, share: f64, count: u64, noun: &str) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a small number"
        )]
        self.0
            .set_position((share.clamp(0.0, 1.0) * PARTS as f64) as u64);
        self.0.set_prefix(counted(count, self.0.elapsed(), noun));
    }

    /// What is being done.
    pub(crate) fn at(&self, what: String) {
        self.0.set_prefix(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// `12000 readings, 4000/s, `.
fn counted(count: u64, elapsed: Duration, noun: &str) -> String {
    let millis = u64::try_from(elapsed.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    let rate = count.saturating_mul(1_000) / millis;
    format!("{count} {noun}, {rate}/s, ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_whole_time() {
        let counted = |count, seconds| counted(count, Duration::from_secs(seconds), "readings");
        assert_eq!(counted(12_000, 3), "12000 readings, 4000/s, ");
        assert_eq!(counted(0, 0), "0 readings, 0/s, ");
        assert!(counted(u64::MAX, 1).starts_with(&u64::MAX.to_string()));
    }

    #[test]
    fn every_shape_is_one() {
        for progress in [
            Progress::of_bytes("reading", 10),
            Progress::of_share("reading"),
            Progress::of_unknown("reading"),
        ] {
            progress.reach(5);
            progress.reach_share(2.0, 1, "readings");
            progress.at("step 1, ".to_owned());
        }
    }
}
