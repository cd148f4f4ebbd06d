//! Lists as three vendors ship them, and lists that nobody should ship.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::config::{Config, Protocol};

const METER: &[u8] = include_bytes!("tests/meter.csv");
const INVERTER: &[u8] = include_bytes!("tests/inverter.csv");
const RELAY: &[u8] = include_bytes!("tests/relay.csv");

/// The points that the engine reads from a profile: table, address, kind, order, scale, unit.
fn read_back(toml: &str) -> Vec<String> {
    let no_files = |_: &Path| Ok(Vec::new());
    let config = Config::parse(toml, "p.toml", [("", ""); 0], &no_files);
    let config = config.unwrap_or_else(|faults| panic!("{faults}\n{toml}"));
    let Protocol::Modbus(map) = &config.profiles[0].protocol else {
        panic!("not modbus")
    };
    let shown = |point: &gridos_modbus::RegisterPoint| {
        let gridos_modbus::RegisterPoint {
            name,
            unit,
            table,
            address,
            kind,
            order,
            scale,
            offset,
            ..
        } = point;
        format!("{name} {table} {address} {kind} {order} {scale} {offset} {unit}")
    };
    map.plan.points().iter().map(shown).collect()
}

fn skipped(imported: &Imported) -> Vec<String> {
    let skipped = imported.skipped.iter();
    skipped
        .map(|row| format!("{}: {}", row.line, row.why))
        .collect()
}

/// A European meter: semicolons, decimal commas, Latin-1, six-digit registers, titles between.
#[test]
fn a_meter_with_semicolons() {
    let imported = modbus(METER, &Options::new("meter")).unwrap();
    assert_eq!(imported.toml, include_str!("tests/meter.toml"));
    assert_eq!(
        read_back(&imported.toml),
        [
            "ct_ratio holding_register 99 u16 abcd 1 0 ",
            "voltage_l1_n input_register 0 f32 abcd 1 0 V",
            "voltage_l2_n input_register 2 f32 abcd 1 0 V",
            "current_l1 input_register 6 u16 abcd 0.1 0 A",
            "cos_phi input_register 10 i16 abcd 0.001 0 ",
            "energy_import input_register 20 u64 abcd 0.001 0 kWh",
            "temperatur input_register 24 i16 abcd 0.1 -40 °C",
            "serial_number input_register 100 string abcd 1 0 ",
        ]
    );
    assert_eq!(skipped(&imported), ["17: it can only be written ('W')",]);
}

/// An inverter: hexadecimal and decimal addresses, function codes, gains, swapped words.
#[test]
fn an_inverter_with_gains() {
    let imported = modbus(INVERTER, &Options::new("inverter")).unwrap();
    assert_eq!(imported.toml, include_str!("tests/inverter.toml"));
    assert_eq!(
        read_back(&imported.toml),
        [
            "running_status holding_register 32000 u16 abcd 1 0 ",
            "pv1_voltage holding_register 32016 i16 abcd 0.1 0 V",
            "active_power holding_register 32080 i32 abcd 0.001 0 kW",
            "grid_frequency holding_register 32085 u16 abcd 0.01 0 Hz",
            "daily_yield holding_register 32114 u32 cdab 0.01 0 kWh",
            "active_power_h32278 holding_register 32278 i32 abcd 1 0 W",
            "meter_power input_register 37113 f32 dcba 1 0 W",
        ]
    );
    assert_eq!(
        skipped(&imported),
        [
            "10: the address 'TBD' is no number",
            "11: the scale 'see 5.2' is no number other than 0"
        ]
    );
}

/// A relay: tabs, 40001, bits of registers, coils, a title before the header.
#[test]
fn a_relay_with_tabs() {
    let imported = modbus(RELAY, &Options::new("relay")).unwrap();
    assert_eq!(imported.toml, include_str!("tests/relay.toml"));
    assert_eq!(
        read_back(&imported.toml),
        [
            "trip_coil_supervision discrete_input 0 bool abcd 1 0 ",
            "breaker_open discrete_input 1 bool abcd 1 0 ",
            "ia holding_register 0 u16 abcd 0.1 0 A",
            "fault_word_trip holding_register 9 bit3 abcd 1 0 ",
            "fault_word_trip_h9_b4 holding_register 9 bit4 abcd 1 0 ",
            "frequency holding_register 12 f32 abcd 1 0 Hz",
        ]
    );
    assert_eq!(skipped(&imported), ["9: the type 'BLOB' is not known"]);
}

#[test]
fn the_base_can_be_said() {
    let list = b"name,address\na,1\nb,2\n";
    let addresses = |base| {
        let options = Options {
            base,
            ..Options::new("p")
        };
        read_back(&modbus(list, &options).unwrap().toml).join("; ")
    };
    assert!(addresses(None).starts_with("a holding_register 1 "));
    assert!(addresses(Some(Base::Zero)).starts_with("a holding_register 1 "));
    assert!(addresses(Some(Base::One)).starts_with("a holding_register 0 "));
}

#[test]
fn a_list_without_a_header_or_a_usable_row_is_refused() {
    let options = Options::new("p");
    assert_eq!(modbus(b"", &options), Err(SheetError::NoHeader));
    assert_eq!(modbus(b"a,b\n1,2\n", &options), Err(SheetError::NoHeader));
    let error = modbus(b"name,address\nx,y\n", &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "none of 1 rows can be used; the first is line 2: the address 'y' is no number"
    );
}

#[test]
fn lines_are_those_of_the_file() {
    for end in ["\n", "\r\n"] {
        let rows = [
            "",
            "",
            "title,,",
            "name,address,remark",
            "",
            "",
            "x,?,\"two",
            "lines\"",
            "",
            "y,?,",
            "z,1,",
        ];
        let imported = modbus(rows.join(end).as_bytes(), &Options::new("p")).unwrap();
        let lines: Vec<u64> = imported.skipped.iter().map(|row| row.line).collect();
        assert_eq!(lines, [7, 10]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever a list holds, the profile can be read, and has as many points as was said.
    #[test]
    fn what_is_imported_can_be_read(
        rows in proptest::collection::vec(
            ("[a-zA-Z #\"\\\\'é\u{7f}]{0,12}", "(0x)?[0-9a-f]{0,6}(\\.[0-9]{1,2})?", "(u?int(16|32|64)?|float|bool|x|string\\(8\\))?", "[-/x0-9.,]{0,4}", "[A-Za-z°%\\[\\]\"]{0,20}"),
            0..30,
        ),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["Name", "Address", "Type", "Scale", "Unit"]).unwrap();
        for (name, address, kind, scale, unit) in &rows {
            writer.write_record([name, address, kind, scale, unit]).unwrap();
        }
        let list = writer.into_inner().unwrap();
        if let Ok(imported) = modbus(&list, &Options::new("p")) {
            prop_assert_eq!(read_back(&imported.toml).len(), imported.points);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "(\\PC|[\n,;\t\"]){0,120}") {
        let _ = modbus(&bytes, &Options::new("p"));
        let _ = modbus(format!("name;address;type\n{text}").as_bytes(), &Options::new("p"));
    }
}
