//! Limits as they are written, and whether they can be used.

use gridos_model::Level;
use serde::{Deserialize, Serialize};

/// Limits as they are written, before they are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LimitsSpec {
    /// At or above: high-high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_high: Option<f64>,
    /// At or above: high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// At or below: low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// At or below: low-low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_low: Option<f64>,
    /// How far the value must come back before a level is left.
    #[serde(default)]
    pub deadband: f64,
    /// The same for single limits that have one of their own.
    #[serde(default, skip_serializing_if = "Deadbands::are_none")]
    pub deadbands: Deadbands,
}

/// Deadbands of single limits, instead of the one of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadbands {
    /// Of the high-high limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_high: Option<f64>,
    /// Of the high limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Of the low limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Of the low-low limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_low: Option<f64>,
}

/// The levels that have limits, the lowest limit first.
const LADDER: [Level; 4] = [Level::LowLow, Level::Low, Level::High, Level::HighHigh];

impl LimitsSpec {
    pub(crate) fn limit(&self, level: Level) -> Option<f64> {
        match level {
            Level::Normal | Level::Abnormal => None,
            Level::High => self.high,
            Level::HighHigh => self.high_high,
            Level::Low => self.low,
            Level::LowLow => self.low_low,
        }
    }

    pub(crate) fn deadband(&self, level: Level) -> f64 {
        self.deadbands.of(level).unwrap_or(self.deadband)
    }

    /// Everything that is wrong with it; nothing if it can be used.
    pub fn errors(&self) -> Vec<LimitsError> {
        let mut errors = Vec::new();
        check_deadbands(self, &mut errors);
        let mut below: Option<(Level, f64)> = None;
        for limit in LADDER {
            let Some(value) = self.limit(limit) else {
                continue;
            };
            if !value.is_finite() {
                errors.push(LimitsError::NotFinite { limit, value });
                continue;
            }
            if let Some(below) = below {
                check_neighbours(below, (limit, value), self, &mut errors);
            }
            below = Some((limit, value));
        }
        if LADDER.iter().all(|limit| self.limit(*limit).is_none()) {
            errors.push(LimitsError::NoLimit);
        }
        errors
    }
}

impl Deadbands {
    fn of(&self, level: Level) -> Option<f64> {
        match level {
            Level::Normal | Level::Abnormal => None,
            Level::High => self.high,
            Level::HighHigh => self.high_high,
            Level::Low => self.low,
            Level::LowLow => self.low_low,
        }
    }

    fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Why limits cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LimitsError {
    /// There is none.
    #[error("no limit is given; give at least one of high_high, high, low, low_low")]
    NoLimit,
    /// A limit is NaN or infinite.
    #[error("the {limit} limit is {value}; it must be a finite number")]
    NotFinite {
        /// Which limit.
        limit: Level,
        /// Its value.
        value: f64,
    },
    /// Two limits are equal or the wrong way round.
    #[error(
        "the {lower} limit {lower_value} is not below the {upper} limit {upper_value}; \
         limits must rise from low_low over low and high to high_high"
    )]
    Order {
        /// Which limit should be the lower one.
        lower: Level,
        /// Its value.
        lower_value: f64,
        /// Which limit should be the upper one.
        upper: Level,
        /// Its value.
        upper_value: f64,
    },
    /// The deadband is negative, NaN or infinite.
    #[error("the deadband is {deadband}; it must be a finite number of at least 0")]
    Deadband {
        /// The deadband.
        deadband: f64,
    },
    /// A deadband of a single limit is so, or there is no such limit.
    #[error(
        "the deadband of the {limit} limit is {deadband}; it must be a finite number of at least \
         0, and there must be such a limit"
    )]
    DeadbandOf {
        /// Which limit.
        limit: Level,
        /// Its deadband.
        deadband: f64,
    },
    /// An alarm at one limit could never clear before the next limit is reached.
    #[error(
        "the deadband {deadband} is not smaller than the gap from the {lower} limit {lower_value} \
         to the {upper} limit {upper_value}; make it smaller"
    )]
    DeadbandTooWide {
        /// The deadband.
        deadband: f64,
        /// The limit whose own it is; `None` if it is the one of all.
        of: Option<Level>,
        /// The lower one of the two limits.
        lower: Level,
        /// Its value.
        lower_value: f64,
        /// The upper one.
        upper: Level,
        /// Its value.
        upper_value: f64,
    },
}

impl LimitsError {
    /// The key that is wrong, as it is called in files; those of single deadbands are in the table
    /// `deadbands`. Of two limits that do not fit, it is the upper one.
    pub fn key(&self) -> &'static str {
        match self {
            Self::NoLimit => key(Level::High),
            Self::Deadband { .. } => "deadband",
            Self::NotFinite { limit, .. } | Self::DeadbandOf { limit, .. } => key(*limit),
            Self::Order { upper, .. } => key(*upper),
            Self::DeadbandTooWide { of: Some(own), .. } => key(*own),
            Self::DeadbandTooWide { of: None, .. } => "deadband",
        }
    }

    /// Whether the key is in the table `deadbands`.
    pub fn is_of_deadbands(&self) -> bool {
        matches!(
            self,
            Self::DeadbandOf { .. } | Self::DeadbandTooWide { of: Some(_), .. }
        )
    }
}

fn key(level: Level) -> &'static str {
    match level {
        Level::LowLow => "low_low",
        Level::Low => "low",
        Level::HighHigh => "high_high",
        Level::High | Level::Normal | Level::Abnormal => "high",
    }
}

/// Everything that is wrong with limits: at least one thing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct LimitsErrors(Vec<LimitsError>);

impl LimitsErrors {
    pub(crate) fn of(errors: Vec<LimitsError>) -> Result<(), Self> {
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Self(errors)),
        }
    }

    /// The errors.
    pub fn as_slice(&self) -> &[LimitsError] {
        &self.0
    }
}

fn listed(errors: &[LimitsError]) -> String {
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

fn check_deadbands(spec: &LimitsSpec, errors: &mut Vec<LimitsError>) {
    let is_fit = |deadband: f64| deadband.is_finite() && deadband >= 0.0;
    if !is_fit(spec.deadband) {
        let deadband = spec.deadband;
        errors.push(LimitsError::Deadband { deadband });
    }
    for limit in LADDER {
        let own = spec.deadbands.of(limit);
        if let Some(deadband) = own.filter(|own| !is_fit(*own) || spec.limit(limit).is_none()) {
            errors.push(LimitsError::DeadbandOf { limit, deadband });
        }
    }
}

/// The deadband of a limit lies within the gap to its neighbour on the way back to normal.
fn check_neighbours(
    (lower, lower_value): (Level, f64),
    (upper, upper_value): (Level, f64),
    spec: &LimitsSpec,
    errors: &mut Vec<LimitsError>,
) {
    if lower_value >= upper_value {
        errors.push(LimitsError::Order {
            lower,
            lower_value,
            upper,
            upper_value,
        });
        return;
    }
    let is_wide = |limit, deadband: f64| match limit {
        // As the judge computes it, rounding and all: the gap itself may round to the deadband.
        Level::High | Level::HighHigh => upper_value - deadband <= lower_value,
        Level::Normal | Level::Abnormal | Level::Low | Level::LowLow => {
            lower_value + deadband >= upper_value
        }
    };
    let falls = matches!(upper, Level::High | Level::HighHigh).then_some(upper);
    let rises = matches!(lower, Level::Low | Level::LowLow).then_some(lower);
    for limit in [falls, rises].into_iter().flatten() {
        let deadband = spec.deadband(limit);
        if is_wide(limit, deadband) {
            errors.push(LimitsError::DeadbandTooWide {
                deadband,
                of: spec.deadbands.of(limit).map(|_| limit),
                lower,
                lower_value,
                upper,
                upper_value,
            });
        }
    }
}
