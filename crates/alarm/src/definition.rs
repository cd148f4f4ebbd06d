//! What an alarm watches for, and how it behaves.

use std::time::Duration;

use gridos_model::{AlarmKind, DeviceIndex, Directory, Level, PointIndex, Priority};
use serde::{Deserialize, Serialize};

use crate::Limits;
use crate::band::Band;

/// The longest delay, window or age.
pub const DELAY_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The longest text of what to do about an alarm, in bytes.
pub const RESPONSE_BYTES_MAX: usize = 2_000;

/// An alarm's definition. Durations are in seconds as JSON and TOML.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// What it watches for.
    #[serde(flatten)]
    pub condition: Condition,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priorities,
    /// How long the condition must persist before it counts.
    #[serde(
        default,
        with = "crate::seconds",
        skip_serializing_if = "Duration::is_zero"
    )]
    pub on_delay: Duration,
    /// How long it must be gone before it counts as gone.
    #[serde(
        default,
        with = "crate::seconds",
        skip_serializing_if = "Duration::is_zero"
    )]
    pub off_delay: Duration,
    /// Counts also when the condition came so often in a time, however shortly each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<CountRule>,
    /// Whether somebody must acknowledge it.
    #[serde(default = "yes")]
    pub needs_acknowledgement: bool,
    /// Whether it is held until somebody resets it.
    #[serde(default)]
    pub latches: bool,
    /// Annunciated again when it is still active this long after the last annunciation.
    #[serde(
        default,
        with = "crate::seconds::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub re_alarm: Option<Duration>,
    /// Whether it is judged at all.
    #[serde(default = "yes")]
    pub is_enabled: bool,
    /// What it means and what to do, for the operator.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub response: String,
}

/// What an alarm watches for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Condition {
    /// The value is at a limit or beyond it.
    Limit(Limits),
    /// The value less a setpoint, or less another point's value, is at a limit or beyond it.
    Deviation {
        /// What the value is compared with.
        from: Reference,
        /// Limits of the difference.
        #[serde(flatten)]
        limits: Limits,
    },
    /// The change per second, by source time, is at a limit or beyond it.
    Rate {
        /// Limits of the change per second.
        #[serde(flatten)]
        limits: Limits,
        /// Readings closer to each other than this are not compared.
        #[serde(default = "one_second", with = "crate::seconds")]
        min_interval: Duration,
    },
    /// The value is one of these states.
    State(States),
    /// The value changed so often in a time.
    Chatter(CountRule),
    /// The quality is bad.
    Quality,
    /// No reading came for so long, by the monotonic clock.
    Stale {
        /// How long.
        #[serde(with = "crate::seconds")]
        after: Duration,
    },
    /// The value has not changed for so long although readings came, by source time.
    Frozen {
        /// How long.
        #[serde(with = "crate::seconds")]
        after: Duration,
    },
    /// The communication with the device is lost.
    Link,
}

/// What a deviation is measured from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// A number.
    Setpoint(f64),
    /// Another point: its full name, or the name of a point of the same device.
    Point(String),
}

/// Which states are abnormal. The numbers are those of the readings: 0 and 1, or those of a
/// double-bit point: 0 intermediate, 1 off, 2 on, 3 indeterminate (IEEE 1815-2012 §11.9.9).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct States {
    /// The states of the list are abnormal, or all others are.
    #[serde(flatten)]
    pub which: WhichStates,
    /// Only the change into such a state is told: the alarm returns to normal at once.
    #[serde(default)]
    pub on_change_only: bool,
}

/// A list of states, or all others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhichStates {
    /// These are abnormal.
    Abnormal(Vec<i64>),
    /// All but these are abnormal.
    Normal(Vec<i64>),
}

/// So often in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRule {
    /// How often: at least 2.
    pub times: u32,
    /// In how much time.
    #[serde(with = "crate::seconds")]
    pub within: Duration,
}

/// The priority of each level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priorities {
    /// Of high-high and low-low.
    #[serde(default = "outer_priority", with = "crate::word::priority")]
    pub outer: Priority,
    /// Of high, low and abnormal.
    #[serde(default, with = "crate::word::priority")]
    pub inner: Priority,
}

impl Default for Priorities {
    fn default() -> Self {
        Self {
            outer: outer_priority(),
            inner: Priority::Low,
        }
    }
}

impl Priorities {
    /// The priority of `level`; that of the inner levels for normal.
    pub fn of(&self, level: Level) -> Priority {
        match level.rank() {
            2 => self.outer,
            _ => self.inner,
        }
    }
}

/// Why a definition cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DefinitionError {
    /// A duration is too long, or zero where it must not be.
    #[error("{key} is {given:?}; allowed are {least:?} to {most:?}")]
    Duration {
        /// Which one, as it is called in the configuration.
        key: &'static str,
        /// What is given.
        given: Duration,
        /// The shortest one allowed.
        least: Duration,
        /// The longest one allowed.
        most: Duration,
    },
    /// A count is too small or too large.
    #[error("{key} is {given}; allowed are 2 to {most}")]
    Count {
        /// Which one.
        key: &'static str,
        /// What is given.
        given: u32,
        /// The most allowed.
        most: u32,
    },
    /// A setpoint is no finite number.
    #[error("the setpoint is {0}; it must be a finite number")]
    Setpoint(f64),
    /// No state is named.
    #[error("no state is named; give at least one, such as abnormal = [3]")]
    NoStates {
        /// Which list.
        key: &'static str,
    },
    /// More states than can be looked through.
    #[error("{given} states are named; at most {STATES_MAX} can be")]
    TooManyStates {
        /// Which list.
        key: &'static str,
        /// How many are named.
        given: usize,
    },
    /// The text of what to do is too long.
    #[error("the response has {0} bytes; allowed are {RESPONSE_BYTES_MAX}")]
    Response(usize),
}

/// The most states one alarm may name.
pub const STATES_MAX: usize = 64;

/// The highest number of a count rule: each costs the room of one time while it is counted.
pub const COUNT_MAX: u32 = 1_000;

impl DefinitionError {
    /// The key that is wrong, as it is called in files; `count.times` is in the table `count`.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Duration { key, .. } | Self::Count { key, .. } => key,
            Self::Setpoint(_) => "from",
            Self::NoStates { key } | Self::TooManyStates { key, .. } => key,
            Self::Response(_) => "response",
        }
    }
}

impl Condition {
    /// The kind of alarm that watches for it.
    pub fn kind(&self) -> AlarmKind {
        match self {
            Self::Limit(_) => AlarmKind::Limit,
            Self::Deviation { .. } => AlarmKind::Deviation,
            Self::Rate { .. } => AlarmKind::Rate,
            Self::State(_) => AlarmKind::State,
            Self::Chatter(_) => AlarmKind::Chatter,
            Self::Quality => AlarmKind::Quality,
            Self::Stale { .. } => AlarmKind::Stale,
            Self::Frozen { .. } => AlarmKind::Frozen,
            Self::Link => AlarmKind::Link,
        }
    }

    /// The limits of a kind that has some.
    pub(crate) fn limits(&self) -> Option<&Limits> {
        match self {
            Self::Limit(limits) | Self::Deviation { limits, .. } | Self::Rate { limits, .. } => {
                Some(limits)
            }
            Self::State(_)
            | Self::Chatter(_)
            | Self::Quality
            | Self::Stale { .. }
            | Self::Frozen { .. }
            | Self::Link => None,
        }
    }
}

impl States {
    /// Whether `state` is abnormal.
    pub(crate) fn are_abnormal(&self, state: f64) -> bool {
        match &self.which {
            WhichStates::Abnormal(list) => contains(list, state),
            WhichStates::Normal(list) => !contains(list, state),
        }
    }

    /// The values around `state` that are as listed or not listed as it is.
    pub(crate) fn band(&self, state: f64) -> Band {
        let (WhichStates::Abnormal(list) | WhichStates::Normal(list)) = &self.which;
        if contains(list, state) || !state.is_finite() {
            return Band::only(state);
        }
        list.iter().fold(Band::ALL, |band, listed| {
            let listed = number(*listed);
            let (low, high) = match listed < state {
                true => (listed, f64::INFINITY),
                false => (f64::NEG_INFINITY, listed),
            };
            band.and(Band { low, high })
        })
    }
}

fn contains(list: &[i64], state: f64) -> bool {
    list.iter().any(|listed| number(*listed) == state)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no state has a number above 2^53"
)]
fn number(state: i64) -> f64 {
    state as f64
}

impl Definition {
    /// A definition of `condition` with the defaults of everything else.
    pub fn new(condition: Condition) -> Self {
        Self {
            condition,
            priority: Priorities::default(),
            on_delay: Duration::ZERO,
            off_delay: Duration::ZERO,
            count: None,
            needs_acknowledgement: true,
            latches: false,
            re_alarm: None,
            is_enabled: true,
            response: String::new(),
        }
    }

    /// Whether `other` judges readings as this one does, so that a change to it need not touch
    /// what has been judged.
    pub fn judges_like(&self, other: &Self) -> bool {
        self.condition == other.condition
            && self.on_delay == other.on_delay
            && self.off_delay == other.off_delay
            && self.count == other.count
            && self.is_enabled == other.is_enabled
    }

    /// What tells it from others, the same in every process: FNV-1a, 64 bit, of its JSON.
    pub fn fingerprint(&self) -> u64 {
        // A checked definition has no number that JSON has not.
        let json = serde_json::to_vec(self).unwrap_or_default();
        json.iter().fold(0xcbf2_9ce4_8422_2325, |print, byte| {
            (print ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    /// The point that the deviation of a point of `device` is measured from: `Ok(None)` if it is
    /// measured from none.
    ///
    /// # Errors
    /// The name, if no such point is in `directory`.
    pub fn reference(
        &self,
        device: DeviceIndex,
        directory: &Directory,
    ) -> Result<Option<PointIndex>, String> {
        let Condition::Deviation {
            from: Reference::Point(name),
            ..
        } = &self.condition
        else {
            return Ok(None);
        };
        let found = match name.contains('.') {
            true => directory.find_point(name),
            false => directory.find_point(&format!("{}.{name}", directory.device(device).name())),
        };
        found
            .map(|point| Some(point.index))
            .ok_or_else(|| name.clone())
    }

    /// Checks all of it; limits were checked when they were made.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn check(&self) -> Result<(), Vec<DefinitionError>> {
        let mut errors = Vec::new();
        self.check_durations(&mut errors);
        self.check_condition(&mut errors);
        if self.response.len() > RESPONSE_BYTES_MAX {
            errors.push(DefinitionError::Response(self.response.len()));
        }
        match errors.is_empty() {
            true => Ok(()),
            false => Err(errors),
        }
    }

    fn check_durations(&self, errors: &mut Vec<DefinitionError>) {
        check_duration("on_delay", self.on_delay, Duration::ZERO, errors);
        check_duration("off_delay", self.off_delay, Duration::ZERO, errors);
        if let Some(re_alarm) = self.re_alarm {
            check_duration("re_alarm", re_alarm, Duration::from_secs(60), errors);
        }
        if let Some(rule) = self.count {
            rule.check("count.times", "count.within", errors);
        }
    }

    fn check_condition(&self, errors: &mut Vec<DefinitionError>) {
        let least = Duration::from_millis(1);
        match &self.condition {
            Condition::Limit(_) | Condition::Quality | Condition::Link => {}
            Condition::Deviation { from, .. } => match from {
                Reference::Setpoint(setpoint) if !setpoint.is_finite() => {
                    errors.push(DefinitionError::Setpoint(*setpoint));
                }
                Reference::Setpoint(_) | Reference::Point(_) => {}
            },
            Condition::Rate { min_interval, .. } => {
                check_duration("min_interval", *min_interval, least, errors);
            }
            Condition::State(states) => {
                let (key, list) = match &states.which {
                    WhichStates::Abnormal(list) => ("abnormal", list),
                    WhichStates::Normal(list) => ("normal", list),
                };
                match list.len() {
                    0 => errors.push(DefinitionError::NoStates { key }),
                    given if given > STATES_MAX => {
                        errors.push(DefinitionError::TooManyStates { key, given });
                    }
                    _ => {}
                }
            }
            Condition::Chatter(rule) => rule.check("times", "within", errors),
            Condition::Stale { after } | Condition::Frozen { after } => {
                check_duration("after", *after, least, errors);
            }
        }
    }
}

impl CountRule {
    fn check(&self, times: &'static str, within: &'static str, errors: &mut Vec<DefinitionError>) {
        if !(2..=COUNT_MAX).contains(&self.times) {
            errors.push(DefinitionError::Count {
                key: times,
                given: self.times,
                most: COUNT_MAX,
            });
        }
        check_duration(within, self.within, Duration::from_millis(1), errors);
    }
}

fn check_duration(
    key: &'static str,
    given: Duration,
    least: Duration,
    errors: &mut Vec<DefinitionError>,
) {
    if given < least || given > DELAY_MAX {
        errors.push(DefinitionError::Duration {
            key,
            given,
            least,
            most: DELAY_MAX,
        });
    }
}

fn yes() -> bool {
    true
}

fn one_second() -> Duration {
    Duration::from_secs(1)
}

fn outer_priority() -> Priority {
    Priority::High
}
