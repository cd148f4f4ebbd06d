//! The judge: which alarms' conditions begin and end, by readings, links and time.
//!
//! Per point all that could change one of its alarms is folded into one band, so what lies inside
//! costs two comparisons whatever is watched for; only the rest is judged alarm by alarm.

mod at;
mod cell;
mod columns;
mod events;
mod generation;
mod links;
mod pairs;
mod quad;
mod sense;
mod story;
mod timers;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use gridos_model::{
    Level, LinkChange, LinkState, PointIndex, Quality, Readings, Sweep, TimeQuality,
};

use self::at::At;
use self::columns::{Columns, IGNORED, nanos};
use self::links::Links;
use self::pairs::{Pairs, raw};
use self::story::{Sample, Told};
use self::timers::Timers;
use self::watch::{Known, NONE, Watch};
use crate::band::Band;
use crate::{AlarmIndex, Condition, Defined, Definition, Moment, Now};

/// An alarm's condition changed, after its delays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The alarm.
    pub alarm: AlarmIndex,
    /// The level before.
    pub from: Level,
    /// The level after.
    pub to: Level,
    /// What did it: the reading, or the last one before a delay was over, at the end of the delay.
    pub moment: Moment,
}

/// The conditions of all alarms.
///
/// A bad, late or not finite value never changes a level, but for alarms of the quality. Nothing is
/// allocated without a change. It knows no clock: the monotonic time of `now` must not go back.
#[derive(Debug)]
pub struct Judge {
    columns: Columns,
    /// Per point, its first alarm.
    firsts: Vec<u32>,
    watches: Vec<Watch>,
    timers: Timers,
    pairs: Pairs,
    links: Links,
    /// Differences to judge when both points are known.
    differences: Vec<AlarmIndex>,
}

impl Judge {
    /// A judge of the `defined` alarms of `points` points, all of them normal. Alarms are known by
    /// their places in the list; `devices` has the first point of each device, in order.
    pub fn new(points: usize, devices: &[PointIndex], defined: &[Defined]) -> Self {
        let is_stale =
            |defined: &Defined| matches!(defined.definition.condition, Condition::Stale { .. });
        let mut judge = Self {
            columns: Columns::new(points, defined.iter().any(is_stale)),
            firsts: vec![NONE; points],
            watches: Vec::with_capacity(defined.len()),
            timers: Timers::default(),
            pairs: Pairs::default(),
            links: Links::new(devices),
            differences: Vec::new(),
        };
        for (alarm, defined) in (0..).zip(defined) {
            judge.add(AlarmIndex::new(alarm), defined);
        }
        judge.chain();
        (0..points).for_each(|point| judge.fold(point));
        judge
    }

    /// Judges the readings of a layout whose first point is at `first`, in their order, and adds
    /// every change of a level to `out`.
    ///
    /// Readings of points that are not in the columns are passed over, and so are texts. Positions
    /// of events must be of the layout, as a batch checks: beyond its end stand the points of the
    /// next device. Late events must be flagged.
    pub fn on_readings(
        &mut self,
        first: PointIndex,
        readings: &Readings<'_>,
        now: Now,
        out: &mut Vec<Judged>,
    ) {
        match readings {
            Readings::Sweep(sweep) => self.on_sweep(first.get(), sweep, now, out),
            Readings::Events(events) => self.on_events(first.get(), events, now, out),
            Readings::Texts(_) => {}
        }
        if self.links.are_in_doubt() {
            self.confirm_link(first, readings, now, out);
        }
    }

    /// A device's communication was lost or is whole again.
    pub fn on_link(&mut self, change: &LinkChange, now: Now, out: &mut Vec<Judged>) {
        if let Some(alarm) = self.links.alarm(change.device.get()) {
            let sample = Sample::none(At::engine(change.time, now), now.wall);
            let is_lost = change.state == LinkState::Lost;
            self.on_truth(alarm, is_lost, &sample, out);
        }
    }

    /// Does what is due.
    pub fn on_time(&mut self, now: Now, out: &mut Vec<Judged>) {
        while let Some(alarm) = self.timers.take(now.mono) {
            self.on_timer(alarm, now, out);
        }
    }

    /// When [`Self::on_time`] has something to do next, by the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// Gives an alarm another definition of the same kind, and judges the last good value by it;
    /// what is not yet judged in this life waits for the next one. Delays that run go on by the new
    /// definition. An alarm that is switched off is normal from now on, without a word in `out`.
    pub fn redefine(
        &mut self,
        alarm: AlarmIndex,
        defined: &Defined,
        now: Now,
        out: &mut Vec<Judged>,
    ) {
        let Some(watch) = self.watches.get_mut(alarm.get()) else {
            return;
        };
        let reference = raw(defined.reference);
        let is_alike = watch.definition.judges_like(&defined.definition);
        let was_at = std::mem::replace(&mut watch.reference, reference);
        watch.redefine(Arc::clone(&defined.definition));
        if is_alike && was_at == reference {
            return;
        }
        let point = watch.point;
        self.pairs.part(alarm, was_at);
        self.pairs.join(alarm, point, reference);
        self.fold_if_any(was_at);
        self.judge_anew(alarm, now, out);
    }

    /// Puts an alarm at the level it had in an earlier life, before any reading; its delays begin
    /// anew.
    ///
    /// Nothing is added anywhere: an alarm that is still active goes on. It is unconfirmed until a
    /// good reading says so.
    pub fn restore(&mut self, alarm: AlarmIndex, level: Level, now: Now) {
        let watch = self.watches.get_mut(alarm.get());
        let Some(watch) = watch.filter(|watch| watch.definition.is_enabled) else {
            return;
        };
        watch.restore(level, &At::engine(now.wall, now));
        let is_link = watch.definition.condition == Condition::Link;
        if is_link && watch.is_unconfirmed {
            self.links.doubt(alarm);
        }
        self.settle(alarm);
    }

    /// An alarm's level; normal if there is no such alarm.
    pub fn level(&self, alarm: AlarmIndex) -> Level {
        let watch = self.watches.get(alarm.get());
        watch.map_or(Level::Normal, |watch| watch.level)
    }

    /// An alarm's present definition.
    ///
    /// # Panics
    /// If there is no such alarm.
    pub fn definition(&self, alarm: AlarmIndex) -> &Arc<Definition> {
        &self.watches[alarm.get()].definition
    }

    /// The point of an alarm, if it is of one.
    pub fn point(&self, alarm: AlarmIndex) -> Option<PointIndex> {
        let watch = self.watches.get(alarm.get());
        let watch = watch.filter(|watch| watch.point != NONE)?;
        Some(PointIndex::new(watch.point))
    }

    /// Whether the level was judged in this life: not between [`Self::restore`] and the first
    /// reading that says something of it.
    pub fn is_confirmed(&self, alarm: AlarmIndex) -> bool {
        let watch = self.watches.get(alarm.get());
        watch.is_none_or(|watch| !watch.is_unconfirmed)
    }

    /// The points of a sweep come once each and are true at one instant, so differences are judged
    /// when all of them are known.
    fn on_sweep(&mut self, first: usize, sweep: &Sweep<'_>, now: Now, out: &mut Vec<Judged>) {
        let mono = nanos(now.mono);
        let values = self.columns.known_of(first, sweep.values);
        let (mut at, mut usable) = (0, 0);
        while at < values.len() {
            if at >= usable {
                usable = columns::usable_until(sweep.qualities, at, values.len());
            }
            at += self.columns.take_run(first + at, &values[at..usable], mono);
            if at < values.len() {
                let quality = quality_at(sweep.qualities, at);
                let sample = of_sweep(sweep, values[at], quality, now);
                self.on_sample(first + at, &sample, out);
                at += 1;
            }
        }
        if !self.differences.is_empty() {
            self.judge_differences(&of_sweep(sweep, f64::NAN, Quality::GOOD, now), out);
        }
    }

    /// Judges all alarms of a point but differences, which are left for later.
    #[cold]
    fn on_sample(&mut self, point: usize, sample: &Sample, out: &mut Vec<Judged>) {
        if sample.quality.contains(Quality::LATE) {
            return;
        }
        let last = self.columns.value(point);
        let mut next = self.firsts.get(point).copied().unwrap_or(NONE);
        while let Some(watch) = self.watches.get_mut(next as usize) {
            let alarm = AlarmIndex::new(next);
            next = watch.next;
            if watch.reference != NONE {
                self.differences.push(alarm);
                continue;
            }
            let was_true = watch.is_true();
            watch.on_sample(sample, last, &mut Told { alarm, out });
            if let Some(after) = watch.stale_after().filter(|_| was_true && !watch.is_true()) {
                self.timers
                    .add_age(alarm, sample.at.mono.saturating_add(after));
            }
            watch.settle(alarm, &mut self.timers);
        }
        let followers = self.pairs.note(point, sample);
        self.differences.extend_from_slice(followers);
        if sample.is_usable() {
            let mono = nanos(sample.at.mono);
            self.columns.take(point, sample.value, mono);
        }
        self.fold(point);
    }

    /// The quality told of a difference is good, for it is of two readings.
    fn judge_differences(&mut self, sample: &Sample, out: &mut Vec<Judged>) {
        let mut differences = std::mem::take(&mut self.differences);
        for alarm in differences.drain(..) {
            let known = self.known(&self.watches[alarm.get()]);
            let sample = Sample {
                value: known.value,
                quality: Quality::GOOD,
                ..*sample
            };
            self.watches[alarm.get()].on_difference(&known, &sample, &mut Told { alarm, out });
            self.settle(alarm);
        }
        self.differences = differences;
    }

    fn on_truth(
        &mut self,
        alarm: AlarmIndex,
        is_true: bool,
        sample: &Sample,
        out: &mut Vec<Judged>,
    ) {
        if let Some(watch) = self.watches.get_mut(alarm.get()) {
            watch.on_truth(is_true, sample, &mut Told { alarm, out });
        }
        self.settle(alarm);
    }

    fn on_timer(&mut self, alarm: AlarmIndex, now: Now, out: &mut Vec<Judged>) {
        let at = At::engine(now.wall, now);
        let Some(watch) = self.watches.get_mut(alarm.get()) else {
            return;
        };
        watch.forget_timer(now.mono);
        if let Some(after) = watch.stale_after().filter(|_| !watch.is_true()) {
            let due = self
                .columns
                .seen(watch.point as usize)
                .saturating_add(after);
            if due > now.mono {
                self.timers.add_age(alarm, due);
            } else {
                let at = at.before(now.mono - due);
                watch.on_truth(true, &Sample::none(at, now.wall), &mut Told { alarm, out });
            }
        }
        watch.expire(&Sample::none(at, now.wall), &mut Told { alarm, out });
        self.settle(alarm);
    }

    fn judge_anew(&mut self, alarm: AlarmIndex, now: Now, out: &mut Vec<Judged>) {
        let known = self.known(&self.watches[alarm.get()]);
        let sample = Sample {
            value: known.value,
            ..Sample::none(At::engine(now.wall, now), now.wall)
        };
        let watch = &mut self.watches[alarm.get()];
        watch.on_known(&known, &sample, &mut Told { alarm, out });
        if let Some(after) = watch.stale_after().filter(|_| !watch.is_true()) {
            self.timers.add_age(alarm, known.seen.saturating_add(after));
        }
        self.settle(alarm);
    }

    /// After a restart a link counts as whole as soon as its device says anything.
    #[cold]
    fn confirm_link(
        &mut self,
        first: PointIndex,
        readings: &Readings<'_>,
        now: Now,
        out: &mut Vec<Judged>,
    ) {
        let qualities = readings.qualities();
        let mut values = readings.values().iter().enumerate();
        let is_usable = |(n, value): (usize, &f64)| {
            value.is_finite() && !quality_at(qualities, n).intersects(IGNORED)
        };
        if !values.any(is_usable) {
            return;
        }
        let alarm = self.links.take_doubted(first);
        if let Some(alarm) = alarm.filter(|alarm| !self.is_confirmed(*alarm)) {
            let received = readings.received();
            let sample = Sample::none(At::engine(received, now), received);
            self.on_truth(alarm, false, &sample, out);
        }
    }

    fn add(&mut self, alarm: AlarmIndex, defined: &Defined) {
        let point = defined
            .point
            .filter(|point| point.get() < self.firsts.len());
        let definition = Arc::clone(&defined.definition);
        let watch = Watch::new(definition, raw(point), raw(defined.reference));
        if let Some(after) = watch.stale_after() {
            self.timers.add_age(alarm, after);
        }
        if watch.definition.condition == Condition::Link {
            self.links.add(defined.device, alarm);
        }
        self.pairs.join(alarm, watch.point, watch.reference);
        self.watches.push(watch);
    }

    /// Gives each point the list of its alarms, in the order they are defined.
    fn chain(&mut self) {
        for alarm in (0..self.watches.len()).rev() {
            let point = self.watches[alarm].point as usize;
            if let (Some(first), Ok(index)) = (self.firsts.get_mut(point), u32::try_from(alarm)) {
                self.watches[alarm].next = std::mem::replace(first, index);
            }
        }
    }

    /// What has to follow when an alarm's state may have changed.
    fn settle(&mut self, alarm: AlarmIndex) {
        if let Some(watch) = self.watches.get_mut(alarm.get()) {
            watch.settle(alarm, &mut self.timers);
            let (point, reference) = (watch.point as usize, watch.reference);
            self.fold(point);
            self.fold_if_any(reference);
        }
    }

    fn fold_if_any(&mut self, point: u32) {
        if point != NONE {
            self.fold(point as usize);
        }
    }

    /// Makes the band of a point anew.
    fn fold(&mut self, point: usize) {
        let mut next = self.firsts.get(point).copied().unwrap_or(NONE);
        let mut band = Band::ALL;
        while let Some(watch) = self.watches.get(next as usize) {
            band = band.and(watch.band(&self.known(watch)));
            next = watch.next;
        }
        let followers = self.pairs.followers(point);
        let is_pending = |alarm: &AlarmIndex| self.watches[alarm.get()].is_pending();
        // The good reading after a bad one must be looked at, whoever is interested by then.
        if self.pairs.is_bad(point) || followers.iter().any(is_pending) {
            band = Band::NONE;
        } else if !followers.is_empty() {
            band = band.and(Band::only(self.columns.value(point)));
        }
        self.columns.set_band(point, band);
    }

    fn known(&self, watch: &Watch) -> Known {
        let has_reference = watch.reference != NONE;
        let is_bad = |point: u32| self.pairs.is_bad(point as usize);
        Known {
            value: self.columns.value(watch.point as usize),
            seen: self.columns.seen(watch.point as usize),
            reference: match has_reference {
                true => self.columns.value(watch.reference as usize),
                false => watch.setpoint(),
            },
            is_bad: has_reference && (is_bad(watch.point) || is_bad(watch.reference)),
        }
    }
}

fn of_sweep(sweep: &Sweep<'_>, value: f64, quality: Quality, now: Now) -> Sample {
    let received = sweep.received;
    let is_synchronised = sweep.time_quality == TimeQuality::Synchronised;
    Sample {
        value,
        quality,
        at: At::of_reading(sweep.time, is_synchronised, Quality::GOOD, received, now),
        received,
    }
}

/// An empty column means that all values are good.
fn quality_at(qualities: &[Quality], position: usize) -> Quality {
    qualities.get(position).copied().unwrap_or_default()
}
