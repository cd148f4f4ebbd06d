//! How the outstations of a profile are treated.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::dnp3::Dnp3Device;
use gridos_dnp3::app::{Class, EventClasses, Selection};
use gridos_dnp3::master::{Config, Confirm, EarlyEvents, Poll, TimeSync};
use gridos_dnp3::transport::FragmentMax;

use super::super::section::Section;
use super::{assign, is_off, reads};

/// The keys that only a profile of outstations has.
pub(in super::super) const KEYS: &[&str] = &[
    "confirm",
    "outstation_confirm_timeout",
    "response_timeout",
    "unsolicited",
    "disable_unsolicited",
    "early_events",
    "integrity_period",
    "integrity_on_reconnect",
    "class_poll",
    "reads",
    "assign_class",
    "time_sync",
    "keep_alive",
    "fragment_max",
];

/// The keys of `class_poll` where each class has its own period.
pub(in super::super) const CLASS_POLL_KEYS: &[&str] = &["class1", "class2", "class3"];

/// How the outstations of a profile are treated.
#[derive(Clone, Debug)]
pub struct Treatment {
    /// What the association is told.
    pub config: Arc<Config>,
    /// What the outstation is told to put into which class; none: it knows by itself.
    pub assigned: Vec<(Class, Vec<Selection>)>,
    /// After how much silence the link is tested; 1 s to 1 d, default 1 min; `None` never.
    pub keep_alive: Option<Duration>,
    /// The longest fragment of an outstation; 249 to 65536 bytes, default 2048.
    pub fragment_max: FragmentMax,
    /// How long to wait for a connection; 10 ms to 1 min, default 3 s.
    pub connect_timeout: Duration,
    /// The longest wait before a connection is tried again; 100 ms to 10 min, default 30 s.
    pub reconnect_max: Duration,
}

const CLASSES: [(&str, Class, EventClasses); 3] = [
    ("class1", Class::One, EventClasses::ONE),
    ("class2", Class::Two, EventClasses::TWO),
    ("class3", Class::Three, EventClasses::THREE),
];

/// What periods of polls may be.
pub(super) const PERIODS: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(DAY);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(600);
const CONNECTS: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(60);
const RECONNECTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(600);
const INTEGRITIES: RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(30 * DAY);
const SILENCES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(DAY);
const DAY: u64 = 86_400;

impl Treatment {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let default = Config::default();
        let within = |key, range, default| {
            let found = section.duration(key, range);
            found.map_or(default, |found| found.value)
        };
        let confirms = [
            ("durable", Confirm::Durable),
            ("received", Confirm::Received),
        ];
        let earlies = [("take", EarlyEvents::Take), ("ignore", EarlyEvents::Ignore)];
        let syncs = [
            ("lan", TimeSync::Lan),
            ("serial", TimeSync::Serial),
            ("never", TimeSync::Never),
        ];
        let confirm = section.choice("confirm", &confirms);
        let early_events = section.choice("early_events", &earlies);
        let time_sync = section.choice("time_sync", &syncs);
        let on_reconnect = section.flag("integrity_on_reconnect");
        let disables = section.flag("disable_unsolicited");
        let mut polls = class_polls(section);
        polls.extend(reads::read(section));
        let (assigned, assignments) = assign::read(section).unzip();
        let bounds = FragmentMax::LEAST.bytes() as u64..=FragmentMax::MOST.bytes() as u64;
        let fragment_max = section.size("fragment_max", &bounds);
        let fragment_max = fragment_max.and_then(|found| usize::try_from(found.value).ok());
        let config = Config {
            response_timeout: within("response_timeout", &TIMEOUTS, default.response_timeout),
            outstation_confirm_timeout: within(
                "outstation_confirm_timeout",
                &TIMEOUTS,
                default.outstation_confirm_timeout,
            ),
            confirm: confirm.map_or(default.confirm, |found| found.value),
            disables_unsolicited: disables.unwrap_or(default.disables_unsolicited),
            assignments: assignments.unwrap_or_default(),
            enables_unsolicited: unsolicited(section),
            early_events: early_events.map_or(default.early_events, |found| found.value),
            integrity_period: unless_off(
                section,
                "integrity_period",
                &INTEGRITIES,
                default.integrity_period,
            ),
            integrity_on_reconnect: on_reconnect.unwrap_or(default.integrity_on_reconnect),
            polls,
            time_sync: time_sync.map_or(default.time_sync, |found| found.value),
            ..default
        };
        let keep_alive = Some(Dnp3Device::KEEP_ALIVE);
        Some(Self {
            config: Arc::new(config),
            assigned: assigned.unwrap_or_default(),
            keep_alive: unless_off(section, "keep_alive", &SILENCES, keep_alive),
            fragment_max: match fragment_max {
                Some(bytes) => FragmentMax::new(bytes).ok()?,
                None => FragmentMax::default(),
            },
            connect_timeout: within("connect_timeout", &CONNECTS, Dnp3Device::CONNECT_TIMEOUT),
            reconnect_max: within("reconnect_max", &RECONNECTS, Dnp3Device::RECONNECT_MAX),
        })
    }
}

/// A duration, or `false` for never.
fn unless_off(
    section: &Section<'_>,
    key: &str,
    range: &RangeInclusive<Duration>,
    default: Option<Duration>,
) -> Option<Duration> {
    if is_off(section, key) {
        return None;
    }
    let found = section.duration(key, range);
    found.map(|found| found.value).or(default)
}

/// The classes whose events may come unasked; default all.
fn unsolicited(section: &Section<'_>) -> EventClasses {
    if is_off(section, "unsolicited") {
        return EventClasses::empty();
    }
    let what = "false, or a list such as [\"class1\", \"class2\", \"class3\"]";
    let class = |word: &str| CLASSES.iter().find(|(name, ..)| *name == word);
    let found = section.list("unsolicited", what, |given| {
        class(given.text()?).map(|(.., class)| *class)
    });
    found.map_or(EventClasses::all(), |found| {
        found.value.into_iter().collect()
    })
}

/// Polls of all classes of events together, or of each by itself; default none.
fn class_polls(section: &Section<'_>) -> Vec<Poll> {
    let poll = |classes: Vec<Class>, period| {
        let selections = classes.into_iter().map(Selection::class).collect();
        Poll::new(selections, period).ok()
    };
    if !section.has("class_poll") || is_off(section, "class_poll") {
        return Vec::new();
    }
    if !section.is_table("class_poll") {
        let period = section.duration("class_poll", &PERIODS);
        let classes = CLASSES.map(|(_, class, _)| class).to_vec();
        let poll = period.and_then(|found| poll(classes, found.value));
        return poll.into_iter().collect();
    }
    let title = format!("{} class_poll", section.title());
    let Some(table) = section.table("class_poll", CLASS_POLL_KEYS, title) else {
        return Vec::new();
    };
    let each = CLASSES.iter().filter_map(|(key, class, _)| {
        let period = table.duration(key, &PERIODS)?;
        poll(vec![*class], period.value)
    });
    each.collect()
}
