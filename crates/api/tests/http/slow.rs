//! Clients that are slow on purpose, over real sockets: each is cut, and the others are served.

use std::net::SocketAddr;
use std::time::Duration;

use gridos_model::{Quality, Timestamp};
use gridos_store::ReadingRow;
use gridos_telemetry::HttpRefusal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::rig::{Rig, Running};

/// More than may post at once.
const CLIENTS: usize = 150;
/// On a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a slow client waits between two bytes.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that is stopped when this is dropped.
struct Site {
    at: SocketAddr,
    running: Running,
    _stop: watch::Sender<bool>,
}

impl Site {
    async fn new(rig: Rig) -> Self {
        let running = rig.run();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(gridos_api::serve(listener, running.state.clone(), stopped));
        Self {
            at,
            running,
            _stop: stop,
        }
    }

    /// So many clients that send `beginning`, and then a byte now and then until they are cut.
    async fn drip(&self, beginning: &'static str) -> Vec<JoinHandle<String>> {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let stream = TcpStream::connect(self.at).await.unwrap();
            clients.push(tokio::spawn(drip(stream, beginning)));
        }
        clients
    }

    /// Good clients ask until all slow ones are gone; returns what those were told.
    async fn outlive(&self, slow: Vec<JoinHandle<String>>, request: &str) -> Vec<String> {
        let (began, mut served) = (Instant::now(), 0);
        while slow.iter().any(|slow| !slow.is_finished()) {
            assert!(began.elapsed() < PATIENCE, "some were not cut");
            let mut stream = TcpStream::connect(self.at).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            served += 1;
        }
        assert!(served > 0);
        let mut told = Vec::new();
        for slow in slow {
            told.push(slow.await.unwrap());
        }
        told
    }

    fn refused(&self, reason: HttpRefusal) -> u64 {
        self.running.state.telemetry.http.refusals(reason)
    }
}

async fn drip(mut stream: TcpStream, beginning: &str) -> String {
    stream.write_all(beginning.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    loop {
        tokio::select! {
            read = stream.read_buf(&mut answer) => match read {
                Ok(0) | Err(_) => return String::from_utf8(answer).unwrap(),
                Ok(_) => {}
            },
            () = sleep(PAUSE) => {
                // It may be cut at any moment.
                let _ = stream.write_all(b"1").await;
            }
        }
    }
}

const ASK: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const POST: &str = "POST /api/v1/scada/data?format=line HTTP/1.1\r\nHost: x\r\n\
                    Content-Length: 12\r\nConnection: close\r\n\r\nsub1.f1 ia=1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_are_cut() {
    let site = Site::new(Rig::new()).await;
    let slow = site
        .drip("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: ")
        .await;
    for told in site.outlive(slow, ASK).await {
        let is_cut = told.is_empty() || told.starts_with("HTTP/1.1 408 ");
        assert!(is_cut, "{told}");
    }
    assert_eq!(site.refused(HttpRefusal::Connection), CLIENTS as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_are_cut_and_hold_up_no_other_post() {
    let site = Site::new(Rig::new()).await;
    for beginning in [
        "POST /api/v1/scada/data?format=line HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n",
        "POST /api/v1/alarms/ack HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: 9000\r\n\r\n",
    ] {
        let slow = site.drip(beginning).await;
        for told in site.outlive(slow, POST).await {
            assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
        }
    }
    assert_eq!(site.refused(HttpRefusal::SlowClient), 2 * CLIENTS as u64);
}

/// They ask for a large answer, and take none of it but what the sockets hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_a_large_answer_is_cut() {
    let mut rig = Rig::new();
    rig.state.settings.reading_timeout = Duration::from_secs(5);
    let rows = (0..60_000).map(|second| ReadingRow {
        point: "sub1.f1.ia".to_owned(),
        time: Timestamp::from_millis(second * 1_000),
        value: Some(second as f64),
        quality: Quality::GOOD,
    });
    rig.store.readings.lock().unwrap().extend(rows);
    let site = Site::new(rig).await;
    let request = "GET /api/v1/scada/data?point=sub1.f1.ia&from=1970-01-01T00:00:00Z\
                   &to=1970-01-02T00:00:00Z HTTP/1.1\r\nHost: x\r\n\
                   Accept: application/x-ndjson\r\nConnection: close\r\n\r\n";
    let mut slow = Vec::new();
    for _ in 0..20 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut stream = socket.connect(site.at).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let began = Instant::now();
    while site.refused(HttpRefusal::Connection) < slow.len() as u64 {
        assert!(began.elapsed() < PATIENCE, "some were not cut");
        let mut stream = TcpStream::connect(site.at).await.unwrap();
        stream.write_all(ASK.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        sleep(PAUSE).await;
    }
    for mut stream in slow {
        let mut part = Vec::new();
        let _ = stream.read_to_end(&mut part).await;
        assert!(!part.ends_with(b"0\r\n\r\n"), "it was answered whole");
    }
    // Who reads gets all of it.
    let mut stream = TcpStream::connect(site.at).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut whole = Vec::new();
    stream.read_to_end(&mut whole).await.unwrap();
    assert!(whole.ends_with(b"0\r\n\r\n"));
    assert!(whole.len() > 3_000_000, "{}", whole.len());
}
