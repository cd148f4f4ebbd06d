//! Real traffic: what is honest decodes without an error and as `tshark` reads it; what is hostile
//! gives errors and no panic.
//!
//! Skipped unless the captures are in `../shared/captures` beside the project.

#![cfg(test)]

mod agreement;
#[expect(
    unreachable_pub,
    unused_imports,
    reason = "it is a part of the command line, which uses more of it"
)]
#[path = "../../../gridos/src/capture/mod.rs"]
mod capture;
mod every_variation;
mod fragments;
mod ours;
mod seen;
mod tshark;

use std::fs;
use std::path::{Path, PathBuf};

/// Captures that somebody made to do harm, or that end in the midst of it.
const HOSTILE: [&str; 4] = [
    "dnp3__dnp3-flowbuffer-overflow-assert.pcap",
    "dnp3__dnp3-max-points__test.pcap",
    "dnp3__dnp3-too-long-reassembly-request__input.pcap",
    "dnp3__dnp3-too-long-reassembly-response__input.pcap",
];

/// The captures of DNP3, hostile ones or the others.
fn captures(hostile: bool) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let Ok(sources) = fs::read_dir(&folder) else {
        println!("skipped: there is no {}", folder.display());
        return Vec::new();
    };
    let folders = sources.map(|source| source.unwrap().path());
    let folders = folders.filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        let is_hostile = HOSTILE.contains(&&*name);
        name.starts_with("dnp3") && name.ends_with(".pcap") && is_hostile == hostile
    });
    files.sort();
    files
}

/// The port of DNP3 in a capture: one has it elsewhere.
fn port(path: &Path) -> u16 {
    match path.to_string_lossy().contains("p20001") {
        true => 20_001,
        false => 20_000,
    }
}
