//! What a replay shows: for people, and as JSON.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::time::Duration;

use gridos_alarm::kpi::SplitReport;
use gridos_model::Priority;
use serde_json::{Value, json};

use super::account::{OfAlarm, Peak, Sums, TARGETS};
use super::{Extent, Range};
use crate::config::bounds::quantity;
use crate::config::show_duration;

/// How many of the busiest alarms are shown.
const BUSIEST: usize = 10;

/// Letters of the first column at least.
const FIRST: usize = 26;

/// Letters of the other columns at least.
const COLUMN: usize = 12;

/// What was told in fact, and what would have been.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) range: Range,
    pub(crate) extent: Extent,
    /// What was told, by where the alarms are from.
    pub(crate) columns: Vec<(String, Sums)>,
    /// What must be known to read it.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// As JSON, with every alarm that did anything.
    pub(crate) fn json(&self) -> Value {
        let columns = self.columns.iter();
        let columns: Vec<Value> = columns.map(|(title, sums)| column(title, sums)).collect();
        let alarms = self.by_annunciations().into_iter().map(|name| {
            let counts = self.columns.iter().map(|(_, sums)| counts(sums.of(name)));
            json!({ "alarm": name, "columns": counts.collect::<Vec<_>>() })
        });
        json!({
            "from": self.range.from.to_string(),
            "to": self.range.until.to_string(),
            "lead_s": self.range.lead.as_secs_f64(),
            "devices": self.extent.devices,
            "readings": self.extent.readings,
            "targets": TARGETS,
            "columns": columns,
            "alarms": alarms.collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }

    /// The alarms that did anything, those first that were told most in the last column.
    fn by_annunciations(&self) -> Vec<&str> {
        let names = self.columns.iter().flat_map(|(_, sums)| sums.names());
        let names: BTreeSet<&str> = names.collect();
        let mut names: Vec<&str> = names.into_iter().collect();
        let told = |name: &str| {
            let of = |(_, sums): &(String, Sums)| sums.of(name).counts.annunciations;
            self.columns.iter().rev().map(of).collect::<Vec<u64>>()
        };
        names.sort_by_cached_key(|name| std::cmp::Reverse(told(name)));
        names
    }

    /// A line with what `of` says of each column, behind `what`, which takes `first` letters.
    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        first: usize,
        what: &str,
        of: impl Fn(&str, &Sums) -> String,
    ) -> fmt::Result {
        let mut line = format!("{what:<first$}");
        for (title, sums) in &self.columns {
            let width = title.chars().count().max(COLUMN);
            write!(line, "  {:>width$}", of(title, sums))?;
        }
        writeln!(f, "{}", line.trim_end())
    }

    fn sums(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row =
            |what: &str, of: &dyn Fn(&Sums) -> String| self.row(f, FIRST, what, |_, sums| of(sums));
        row("annunciations", &|s| s.told().to_string())?;
        for priority in Priority::ALL {
            row(&format!("  {priority}"), &|s| share(s, priority))?;
        }
        let peak = |s: &Sums| s.peak().map_or(0, |peak| peak.annunciations);
        row("in 10 min, on average", &|s| format!("{:.1}", s.average()))?;
        row("in 10 min, at most", &|s| peak(s).to_string())?;
        let over = format!("10 min with more than {}", TARGETS.peak);
        row(&over, &|s| s.windows_over().to_string())?;
        row("floods", &|s| s.floods().to_string())?;
        row("activations", &|s| s.report.activations.to_string())?;
        row("  began to chatter", &|s| s.sum(|c| c.chatters).to_string())?;
        row("  fleeting", &|s| s.sum(|c| c.fleeting).to_string())?;
        row("active, in hours", &|s| {
            format!("{:.1}", s.active().as_secs_f64() / 3_600.0)
        })
    }

    fn busiest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.by_annunciations();
        let shown = names.get(..BUSIEST).unwrap_or(&names);
        let widest = shown.iter().map(|name| name.chars().count()).max();
        let first = widest.map_or(FIRST, |widest| widest.max(FIRST));
        if !shown.is_empty() {
            writeln!(f)?;
            self.row(f, first, "annunciations of", |title, _| title.to_owned())?;
        }
        for name in shown {
            self.row(f, first, name, |_, sums| {
                sums.of(name).counts.annunciations.to_string()
            })?;
        }
        match names.len() - shown.len() {
            0 => Ok(()),
            more => writeln!(f, "and {more} more; --json shows all"),
        }
    }

    fn peaks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for (title, sums) in &self.columns {
            if let Some(Peak { area, from, .. }) = sums.peak() {
                writeln!(
                    f,
                    "{title}: the busiest 10 min were those of {area} from {from}"
                )?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { from, until, lead } = &self.range;
        let Extent { devices, readings } = self.extent;
        let lead = show_duration(*lead);
        writeln!(
            f,
            "{readings} readings of {devices} devices, from {from} until {until}, begun {lead} before"
        )?;
        writeln!(f)?;
        self.row(f, FIRST, "", |title, _| title.to_owned())?;
        self.sums(f)?;
        self.busiest(f)?;
        self.peaks(f)?;
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

fn share(sums: &Sums, priority: Priority) -> String {
    let all = sums.told();
    let own = of_priority(&sums.report.priorities, priority);
    match all {
        0 => "-".to_owned(),
        _ => format!("{own} ({:.0} %)", as_number(own) / as_number(all) * 100.0),
    }
}

fn of_priority(split: &SplitReport, priority: Priority) -> u64 {
    match priority {
        Priority::Low => split.low,
        Priority::Medium => split.medium,
        Priority::High => split.high,
        Priority::Urgent => split.urgent,
    }
}

fn as_number(count: u64) -> f64 {
    quantity(usize::try_from(count).unwrap_or(usize::MAX))
}

fn column(title: &str, sums: &Sums) -> Value {
    let peak = sums.peak().map(|peak| {
        json!({
            "area": peak.area,
            "from": peak.from.to_string(),
            "annunciations": peak.annunciations,
        })
    });
    json!({
        "title": title,
        "annunciations": sums.told(),
        "per_10min_average": sums.average(),
        "per_10min_peak": peak,
        "windows_of_10min_over_10": sums.windows_over(),
        "floods": sums.floods(),
        "activations": sums.report.activations,
        "chattering": sums.sum(|counts| counts.chatters),
        "fleeting": sums.sum(|counts| counts.fleeting),
        "active_s": seconds(sums.active()),
        "measures": sums.report,
    })
}

fn counts(alarm: OfAlarm) -> Value {
    let OfAlarm { counts, active } = alarm;
    json!({
        "annunciations": counts.annunciations,
        "activations": counts.activations,
        "chattering": counts.chatters,
        "fleeting": counts.fleeting,
        "active_s": seconds(active),
    })
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use gridos_model::{AlarmAction, AlarmFacts, AlarmId, AlarmKind, AlarmRecord};
    use gridos_model::{Level, Quality, Timestamp};

    use super::super::Account;
    use super::*;

    fn sums(range: &Range, alarms: &[(&str, u64)]) -> Sums {
        let mut account = Account::new(range);
        for (name, count) in alarms {
            for minute in 0..*count {
                let offset = Duration::from_secs(60 * minute);
                let mut record = AlarmRecord {
                    sequence: 1,
                    alarm: AlarmId::of(name, AlarmKind::Limit),
                    occurrence: 1,
                    action: AlarmAction::Raised,
                    is_annunciated: true,
                    from: Level::Normal,
                    time: range.from.saturating_add(offset),
                    received: range.from.saturating_add(offset),
                    value: 1.0,
                    quality: Quality::GOOD,
                    after: AlarmFacts {
                        level: Level::High,
                        ..AlarmFacts::REST
                    },
                    note: None,
                };
                account.take(name, "north", &record);
                record.is_annunciated = false;
                record.action = AlarmAction::Returned;
                record.from = Level::High;
                record.after = AlarmFacts::REST;
                account.take(name, "north", &record);
            }
        }
        account.end()
    }

    fn report() -> Report {
        let from = Timestamp::from_millis(1_795_392_000_000);
        let range = Range {
            from,
            until: from.saturating_add(Duration::from_secs(3_600)),
            lead: Duration::ZERO,
        };
        let many: Vec<String> = (0..9).map(|n| format!("d.p{n}:limit")).collect();
        let mut alarms: Vec<(&str, u64)> = many.iter().map(|name| (name.as_str(), 1)).collect();
        alarms.extend([("d.rare:limit", 1), ("d.often:limit", 12)]);
        let columns = vec![
            ("in fact".to_owned(), sums(&range, &[])),
            ("as configured".to_owned(), sums(&range, &alarms)),
        ];
        Report {
            columns,
            range,
            extent: Extent {
                devices: 1,
                readings: 7,
            },
            notes: vec!["something".to_owned()],
        }
    }

    #[test]
    fn the_report_is_readable() {
        let text = report().to_string();
        let lines: Vec<&str> = text.lines().collect();
        for expected in [
            "                                 in fact  as configured",
            "annunciations                          0             22",
            "  low                                  -     22 (100 %)",
            "in 10 min, on average                0.0            3.7",
            "in 10 min, at most                     0             20",
            "10 min with more than 10               0              1",
            "floods                                 0              1",
            "activations                            0             22",
            "  began to chatter                     0              0",
            "  fleeting                             0             22",
            "d.often:limit                          0             12",
            "and 1 more; --json shows all",
            "as configured: the busiest 10 min were those of north from 2026-11-23T00:00:00Z",
            "note: something",
        ] {
            assert!(lines.contains(&expected), "{expected}\n{text}");
        }
        assert!(
            text.contains("annunciations of                 in fact  as configured\nd.often:limit")
        );
    }

    #[test]
    fn json_has_every_alarm_and_what_the_figures_are_held_against() {
        let json = report().json();
        let alarms = json["alarms"].as_array().unwrap();
        assert_eq!(alarms.len(), 11);
        assert_eq!(alarms[0]["alarm"], "d.often:limit");
        assert_eq!(alarms[0]["columns"][1]["annunciations"], 12);
        assert_eq!(json["columns"][1]["per_10min_peak"]["annunciations"], 20);
        assert_eq!(json["targets"]["peak"], 10);
        let measures = &json["columns"][1]["measures"];
        assert_eq!(measures["bad_actors"][0]["alarm"], "d.often:limit");
        assert_eq!(measures["areas"][0]["floods"].as_array().unwrap().len(), 1);
    }
}
