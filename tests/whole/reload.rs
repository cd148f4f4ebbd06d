//! The configuration is reloaded while the engine runs: what is untouched notices nothing, what is
//! faulty changes nothing, and nothing is lost or stored twice.

mod dnp3;
mod engineers;
mod often;
mod site;
mod stalled;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use self::site::{Plan, Site, wanted};
use crate::support::engine::Process;
use crate::support::http::{Answer, Client};

const DEVICES: usize = 6;
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Passes bytes between the engine and a device; counts the connections.
async fn gate(device: SocketAddr, connections: Arc<AtomicUsize>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::AcqRel);
            tokio::spawn(async move {
                let mut server = TcpStream::connect(device).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    address
}

#[test]
fn what_is_untouched_goes_on_over_its_connection() {
    let site = Site::new();
    let connections = Arc::new(AtomicUsize::new(0));
    let gate = site
        .runtime
        .block_on(gate(site.device(0), Arc::clone(&connections)));
    let mut plan = Plan::from([
        ("kept".to_owned(), wanted(gate, "two", None)),
        ("other".to_owned(), wanted(site.device(1), "two", None)),
    ]);
    site.write(&plan);
    let process = site.start();
    site.until("both are polled", |site| {
        site.readings_of("kept") > 0 && site.readings_of("other") > 0
    });

    // SIGHUP adds a device, which is then polled.
    plan.insert("new".to_owned(), wanted(site.device(2), "three", None));
    site.write(&plan);
    process.signal(Signal::HUP);
    site.until("the new one is polled", |site| site.readings_of("new") > 0);
    let values = &site.devices()["new"]["values"];
    assert_eq!(values.as_array().unwrap().len(), 3, "{values}");

    // A changed map, and a device that is gone.
    plan.get_mut("other").unwrap().profile = "three";
    plan.remove("new");
    site.write(&plan);
    let report = site.reloaded();
    assert_eq!(
        report["devices"]["removed"]["names"],
        serde_json::json!(["new"])
    );
    assert_eq!(
        report["devices"]["changed"]["names"],
        serde_json::json!(["other"])
    );
    assert_eq!(report["devices"]["untouched"], 2);
    // The place of `new`, and the two points of `other` that are three now.
    let retired = &site.ask("/api/v1/scada/status")["retired"];
    assert_eq!(retired["devices"], 1, "{retired}");
    assert!(retired["points"].as_u64().unwrap() >= 3, "{retired}");
    assert_eq!(
        site.devices().keys().collect::<Vec<_>>(),
        ["kept", "meter", "other"]
    );
    site.until("the changed one is polled", |site| {
        site.readings_of("other") > 0
    });
    assert!(
        site.client()
            .get("/api/v1/scada/latest?point=other.ic")
            .unwrap()
            .status
            == 200
    );
    let gone = site
        .client()
        .get("/api/v1/scada/latest?point=new.ia")
        .unwrap();
    assert_eq!(gone.status, 404, "{}", gone.body);

    // Limits count at once.
    plan.get_mut("kept").unwrap().high = Some(0);
    site.write(&plan);
    let report = site.reloaded();
    assert_eq!(
        report["alarms"]["added"]["names"],
        serde_json::json!(["kept.ia:limit"])
    );
    site.until("the alarm is raised", |site| {
        site.ask("/api/v1/alarms")["alarms"]
            .as_array()
            .is_some_and(|alarms| alarms.iter().any(|alarm| alarm["name"] == "kept.ia:limit"))
    });
    plan.get_mut("kept").unwrap().high = Some(4_000_000_000);
    site.write(&plan);
    assert_eq!(
        site.reloaded()["alarms"]["changed"]["names"],
        serde_json::json!(["kept.ia:limit"])
    );
    assert_eq!(site.reloaded()["changed"], false);

    let kept = site.devices()["kept"].clone();
    assert_eq!(kept["failures"], 0, "{kept}");
    site.end(process);
    assert_eq!(
        connections.load(Ordering::Acquire),
        1,
        "it was connected to anew"
    );
    assert_eq!(
        site.query("select * from device_gap"),
        Vec::<Vec<String>>::new()
    );
    let stored = site.query("select count(distinct point) from reading where point like 'new.%'");
    assert_eq!(stored[0][0], "3");
}

#[test]
fn what_cannot_be_taken_changes_nothing_and_says_why() {
    let site = Site::new();
    let plan = Plan::from([("a".to_owned(), wanted(site.device(0), "two", None))]);
    site.write(&plan);
    let process = site.start();
    site.until("it is polled", |site| site.readings_of("a") > 0);
    let good = site.text(&plan);
    let problem = |answer: &Answer| -> Value { serde_json::from_str(&answer.body).unwrap() };

    // Faults are told all at once, with their lines.
    let broken =
        good.replace("input = 1", "inptu = 1") + "[[device]]\nname = \"b\"\nprofile = \"no\"\n";
    fs::write(site.config(), &broken).unwrap();
    let answer = site.reload();
    let told = problem(&answer);
    assert!(
        answer.status == 422 && told["faults"].as_array().unwrap().len() >= 3,
        "{told}"
    );
    let line = broken.lines().count();
    let place = format!("gridos.toml:{line}");
    assert!(answer.body.contains(&place), "{place} {told}");
    process.signal(Signal::HUP);
    site.until("it is in the log", |_| process.log().contains(&place));

    // What counts only at the start.
    fs::write(site.config(), good.clone() + "[journal]\nkeep = \"2d\"\n").unwrap();
    let answer = site.reload();
    assert_eq!(
        (answer.status, &problem(&answer)["needs_restart"]),
        (409, &serde_json::json!(["journal.keep differs"]))
    );

    // A text that is put: only if one has seen what is there, and dry at first.
    fs::write(site.config(), &good).unwrap();
    let mut next = plan.clone();
    next.insert("b".to_owned(), wanted(site.device(1), "two", None));
    let put = |query: &str, more: &str, text: &str| {
        site.client()
            .put(&format!("/api/v1/config{query}"), more, text)
            .unwrap()
    };
    assert_eq!(put("", "", &good).status, 428);
    let moved = put("", "if-match: \"other\"\r\n", &good);
    assert_eq!(moved.status, 412, "{}", moved.body);
    let tag = problem(&moved)["present_tag"].as_str().unwrap().to_owned();
    let seen = format!("if-match: {tag}\r\n");
    let dry = put("?dry_run=true", &seen, &site.text(&next));
    assert_eq!(
        (dry.status, &problem(&dry)["devices"]["added"]["names"]),
        (200, &serde_json::json!(["b"]))
    );
    assert_eq!(fs::read_to_string(site.config()).unwrap(), good);
    assert_eq!(put("", &seen, &broken).status, 422);
    assert_eq!(fs::read_to_string(site.config()).unwrap(), good);
    assert!(!site.devices().contains_key("b"));
    let taken = put("", &seen, &site.text(&next));
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert_eq!(fs::read_to_string(site.config()).unwrap(), site.text(&next));
    let backup = site.folder.path().join("gridos.toml.bak");
    assert_eq!(fs::read_to_string(backup).unwrap(), good);
    site.until("it is polled", |site| site.readings_of("b") > 0);
    let shown = site.client().get("/api/v1/config").unwrap();
    assert_eq!(shown.body, site.text(&next));
    let metrics = site.client().get("/metrics").unwrap().body;
    for line in [
        "gridos_config_generation 2",
        "gridos_config_reloads_total{outcome=\"taken\"} 1",
        "gridos_config_reloads_total{outcome=\"refused\"} 5",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    site.end(process);
}

/// The folder of the configuration may not be written to.
#[test]
fn a_file_that_cannot_be_written_is_said_to_be_so() {
    let site = Site::new();
    let plan = Plan::from([("a".to_owned(), wanted(site.device(0), "two", None))]);
    site.write(&plan);
    let process = site.start();
    // Nothing can take the place of a folder's own name, whoever asks.
    fs::create_dir(beside(&site.config(), ".new")).unwrap();
    let next = site.text(&plan) + "# another one\n";
    let answer = site
        .client()
        .put("/api/v1/config", "if-match: *\r\n", &next)
        .unwrap();
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(answer.body.contains("cannot be written"), "{}", answer.body);
    assert_eq!(fs::read_to_string(site.config()).unwrap(), site.text(&plan));
    site.end(process);
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
