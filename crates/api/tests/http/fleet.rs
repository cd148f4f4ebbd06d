//! Lists of a large fleet are pages, each made in one look at it.

use std::time::Instant;

use gridos_model::{DirectoryBuilder, Point};
use serde_json::Value;

use crate::rig::{Rig, get};

const DEVICES: usize = 10_000;
const POINTS: usize = 32;

fn fleet() -> Rig {
    let mut builder = DirectoryBuilder::default();
    let points = |names: &[&str]| names.iter().map(|name| Point::new(name, "A")).collect();
    builder.add("sub1.f1", points(&["ia", "ib"]), &[]).unwrap();
    builder.add("sub1.f2", points(&["v"]), &[]).unwrap();
    let names: Vec<_> = (0..POINTS).map(|n| format!("p{n:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    for n in 0..DEVICES {
        let name = format!("fleet-{n:05}");
        builder
            .add(&name, points(&names), &[0..16, 16..32])
            .unwrap();
    }
    Rig::of(builder.build(), 8, 8)
}

/// The names that `list` of each page has, by asking for all pages of `path`.
async fn all(rig: &Rig, path: &str, list: &str, name: &str) -> (Vec<String>, usize) {
    let router = rig.router();
    let (mut names, mut pages) = (Vec::new(), 0);
    let mut after = String::new();
    loop {
        let began = Instant::now();
        let answer = get(&router, &format!("{path}{after}")).await;
        println!(
            "{:?} {} bytes {path}{after}",
            began.elapsed(),
            answer.text.len()
        );
        let page = answer.json();
        let rows = page[list].as_array().unwrap().iter();
        names.extend(rows.map(|row| row[name].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page["next"].as_str() else {
            assert!(page["next"].is_null());
            return (names, pages);
        };
        after = format!("&after={next}");
    }
}

#[tokio::test]
async fn pages_of_a_large_fleet_have_everything_once() {
    let rig = fleet();
    let failing = rig.state.telemetry.devices.get(4_711).unwrap();
    failing.failed(&"timeout");
    for sort in ["name", "state", "load", "last_error"] {
        let path = format!("/api/v1/devices?sort={sort}&limit=4000&values=2");
        let (mut names, pages) = all(&rig, &path, "devices", "name").await;
        assert_eq!(pages, 3);
        let is_first = names[0] == failing.name();
        assert_eq!(is_first, sort == "state" || sort == "last_error", "{sort}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), DEVICES + 2);
    }
    let (found, pages) = all(&rig, "/api/v1/points?q=9.P31&limit=300", "points", "point").await;
    assert_eq!((found.len(), pages), (1_000, 4));
    assert!(found.is_sorted());
    let nothing = get(&rig.router(), "/api/v1/points?q=there-is-none")
        .await
        .json();
    assert_eq!(
        (
            nothing["points"].as_array().unwrap().len(),
            &nothing["next"]
        ),
        (0, &Value::Null)
    );
    let (layouts, _) = all(&rig, "/api/v1/layouts?limit=10000", "layouts", "id").await;
    assert_eq!(layouts.len(), 3 * DEVICES + 2);
    let one = get(&rig.router(), "/api/v1/devices/fleet-00007?limit=20")
        .await
        .json();
    assert_eq!(one["layouts"].as_array().unwrap().len(), 3);
    assert_eq!(
        (one["values"].as_array().unwrap().len(), &one["next"]),
        (20, &"fleet-00007.p19".into())
    );
    let path = "/api/v1/devices/fleet-00007?after=fleet-00007.p19";
    let rest = get(&rig.router(), path).await.json();
    assert_eq!(rest["values"].as_array().unwrap().len(), 12);
    let group = rest["layouts"][2]["id"].as_str().unwrap();
    assert_eq!(rest["values"][0]["layouts"][1], group);
    let layout = get(&rig.router(), &format!("/api/v1/layouts/{group}"))
        .await
        .json();
    assert_eq!(layout["positions"][0]["point"], "fleet-00007.p16");
}

#[tokio::test]
async fn one_device_tells_its_last_errors_and_one_point_its_value() {
    let rig = Rig::polled();
    rig.plant.read("sub1.f1.ia", 150.0);
    let device = rig.state.telemetry.devices.get(0).unwrap();
    (0..20).for_each(|n| device.note(&format!("error {n}")));
    device.note(&"error 19");
    let router = rig.router();
    let one = get(&router, "/api/v1/devices/sub1.f1").await.json();
    let errors = one["errors"].as_array().unwrap();
    assert_eq!((errors.len(), &errors[0]["text"]), (16, &"error 19".into()));
    assert_eq!(
        (&errors[0]["count"], &errors[15]["text"]),
        (&2.into(), &"error 4".into())
    );
    assert_eq!((&one["alarms"], &one["points"]), (&1.into(), &2.into()));
    let point = get(&router, "/api/v1/points/sub1.f1.ia").await.json();
    assert_eq!(
        (&point["value"], &point["level"]),
        (&150.0.into(), &"high".into())
    );
    assert_eq!(point["limits"]["high"], 100.0);
    for (path, status, kind) in [
        ("devices/nobody", 404, "not-found"),
        ("points/sub1.f1.nothing", 404, "not-found"),
        ("points?device=nobody", 404, "not-found"),
        ("points?after=nonsense", 400, "bad-parameter"),
        ("devices?after=nonsense", 400, "bad-parameter"),
        ("devices?sort=load&after=n.0.sub1.f1", 400, "bad-parameter"),
        ("devices?after=n.0.sub1.f1&offset=1", 400, "bad-parameter"),
        ("layouts/7", 404, "not-found"),
        ("layouts/x", 404, "not-found"),
        ("layouts?after=x", 400, "bad-parameter"),
    ] {
        let answer = get(&router, &format!("/api/v1/{path}")).await;
        answer.problem(status, kind);
    }
}
