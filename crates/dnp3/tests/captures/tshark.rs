//! What `tshark` reads in a capture.

use std::path::Path;
use std::process::Command;

use crate::seen::{Fragment, Header, Point};

/// Whether `tshark` is there; if not, the test must be skipped, or fail where nothing may be.
pub(crate) fn is_installed() -> bool {
    let found = Command::new("tshark").arg("--version").output().is_ok();
    let may_skip = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING").is_none();
    assert!(found || may_skip, "tshark is not installed; see tests/run");
    if !found {
        println!("skipped: tshark is not installed");
    }
    found
}

/// The fragments of a capture in their order.
pub(crate) fn fragments(path: &Path, port: u16) -> Vec<Fragment> {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(path)
        .args(["-d", &format!("tcp.port=={port},dnp3")])
        .args(["-Y", "dnp3", "-T", "pdml"])
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut reader = PdmlReader::default();
    for line in text.lines() {
        reader.line(line);
    }
    reader.fragments
}

/// PDML has one field a line, so it needs no parser of XML.
#[derive(Default)]
struct PdmlReader {
    packet: u64,
    /// The next fragment is one of segments that do not belong together, as it says itself.
    is_mixed: bool,
    fragments: Vec<Fragment>,
}

impl PdmlReader {
    fn line(&mut self, line: &str) {
        let (name, show) = (attribute(line, "name"), attribute(line, "show"));
        let (Some(name), Some(show)) = (name, show) else {
            return;
        };
        if name == "frame.number" {
            self.packet = show.parse().unwrap();
        }
        self.is_mixed |= name == "dnp3.al.fragment.conflicts" || name == "dnp3.al.fragment.overlap";
        if name == "dnp3.al.ctl" {
            self.fragments.push(Fragment {
                packet: self.packet,
                control: u8::try_from(hex(show)).unwrap(),
                is_mixed: std::mem::take(&mut self.is_mixed),
                ..Fragment::default()
            });
        }
        let Some(fragment) = self.fragments.last_mut() else {
            return;
        };
        match name {
            "dnp3.al.func" => fragment.function = show.parse().unwrap(),
            "dnp3.al.iin" => fragment.iin = Some(u16::try_from(hex(show)).unwrap()),
            "dnp3.al.obj" => {
                let [group, variation] = u16::try_from(hex(show)).unwrap().to_be_bytes();
                fragment.headers.push(Header {
                    group,
                    variation,
                    ..Header::default()
                });
            }
            _ => {}
        }
        if let Some(header) = fragment.headers.last_mut() {
            of_header(header, name, show, line);
        }
    }
}

fn of_header(header: &mut Header, name: &str, show: &str, line: &str) {
    match name {
        "dnp3.al.objq.prefix" => header.prefix = show.parse().unwrap(),
        "dnp3.al.objq.range" => header.range = show.parse().unwrap(),
        "dnp3.al.range.start" => header.start = show.parse().ok(),
        "dnp3.al.range.stop" => header.stop = show.parse().ok(),
        "dnp3.al.range.quantity" => header.quantity = show.parse().ok(),
        "" => {
            if let Some(label) = show.strip_prefix("Point Number ") {
                header.points.push(of_label(label));
            }
        }
        _ => {}
    }
    let Some(point) = header.points.last_mut() else {
        return;
    };
    match name {
        "" if show.starts_with("Quality: ") => {
            let octet = attribute(line, "value").unwrap();
            point.flags = Some(u8::from_str_radix(octet, 16).unwrap());
        }
        "dnp3.al.timestamp" => point.time = Some(of_time(show)),
        "dnp3.al.count" | "dnp3.al.on_time" | "dnp3.al.off_time" | "dnp3.al.ctrlstatus"
        | "dnp3.al.time_delay" => point.more.push(show.parse().unwrap()),
        _ => {}
    }
}

/// Reads `4 (Quality: Online), Value: 1, Timestamp: Mar 10, 2020 13:57:04.043000000`.
fn of_label(label: &str) -> Point {
    let (digits, _) = label.split_at(
        label
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(label.len()),
    );
    let value = ["Value: ", "Count: "].iter().find_map(|name| {
        let (_, value) = label.split_once(name)?;
        value.split(',').next()?.parse().ok()
    });
    let time = label.split_once("Timestamp: ");
    Point {
        index: digits.parse().unwrap(),
        value,
        time: time.map(|(_, time)| of_time(time)),
        ..Point::default()
    }
}

/// Without the zone and what is finer than milliseconds.
fn of_time(text: &str) -> String {
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    text.strip_suffix("000000").unwrap_or(text).to_owned()
}

fn hex(text: &str) -> u32 {
    u32::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap()
}

/// The value of an attribute of the one element of a line.
fn attribute<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}
