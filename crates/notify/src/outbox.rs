//! The outbox: what one receiver has still to be told.

mod ends;
mod entry;
mod kept;
mod message;
mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gridos_alarm::Now;
use gridos_model::{AlarmId, Priority, Timestamp};

use crate::backoff::Backoff;
use crate::{Alert, Body, Floods, Receiver, Target};

use ends::{EndKey, Ends};
use entry::{Entry, Told};
use summary::Summary;

pub use kept::{Kept, KeptEntry};

/// What one receiver has still to be told, by alarm.
///
/// It knows no socket: [`Self::poll`] says what is to be sent, and then it is told how that went.
/// One message is under way at a time.
#[derive(Debug)]
pub struct Outbox {
    target: Target,
    entries: BTreeMap<String, Entry>,
    /// Of alarms that another engine tells of: what this one told, in case they come back.
    aside: BTreeMap<String, Entry>,
    ends: Ends,
    floods: Floods,
    summaries: BTreeMap<String, Summary>,
    backoff: Backoff,
    blocked: Option<Duration>,
    is_sending: bool,
    sequence: u64,
    summarised: u64,
}

/// One message to be sent, and what is told by it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What is sent.
    pub body: Body,
    told: Vec<(String, Told)>,
    /// Alerts that end by it, with their severities and the times of their ends.
    ended: Vec<(Alert, String, Timestamp)>,
    /// Ends that it repeats.
    repeated: Vec<EndKey>,
    /// The area whose flood it tells, and whether its end.
    summary: Option<(String, bool)>,
}

/// An alarm that stands, when records are missing.
#[derive(Clone, Debug)]
pub struct Standing {
    /// As it is now.
    pub alert: Alert,
    /// Whether operators are not shown it, or were not told.
    pub is_hidden: bool,
    /// When it was annunciated last.
    pub annunciated: Timestamp,
}

impl Outbox {
    /// The outbox of a receiver that was never told anything.
    pub fn new(target: Target) -> Self {
        Self {
            backoff: Backoff::new(target.retry_first, target.retry_cap),
            target,
            entries: BTreeMap::new(),
            aside: BTreeMap::new(),
            ends: Ends::default(),
            floods: Floods::default(),
            summaries: BTreeMap::new(),
            blocked: None,
            is_sending: false,
            sequence: 0,
            summarised: 0,
        }
    }

    /// The receiver.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The last record it has heard of.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Alerts that were told only in a summary so far.
    pub fn summarised(&self) -> u64 {
        self.summarised
    }

    /// How many alerts the receiver has still to be told, or told of their end.
    pub fn waiting(&self) -> usize {
        self.entries.values().filter(|entry| entry.is_news).count()
    }

    /// The record `sequence` happened to an alarm, which is now as `alert` says.
    pub fn on_record(&mut self, sequence: u64, alert: Alert, is_annunciated: bool, now: Now) {
        if sequence <= self.sequence {
            return;
        }
        self.sequence = sequence;
        if is_annunciated {
            self.count(&alert, sequence, now.wall);
        }
        self.note(alert, is_annunciated, now);
    }

    /// The record `sequence` is of an alarm that nobody is to be told of.
    pub fn pass(&mut self, sequence: u64) {
        self.sequence = self.sequence.max(sequence);
    }

    /// The record `sequence` tells that the alarm goes on here as `alert`, and that another engine told of it
    /// before. If somebody has seen it, or this engine told of the occurrence itself, nobody has to be told again, but
    /// for a receiver that forgets.
    pub fn take_over(&mut self, sequence: u64, alert: Alert, is_seen: bool, now: Now) {
        self.pass(sequence);
        if alert.urgency() < self.target.priority_min || self.entries.contains_key(&alert.alarm) {
            return;
        }
        let told = self.aside.remove(&alert.alarm);
        let told = told.filter(|entry| alert.is_of_occurrence(&entry.alert));
        let is_told = told.is_some_and(|entry| !entry.is_news && entry.alert.level == alert.level);
        let mut entry = Entry::new(alert, now);
        if is_seen || is_told {
            entry.told = Some(entry.telling());
            entry.is_news = false;
        }
        self.entries.insert(entry.alert.alarm.clone(), entry);
    }

    /// Another engine tells of these alarms from now on: what they were told of stands.
    pub fn hand_over(&mut self, is_elsewhere: impl Fn(AlarmId) -> bool) {
        let is_gone = |entry: &Entry| entry.alert.id().is_some_and(&is_elsewhere);
        let gone = self.entries.extract_if(.., |_, entry| is_gone(entry));
        self.aside.extend(gone);
    }

    /// Records are missing: `standing` are all that stand as of the record `sequence`. Whatever else
    /// the receiver was told of has returned to normal.
    pub fn resync(
        &mut self,
        sequence: u64,
        standing: impl IntoIterator<Item = Standing>,
        now: Now,
    ) {
        self.sequence = sequence;
        let mut over: BTreeSet<_> = self.entries.keys().cloned().collect();
        let mut standing: Vec<_> = standing.into_iter().collect();
        standing.sort_by_key(|standing| standing.annunciated);
        for standing in standing {
            let alert = &standing.alert;
            let known = self.entries.get_mut(&alert.alarm);
            match known.filter(|entry| alert.is_of_occurrence(&entry.alert)) {
                Some(entry) => {
                    over.remove(&alert.alarm);
                    entry.stands(standing.alert, standing.is_hidden, now);
                }
                None if standing.is_hidden => {}
                None => {
                    over.remove(&alert.alarm);
                    self.count(alert, alert.occurrence, standing.annunciated);
                    self.note(standing.alert, true, now);
                }
            }
        }
        for name in over {
            if let Some(entry) = self.entries.get_mut(&name) {
                entry.end(now);
            }
        }
    }

    /// Counts an annunciation for the floods.
    fn count(&mut self, alert: &Alert, sequence: u64, at: Timestamp) {
        if let Some(id) = alert.id() {
            self.floods.on_annunciated(&alert.area, at, sequence, id);
        }
    }

    fn note(&mut self, mut alert: Alert, is_annunciated: bool, now: Now) {
        let is_wanted = is_annunciated && alert.urgency() >= self.target.priority_min;
        let Some(entry) = self.entries.get_mut(&alert.alarm) else {
            if is_wanted && alert.ends_ns.is_none() {
                let name = alert.alarm.clone();
                self.entries.insert(name, Entry::new(alert, now));
            }
            return;
        };
        if !alert.is_of_occurrence(&entry.alert) {
            match is_wanted && alert.ends_ns.is_none() {
                true => {
                    entry.alert = alert;
                    entry.is_summarised = false;
                    entry.on_news(now);
                }
                // Nobody is told of that one; the one before is over.
                false => entry.end(now),
            }
            return;
        }
        if entry.alert.ends_ns.is_some() {
            return;
        }
        // What happens to it while it is hidden is not told, but for its end.
        let is_over = alert.ends_ns.is_some();
        if is_annunciated || is_over {
            alert.follow(&entry.alert);
            entry.alert = alert;
            entry.on_news(now);
        }
    }

    /// What is to be sent now, if anything. `name_of` gives the name of an alarm.
    pub fn poll(&mut self, now: Now, name_of: &dyn Fn(AlarmId) -> String) -> Option<Delivery> {
        self.look_at_floods(now);
        let is_blocked = self.blocked.is_some_and(|until| now.mono < until);
        if self.is_sending || is_blocked {
            return None;
        }
        let delivery = self
            .summary(now, name_of)
            .or_else(|| match self.target.receiver {
                Receiver::Alertmanager => self.alertmanager(now),
                Receiver::Webhook => self.webhook(now),
            });
        self.is_sending = delivery.is_some();
        delivery
    }

    /// The receiver has taken `delivery`, or says that it never will: it is not sent again.
    pub fn on_taken(&mut self, delivery: Delivery, now: Now) {
        self.is_sending = false;
        self.blocked = None;
        self.backoff.on_success();
        for (name, told) in delivery.told {
            if !told.is_over {
                self.ends.forget(&name, &told.severity);
            }
            let Some(entry) = self.entries.get_mut(&name) else {
                continue;
            };
            if entry.on_told(told, now) {
                self.entries.remove(&name);
            }
        }
        for (alert, severity, at) in delivery.ended {
            self.ends.on_told(alert, severity, at, now);
        }
        self.ends.on_repeated(&delivery.repeated, now);
        if let Some((area, is_end)) = delivery.summary
            && let Some(summary) = self.summaries.get_mut(&area)
        {
            summary.on_told(is_end, now);
        }
    }

    /// It could not be sent: it is tried again later. Returns when.
    pub fn on_failed(&mut self, now: Now) -> Duration {
        self.is_sending = false;
        let wait = self.backoff.on_failed();
        self.blocked = Some(now.mono.saturating_add(wait));
        wait
    }

    /// Summaries begin and end with floods; what was raised and is over within one is told by its
    /// summary alone.
    fn look_at_floods(&mut self, now: Now) {
        self.floods.on_time(now.wall);
        for flood in self.floods.on() {
            match self.summaries.get_mut(&flood.area) {
                Some(summary) => summary.on_flood(flood),
                None => {
                    let area = flood.area.clone();
                    self.summaries.insert(area, Summary::new(flood));
                }
            }
        }
        let repeated = self.repeated();
        self.summaries
            .retain(|_, summary| !summary.is_done(repeated));
        self.ends.drop_repeated();
        let floods = &self.floods;
        for (area, summary) in &mut self.summaries {
            if !floods.is_on(area) {
                summary.on_end(now.wall);
            }
        }
        let before = self.entries.len();
        self.entries.retain(|_, entry| {
            entry.is_summarised |= is_held(floods, entry);
            !(entry.is_summarised && entry.told.is_none() && entry.alert.ends_ns.is_some())
        });
        self.summarised += (before - self.entries.len()) as u64;
    }

    /// For how long ends are told again.
    fn repeated(&self) -> Duration {
        match self.target.receiver {
            Receiver::Alertmanager => ends::REPEATED,
            Receiver::Webhook => Duration::ZERO,
        }
    }

    /// What is news and no summary stands for.
    fn due(&self) -> impl Iterator<Item = (&String, &Entry)> {
        let entries = self.entries.iter();
        entries.filter(|(_, entry)| entry.is_news && !is_held(&self.floods, entry))
    }

    /// Whether the oldest news has waited for others long enough.
    fn is_gathered(&self, now: Now) -> bool {
        let oldest = self.due().map(|(_, entry)| entry.since).min();
        oldest.is_some_and(|since| now.mono >= since.saturating_add(self.target.gather))
    }
}

/// Whether a flood's summary stands for it, for now.
fn is_held(floods: &Floods, entry: &Entry) -> bool {
    entry.told.is_none()
        && entry.alert.urgency() < Priority::Urgent
        && floods.is_on(&entry.alert.area)
}
