//! Real traffic through the client and through what reads the requests of others: honest answers
//! bring what is in them, and nothing makes a panic.
//!
//! Skipped unless the captures are in `../shared/captures` beside the project.

#![cfg(test)]

#[path = "captures/pcap.rs"]
mod pcap;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridos_collect::modbus::{Probe, ReadError, Via};
use gridos_modbus::{Frame, Incoming, Table};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A test that hangs ends after this time.
const PATIENCE: Duration = Duration::from_secs(60);
const MODBUS: u16 = 502;
/// Bytes of a read request.
const REQUEST_BYTES: usize = 12;

fn captures() -> Vec<PathBuf> {
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
        name.starts_with("modbus") && name.ends_with(".pcap")
    });
    files.sort();
    files
}

/// A frame that was captured.
#[derive(Clone, Debug)]
struct Sent {
    transaction: u16,
    unit: u8,
    pdu: Vec<u8>,
}

/// The frames of a stream, up to the first byte that is none.
fn frames(mut bytes: &[u8]) -> Vec<Sent> {
    let mut frames = Vec::new();
    while let Ok(Some((frame, length))) = Frame::parse(bytes) {
        frames.push(Sent {
            transaction: frame.transaction,
            unit: frame.unit,
            pdu: frame.pdu.to_vec(),
        });
        bytes = &bytes[length..];
    }
    frames
}

/// A read request and its answer.
#[derive(Debug)]
struct Pair {
    unit: u8,
    table: Table,
    start: u16,
    count: u16,
    answer: Vec<u8>,
}

impl Pair {
    /// The data of the answer, if it is the one that was asked for.
    fn honest(&self) -> Option<&[u8]> {
        let [function, bytes, data @ ..] = self.answer.as_slice() else {
            return None;
        };
        let count = usize::from(self.count);
        let needed = match self.table.is_bits() {
            true => count.div_ceil(8),
            false => 2 * count,
        };
        let fits = *function == self.table.function_code()
            && usize::from(*bytes) == data.len()
            && data.len() == needed;
        (fits && (1..=2_000).contains(&count)).then_some(data)
    }
}

/// The reads of a capture with what was answered to them.
fn pairs(file: &[u8]) -> Vec<Pair> {
    let streams = pcap::streams(file);
    let mut pairs = Vec::new();
    for ((client, server), parts) in &streams {
        if server.port() != MODBUS {
            continue;
        }
        let Some(answers) = streams.get(&(*server, *client)) else {
            continue;
        };
        let mut answers: Vec<Sent> = answers.iter().flat_map(|part| frames(part)).collect();
        for request in parts.iter().flat_map(|part| frames(part)) {
            let Ok(Incoming::Read(asked)) = Incoming::parse(&request.pdu) else {
                continue;
            };
            let is_answer = |answer: &Sent| {
                (answer.transaction, answer.unit) == (request.transaction, request.unit)
            };
            if let Some(at) = answers.iter().position(is_answer) {
                pairs.push(Pair {
                    unit: request.unit,
                    table: asked.table(),
                    start: asked.start(),
                    count: asked.count(),
                    answer: answers.remove(at).pdu,
                });
            }
        }
    }
    pairs
}

/// Answers each request with the next of `answers`, then closes.
async fn play(answers: Vec<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for answer in answers {
            let mut request = [0; REQUEST_BYTES];
            if stream.read_exact(&mut request).await.is_err() {
                return;
            }
            let mut frame = request[..4].to_vec();
            frame.extend(u16::try_from(answer.len() + 1).unwrap().to_be_bytes());
            frame.push(request[6]);
            frame.extend(answer);
            if stream.write_all(&frame).await.is_err() {
                return;
            }
        }
    });
    address
}

async fn connect(address: SocketAddr, unit: u8) -> Probe {
    let host = address.ip().to_string();
    let probe = Probe::connect(&host, address.port(), Via::Tcp, unit, PATIENCE);
    probe.await.unwrap()
}

/// What the client makes of an answer: registers, or bits as 0 and 1.
async fn read(probe: &mut Probe, pair: &Pair) -> Result<Vec<u16>, ReadError> {
    let (table, start, count) = (pair.table, pair.start, pair.count);
    if table.is_bits() {
        let bits = probe.bits(table, start, count).await?.values;
        Ok(bits.into_iter().map(u16::from).collect())
    } else {
        Ok(probe.registers(table, start, count).await?.values)
    }
}

/// The same, taken from the bytes without the client.
fn expected(pair: &Pair, data: &[u8]) -> Vec<u16> {
    if pair.table.is_bits() {
        let bit = |n: u16| data[usize::from(n / 8)] >> (n % 8) & 1;
        (0..pair.count).map(|n| u16::from(bit(n))).collect()
    } else {
        let words = data.chunks(2);
        words
            .map(|two| u16::from_be_bytes([two[0], two[1]]))
            .collect()
    }
}

#[tokio::test]
async fn honest_answers_are_read_and_no_others() {
    let (mut honest, mut refused, mut other) = (0, 0, 0);
    for path in captures() {
        let mut pairs = pairs(&fs::read(&path).unwrap());
        // One connection for each unit, as in the field.
        pairs.sort_by_key(|pair| pair.unit);
        for of_unit in pairs.chunk_by(|a, b| a.unit == b.unit) {
            let mut left = of_unit;
            while let Some(first) = left.first() {
                let answers = left.iter().map(|pair| pair.answer.clone()).collect();
                let mut probe = connect(play(answers).await, first.unit).await;
                while let Some((pair, rest)) = left.split_first() {
                    left = rest;
                    match (read(&mut probe, pair).await, pair.honest()) {
                        (Ok(values), Some(data)) => {
                            assert_eq!(values, expected(pair, data), "{pair:?}");
                            honest += 1;
                        }
                        (Err(ReadError::Exception { code }), None) => {
                            assert_eq!(pair.answer.get(1), Some(&code), "{pair:?}");
                            refused += 1;
                        }
                        // Its connection must not be used any more.
                        (Err(_), None) => {
                            other += 1;
                            break;
                        }
                        (read, _) => panic!("{}: {pair:?}: {read:?}", path.display()),
                    }
                }
            }
        }
    }
    println!("{honest} answers read, {refused} exceptions, {other} that are no answers");
    assert!(captures().is_empty() || honest > 1_000, "{honest}");
}

#[tokio::test]
async fn no_captured_bytes_make_the_client_panic() {
    for path in captures() {
        for parts in pcap::streams(&fs::read(&path).unwrap()).into_values() {
            for part in parts {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                let address = listener.local_addr().unwrap();
                let server = tokio::spawn(async move {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut request = [0; REQUEST_BYTES];
                    stream.read_exact(&mut request).await.unwrap();
                    let mut bytes = part;
                    // Let the first frame pass as the answer as far as it can.
                    if let Some(transaction) = bytes.get_mut(..2) {
                        transaction.copy_from_slice(&request[..2]);
                    }
                    // The client may have had enough already.
                    let _ = stream.write_all(&bytes).await;
                });
                let mut probe = connect(address, 1).await;
                let read = probe.registers(Table::HoldingRegister, 0, 10).await;
                drop(read);
                drop(probe);
                server.await.unwrap();
            }
        }
    }
}

#[test]
fn no_captured_bytes_make_the_reader_of_requests_panic() {
    let mut known = 0;
    for path in captures() {
        for parts in pcap::streams(&fs::read(&path).unwrap()).into_values() {
            for part in parts {
                // Also as it would arrive if the beginning of a frame were lost.
                for from in 0..part.len().min(300) {
                    let frames = frames(&part[from..]);
                    let read = frames
                        .iter()
                        .filter(|frame| Incoming::parse(&frame.pdu).is_ok());
                    known += read.count();
                }
            }
        }
    }
    assert!(captures().is_empty() || known > 1_000, "{known}");
}
