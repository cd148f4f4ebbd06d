//! The configuration as a whole: what is read, and how faults are told.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use gridos_modbus::{Kind, Order, Table};
use proptest::prelude::*;

use super::*;

pub(super) const NO_VARIABLES: [(&str, &str); 0] = [];

pub(super) fn no_files(path: &Path) -> io::Result<Vec<u8>> {
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        path.display().to_string(),
    ))
}

pub(super) fn parse(text: &str) -> Result<Config, Faults> {
    Config::parse(text, "g.toml", NO_VARIABLES, &no_files)
}

pub(super) fn faults(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

const FEEDER: &str = r#"
[[profile]]
name = "feeder"
protocol = "modbus"
point = [
    { name = "ia", input = 0, limits = { high = 10 } },
    { name = "p", input = 1, type = "f32", order = "cdab", scale = 0.1, unit = "kW" },
    { name = "setting", register = "40011", scan = "slow" },
]
"#;

fn with_feeder(rest: &str) -> String {
    format!("{FEEDER}{rest}")
}

#[test]
fn an_empty_file_is_all_defaults() {
    let config = parse("").unwrap();
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        config.engine.journal_dir(),
        Path::new("gridos-data/journal")
    );
    assert_eq!(config.journal.sync_interval, Duration::from_millis(5));
    let path = Path::new("gridos-data/gridos.db").to_owned();
    assert_eq!(config.store.database, Database::Sqlite { path });
    assert_eq!(config.modbus, Asking::default());
    assert!(config.devices.is_empty());
}

#[test]
fn a_device_is_read_with_its_profile() {
    let text = with_feeder(
        r#"
        [[device]]
        name = "s1.f1"
        address = "10.0.0.7"
        profile = "feeder"
        scan_factor = 2
        [device.point.ia]
        scale = 0.5
        limits = { low = -1 }
        "#,
    );
    let config = parse(&text).unwrap();
    let fleet = Fleet::of(&config).unwrap();
    let device = &fleet.devices[0];
    let link = device.modbus.as_ref().unwrap();
    assert_eq!(
        (link.address.to_string().as_str(), link.unit),
        ("10.0.0.7:502", 1)
    );
    let seconds: Vec<u64> = link.scan_periods.iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [2, 120]);
    let points = link.plan.points();
    assert_eq!((points[0].scale, points[0].kind), (0.5, Kind::U16));
    assert_eq!(
        (points[1].order, points[1].unit.as_str()),
        (Order::CDAB, "kW")
    );
    assert_eq!(
        (points[2].table, points[2].address),
        (Table::HoldingRegister, 10)
    );
    let groups = fleet.directory.device(device.index).groups();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    assert_eq!(lengths, [2, 1], "one layout per request");
    let limits: Vec<_> = fleet.limits().collect();
    let ia = fleet.directory.find_point("s1.f1.ia").unwrap();
    assert_eq!(limits.len(), 1);
    assert_eq!(limits[0].0, ia.index);
    assert_eq!(
        limits[0].2,
        gridos_alarm::Limits::new(None, None, Some(-1.0), None, 0.0).unwrap()
    );
}

#[test]
fn devices_of_one_profile_share_its_plan_and_limits() {
    let text = with_feeder(
        r#"
        device = [
            { name = "a", profile = "feeder", address = "h:1" },
            { name = "b", profile = "feeder", address = "h:1", unit = 2 },
            { name = "c", profile = "feeder", address = "h:1", unit = 2, enabled = false },
        ]
        "#,
    )
    .replace("[[profile]]", "")
    .replace(
        "\nname = \"feeder\"\nprotocol = \"modbus\"\npoint = [",
        "profile = [{ name = \"feeder\", protocol = \"modbus\", point = [",
    )
    .replacen("\n]\n", "\n]}]\n", 1);
    let config = parse(&text).unwrap();
    let fleet = Fleet::of(&config).unwrap();
    let plan = |n: usize| fleet.devices[n].modbus.as_ref().map(|link| &link.plan);
    assert_eq!(fleet.devices.len(), 2, "the third is not enabled");
    assert!(std::sync::Arc::ptr_eq(plan(0).unwrap(), plan(1).unwrap()));
    assert_eq!(
        Bounds::of(&config).connections,
        1,
        "two units behind one address"
    );
}

#[test]
fn all_faults_are_told_at_once_with_their_lines() {
    let text = r#"
[http]
lisen = "127.0.0.1:1"
body_limit = 5

[journal]
sync_interval = "5"
segment_size = "64MB"
keep = "40d"

[[profile]]
name = "feeder"
protocol = "modbus"
point = [
    { name = "ia", input = 65535, type = "f32" },
    { name = "ia", input = 1, scan = "fats" },
    { name = "ib", holding = 1, coil = 2 },
    { name = "ic", register = 40013 },
    { name = "i.d", holding = 1, limits = { high = 1, low = 2 } },
]

[[device]]
name = "a"
profile = "fedder"
address = "10.0.0.7:0"
unit = 300
"#;
    assert_eq!(
        faults(text),
        "\
g.toml:3: [http] lisen: unknown key; did you mean 'listen'?
g.toml:4: [http] body_limit: 5 has no unit; write for example \"64MiB\"
g.toml:7: [journal] sync_interval: \"5\" has no unit; write for example \"250ms\"
g.toml:8: [journal] segment_size: \"64MB\" has the unknown unit 'MB'; allowed are B, KiB, MiB, GiB, TiB
g.toml:9: [journal] keep: 40d is out of range; allowed are 0s to 30d
g.toml:15: profile 'feeder' point 'ia': at address 65535 of kind f32 reaches past address 65535
g.toml:16: profile 'feeder' point 'ia' name: stands at g.toml:15 already; rename one
g.toml:16: profile 'feeder' point 'ia' scan: \"fats\" is no scan class; did you mean 'fast'?
g.toml:17: profile 'feeder' point 'ib' coil: stands beside holding, but a point has one register; remove one
g.toml:18: profile 'feeder' point 'ic' register: is a number; write a text in quotes
g.toml:19: profile 'feeder' point limits high: the low limit 2 is not below the high limit 1; limits must rise from low_low over low and high to high_high
g.toml:19: profile 'feeder' point name: \"i.d\" has a dot; only a device's name may have dots, single ones inside
g.toml:24: device 'a' profile: \"fedder\" is no profile; did you mean 'feeder'?
g.toml:25: device 'a' address: \"10.0.0.7:0\" has no port from 1 to 65535 behind the colon; write for example \"10.0.0.7:502\"
g.toml:26: device 'a' unit: is out of range; allowed are 0 to 255"
    );
}

#[test]
fn what_is_there_twice_names_the_first() {
    let text = with_feeder(
        r#"
[[device]]
name = "a"
profile = "feeder"
address = "10.0.0.7"
[[device]]
name = "b"
profile = "feeder"
address = "10.0.0.7:502"
[[device]]
name = "a"
profile = "feeder"
address = "10.0.0.8"
[[profile]]
name = "feeder"
protocol = "push"
point = [{ name = "x" }, { name = "x" }]
"#,
    );
    assert_eq!(
        faults(&text),
        "\
g.toml:16: device 'b': unit 1 at 10.0.0.7:502 is device 'a' at g.toml:12 already; correct the address or unit of one
g.toml:20: device 'a' name: stands at g.toml:12 already; rename one
g.toml:24: profile 'feeder' name: stands at g.toml:3 already; rename one
g.toml:26: profile 'feeder' point 'x' name: stands at g.toml:26 already; rename one"
    );
}

#[test]
fn a_name_is_taken_also_by_what_is_faulty_otherwise() {
    let text = with_feeder(
        r#"
[[device]]
name = "x"
profile = "fedder"
[[device]]
name = "x"
profile = "feeder"
address = "h"
[[device]]
name = "y"
profile = "feeder"
address = "h"
[[profile]]
name = "push"
protocol = "push"
point = []
[[profile]]
name = "push"
protocol = "push"
point = [
    { name = "a", limits = { high = 1, low = 2 } },
    { name = "a", scale = 2 },
]
[engine]
ring_batches = 0
"#,
    );
    let found = faults(&text);
    for expected in [
        "g.toml:15: device 'x' name: stands at g.toml:12 already; rename one",
        "g.toml:19: device 'y': unit 1 at h:502 is device 'x' at g.toml:15 already; correct the \
         address or unit of one",
        "g.toml:27: profile 'push' name: stands at g.toml:23 already; rename one",
        "g.toml:31: profile 'push' point 'a' name: stands at g.toml:30 already; rename one",
    ] {
        assert!(
            found.lines().any(|line| line == expected),
            "{expected}\n{found}"
        );
    }
}

#[test]
fn a_text_is_shown_once() {
    let text = FEEDER.replace("\"f32\", order = \"cdab\"", "\"f23\", order = \"dcab\"");
    assert_eq!(
        faults(&text),
        "\
g.toml:7: profile 'feeder' point 'p' order: \"dcab\" is no order of bytes; use abcd, cdab, badc or dcba
g.toml:7: profile 'feeder' point 'p' type: \"f23\" is no kind; use bool, bit0 to bit15, u8_low, u8_high, i8_low, i8_high, u16, i16, u32, i32, u64, i64, f16, f32, f64, bcd16, bcd32, bcd48, bcd64, unix32, unix64, unix64ms, cp56, or string with its length"
    );
}

#[test]
fn a_section_of_devices_names_their_file() {
    assert_eq!(
        faults("[devices]\n"),
        "g.toml:1: [devices] csv: is missing; write csv = \"fleet.csv\", or [[device]] for a \
         single device"
    );
}

#[test]
fn faults_of_syntax_have_lines() {
    let text = faults("[http]\nlisten = \n\n[http]\n");
    assert!(text.starts_with("g.toml:2: not TOML: "), "{text}");
    assert!(text.contains("\ng.toml:4: not TOML: "), "{text}");
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{a=", "[[", "a."] {
        assert!(parse(&format!("a = {}", open.repeat(20_000))).is_err());
        assert!(parse(&open.repeat(20_000)).is_err());
    }
}

#[test]
fn a_faulty_profile_does_not_blame_its_devices() {
    let text = r#"
profile = [{ name = "p", protocol = "modus", point = [] }]
device = [{ name = "a", profile = "p", address = "h" }]
"#;
    assert_eq!(
        faults(text),
        "g.toml:2: profile 'p' protocol: \"modus\" is unknown; did you mean 'modbus'?"
    );
}

#[test]
fn the_network_needs_a_clear_word() {
    let text = "[http]\nlisten = \"0.0.0.0:80\"\n";
    let told = faults(text);
    assert!(
        told.contains("[access] mode: [http] listen = \"0.0.0.0:80\" can be reached"),
        "{told}"
    );
    assert!(parse(&format!("{text}[access]\nallow_open = true")).is_ok());
    assert!(parse(&format!("{text}[access]\nmode = \"on\"")).is_ok());
    let both = faults("[access]\nmode = \"on\"\nallow_open = true");
    assert!(both.contains("[access] allow_open: contradicts"), "{both}");
    assert!(parse("[http]\nlisten = \"[::1]:80\"").is_ok());
}

#[test]
fn the_environment_overrides_the_file() {
    let variables = [
        ("GRIDOS__HTTP__LISTEN", "127.0.0.1:9000"),
        ("GRIDOS__HTTP__BODY_LIMIT", "2MiB"),
        ("GRIDOS__MODBUS__MAX_REGISTERS", "64"),
        ("GRIDOS__ENGINE__RING_BATCHES", "4096"),
    ];
    let text = "[http]\nlisten = \"127.0.0.1:8000\"";
    let config = Config::parse(text, "g.toml", variables, &no_files).unwrap();
    assert_eq!(config.http.listen.port(), 9_000);
    assert_eq!(config.http.body_limit, 2 << 20);
    assert_eq!(config.modbus.plan.max_registers, 64);
    assert_eq!(Bounds::of(&config).ring_batches, 4_096);
    let variables = [
        ("GRIDOS__HTTP__LISTEN", "nowhere"),
        ("GRIDOS__MODBUS__MAX_BITS", "many"),
    ];
    let text = Config::parse("", "g.toml", variables, &no_files).unwrap_err();
    assert_eq!(
        text.to_string(),
        "\
GRIDOS__HTTP__LISTEN: [http] listen: \"nowhere\" is no address with a port; write for example \"127.0.0.1:8080\"
GRIDOS__MODBUS__MAX_BITS: [modbus] max_bits: must be a whole number from 1 to 2000, without quotes"
    );
}

#[test]
fn a_fleet_too_large_for_the_memory_is_refused() {
    let text = "[engine]\nmemory_limit = \"64MiB\"\nring_batches = 4194304";
    assert_eq!(
        faults(text),
        "g.toml:2: [engine] memory_limit: 64MiB is less than the 13447MiB that the queues of this \
         fleet may take; raise it, or scan more slowly"
    );
}

fn with_csv(csv: &str) -> Result<Config, Faults> {
    let files = HashMap::from([("conf/fleet.csv", csv.as_bytes().to_vec())]);
    let text = with_feeder("[devices]\ncsv = \"fleet.csv\"\n");
    Config::parse(&text, "conf/g.toml", NO_VARIABLES, &|path| {
        let known = path.to_str().and_then(|path| files.get(path));
        known.cloned().map_or_else(|| no_files(path), Ok)
    })
}

#[test]
fn devices_come_from_rows() {
    let csv = "\u{feff}name, address ,unit,profile,enabled\n# a comment\na,h:1,,feeder,\n\nb,h:1,2,feeder,false\n";
    let config = with_csv(csv).unwrap();
    let shown: Vec<_> = config
        .devices
        .iter()
        .map(|device| {
            (
                device.name.as_str(),
                device.connection.clone().unwrap().station,
                device.enabled,
            )
        })
        .collect();
    let (one, two) = (Station::Unit(1), Station::Unit(2));
    assert_eq!(shown, [("a", one, true), ("b", two, false)]);
}

#[test]
fn faults_of_rows_have_their_lines() {
    let csv = "name,adress,unit,profile\na,h:1,1,feeder\n\nb,h:1,x,feeder\n# c\n  \nc,h:1\n";
    assert_eq!(
        with_csv(csv).unwrap_err().to_string(),
        "\
conf/fleet.csv:1: unknown column \"adress\"; did you mean 'address'?
conf/fleet.csv:2: device 'a' address: is missing; write address = \"10.0.0.7:502\"
conf/fleet.csv:4: device 'b' address: is missing; write address = \"10.0.0.7:502\"
conf/fleet.csv:4: device 'b' unit: must be a whole number from 0 to 255, without quotes
conf/fleet.csv:7: the row has 2 cells, the header 4; correct the row"
    );
    let semicolons = with_csv("name;address;profile\na;h;feeder\n").unwrap_err();
    assert!(
        semicolons
            .to_string()
            .contains("separate columns by commas")
    );
    let missing = parse(&with_feeder("[devices]\ncsv = \"no.csv\"\n")).unwrap_err();
    let missing = missing.to_string();
    assert!(
        missing.starts_with("g.toml:11: [devices] csv: \"no.csv\" cannot be read"),
        "{missing}"
    );
}

#[test]
fn a_file_that_is_not_there_is_a_fault() {
    let faults = Config::load(Path::new("no/such.toml"), NO_VARIABLES).unwrap_err();
    assert!(
        faults
            .to_string()
            .starts_with("no/such.toml: cannot be read: ")
    );
}

const REFERENCE: &str = include_str!("../../../../examples/reference.toml");

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_panics(text in "(\\PC|\n|[a-z=\\[\\]\"{}.,#'0-9]){0,200}", csv in "(\\PC|[\n,;\"#]){0,80}") {
        let _ = parse(&text);
        let _ = with_csv(&csv);
    }

    #[test]
    fn no_changed_file_panics(at in 0..REFERENCE.len(), cut in 0_usize..12, put in "(\\PC|\n|[0-9\\[\\]{}\"=#.-]){0,6}") {
        let floor = |at: usize| (0..=at.min(REFERENCE.len())).rev().find(|at| REFERENCE.is_char_boundary(*at));
        let (start, end) = (floor(at).unwrap_or(0), floor(at + cut).unwrap_or(0));
        let text = format!("{}{put}{}", &REFERENCE[..start], &REFERENCE[end.max(start)..]);
        if let Ok(config) = parse(&text) {
            prop_assert!(crate::check::Report::of(&config).is_ok());
        }
    }

    #[test]
    fn no_changed_rows_panic(at in 0_usize..60, put in "(\\PC|[\n,;\"#]){0,4}") {
        let csv = "name,profile,address,unit\na,feeder,h:1,1\nb,feeder,h:1,2\n";
        let (before, after) = csv.split_at(at.min(csv.len()));
        let _ = with_csv(&format!("{before}{put}{after}"));
    }
}
