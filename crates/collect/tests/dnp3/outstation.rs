//! An outstation by hand: frames are made by the link layer, fragments are octets of the test.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gridos_dnp3::link::{Address, Pair, Reader, Recovery, Role, request_link_status};
use gridos_dnp3::transport::Segmenter;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::port::free_port;

/// A test that hangs ends after this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where outstations listen.
pub(crate) struct Site {
    listener: TcpListener,
}

impl Site {
    pub(crate) async fn new() -> Self {
        // It may go away and come back.
        Self::at((Ipv4Addr::LOCALHOST, free_port()).into()).await
    }

    /// One where an outstation was, or is to be.
    pub(crate) async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        Self { listener }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// The next connection of the engine.
    pub(crate) async fn accept(&self) -> Line<TcpStream> {
        let accepting = tokio::time::timeout(PATIENCE, self.listener.accept());
        let (stream, _) = accepting.await.expect("a connection should come").unwrap();
        Line::new(stream)
    }
}

/// What the engine sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A fragment, to the outstation of that address.
    Fragment(u16, Vec<u8>),
    /// The control octet of another frame, to that address.
    Link(u16, u8),
}

/// One connection, over which any outstation may speak.
pub(crate) struct Line<S> {
    pub(crate) stream: S,
    reader: Reader,
    segmenter: Segmenter,
    heard: VecDeque<Heard>,
}

/// The one outstation of most tests.
pub(crate) const OUTSTATION: u16 = 10;
const MASTER: u16 = 1;

pub(crate) fn pair(outstation: u16) -> Pair {
    let [local, remote] = [outstation, MASTER].map(Address::from_raw);
    Pair::new(Role::Outstation, local, remote).unwrap()
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            reader: Reader::new(Recovery::Stream),
            segmenter: Segmenter::new(),
            heard: VecDeque::new(),
        }
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Sends a fragment of that outstation.
    pub(crate) async fn send_from(&mut self, outstation: u16, fragment: &[u8]) {
        let mut frames = Vec::new();
        self.segmenter
            .write_frames(&pair(outstation), fragment, &mut frames);
        self.send_bytes(&frames).await;
    }

    pub(crate) async fn send(&mut self, fragment: &[u8]) {
        self.send_from(OUTSTATION, fragment).await;
    }

    /// The next thing that the engine sends; `None` at the end of the connection.
    pub(crate) async fn try_next(&mut self) -> Option<Heard> {
        let mut bytes = [0; 4_096];
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Some(heard);
            }
            let reading = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes));
            let count = reading.await.expect("something should come").unwrap_or(0);
            if count == 0 {
                return None;
            }
            let mut input = &bytes[..count];
            while let Some(frame) = self.reader.read(&mut input) {
                let frame = frame.unwrap();
                let to = frame.destination.raw();
                let mut payload = vec![0; frame.payload.len()];
                frame.payload.copy_to(&mut payload);
                self.heard.push_back(if payload.is_empty() {
                    Heard::Link(to, frame.control.encode())
                } else {
                    // What a master asks always fits in one segment.
                    assert_eq!(payload[0] & 0xC0, 0xC0, "{payload:02x?}");
                    Heard::Fragment(to, payload[1..].to_vec())
                });
            }
        }
    }

    /// The next fragment of the engine.
    pub(crate) async fn next(&mut self) -> Vec<u8> {
        match self.try_next().await {
            Some(Heard::Fragment(_, fragment)) => fragment,
            other => panic!("{other:?} instead of a fragment"),
        }
    }

    /// The number of the next fragment of the engine, which must be a READ.
    pub(crate) async fn read_request(&mut self) -> u8 {
        let fragment = self.next().await;
        assert_eq!(fragment[1], 0x01, "{fragment:02x?}");
        fragment[0] & 0x0F
    }

    /// Answers the next request, which must be a READ, with `objects`.
    pub(crate) async fn answer(&mut self, objects: &[u8]) {
        let sequence = self.read_request().await;
        self.send(&response(sequence, objects)).await;
    }

    /// Asks the engine for the status of the link.
    pub(crate) async fn ask_status(&mut self) {
        let mut frame = Vec::new();
        request_link_status(&pair(OUTSTATION), &mut frame);
        self.send_bytes(&frame).await;
    }

    /// Makes sure that nothing came before the answer to what is asked of the link.
    pub(crate) async fn nothing(&mut self) {
        self.ask_status().await;
        let status = Heard::Link(OUTSTATION, 0x8B);
        assert_eq!(self.try_next().await, Some(status));
    }
}

/// An answer in one fragment, without a confirm.
pub(crate) fn response(sequence: u8, objects: &[u8]) -> Vec<u8> {
    [&[0xC0 | sequence, 0x81, 0, 0], objects].concat()
}

/// An answer in one fragment that wants a confirm.
pub(crate) fn response_con(sequence: u8, objects: &[u8]) -> Vec<u8> {
    [&[0xE0 | sequence, 0x81, 0, 0], objects].concat()
}

pub(crate) fn unsolicited(sequence: u8, objects: &[u8]) -> Vec<u8> {
    [&[0xF0 | sequence, 0x82, 0, 0], objects].concat()
}

pub(crate) fn confirm(sequence: u8) -> Vec<u8> {
    vec![0xC0 | sequence, 0x00]
}

pub(crate) fn confirm_unsolicited(sequence: u8) -> Vec<u8> {
    vec![0xD0 | sequence, 0x00]
}

/// Binary events with times in milliseconds: g2v2.
pub(crate) fn binary_events(events: &[(u16, bool, u64)]) -> Vec<u8> {
    let mut objects = vec![2, 2, 0x28];
    objects.extend(u16::try_from(events.len()).unwrap().to_le_bytes());
    for (index, state, millis) in events {
        objects.extend(index.to_le_bytes());
        objects.push(0x01 | u8::from(*state) << 7);
        objects.extend(&millis.to_le_bytes()[..6]);
    }
    objects
}

/// Binary events without times: g2v1.
pub(crate) fn untimed_events(events: &[(u16, bool)]) -> Vec<u8> {
    let mut objects = vec![2, 1, 0x28];
    objects.extend(u16::try_from(events.len()).unwrap().to_le_bytes());
    for (index, state) in events {
        objects.extend(index.to_le_bytes());
        objects.push(0x01 | u8::from(*state) << 7);
    }
    objects
}
