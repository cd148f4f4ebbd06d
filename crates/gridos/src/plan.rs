//! `gridos plan FILE [DEVICE]`: the requests that devices get, and what they cost.

mod json;
mod outstation;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use gridos_modbus::{Plan, Request, Table};

use crate::config::bounds::quantity;
use crate::config::{Config, Faults, Fleet, ModbusLink, show_duration};

pub use outstation::{OutstationPlan, OutstationRequest};

/// What would be asked of devices.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanReport {
    /// What an answer is taken to last.
    pub round_trip: Duration,
    /// The device asked for, or the first one of each profile.
    pub devices: Vec<DevicePlan>,
    /// The same of outstations.
    pub outstations: Vec<OutstationPlan>,
    /// The connections with the highest load, highest first.
    pub connections: Vec<ConnectionLoad>,
}

/// The requests of one device.
#[derive(Clone, Debug, PartialEq)]
pub struct DevicePlan {
    /// Its name.
    pub device: String,
    /// Its profile.
    pub profile: String,
    /// Where it is.
    pub address: String,
    /// The unit id behind the address.
    pub unit: u8,
    /// How many enabled devices have the profile.
    pub alike: usize,
    /// Its requests, in the order of the plan.
    pub requests: Vec<RequestPlan>,
    /// The values whose exponent another request reads, and why.
    pub apart: Vec<String>,
    /// Per scan class, its period and the share of its time that it takes.
    pub loads: Vec<(Duration, f64)>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPlan {
    /// The table read.
    pub table: Table,
    /// The first address and the one behind the last, counted from 0.
    pub addresses: Range<u32>,
    /// The addresses among them that belong to no point.
    pub unused: usize,
    /// The points it reads.
    pub points: Vec<String>,
    /// How often it is sent.
    pub period: Duration,
}

/// How busy one address is.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionLoad {
    /// Host and port.
    pub address: String,
    /// Units behind it.
    pub units: usize,
    /// Connections they are spread over.
    pub connections: usize,
    /// The share of their time that is taken: above 1, scans are skipped.
    pub load: f64,
}

/// Why there is no plan to show.
#[derive(Debug, thiserror::Error)]
pub enum PlanReportError {
    /// The fleet cannot be built from the configuration.
    #[error(transparent)]
    Config(#[from] Faults),
    /// There is no such device, or it is not asked.
    #[error(
        "no enabled device '{0}' is asked for anything; gridos plan without a device shows what there is"
    )]
    NoDevice(String),
}

/// Connections that are shown at most, when no device was asked for.
const CONNECTIONS_SHOWN: usize = 10;
/// Names of points that are shown of each request, at most.
const NAMES_SHOWN: usize = 6;

impl PlanReport {
    /// The plan of `device`, or of the first device of each profile, if an answer takes
    /// `round_trip`.
    ///
    /// # Errors
    /// If the fleet cannot be built, or there is no such device that is polled.
    pub fn of(
        config: &Config,
        device: Option<&str>,
        round_trip: Duration,
    ) -> Result<Self, PlanReportError> {
        let fleet = Fleet::of(config)?;
        let enabled = config.devices.iter().filter(|device| device.enabled);
        let mut alike: BTreeMap<&str, usize> = BTreeMap::new();
        let mut chosen = Vec::new();
        let mut connections: BTreeMap<String, ConnectionLoad> = BTreeMap::new();
        let mut outstations = Vec::new();
        for (known, built) in enabled.zip(&fleet.devices) {
            if built.modbus.is_none() && built.dnp3.is_none() {
                continue;
            }
            let profile = known.profile.name.as_str();
            let count = alike.entry(profile).or_default();
            *count += 1;
            let name = known.name.as_str();
            let is_chosen = device.map_or(*count == 1, |device| device == name);
            if let Some(link) = built.dnp3.as_ref().filter(|_| is_chosen) {
                outstations.push(OutstationPlan::of(name, profile, link));
            }
            let Some(link) = &built.modbus else {
                continue;
            };
            if is_chosen {
                chosen.push((name, profile, link));
            }
            let address = link.address.to_string();
            let connection = connections
                .entry(address.clone())
                .or_insert_with(|| ConnectionLoad {
                    address,
                    units: 0,
                    connections: link.connections,
                    load: 0.0,
                });
            connection.units += 1;
            connection.connections = connection.connections.min(link.connections);
            let loads = loads(link, round_trip);
            connection.load += loads.iter().map(|(_, load)| load).sum::<f64>();
        }
        if let Some(device) = device
            && chosen.is_empty()
            && outstations.is_empty()
        {
            return Err(PlanReportError::NoDevice(device.to_owned()));
        }
        let plan = |(name, profile, link): (&str, &str, &ModbusLink)| DevicePlan {
            device: name.to_owned(),
            profile: profile.to_owned(),
            address: link.address.to_string(),
            unit: link.unit,
            alike: alike.get(profile).copied().unwrap_or(0),
            requests: requests(link),
            apart: apart(&link.plan),
            loads: loads(link, round_trip),
        };
        let devices: Vec<_> = chosen.into_iter().map(plan).collect();
        let own = |connection: &ConnectionLoad| {
            device.is_none() || devices.iter().any(|d| d.address == connection.address)
        };
        let mut connections: Vec<_> = connections.into_values().filter(own).collect();
        for connection in &mut connections {
            connection.connections = connection.connections.min(connection.units);
            connection.load /= quantity(connection.connections);
        }
        connections.sort_by(|a, b| b.load.total_cmp(&a.load));
        connections.truncate(CONNECTIONS_SHOWN);
        for outstation in &mut outstations {
            outstation.alike = alike.get(&*outstation.profile).copied().unwrap_or(0);
        }
        Ok(Self {
            round_trip,
            devices,
            outstations,
            connections,
        })
    }
}

fn period(link: &ModbusLink, request: &Request) -> Duration {
    let period = link.scan_periods.get(request.scan());
    period.copied().unwrap_or_default()
}

fn requests(link: &ModbusLink) -> Vec<RequestPlan> {
    let shown = |request: &std::sync::Arc<Request>| RequestPlan {
        table: request.table(),
        addresses: u32::from(request.start())
            ..u32::from(request.start()) + u32::from(request.count()),
        unused: unused(&link.plan, request),
        points: points(&link.plan, request)
            .map(|point| point.name.clone())
            .collect(),
        period: period(link, request),
    };
    link.plan.requests().iter().map(shown).collect()
}

fn points<'a>(
    plan: &'a Plan,
    request: &Request,
) -> impl Iterator<Item = &'a gridos_modbus::RegisterPoint> {
    let points = plan.points().get(request.points());
    points.unwrap_or_default().iter()
}

fn unused(plan: &Plan, request: &Request) -> usize {
    let start = u32::from(request.start());
    let mut used = vec![false; usize::from(request.count())];
    let of_points = points(plan, request).map(|point| u32::from(point.address)..point.end());
    for address in of_points.chain(request.clock_addresses()).flatten() {
        let place = usize::try_from(address.saturating_sub(start)).unwrap_or(usize::MAX);
        if let Some(place) = used.get_mut(place) {
            *place = true;
        }
    }
    used.iter().filter(|used| !**used).count()
}

/// A line for each value that may be decoded with an exponent of another moment.
fn apart(plan: &Plan) -> Vec<String> {
    let line = |apart: gridos_modbus::Apart<'_>| {
        let (point, exponent) = (&apart.point.name, &apart.exponent.name);
        format!(
            "'{point}' is read apart from its sf '{exponent}', which {}",
            apart.why
        )
    };
    plan.apart().into_iter().map(line).collect()
}

/// Per scan class with requests, the share of its period that they take.
fn loads(link: &ModbusLink, round_trip: Duration) -> Vec<(Duration, f64)> {
    let classes = link.scan_periods.iter().enumerate();
    let load = |(class, period): (usize, &Duration)| {
        let own = link.plan.requests().iter().filter(|r| r.scan() == class);
        let used = quantity(own.count()) * round_trip.as_secs_f64();
        (*period, used / period.as_secs_f64())
    };
    classes.map(load).filter(|(_, load)| *load > 0.0).collect()
}

impl fmt::Display for PlanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for device in &self.devices {
            writeln!(f, "{device}")?;
        }
        for outstation in &self.outstations {
            writeln!(f, "{outstation}")?;
        }
        if self.connections.is_empty() {
            return Ok(());
        }
        let round_trip = show_duration(self.round_trip);
        writeln!(f, "load of connections, if an answer takes {round_trip}")?;
        for connection in &self.connections {
            let ConnectionLoad {
                address,
                units,
                connections,
                load,
            } = connection;
            let over = if *load > 1.0 {
                "  cannot keep its scan classes: scan more slowly or read fewer points"
            } else {
                ""
            };
            writeln!(
                f,
                "  {:>6.1} %  {address}, {units} units over {connections} connections{over}",
                load * 100.0
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for DevicePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "device '{}' at {}, unit {}; profile '{}' of {} devices",
            self.device, self.address, self.unit, self.profile, self.alike
        )?;
        writeln!(
            f,
            "  {:<7} {:<17} {:<12} {:>6} {:>7}  points",
            "every", "table", "addresses", "count", "unused"
        )?;
        for request in &self.requests {
            writeln!(f, "  {request}")?;
        }
        for apart in &self.apart {
            writeln!(f, "  warning: {apart}")?;
        }
        for (period, load) in &self.loads {
            let period = show_duration(*period);
            writeln!(f, "  load of {period:<7} {:>6.1} %", load * 100.0)?;
        }
        Ok(())
    }
}

impl fmt::Display for RequestPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.addresses;
        let names = self.points.iter().take(NAMES_SHOWN).map(String::as_str);
        let names: Vec<_> = names.collect();
        let more = match self.points.len().saturating_sub(NAMES_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        write!(
            f,
            "{:<7} {:<17} {:<12} {:>6} {:>7}  {}{more}",
            show_duration(self.period),
            self.table.name(),
            format!("{start}..{}", end.saturating_sub(1)),
            end - start,
            self.unused,
            names.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"
        [scan_class]
        fast = "100ms"
        [[profile]]
        name = "relay"
        protocol = "modbus"
        forbidden = ["holding 15"]
        point = [
            { name = "a", holding = 10 },
            { name = "b", holding = 12, type = "u32" },
            { name = "c", holding = 16 },
            { name = "d", coil = 3, scan = "slow" },
        ]
        [[device]]
        name = "one"
        profile = "relay"
        address = "h"
        [[device]]
        name = "two"
        profile = "relay"
        address = "h"
        unit = 2
        scan_factor = 2
    "#;

    fn config() -> Config {
        let no_variables: [(&str, &str); 0] = [];
        let no_files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        Config::parse(CONFIG, "x.toml", no_variables, &no_files)
            .unwrap_or_else(|faults| panic!("{faults}"))
    }

    #[test]
    fn a_plan_shows_requests_and_what_they_cost() {
        let report = PlanReport::of(&config(), None, Duration::from_millis(10)).unwrap();
        let text = report.to_string();
        let expected = "\
device 'one' at h:502, unit 1; profile 'relay' of 2 devices
  every   table             addresses     count  unused  points
  100ms   holding_register  10..13            4       1  a, b
  100ms   holding_register  16..16            1       0  c
  1min    coil              3..3              1       0  d
  load of 100ms     20.0 %
  load of 1min       0.0 %

load of connections, if an answer takes 10ms
    30.0 %  h:502, 2 units over 1 connections
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_value_read_apart_from_its_exponent_is_warned_of() {
        let text = CONFIG
            .replace("holding = 10 }", "holding = 10, sf = \"c\" }")
            .replace("name = \"c\",", "name = \"c\", type = \"i16\",");
        let no_files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let config = Config::parse(&text, "x.toml", [("", ""); 0], &no_files);
        let config = config.unwrap_or_else(|faults| panic!("{faults}"));
        let warning = "is too far away, or has forbidden addresses between, for one request";
        let plan = PlanReport::of(&config, None, Duration::from_millis(10)).unwrap();
        let line = format!("  warning: 'a' is read apart from its sf 'c', which {warning}\n");
        assert!(plan.to_string().contains(&line), "{plan}");
        let check = crate::check::Report::of(&config).unwrap().to_string();
        let line = format!("warning: profile 'relay' point 'a': its sf 'c' {warning}; ");
        assert!(check.contains(&line), "{check}");
    }

    #[test]
    fn one_device_is_found_by_its_name() {
        let config = config();
        let plan = |name| PlanReport::of(&config, Some(name), Duration::from_millis(50));
        let two = plan("two").unwrap();
        assert_eq!(two.devices.len(), 1);
        assert_eq!(
            two.devices[0].requests[0].period,
            Duration::from_millis(200)
        );
        assert!(two.connections[0].load > 1.0 && two.to_string().contains("cannot keep"));
        assert!(matches!(plan("three"), Err(PlanReportError::NoDevice(_))));
    }
}
