//! `[scan_class]`: how often points are read, by name.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::name::Name;
use super::nearest::suggestion;
use super::section::Section;
use super::source::Found;

/// The scan classes there are without any configuration.
const DEFAULTS: [(&str, u64); 3] = [("fast", 1), ("normal", 10), ("slow", 60)];

/// What a period may be.
pub(super) const PERIODS: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(86_400);

/// How often the points of a class are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanClass {
    /// Its name: `fast`, `normal`, `slow`, or one of the configuration.
    pub name: Name,
    /// From one reading to the next; 1 ms to 1 day.
    pub period: Duration,
}

/// All scan classes; those of the configuration are added to the defaults or replace them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanClasses(Vec<ScanClass>);

impl ScanClasses {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let default = |(name, seconds)| {
            let period = Duration::from_secs(seconds);
            Name::plain(name)
                .ok()
                .map(|name| ScanClass { name, period })
        };
        let mut classes: Vec<ScanClass> = DEFAULTS.into_iter().filter_map(default).collect();
        for key in section.names() {
            let name = match Name::plain(key.value) {
                Ok(name) => name,
                Err(error) => {
                    section.fault(key.value, format_args!("the name {error}"));
                    continue;
                }
            };
            let Some(period) = section.duration(key.value, &PERIODS) else {
                continue;
            };
            let period = period.value;
            match classes.iter_mut().find(|class| class.name == name) {
                Some(class) => class.period = period,
                None => classes.push(ScanClass { name, period }),
            }
        }
        Self(classes)
    }

    /// The class called `name`.
    pub fn find(&self, name: &str) -> Option<&ScanClass> {
        self.0.iter().find(|class| class.name.as_str() == name)
    }

    /// All of them.
    pub fn as_slice(&self) -> &[ScanClass] {
        &self.0
    }

    /// The class that `key` of `section` names, if it is given and there is one.
    pub(super) fn chosen(&self, section: &Section<'_>, key: &str) -> Option<Found<&ScanClass>> {
        section.word(key, |text| {
            let names = self.0.iter().map(|class| class.name.as_str());
            self.find(text)
                .ok_or_else(|| format!("is no scan class{}", suggestion(text, names)))
        })
    }
}
