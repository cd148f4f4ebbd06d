//! One metric of a template, with its arguments put in.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::time::duration;
use crate::{Condition, Fault};

/// Measurements in error that are forgiven in a row, where a metric does not say (Argo's default).
const CONSECUTIVE_ERRORS_DEFAULT: i64 = 4;

/// What is asked, how often, and what the answers lead to.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// The time between two measurements; none, it is measured once.
    pub interval: Option<Duration>,
    /// The time before the first.
    pub initial_delay: Duration,
    /// How many measurements there are; none, as long as the rollout lasts.
    pub count: Option<u32>,
    /// So many measurements may fail; below 0, any number.
    pub failure_limit: i64,
    /// So many may be inconclusive.
    pub inconclusive_limit: i64,
    /// So many successes in a row end it as a success; 0: only its count does.
    pub consecutive_success_limit: i64,
    /// So many may be in error, one after the other.
    pub consecutive_error_limit: i64,
    /// When a measurement is a success.
    pub success: Option<Condition>,
    /// When it is a failure.
    pub failure: Option<Condition>,
    /// Where Prometheus is.
    pub address: String,
    /// What it is asked, in PromQL.
    pub query: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    name: String,
    interval: Option<String>,
    initial_delay: Option<String>,
    count: Option<Value>,
    failure_limit: Option<Value>,
    inconclusive_limit: Option<Value>,
    consecutive_success_limit: Option<Value>,
    consecutive_error_limit: Option<Value>,
    success_condition: Option<String>,
    failure_condition: Option<String>,
    provider: Provider,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    prometheus: Prometheus,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prometheus {
    address: String,
    query: String,
}

impl Metric {
    pub(crate) fn read(place: &str, value: Value) -> Result<Self, Fault> {
        let written: Written =
            serde_json::from_value(value).map_err(|error| Fault::shape(place, error))?;
        let place = format!("{place}, metric {}", written.name);
        let time = |text: Option<String>, what: &str| {
            text.map(|text| {
                duration(&text).ok_or_else(|| {
                    Fault::shape(
                        &place,
                        format!("{what} '{text}' is no time; write for example 30s"),
                    )
                })
            })
            .transpose()
        };
        let number =
            |value: Option<Value>, default: i64| whole(&place, value).map(|n| n.unwrap_or(default));
        let condition = |text: Option<String>| {
            let read = text.map(|text| {
                Condition::parse(&text)
                    .map_err(|error| Fault::shape(&place, format!("'{text}': {error}")))
            });
            read.transpose()
        };
        let count = whole(&place, written.count)?;
        let count = count.map(|count| {
            u32::try_from(count).map_err(|_| Fault::shape(&place, "count is no count"))
        });
        let count = count.transpose()?;
        let failure_limit = number(written.failure_limit, 0)?;
        let consecutive_success_limit = number(written.consecutive_success_limit, 0)?;
        // As the cluster would refuse it.
        let least = failure_limit.max(0) + consecutive_success_limit;
        if count.is_some_and(|count| i64::from(count) < least) {
            let what = "count is less than failureLimit and consecutiveSuccessLimit together";
            return Err(Fault::shape(&place, what));
        }
        Ok(Self {
            interval: time(written.interval, "interval")?,
            initial_delay: time(written.initial_delay, "initialDelay")?.unwrap_or_default(),
            count,
            failure_limit,
            inconclusive_limit: number(written.inconclusive_limit, 0)?,
            consecutive_success_limit,
            consecutive_error_limit: number(
                written.consecutive_error_limit,
                CONSECUTIVE_ERRORS_DEFAULT,
            )?,
            success: condition(written.success_condition)?,
            failure: condition(written.failure_condition)?,
            address: written.provider.prometheus.address,
            query: written.provider.prometheus.query,
            name: written.name,
        })
    }

    /// How many measurements there are in all: one where there is no interval.
    pub fn effective_count(&self) -> Option<u32> {
        match (self.count, self.interval) {
            (None, None) => Some(1),
            (count, _) => count,
        }
    }

    /// The same with all times divided by `speed`, as a rehearsal needs it.
    #[must_use]
    pub fn faster(mut self, speed: f64) -> Self {
        self.interval = self.interval.map(|interval| interval.div_f64(speed));
        self.initial_delay = self.initial_delay.div_f64(speed);
        self
    }
}

/// A whole number, or text that is one.
fn whole(place: &str, value: Option<Value>) -> Result<Option<i64>, Fault> {
    let Some(value) = value else {
        return Ok(None);
    };
    let number = match value.as_str() {
        Some(text) => text.parse().ok(),
        None => value.as_i64(),
    };
    let number =
        number.ok_or_else(|| Fault::shape(place, format!("{value} is no whole number")))?;
    Ok(Some(number))
}
