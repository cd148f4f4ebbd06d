//! What an outstation sends and nobody can read is kept once, also if the engine is killed between
//! the disk and the confirm.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use gridos_dnp3::link::{Address, Pair, Reader, Recovery, Role};
use gridos_dnp3::transport::Segmenter;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Process, free_address};
use crate::support::http::Client;

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// One event of binary 1 at 2023-11-14 22:13:20 (g2v2).
const EVENT: &[u8] = &[2, 2, 0x17, 1, 1, 0x81, 0x00, 0x68, 0xe5, 0xcf, 0x8b, 0x01];
/// An object of a group that nobody knows.
const UNKNOWN: &[u8] = &[0xfe, 1, 0x17, 1, 0, 0x81, 0x2a];

/// An outstation by hand.
struct Outstation {
    stream: TcpStream,
    reader: Reader,
    segmenter: Segmenter,
}

impl Outstation {
    fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            reader: Reader::new(Recovery::Stream),
            segmenter: Segmenter::new(),
        }
    }

    fn send(&mut self, fragment: &[u8]) {
        let [local, remote] = [10, 1].map(Address::from_raw);
        let pair = Pair::new(Role::Outstation, local, remote).unwrap();
        let mut frames = Vec::new();
        self.segmenter.write_frames(&pair, fragment, &mut frames);
        self.stream.write_all(&frames).unwrap();
    }

    /// The next fragment of the engine, which asks one thing after the other.
    fn next(&mut self) -> Vec<u8> {
        let mut bytes = [0; 4_096];
        loop {
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "the engine hung up");
            let mut input = &bytes[..count];
            while let Some(frame) = self.reader.read(&mut input) {
                let frame = frame.unwrap();
                let mut payload = vec![0; frame.payload.len()];
                frame.payload.copy_to(&mut payload);
                if let Some((_, fragment)) = payload.split_first() {
                    return fragment.to_vec();
                }
            }
        }
    }

    /// Offers the event and the unknown object as the answer to the first READ, until it is
    /// confirmed.
    fn offer(&mut self) {
        loop {
            let request = self.next();
            let sequence = request[0] & 0x0f;
            if request[1] == 0x01 {
                self.send(&[&[0xe0 | sequence, 0x81, 0, 0], EVENT, UNKNOWN].concat());
                assert_eq!(self.next(), [0xc0 | sequence, 0x00]);
                return;
            }
            self.send(&[0xc0 | sequence, 0x81, 0, 0]);
        }
    }
}

fn config(dir: &Path, http: &str, listener: &TcpListener) -> String {
    format!(
        "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"{http}\"\n\
         [[profile]]\nname = \"bay\"\nprotocol = \"dnp3\"\noutstation_confirm_timeout = \"60s\"\n\
         point = [{{ name = \"alarm_{{n}}\", binary = \"0..7\" }}]\n\
         [[device]]\nname = \"bay-1\"\nprofile = \"bay\"\naddress = \"{}\"\noutstation = 10\n",
        dir.join("data").display(),
        listener.local_addr().unwrap(),
    )
}

fn letters(client: &mut Client) -> Vec<Value> {
    let answer = client.get("/api/v1/dead-letters?device=bay-1").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    answer["dead_letters"].as_array().unwrap().clone()
}

#[test]
fn a_letter_is_kept_once_though_the_engine_is_killed() {
    let dir = TempDir::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (file, log) = (dir.path().join("gridos.toml"), dir.path().join("log"));
    let http = free_address();
    fs::write(&file, config(dir.path(), &http, &listener)).unwrap();
    let start = || Process::start(&["run", file.to_str().unwrap()], &log);

    let engine = start();
    Outstation::accept(&listener).offer();
    engine.kill();

    // The confirm never arrived, so it offers the same again.
    let engine = start();
    let mut outstation = Outstation::accept(&listener);
    outstation.offer();
    let mut client = Client::connect(&http).unwrap();
    let began = Instant::now();
    let shown = loop {
        let shown = letters(&mut client);
        if !shown.is_empty() {
            break shown;
        }
        assert!(began.elapsed() < PATIENCE, "no letter is stored");
    };
    assert_eq!(shown[0]["octets"], "FE01170100812A");
    assert_eq!(
        (&shown[0]["length"], &shown[0]["cut"]),
        (&7.into(), &false.into())
    );
    engine.signal(Signal::INT);
    drop(outstation);
    let (status, _) = engine.wait();
    assert!(status.success(), "{}", fs::read_to_string(&log).unwrap());
    let counts = "select (select count(*) from dead_letter), (select count(*) from reading \
                  where point = 'bay-1.alarm_1' and quality & 4 = 0)";
    let output = Command::new("sqlite3")
        .arg(dir.path().join("data/gridos.db"))
        .arg(counts)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1|1\n");
}
