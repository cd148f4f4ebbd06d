//! Many clients that begin TLS and never end it.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tls::{Authority, PATIENCE, Site};

const CLIENTS: usize = 300;

/// The head of a record with a ClientHello of 16 KiB, the most that one may have (RFC 8446, §5.1), and the
/// beginning of that: byte by byte it would take half an hour.
const BEGINNING: &[u8] = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03";

/// Sends what never becomes a handshake, piece by piece, until it is cut.
async fn shake_slowly(mut stream: TcpStream) {
    stream.write_all(BEGINNING).await.unwrap();
    let mut answer = [0; 64];
    loop {
        tokio::select! {
            read = stream.read(&mut answer) => match read {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            },
            () = tokio::time::sleep(PATIENCE / 600) => {
                // It may be cut at any moment.
                let _ = stream.write_all(&[7]).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_slow_handshakes_are_cut_and_hold_up_nobody() {
    let authority = Authority::new("ours");
    let site = Site::new(&authority, None, Vec::new()).await;
    let mut slow = Vec::new();
    for _ in 0..CLIENTS {
        let stream = TcpStream::connect(site.at).await.unwrap();
        slow.push(tokio::spawn(shake_slowly(stream)));
    }
    let began = Instant::now();
    let mut served = 0;
    while slow.iter().any(|slow| !slow.is_finished()) {
        assert!(began.elapsed() < 2 * PATIENCE, "some were not cut");
        let client = site.builder(&authority).build().unwrap();
        let answer = client.get(site.url("/health/live")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        served += 1;
    }
    assert!(served > 0);
    for slow in slow {
        slow.await.unwrap();
    }
}
