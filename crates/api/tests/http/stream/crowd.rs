//! A real server and a thousand clients over real sockets.

use std::time::Duration;

use axum::http::StatusCode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::Table;
use crate::rig::{Rig, get};
use crate::sse::Follower as _;

const CLIENTS: usize = 1_000;
/// Each client and the server's end of it, and whatever else the process has open.
const FILES: u64 = 2 * CLIENTS as u64 + 200;
/// On a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A client over a socket, which takes the chunks of HTTP/1.1 apart.
struct Wire {
    stream: TcpStream,
    bytes: Vec<u8>,
    table: Table,
}

impl Wire {
    async fn connect(at: std::net::SocketAddr, query: &str) -> Self {
        let mut stream = TcpStream::connect(at).await.unwrap();
        let request = format!("GET /api/v1/stream?{query} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let head = loop {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break bytes.drain(..at + 4).collect::<Vec<_>>();
            }
        };
        assert!(
            head.starts_with(b"HTTP/1.1 200 "),
            "{}",
            head.escape_ascii()
        );
        Self {
            stream,
            bytes,
            table: Table::default(),
        }
    }

    /// Reads until `is_there` of what it has.
    async fn until(&mut self, is_there: impl Fn(&Table) -> bool) {
        while !is_there(&self.table) {
            assert_ne!(self.stream.read_buf(&mut self.bytes).await.unwrap(), 0);
            self.take_chunks();
        }
    }

    /// Reads to the end of the body, and returns whether it was whole.
    async fn read_to_the_end(mut self) -> bool {
        while self.stream.read_buf(&mut self.bytes).await.unwrap_or(0) > 0 {}
        self.bytes.ends_with(b"0\r\n\r\n")
    }

    fn take_chunks(&mut self) {
        loop {
            let Some(line) = self.bytes.windows(2).position(|two| two == b"\r\n") else {
                return;
            };
            let length = std::str::from_utf8(&self.bytes[..line]).unwrap();
            let length = usize::from_str_radix(length, 16).unwrap();
            let end = line + 2 + length + 2;
            if length == 0 || self.bytes.len() < end {
                return;
            }
            self.table.feed(&self.bytes[line + 2..end - 2]);
            self.bytes.drain(..end);
        }
    }
}

/// Whether the process may open as many files as the test needs.
fn may_open_files() -> bool {
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.current.is_none_or(|now| now >= FILES);
    let wanted = Rlimit {
        current: Some(FILES),
        maximum: limit.maximum,
    };
    enough || setrlimit(Resource::Nofile, wanted).is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_each_have_the_engines_table() {
    assert!(may_open_files(), "allow {FILES} open files (ulimit -n)");
    let mut rig = Rig::new();
    rig.state.settings.streams_max = CLIENTS;
    rig.state.settings.connections_max = CLIENTS + 8;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(gridos_api::serve(listener, rig.state.clone(), stopped));
    let points = ["sub1.f1.ia", "sub1.f1.ib", "sub1.f2.v"];
    let query = "points=sub1.f1.*,sub1.f2.v&devices=sub1.f1&overview=true";
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Wire::connect(at, query).await);
    }
    assert_eq!(rig.state.telemetry.http.streams.get(), CLIENTS as u64);
    // One more is told to come again later; and who asks is answered all the same.
    let mut more = TcpStream::connect(at).await.unwrap();
    let request =
        format!("GET /api/v1/stream?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    more.write_all(request.as_bytes()).await.unwrap();
    let mut refused = String::new();
    more.read_to_string(&mut refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(
        refused.to_lowercase().contains("retry-after: 5"),
        "{refused}"
    );
    let following: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            tokio::spawn(async move {
                let last = |table: &Table| {
                    let is_last =
                        |name: &&str| table.points.get(*name).is_some_and(|p| p["value"] == 99.0);
                    points.iter().all(is_last)
                };
                client.until(last).await;
                client
            })
        })
        .collect();
    let began = Instant::now();
    for n in 0..100 {
        points
            .iter()
            .for_each(|name| rig.plant.read(name, f64::from(n)));
        sleep(Duration::from_millis(20)).await;
    }
    let latest = get(
        &rig.router(),
        "/api/v1/scada/latest?device=sub1.f1&device=sub1.f2",
    )
    .await;
    let latest = latest.json();
    let mut events = 0;
    let mut clients = Vec::new();
    for client in following {
        let client = tokio::time::timeout(PATIENCE, client)
            .await
            .unwrap()
            .unwrap();
        for reading in latest["readings"].as_array().unwrap() {
            let own = &client.table.points[reading["point"].as_str().unwrap()];
            for part in ["value", "time", "received", "quality", "level"] {
                assert_eq!(own[part], reading[part]);
            }
        }
        assert_eq!(client.table.snapshots, 1);
        events += client.table.deltas;
        clients.push(client);
    }
    println!(
        "{events} deltas to {CLIENTS} clients in {:?}",
        began.elapsed()
    );
    // Conflated: a hundred readings were never a hundred events.
    assert!(events < 50 * CLIENTS, "{events}");
    let asked = get(&rig.router(), "/api/v1/scada/status").await;
    assert_eq!(asked.status, StatusCode::OK);
    assert_ne!(asked.json()["engine"], Value::Null);
    stop.send(true).unwrap();
    for client in clients {
        assert!(client.read_to_the_end().await, "a body was cut off");
    }
    tokio::time::timeout(PATIENCE, server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(rig.state.telemetry.http.streams.get(), 0);
}

/// The memory of a client that does not read is bounded: so many values would fill any buffer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_reads_is_let_go() {
    let mut rig = Rig::wide(400);
    rig.state.settings.reading_timeout = Duration::from_millis(500);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(gridos_api::serve(listener, rig.state.clone(), stopped));
    let mut client = Wire::connect(at, "points=wide.*").await;
    client.until(|table| table.snapshots == 1).await;
    let cells = &rig.state.telemetry.http;
    let began = Instant::now();
    let mut n = 0;
    while cells.streams.get() == 1 {
        rig.publish_wide(f64::from(n));
        n += 1;
        sleep(Duration::from_millis(20)).await;
        assert!(began.elapsed() < PATIENCE, "it is still there");
    }
    stop.send(true).unwrap();
    server.await.unwrap().unwrap();
}
