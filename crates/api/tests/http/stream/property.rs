//! Whatever happens, and however a client reads: the snapshot with all deltas is the engine's table.

use std::time::Duration;

use gridos_model::{Batch, Quality, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::time::sleep;

use super::{Table, connect};
use crate::rig::{Rig, get};

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A reading that may pass a limit, or be no number.
    Read(usize, f64),
    Text(u8),
    Failed(usize),
    Answered(usize),
    Pass(u64),
    /// The client takes what comes in so many milliseconds.
    Take(u64),
    /// Another one follows some of it for a while.
    Other(u64),
}

const NUMBERS: [&str; 3] = ["sub1.f1.ia", "sub1.f1.ib", "sub1.f2.v"];
const QUERY: &str = "points=sub1.f1.*,sub1.f2.*&devices=sub1.f1,sub1.f2";

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![4 => 0.0..300.0, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    prop_oneof![
        6 => (0_usize..3, value).prop_map(|(at, value)| Step::Read(at, value)),
        1 => any::<u8>().prop_map(Step::Text),
        1 => (0_usize..2).prop_map(Step::Failed),
        1 => (0_usize..2).prop_map(Step::Answered),
        3 => (1_u64..600).prop_map(Step::Pass),
        3 => (1_u64..900).prop_map(Step::Take),
        1 => (1_u64..600).prop_map(Step::Other),
    ]
}

fn publish_text(rig: &Rig, number: u8) {
    let device = &rig.state.directory.devices()[1];
    let mut batch = Batch::default();
    let time = Timestamp::from_millis(number.into());
    batch.start_texts(device.whole(), time);
    batch.push_text(1, time, number.to_string(), Quality::GOOD);
    let readings = batch.readings().unwrap();
    rig.state.live.publish(1, device.whole().first(), &readings);
}

/// What the engine says when it is asked, in the shape of the stream.
async fn asked(rig: &Rig) -> (Vec<Value>, Vec<Value>) {
    let router = rig.router();
    let path = "/api/v1/scada/latest?device=sub1.f1&device=sub1.f2";
    let latest = get(&router, path).await.json();
    let mut points = latest["readings"].as_array().unwrap().clone();
    for point in &mut points {
        for own in ["device", "name", "unit", "limits", "period_seconds"] {
            point.as_object_mut().unwrap().remove(own);
        }
    }
    let devices = get(&router, "/api/v1/devices").await.json();
    let mut devices = devices["devices"].as_array().unwrap().clone();
    for device in &mut devices {
        for own in ["scans", "values"] {
            device.as_object_mut().unwrap().remove(own);
        }
    }
    (points, devices)
}

async fn run(steps: Vec<Step>) {
    let rig = Rig::with_text();
    let router = rig.router();
    let mut table = Table::default();
    let mut client = connect(&router, QUERY).await;
    for step in steps {
        match step {
            Step::Read(at, value) => rig.plant.read(NUMBERS[at], value),
            Step::Text(number) => publish_text(&rig, number),
            Step::Failed(at) => {
                rig.state
                    .telemetry
                    .devices
                    .get(at)
                    .unwrap()
                    .failed(&"timeout");
            }
            Step::Answered(at) => {
                rig.state.telemetry.devices.get(at).unwrap().answered(7);
            }
            Step::Pass(millis) => sleep(Duration::from_millis(millis)).await,
            Step::Take(millis) => client.pass(Duration::from_millis(millis), &mut table).await,
            Step::Other(millis) => {
                let (mut other, mut own) = (connect(&router, QUERY).await, Table::default());
                other.pass(Duration::from_millis(millis), &mut own).await;
            }
        }
    }
    // What a device counts may come half a second later, and is told in the next delta.
    client.pass(Duration::from_millis(1_500), &mut table).await;
    let (points, devices) = asked(&rig).await;
    assert_eq!(json!(table.points), by(&points, "point"));
    assert_eq!(json!(table.devices), by(&devices, "name"));
}

fn by(rows: &[Value], name: &str) -> Value {
    let named = rows.iter();
    let named = named.map(|row| (row[name].as_str().unwrap().to_owned(), row.clone()));
    Value::Object(named.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn snapshot_and_deltas_are_the_table(steps in proptest::collection::vec(step(), 1..40)) {
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(run(steps));
    }
}
