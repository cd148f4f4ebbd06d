//! What an engine and a device say to each other, noted on the way, and written as a capture of the network.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Packets that begin with the header of IP.
const LINK_RAW: u32 = 101;
const TCP: u8 = 6;
/// Where the engine is in the capture, and the port of its first connection.
const ENGINE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const ENGINE_PORT: u16 = 40_000;

/// Carries every connection that is made to it on to a device, and notes what is said.
pub(super) struct Tap {
    address: SocketAddr,
    said: Arc<Mutex<Vec<Said>>>,
}

/// Octets that came together.
struct Said {
    /// Since 1970.
    time: Duration,
    /// The number of the connection.
    connection: u16,
    is_from_device: bool,
    octets: Vec<u8>,
}

impl Tap {
    /// Before the device at `target`.
    pub(super) async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let said = Arc::<Mutex<Vec<Said>>>::default();
        let noted = Arc::clone(&said);
        tokio::spawn(async move {
            for connection in 0.. {
                let (engine, _) = listener.accept().await.unwrap();
                let device = TcpStream::connect(target).await.unwrap();
                let (from_engine, to_engine) = engine.into_split();
                let (from_device, to_device) = device.into_split();
                for (from, to, is_from_device) in [
                    (from_engine, to_device, false),
                    (from_device, to_engine, true),
                ] {
                    let note = Note {
                        said: Arc::clone(&noted),
                        connection,
                        is_from_device,
                    };
                    tokio::spawn(note.carry(from, to));
                }
            }
        });
        Self { address, said }
    }

    /// Where to connect to.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The packets of all that was said, with their times, as if the device had been at `device`.
    fn packets(&self, device: SocketAddrV4) -> Vec<(Duration, Vec<u8>)> {
        let said = self.said.lock().unwrap();
        let mut sent = std::collections::BTreeMap::<_, u32>::new();
        let packet = |said: &Said| {
            let engine = SocketAddrV4::new(ENGINE, ENGINE_PORT + said.connection);
            let (from, to) = match said.is_from_device {
                true => (device, engine),
                false => (engine, device),
            };
            let sequence = sent.entry((from, to)).or_default();
            let packet = ip(from, to, *sequence, &said.octets);
            *sequence += u32::try_from(said.octets.len()).unwrap();
            (said.time, packet)
        };
        said.iter().map(packet).collect()
    }
}

/// One direction of a connection.
struct Note {
    said: Arc<Mutex<Vec<Said>>>,
    connection: u16,
    is_from_device: bool,
}

impl Note {
    /// Until one of the two ends it.
    async fn carry(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut octets = vec![0; 1_024];
        while let Ok(count @ 1..) = from.read(&mut octets).await {
            self.said.lock().unwrap().push(Said {
                time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap(),
                connection: self.connection,
                is_from_device: self.is_from_device,
                octets: octets[..count].to_vec(),
            });
            if to.write_all(&octets[..count]).await.is_err() {
                return;
            }
        }
    }
}

/// A classic capture of all that was said over these taps, as if the devices had been at these addresses.
pub(super) fn capture(taps: &[(&Tap, SocketAddrV4)]) -> Vec<u8> {
    let packets = taps.iter().flat_map(|(tap, device)| tap.packets(*device));
    let mut packets: Vec<_> = packets.collect();
    packets.sort_by_key(|(time, _)| *time);
    let words = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
    // Version 2.4.
    let mut file = words(&[0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, LINK_RAW]);
    for (time, packet) in packets {
        let length = u32::try_from(packet.len()).unwrap();
        let seconds = u32::try_from(time.as_secs()).unwrap();
        file.extend(words(&[seconds, time.subsec_micros(), length, length]));
        file.extend(packet);
    }
    file
}

/// A packet of IP with a segment of TCP; nobody checks its checksums.
fn ip(from: SocketAddrV4, to: SocketAddrV4, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(40 + payload.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, TCP, 0, 0]);
    packet.extend(from.ip().octets());
    packet.extend(to.ip().octets());
    packet.extend(from.port().to_be_bytes());
    packet.extend(to.port().to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    // Nothing is acknowledged; five words of header, pushed.
    packet.extend([0, 0, 0, 0, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}
