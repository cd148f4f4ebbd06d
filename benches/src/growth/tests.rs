use std::fs;
use std::path::Path;

use serde_json::json;

use super::*;

const SIZE: Size = Size {
    devices: 1_000,
    points_each: 100,
    every_ms: Some(1_000),
    columns: 0,
};

const PLANT: Plant = Plant {
    points_each: 100.0,
    every: 1.0,
};

/// One that only its processors bound.
const MACHINE: Machine = Machine {
    cores: 2.0,
    memory: 1e12,
    files: 1e9,
    disk: 1e12,
    used: 0.5,
};

/// A plant whose memory is what its parts take.
fn run(devices: u32, points_each: u32) -> Run {
    let size = Size {
        devices,
        points_each,
        ..SIZE
    };
    Run {
        size,
        stored: 1e5,
        engine_cpu: 0.2,
        database_cpu: 0.1,
        durable_p99: 10.0,
        stored_p99: 200.0,
        chart_p99: None,
        resident: 50e6 + 10e3 * f64::from(devices) + 200.0 * size.points(),
        bytes: Bytes {
            journal: 9.0,
            wal: 10.0,
            table: 9.5,
            index: 0.5,
        },
    }
}

fn costs() -> Costs {
    Costs::of(&[run(10, 1_000), run(100, 100), run(100, 1_000)]).unwrap()
}

fn assert_near(found: f64, expected: f64) {
    assert!(
        (found / expected - 1.0).abs() < 1e-6,
        "{found} for {expected}"
    );
}

fn assert_bound(found: (f64, Bound), expected: f64, bound: Bound) {
    assert_near(found.0, expected);
    assert_eq!(found.1, bound);
}

#[test]
fn a_run_is_read_from_what_bench_tells() {
    let percentiles = json!({ "p99": 7.0 });
    let mut told = json!({ "scenarios": [{
        "stored": 5.0,
        "cpu_seconds_per_million": { "engine": 0.2, "server": 0.1 },
        "latency_ms": { "wire-durable": percentiles, "wire-stored": percentiles },
        "history": null,
        "resident_bytes": { "peak": 77 },
        "bytes_per_reading": { "journal": 1.0, "wal": 2.0, "table": 3.0, "index": 4.0 },
    }] });
    let run = Run::of(SIZE, &told).unwrap();
    assert_eq!((run.size, run.resident, run.chart_p99), (SIZE, 77.0, None));
    assert_eq!((run.bytes.wal, run.durable_p99), (2.0, 7.0));
    told["scenarios"][0]["resident_bytes"] = json!(null);
    assert_eq!(Run::of(SIZE, &told), None);
}

#[test]
fn costs_are_what_plants_differ_by() {
    let costs = costs();
    assert_near(costs.point, 200.0);
    assert_near(costs.device, 10e3);
    assert_near(costs.base, 50e6);
    assert_near(costs.engine_cpu, 0.2);
    let of = |sizes: &[(u32, u32)]| {
        let runs: Vec<_> = sizes
            .iter()
            .map(|(devices, each)| run(*devices, *each))
            .collect();
        Costs::of(&runs)
    };
    let five = of(&[
        (10, 100),
        (100, 100),
        (1_000, 100),
        (10, 1_000),
        (100, 1_000),
    ])
    .unwrap();
    assert_near(five.device, 10e3);
    assert_eq!(
        of(&[(10, 100), (100, 100), (1_000, 100)]),
        None,
        "devices of one width"
    );
    assert_eq!(of(&[(10, 100), (10, 1_000)]), None, "as many devices each");
    // Memory that shrinks with more devices is that of plants too small to tell.
    let mut small = [run(10, 1_000), run(100, 100), run(100, 1_000)];
    small[1].resident = 40e6;
    assert_eq!(Costs::of(&small), None);
}

#[test]
fn what_is_least_bounds_a_machine() {
    let (plant, machine) = (PLANT, MACHINE);
    let costs = costs();
    // One core at work, 0.2 s for a million: 5 million readings a second.
    assert_bound(machine.engine(&costs, &plant), 50e3, Bound::Processors);
    let few = Machine {
        files: 20_000.0,
        ..machine
    };
    assert_bound(few.engine(&costs, &plant), 9e3, Bound::Files);
    // 30 kB a device with its points, of the 300 MB beside what any engine takes.
    let small = Machine {
        memory: 700e6,
        ..machine
    };
    assert_bound(small.engine(&costs, &plant), 10e3, Bound::Memory);
    // 900 bytes a second from each device.
    let slow = Machine {
        disk: 1.8e6,
        ..machine
    };
    assert_bound(slow.engine(&costs, &plant), 1e3, Bound::Disk);
    let rarely = Plant {
        every: 10.0,
        ..plant
    };
    assert_bound(machine.engine(&costs, &rarely), 500e3, Bound::Processors);
}

#[test]
fn databases_are_as_many_as_the_readings_take() {
    let (plant, machine) = (PLANT, MACHINE);
    let costs = costs();
    assert_bound(machine.database(&costs), 10e6, Bound::Processors);
    let ten = Carried::by(10.0, &machine, &costs, &plant);
    assert_near(ten.readings, 50e6);
    assert_near(ten.database_cores, 5.0);
    assert_near(ten.databases, 5.0);
    assert_near(ten.wal, 500e6);
    assert_near(ten.stored_a_day, 50e6 * 10.0 * 86_400.0);
    // No more processors than a writer has connections.
    let large = Machine {
        cores: 64.0,
        ..machine
    };
    assert_bound(large.database(&costs), 80e6, Bound::Processors);
    // 20 bytes a reading in all.
    let slow = Machine {
        disk: 40e6,
        ..machine
    };
    assert_bound(slow.database(&costs), 1e6, Bound::Disk);
}

/// `cargo run -p gridos-benches --bin growth -- draw` makes them anew.
#[test]
fn the_page_and_the_chart_are_of_what_was_measured() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let measured: Measured = serde_json::from_str(&read("benches/growth/measured.json")).unwrap();
    let most = measured.runs.iter().map(|run| run.size.devices).max();
    assert!(most >= Some(10_000), "measured.json is of a try");
    let page = read("docs/explanation/capacity.md");
    assert!(
        splice(&page, &measured).unwrap() == page,
        "capacity.md is stale"
    );
    assert!(
        svg(&measured) == read("docs/explanation/growth.svg"),
        "growth.svg is stale"
    );
}
