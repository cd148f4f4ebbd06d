//! `link_alarm`: the alarm of a device whose communication is lost.

use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{Condition, Definition, Priorities};
use gridos_model::Priority;

use super::super::section::Section;
use super::behaviour;

pub(in super::super) const KEYS: &[&str] = &[
    "priority",
    "on_delay",
    "off_delay",
    "count",
    "needs_acknowledgement",
    "latches",
    "re_alarm",
    "enabled",
    "response",
];

/// How long a device must be lost: what is back sooner is nobody's business.
const ON_DELAY: Duration = Duration::from_secs(10);

/// Whether the devices have the alarm, and which.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkAlarm(Option<Arc<Definition>>);

impl Default for LinkAlarm {
    fn default() -> Self {
        Self(Some(Arc::new(default())))
    }
}

pub(super) fn default() -> Definition {
    Definition {
        priority: Priorities {
            outer: Priority::Medium,
            inner: Priority::Medium,
        },
        on_delay: ON_DELAY,
        ..Definition::new(Condition::Link)
    }
}

impl LinkAlarm {
    /// What `link_alarm` of `section` says; `None` if it is not given.
    pub(in super::super) fn read(section: &Section<'_>) -> Option<Self> {
        section.given("link_alarm")?;
        if section.is_table("link_alarm") {
            let title = format!("{} link_alarm", section.title());
            let own = section.table("link_alarm", KEYS, title)?;
            let definition = behaviour::amended(&own, default());
            return Some(Self(Some(Arc::new(definition))));
        }
        match section.flag("link_alarm") {
            Some(false) => Some(Self(None)),
            Some(true) | None => Some(Self::default()),
        }
    }

    /// The definition, unless there is to be none.
    pub fn definition(&self) -> Option<&Arc<Definition>> {
        self.0.as_ref()
    }
}
