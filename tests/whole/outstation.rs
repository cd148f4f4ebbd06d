//! `gridos probe dnp3` and `gridos discover dnp3` against outstations, simulated and hostile.

use std::io::{Read as _, Write as _};
use std::iter;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;

use gridos_dnp3::link::{Address, Pair, Role};
use gridos_dnp3::transport::Segmenter;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Process, binary};

/// What `probe dnp3` says: whether it succeeded, on the output, and on the error output.
fn probe(args: &[&str]) -> (bool, String, String) {
    let output = Command::new(binary())
        .args(["probe", "dnp3"])
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The first address in a line such as `2 outstations at 127.0.0.1:4711 to …; link addresses …`.
fn listening(line: &str) -> &str {
    let (_, after) = line.split_once(" at ").unwrap();
    after.split([' ', ';']).next().unwrap()
}

#[test]
fn the_values_of_an_outstation_are_read_and_its_events_left() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    let args = ["simulate", "dnp3", "--port-base", "0"];
    let mut outstation = Process::start(&args, &log);
    let line = outstation.wait_for("Ctrl-C ends");
    let at = listening(&line);
    let (good, shown, told) = probe(&[at]);
    assert!(good, "{told}");
    for expected in [
        "by the master 1\n",
        "link status: answered in ",
        "indications: ",
        "DEVICE_RESTART",
        "attribute 252 manufacturer name: GridOS\n",
        "\ndouble-bit binary input      0          on  ONLINE",
        "\noctet string ",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    let (_, shown, _) = probe(&[at, "--events", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let points = shown["points"].as_array().unwrap();
    let frequency = points
        .iter()
        .find(|point| point["kind"] == "analog input" && point["index"] == 7);
    let frequency = frequency.unwrap()["value"].as_f64().unwrap();
    assert!((49.0..51.0).contains(&frequency), "{frequency}");
    assert!(shown["events"].is_array());
    outstation.signal(Signal::INT);
    let log = outstation.wait_for("events: ");
    assert!(log.contains(" 0 confirmed"), "{log}");
}

#[test]
fn wrong_addresses_are_told_apart() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    let args = [
        "simulate",
        "dnp3",
        "--port-base",
        "0",
        "--first-address",
        "4",
    ];
    let mut outstation = Process::start(&args, &log);
    let line = outstation.wait_for("Ctrl-C ends");
    let at = listening(&line);
    let (good, _, told) = probe(&[at, "--outstation", "10", "--timeout", "1s"]);
    assert!(!good);
    assert!(
        told.contains("not from link address 10; frames came from 4: try --outstation 4"),
        "{told}"
    );
    let (_, _, told) = probe(&[at, "--outstation", "4", "--master", "3", "--timeout", "1s"]);
    assert!(told.contains("speaks to the master 1, not to 3"), "{told}");
    let (_, _, told) = probe(&["127.0.0.1:1"]);
    assert!(told.contains("Its port is usually 20000"), "{told}");
    outstation.signal(Signal::INT);
    outstation.wait();
}

/// An outstation whose answer has no end, or none that a reader should wait for: all binaries, a
/// thousand times.
fn endless() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 4_096];
        assert_ne!(stream.read(&mut asked).unwrap(), 0);
        let link_status = [0x05, 0x64, 5, 0x0B, 1, 0, 10, 0, 0x6D, 0xED];
        stream.write_all(&link_status).unwrap();
        assert_ne!(stream.read(&mut asked).unwrap(), 0);
        let [local, remote] = [10, 1].map(Address::from_raw);
        let pair = Pair::new(Role::Outstation, local, remote).unwrap();
        let mut segmenter = Segmenter::new();
        let all = [&[1, 1, 0x01, 0, 0, 0xFF, 0xFF][..], &[0xFF; 8_192]].concat();
        let firs = iter::once(0x80).chain(iter::repeat(0));
        for (sequence, fir) in (0..16).cycle().zip(firs).take(1_000) {
            let fragment = [&[fir | sequence, 0x81, 0, 0], &all[..]].concat();
            let mut frames = Vec::new();
            segmenter.write_frames(&pair, &fragment, &mut frames);
            if stream.write_all(&frames).is_err() {
                return;
            }
        }
    });
    address
}

#[test]
fn an_answer_without_end_makes_a_profile_with_one() {
    let at = endless().to_string();
    let output = Command::new(binary())
        .args(["discover", "dnp3", &at, "--max-points", "100"])
        .args(["--timeout", "60s"])
        .output()
        .unwrap();
    let [made, told] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{told}");
    assert!(told.contains("not read: the answer has no end"), "{told}");
    assert!(told.contains("has 65536 points"), "{told}");
    let points = "    { name = \"binary_{n}\", binary = \"0..99\" },\n]\n";
    assert!(made.contains(points), "{made}");
    assert!(made.contains("fragment_max = \"16KiB\"\n"), "{made}");
}
