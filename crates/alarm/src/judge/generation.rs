//! Another generation of points and alarms: what stays goes on as it was.

use std::ops::Range;
use std::sync::Arc;

use gridos_model::{DeviceIndex, PointIndex};

use super::at::At;
use super::columns::nanos;
use super::pairs::raw;
use super::watch::{NONE, Watch};
use super::{Judge, Judged};
use crate::{AlarmIndex, Condition, Defined, Definition, Now};

impl Judge {
    /// Makes room for `points` points in all, in these rows, and for the ages of readings if alarms
    /// ask for them from now on.
    pub(crate) fn grow(
        &mut self,
        points: usize,
        rows: impl Iterator<Item = (PointIndex, DeviceIndex)>,
        is_age_asked: bool,
        now: Now,
    ) {
        self.columns.grow(points, is_age_asked, nanos(now.mono));
        self.firsts.resize(points.max(self.firsts.len()), NONE);
        self.links.set_rows(rows);
    }

    /// Forgets what was read of `points`, which are nobody's any more.
    pub(crate) fn forget(&mut self, points: Range<usize>, now: Now) {
        for point in points {
            self.columns.take(point, f64::NAN, nanos(now.mono));
            self.pairs.forget(point);
        }
    }

    /// Adds an alarm at `alarm`, behind the last one or where one was removed, and judges what is
    /// known of its point already.
    pub(crate) fn insert(
        &mut self,
        alarm: AlarmIndex,
        defined: &Defined,
        now: Now,
        out: &mut Vec<Judged>,
    ) {
        let point = raw(defined
            .point
            .filter(|point| point.get() < self.firsts.len()));
        let reference = raw(defined.reference);
        let watch = Watch::new(Arc::clone(&defined.definition), point, reference);
        match self.watches.get_mut(alarm.get()) {
            Some(place) => *place = watch,
            None => self.watches.push(watch),
        }
        if defined.definition.condition == Condition::Link {
            self.links.add(defined.device, alarm);
        }
        self.pairs.join(alarm, point, reference);
        self.enchain(alarm);
        self.fold_if_any(reference);
        self.judge_anew(alarm, now, out);
    }

    /// Removes an alarm; its place may be used again.
    pub(crate) fn remove(&mut self, alarm: AlarmIndex) {
        let Some(watch) = self.watches.get_mut(alarm.get()) else {
            return;
        };
        let off = Definition {
            is_enabled: false,
            ..(*watch.definition).clone()
        };
        watch.redefine(Arc::new(off));
        watch.settle(alarm, &mut self.timers);
        let (point, reference) = (watch.point, watch.reference);
        self.unchain(alarm);
        self.pairs.part(alarm, reference);
        self.links.remove(alarm);
        let watch = &mut self.watches[alarm.get()];
        (watch.point, watch.reference) = (NONE, NONE);
        self.fold_if_any(point);
        self.fold_if_any(reference);
    }

    /// The alarm's point has another place in the columns, where nothing is known of it yet: its
    /// level stays, and waits for a reading that says so, as after a restart.
    pub(crate) fn relocate(&mut self, alarm: AlarmIndex, to: PointIndex, now: Now) {
        self.unchain(alarm);
        let Some(watch) = self.watches.get_mut(alarm.get()) else {
            return;
        };
        let (was_at, reference) = (watch.point, watch.reference);
        let level = watch.level;
        watch.redefine(Arc::clone(&watch.definition));
        if watch.definition.is_enabled {
            watch.restore(level, &At::engine(now.wall, now));
        }
        watch.point = raw(Some(to));
        if let Some(after) = watch.stale_after() {
            self.timers.add_age(alarm, now.mono.saturating_add(after));
        }
        self.enchain(alarm);
        self.pairs.part(alarm, reference);
        let point = raw(Some(to));
        self.pairs.join(alarm, point, reference);
        self.fold_if_any(was_at);
        self.settle(alarm);
    }

    /// Whoever told the state of the alarm's link begins anew: it goes on until a good reading says
    /// that the link is whole.
    pub(crate) fn doubt_link(&mut self, alarm: AlarmIndex) {
        if let Some(watch) = self.watches.get_mut(alarm.get())
            && watch.is_true()
        {
            watch.is_unconfirmed = true;
            self.links.doubt(alarm);
        }
    }

    /// Adds an alarm to those of its point, behind the others.
    fn enchain(&mut self, alarm: AlarmIndex) {
        let Ok(index) = u32::try_from(alarm.get()) else {
            return;
        };
        let watch = &mut self.watches[alarm.get()];
        watch.next = NONE;
        let Some(first) = self.firsts.get_mut(watch.point as usize) else {
            return;
        };
        let mut last = *first;
        if last == NONE {
            *first = index;
            return;
        }
        while let Some(next) = self.watches.get(last as usize).map(|watch| watch.next)
            && next != NONE
        {
            last = next;
        }
        self.watches[last as usize].next = index;
    }

    /// Takes an alarm out of those of its point.
    fn unchain(&mut self, alarm: AlarmIndex) {
        let Some(watch) = self.watches.get_mut(alarm.get()) else {
            return;
        };
        let (point, behind) = (watch.point as usize, watch.next);
        watch.next = NONE;
        let is_it = |raw: u32| raw as usize == alarm.get();
        let Some(first) = self.firsts.get_mut(point) else {
            return;
        };
        if is_it(*first) {
            *first = behind;
            return;
        }
        let mut at = *first;
        while let Some(watch) = self.watches.get_mut(at as usize) {
            if is_it(watch.next) {
                watch.next = behind;
                return;
            }
            at = watch.next;
        }
    }
}
