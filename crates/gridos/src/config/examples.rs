//! The examples at the root of the repository load, agree with the simulated devices, and the
//! reference holds every key.

use std::path::Path;

use gridos_alarm::Condition;
use gridos_sim::substation::MAP;

use super::tests::{NO_VARIABLES, no_files};
use super::*;
use crate::check::Report;

const SMALL: &str = include_str!("../../../../examples/small.toml");
const NEW_LIMITS: &str = include_str!("../../../../examples/new-limits.toml");
const DNP3: &str = include_str!("../../../../examples/dnp3.toml");
const SECURE: &str = include_str!("../../../../examples/secure.toml");
const POSTGRES: &str = include_str!("../../../../examples/postgres.toml");
const REFERENCE: &str = include_str!("../../../../examples/reference.toml");
const FLEET: &str = include_str!("../../../../examples/fleet-10000.toml");
const FLEET_ROWS: &[u8] = include_bytes!("../../../../examples/fleet-10000.csv");

fn load(text: &str) -> Config {
    Config::parse(text, "examples/x.toml", NO_VARIABLES, &|path| {
        if path == Path::new("examples/fleet-10000.csv") {
            return Ok(FLEET_ROWS.to_vec());
        }
        no_files(path)
    })
    .unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn the_small_example_loads() {
    let config = load(SMALL);
    let report = Report::of(&config).unwrap();
    assert_eq!(config.devices.len(), 4);
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.bounds.points, 3 * MAP.len() + 2);
}

#[test]
fn the_new_limits_are_of_the_small_example() {
    let mut fleet = Fleet::of(&load(SMALL)).unwrap();
    let before = fleet.alarms().count();
    assert_eq!(
        fleet.redefine(NEW_LIMITS, "examples/new-limits.toml"),
        Ok(3)
    );
    assert_eq!(fleet.alarms().count(), before + 1);
    assert!(!has_profiles(NEW_LIMITS) && has_profiles(SMALL));
}

#[test]
fn the_postgres_example_loads() {
    let config = load(POSTGRES);
    assert!(matches!(config.store.database, Database::Postgres { .. }));
    assert_eq!(Report::of(&config).unwrap().warnings, Vec::<String>::new());
}

#[test]
fn the_secure_example_loads_where_there_is_a_certificate() {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let read = |path: &Path| match path.to_str() {
        Some("examples/engine.pem") => Ok(certificate.pem().into_bytes()),
        Some("examples/engine.key") => Ok(key.serialize_pem().into_bytes()),
        _ => Err(std::io::Error::other("there is none")),
    };
    let config = Config::parse(SECURE, "examples/x.toml", NO_VARIABLES, &read).unwrap();
    assert!(config.access.is_on && config.http.tls.is_some());
    assert_eq!(config.access.users_file, Path::new("examples/users.jsonl"));
    let without = Config::parse(SECURE, "examples/x.toml", NO_VARIABLES, &no_files);
    let told = without.unwrap_err().to_string();
    assert!(
        told.contains("[http.tls] certificate: \"examples/engine.pem\" cannot be read"),
        "{told}"
    );
}

#[test]
fn the_fleet_example_is_ten_thousand_devices() {
    let config = load(FLEET);
    let report = Report::of(&config).unwrap();
    let bounds = &report.bounds;
    assert_eq!((bounds.devices, bounds.connections), (10_000, 10_000));
    assert_eq!(bounds.points, 10_000 * MAP.len());
    assert_eq!(report.warnings, Vec::<String>::new());
    assert!(bounds.memory_bytes() < 1 << 29, "{report}");
    let ports = config.devices.iter().filter_map(|d| d.connection.as_ref());
    let ports = ports.map(|connection| connection.address.port());
    assert!(ports.eq(20_000..30_000));
}

/// Names, registers, kinds, orders, scales, units and limits are the simulated feeder's.
#[test]
fn the_feeders_are_those_of_the_simulator() {
    for (text, points) in [(SMALL, MAP.len()), (FLEET, MAP.len()), (POSTGRES, 3)] {
        let config = load(text);
        let Protocol::Modbus(map) = &config.profiles[0].protocol else {
            panic!("not modbus");
        };
        assert_eq!(map.plan.points().len(), points);
        for (at, point) in map.plan.points().iter().enumerate() {
            let known = MAP.iter().find(|known| known.name == point.name).unwrap();
            assert_eq!(
                format!("{:?}", point.table),
                format!("{:?}", known.table),
                "{}",
                point.name
            );
            assert_eq!(point.address, known.address, "{}", point.name);
            assert_eq!(point.kind.to_string(), known.kind, "{}", point.name);
            assert_eq!(point.order.name(), known.order, "{}", point.name);
            assert_eq!(point.scale, known.scale, "{}", point.name);
            assert_eq!(point.unit, known.unit, "{}", point.name);
            let own = map.alarms.iter().find_map(|(position, alarm)| {
                let Condition::Limit(limits) = &alarm.condition else {
                    return None;
                };
                (*position == at).then_some(*limits)
            });
            let limits = known.limits.map(|l| {
                gridos_alarm::Limits::new(l.high_high, l.high, l.low, l.low_low, l.deadband)
                    .unwrap()
            });
            if points == MAP.len() {
                assert_eq!(own, limits, "{}", point.name);
            }
        }
    }
}

#[test]
fn the_dnp3_example_loads() {
    let config = load(DNP3);
    let report = Report::of(&config).unwrap();
    assert_eq!(report.bounds.outstations, 2);
    assert_eq!(report.warnings, Vec::<String>::new());
}

/// All values the reference gives for the treatment of outstations are the defaults.
#[test]
fn the_reference_tells_how_outstations_are_treated() {
    let reference = load(REFERENCE);
    let mut profiles = reference.profiles.iter();
    let map = profiles.find_map(|profile| match &profile.protocol {
        Protocol::Dnp3(map) => Some(map),
        Protocol::Modbus(_) | Protocol::Push(_) => None,
    });
    let treatment = &map.unwrap().treatment;
    let config = gridos_dnp3::master::Config {
        polls: Vec::new(),
        assignments: gridos_dnp3::master::Assignments::default(),
        ..(*treatment.config).clone()
    };
    assert_eq!(config, gridos_dnp3::master::Config::default());
    let keep_alive = gridos_collect::dnp3::Dnp3Device::KEEP_ALIVE;
    assert_eq!(treatment.keep_alive, Some(keep_alive));
    assert_eq!(treatment.fragment_max.bytes(), 2_048);
}

/// All values the reference gives for the sections of single values are the defaults.
#[test]
fn the_reference_tells_the_defaults() {
    let (reference, defaults) = (load(REFERENCE), load(""));
    assert_eq!(reference.engine.name, defaults.engine.name);
    assert_eq!(reference.engine.data_dir, defaults.engine.data_dir);
    assert_eq!(reference.engine.memory_limit, defaults.engine.memory_limit);
    assert_eq!(reference.http, defaults.http);
    assert_eq!(reference.journal, defaults.journal);
    assert_eq!(reference.store, defaults.store);
    assert_eq!(reference.modbus, defaults.modbus);
    assert_eq!(reference.dnp3, defaults.dnp3);
    assert_eq!(reference.log, defaults.log);
    assert_eq!(reference.connects_at_once, defaults.connects_at_once);
    assert_eq!(reference.scan_classes, defaults.scan_classes);
}

/// The keys of a text by section, those that are commented out as well.
fn keys_of(text: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in text.lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_matches(['[', ']']).to_owned();
        }
        let key = line.split_once(" = ").map(|(key, _)| key);
        let is_key = |key: &&str| {
            key.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if let Some(key) = key.filter(is_key) {
            keys.push((section.clone(), key.to_owned()));
        }
    }
    keys
}

#[test]
fn the_reference_holds_every_key_and_no_other() {
    let found = keys_of(REFERENCE);
    for (section, keys) in every_key() {
        let header = match section {
            "limits" => "profile.point.limits",
            "limits.deadbands" => "profile.point.limits.deadbands",
            "alarm" => "profile.point.alarm",
            "alarm.count" => "profile.point.alarm.count",
            "alarm.priority" => "profile.point.limits.priority",
            "report" => "profile.point.report",
            "device.point" => "device.point.current",
            "columns" => continue,
            "tls" => {
                let line = REFERENCE.lines().find(|line| line.starts_with("#tls = {"));
                let is_there = |key: &&str| line.is_some_and(|l| l.contains(&format!(" {key} = ")));
                assert!(keys.iter().all(is_there), "{line:?}");
                continue;
            }
            other => other,
        };
        // The lists of points stand as sections of their own.
        let own = |key: &&&str| !(header.ends_with(['e']) && **key == "point");
        for key in keys.iter().filter(own) {
            let there = found.contains(&(header.to_owned(), (*key).to_owned()));
            let is_section = REFERENCE.contains(&format!("[{header}.{key}]"));
            assert!(
                there || is_section,
                "[{header}] {key} is not in the reference"
            );
        }
        for (_, key) in found.iter().filter(|(of, _)| of == header) {
            assert!(keys.contains(&key.as_str()), "[{header}] {key} is no key");
        }
    }
    let header = REFERENCE.lines().find(|line| line.starts_with("#   name,"));
    let columns = header.map(|line| line.trim_start_matches(['#', ' ']));
    let known = every_key()
        .into_iter()
        .find(|(section, _)| *section == "columns");
    assert_eq!(
        columns,
        known.map(|(_, columns)| columns.join(",")).as_deref()
    );
}
