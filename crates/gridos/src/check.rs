//! `gridos check FILE`: what a configuration asks for, before anything is started.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gridos_model::Timestamp;
use gridos_store::Upkeep;

mod access;
mod alarms;
mod database;
mod json;
mod listeners;
mod outstations;
mod profiles;

pub use alarms::AlarmCounts;
use profiles::{engine_times, exponents_apart, manual_numbers, timeout_beyond_period};

use crate::config::bounds::{self, Bounds, bytes};
use crate::config::{Address, Config, Device, Faults, Fleet, Guest, show_duration, show_size};

/// What an answer of a device is taken to last: a network round trip and a small controller.
pub const ANSWER_TYPICAL: Duration = Duration::from_millis(25);

/// What a configuration asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What the fleet asks, and the bounds of the queues.
    pub bounds: Bounds,
    /// Devices that are configured but not enabled.
    pub devices_disabled: usize,
    /// How many alarms there are.
    pub alarms: AlarmCounts,
    /// The most the journal may take on disk, in bytes.
    pub journal_limit: u64,
    /// What the journal should last while the database is away.
    pub warn_autonomy: Duration,
    /// How long the database keeps readings.
    pub upkeep: Upkeep,
    /// The memory beyond which the engine would not start, in bytes.
    pub memory_limit: u64,
    /// How many integrity polls may be under way at once.
    pub integrity_polls_at_once: usize,
    /// Where devices connect by themselves, one line each.
    pub listeners: Vec<String>,
    /// What is allowed, but probably not meant.
    pub warnings: Vec<String>,
}

impl Report {
    /// Judges `config`.
    ///
    /// # Errors
    /// If the fleet cannot be built from it.
    pub fn of(config: &Config) -> Result<Self, Faults> {
        let fleet = Fleet::of(config)?;
        let enabled: Vec<&Device> = config.devices.iter().filter(|d| d.enabled).collect();
        let mut report = Self {
            bounds: Bounds::of(config),
            devices_disabled: config.devices.len() - enabled.len(),
            alarms: AlarmCounts::of(&fleet),
            journal_limit: config.journal.disk_limit,
            warn_autonomy: config.journal.thresholds.warn,
            upkeep: config.store.upkeep,
            memory_limit: config.engine.memory_limit,
            integrity_polls_at_once: config.dnp3.integrity_polls_at_once,
            listeners: listeners::lines(config),
            warnings: Vec::new(),
        };
        if enabled.is_empty() {
            let none = "no device is enabled: there is nothing to collect";
            report.warnings.push(none.to_owned());
        }
        let now = Timestamp::from(SystemTime::now());
        report.warnings.extend(access::warnings(config, now));
        report.warnings.extend(database::in_the_clear(config));
        report.warn_of_profiles(config, &enabled);
        report.warn_of_load(&enabled);
        report
            .warnings
            .extend(outstations::warnings(config, &enabled));
        report.warnings.extend(listeners::warnings(config, now));
        let of_alarms = alarms::warnings(config, &fleet, &enabled);
        report.warnings.extend(of_alarms);
        report.warn_of_autonomy();
        Ok(report)
    }

    /// Bytes a day that the polled readings take in the journal.
    pub fn journal_bytes_a_day(&self) -> f64 {
        self.bounds.journal_bytes_per_second * DAY
    }

    /// Bytes a day that the polled readings take in the database.
    pub fn store_bytes_a_day(&self) -> f64 {
        self.bounds.store_bytes_per_second * DAY
    }

    /// How long the journal can take readings while the database is away, in hours.
    pub fn autonomy_hours(&self) -> Option<f64> {
        let a_day = self.journal_bytes_a_day();
        (a_day > 0.0).then(|| bytes(self.journal_limit) / a_day * 24.0)
    }

    fn warn_of_profiles(&mut self, config: &Config, enabled: &[&Device]) {
        for profile in &config.profiles {
            let devices = enabled.iter().filter(|d| Arc::ptr_eq(&d.profile, profile));
            if devices.count() == 0 {
                let unused = format!("profile '{}' has no enabled device", profile.name);
                self.warnings.push(unused);
            }
            self.warnings.extend(manual_numbers(profile));
            self.warnings.extend(engine_times(profile));
            let is_polled = |device: &&Device| {
                let is_pushed = |guest: &Guest| guest.is_pushed();
                Arc::ptr_eq(&device.profile, profile)
                    && !device.guest.as_ref().is_some_and(is_pushed)
            };
            if enabled.iter().copied().any(|device| is_polled(&device)) {
                self.warnings.extend(exponents_apart(profile));
            }
        }
        let mut slow: HashMap<&str, (usize, &Device, Duration)> = HashMap::new();
        for device in enabled {
            if let Some(timeout) = timeout_beyond_period(device) {
                let name = device.profile.name.as_str();
                slow.entry(name).or_insert((0, device, timeout)).0 += 1;
            }
        }
        let mut slow: Vec<_> = slow.into_iter().collect();
        slow.sort_by_key(|(profile, _)| *profile);
        for (profile, (count, device, timeout)) in slow {
            self.warnings.push(format!(
                "{count} of profile '{profile}' ('{}' first) wait {} for an answer, longer than \
                 their fastest scan class: one lost answer skips scans; lower timeout",
                device.name,
                show_duration(timeout)
            ));
        }
    }

    fn warn_of_load(&mut self, enabled: &[&Device]) {
        let mut loads: HashMap<&Address, f64> = HashMap::new();
        for device in enabled {
            if let Some(connection) = &device.connection {
                *loads.entry(&connection.address).or_default() +=
                    bounds::load(device, ANSWER_TYPICAL);
            }
        }
        let mut over: Vec<_> = loads.into_iter().filter(|(_, load)| *load > 1.0).collect();
        over.sort_by_key(|(address, _)| *address);
        if let Some((address, load)) = over.first() {
            self.warnings.push(format!(
                "{} connections cannot keep their scan classes if an answer takes {} ({address} \
                 first, load {:.0} %); scan more slowly or read fewer points",
                over.len(),
                show_duration(ANSWER_TYPICAL),
                load * 100.0
            ));
        }
    }

    fn warn_of_autonomy(&mut self) {
        let warn = self.warn_autonomy;
        let is_short = |hours: &f64| *hours < warn.as_secs_f64() / 3_600.0;
        if let Some(hours) = self.autonomy_hours().filter(is_short) {
            self.warnings.push(format!(
                "the journal is full {:.0} minutes after the database goes away, sooner than \
                 [journal] warn_autonomy ({}): the alarm of that will always stand; raise \
                 disk_limit",
                hours * 60.0,
                show_duration(warn)
            ));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bounds = &self.bounds;
        let mut line = |what: &str, value: String| writeln!(f, "{what:<24}{value}");
        let disabled = match self.devices_disabled {
            0 => String::new(),
            count => format!(" ({count} more are not enabled)"),
        };
        line("devices", format!("{}{disabled}", bounds.devices))?;
        line("points", bounds.points.to_string())?;
        line("alarms", self.alarms.to_string())?;
        if self.alarms.enabled() > 0 {
            line("alarm priorities", self.alarms.split())?;
        }
        if bounds.outstations > 0 {
            let outstations = bounds.outstations;
            let polls = self.integrity_polls_at_once.min(outstations);
            let what = format!("{outstations}, at most {polls} of them read as a whole at once");
            line("outstations", what)?;
        }
        line("connections", bounds.connections.to_string())?;
        for (at, listener) in self.listeners.iter().enumerate() {
            line(if at == 0 { "listeners" } else { "" }, listener.clone())?;
        }
        line(
            "requests",
            format!("{:.1} a second", bounds.requests_per_second),
        )?;
        let told = match bounds.outstations {
            0 => "",
            _ => ", and what outstations tell by themselves",
        };
        line(
            "readings",
            format!("{:.1} a second{told}", bounds.readings_per_second),
        )?;
        let (ring, pool) = (bounds.ring_batches, bounds.pool_batches);
        let most = bounds.batch_readings;
        line(
            "ring",
            format!("{ring} batches of up to {most} readings, pool {pool}"),
        )?;
        let limit = show_size(self.memory_limit);
        let memory = shown_bytes(bytes(bounds.memory_bytes()));
        line("memory", format!("at most {memory}, limit {limit}"))?;
        for term in bounds.memory() {
            line(
                "",
                format!("{:>9}  {}", shown_bytes(bytes(term.bytes)), term.what),
            )?;
        }
        line(
            "file descriptors",
            format!("{} at most", bounds.file_descriptors()),
        )?;
        let journal = shown_bytes(self.journal_bytes_a_day());
        let hours = match self.autonomy_hours() {
            Some(_) if bounds.outstations > 0 => String::new(),
            Some(hours) if hours < 48.0 => format!(", {hours:.1} hours without a database"),
            Some(hours) => format!(", {:.0} days without a database", hours / 24.0),
            None => String::new(),
        };
        let limit = show_size(self.journal_limit);
        line(
            "journal",
            format!("{journal} a day{told}, at most {limit}{hours}"),
        )?;
        let store = shown_bytes(self.store_bytes_a_day());
        let kept = self.kept();
        line("store", format!("{store} a day{told}{kept}"))?;
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

fn shown_bytes(bytes: f64) -> String {
    let units = [
        ("GiB", 1_073_741_824.0),
        ("MiB", 1_048_576.0),
        ("KiB", 1_024.0),
    ];
    match units.into_iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", bytes / size),
        None => format!("{bytes:.0} B"),
    }
}

const DAY: f64 = 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Report {
        let no_files = |_: &std::path::Path| Ok(Vec::new());
        let config = Config::parse(text, "g.toml", [("", ""); 0], &no_files);
        Report::of(&config.unwrap_or_else(|faults| panic!("{faults}"))).unwrap()
    }

    const TWO_CLASSES: &str = r#"
        [[profile]]
        name = "relay"
        protocol = "modbus"
        point = [
            { name = "a", input = 0, limits = { high = 1, deadband = 0.1 } },
            { name = "b", input = 1 },
            { name = "c", holding = 40001, scan = "normal" },
        ]
        [[device]]
        name = "d1"
        profile = "relay"
        address = "h"
        [[device]]
        name = "d2"
        profile = "relay"
        address = "h"
        unit = 2
        scan_factor = 0.02
        [[device]]
        name = "d3"
        profile = "relay"
        address = "i"
        enabled = false
    "#;

    #[test]
    fn rates_are_summed_over_classes_and_devices() {
        let bounds = report(TWO_CLASSES).bounds;
        assert_eq!(
            (bounds.devices, bounds.points, bounds.connections),
            (2, 6, 1)
        );
        assert!((bounds.requests_per_second - 1.1 * 51.0).abs() < 1e-9);
        assert!((bounds.readings_per_second - 2.1 * 51.0).abs() < 1e-9);
    }

    #[test]
    fn only_a_map_that_numbers_its_registers_as_manuals_do_is_warned_of() {
        let is_warned = |points: &str| {
            let profile = format!("[[profile]]\nname = \"p\"\nprotocol = \"modbus\"\n{points}\n");
            let device = "[[device]]\nname = \"d\"\nprofile = \"p\"\naddress = \"h\"\n";
            let warnings = report(&(profile + device)).warnings;
            warnings.iter().any(|warning| warning.contains("manual"))
        };
        let numbered = "{ name = \"a\", holding = 40001 }, { name = \"b\", input = 3 }";
        assert!(is_warned(&format!("point = [{numbered}]")));
        let wide = "{ name = \"a\", holding = 40001 }, { name = \"b\", holding = 3 }";
        assert!(!is_warned(&format!("point = [{wide}]")));
        let sunspec = "{ name = \"w\", holding = 40083, sf = \"w_sf\" }, \
                       { name = \"w_sf\", holding = 40084, type = \"i16\" }";
        assert!(!is_warned(&format!("point = [{sunspec}]")));
    }

    #[test]
    fn what_is_probably_not_meant_is_warned_of() {
        assert_eq!(
            report(TWO_CLASSES).warnings,
            [
                "profile 'relay' point 'c' is at address 40001, counted from 0; if that is a \
                 number of a manual, write register = \"40001\"",
                "1 of profile 'relay' ('d2' first) wait 1s for an answer, longer than their \
                 fastest scan class: one lost answer skips scans; lower timeout",
                "1 connections cannot keep their scan classes if an answer takes 25ms (h:502 \
                 first, load 140 %); scan more slowly or read fewer points",
            ]
        );
        let clock = report(
            r#"
            [[profile]]
            name = "relay"
            protocol = "modbus"
            source_time = { input = 0, type = "unix32" }
            point = [
                { name = "a", input = 2 },
                { name = "b", input = 500 },
                { name = "c", input = 600, scan = "slow" },
            ]
            [[device]]
            name = "d1"
            profile = "relay"
            address = "h"
            timeout = "500ms"
            "#,
        );
        assert_eq!(
            clock.warnings,
            [
                "profile 'relay': source_time is read with one request of its scan class; the \
                 values of 1 more have the engine's time"
            ]
        );
        let elsewhere = |url: &str| {
            let store = format!("[store]\nkind = \"postgres\"\nurl = \"postgres://u@{url}/d\"");
            report(&store).warnings.len() - 1
        };
        let urls = [
            "localhost",
            "127.0.0.1:5433",
            "[::1]",
            "%2Frun",
            "db1",
            "localhost,db1",
        ];
        assert_eq!(urls.map(elsewhere), [0, 0, 0, 0, 1, 1]);
        let empty = report("[http]\nlisten = \"0.0.0.0:80\"\n[access]\nallow_open = true");
        assert_eq!(empty.warnings.len(), 2);
    }

    #[test]
    fn the_report_is_readable() {
        let text = report(TWO_CLASSES).to_string();
        assert!(
            text.starts_with("devices                 2 (1 more are not enabled)\n"),
            "{text}"
        );
        assert!(
            text.contains("\nreadings                107.1 a second\n"),
            "{text}"
        );
        assert!(
            text.contains("\njournal                 517.7 MiB a day, at most 8GiB"),
            "{text}"
        );
        let store = |keys: &str| {
            let text = report(&format!("{TWO_CLASSES}\n[store]\n{keys}")).to_string();
            let line = text
                .lines()
                .find(|line| line.starts_with("store "))
                .unwrap();
            line.split_once(" a day").unwrap().1.to_owned()
        };
        assert_eq!(store(""), "");
        let kept = store("keep = \"400d\"\nsize_limit = \"100GiB\"");
        assert!(
            kept.starts_with(", kept 400d, then ") && kept.ends_with(" days"),
            "{kept}"
        );
    }
}
