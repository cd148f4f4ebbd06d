//! The server on a real socket.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::rig::Rig;

async fn answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn it_answers_until_it_is_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(gridos_api::serve(listener, Rig::new().state, stopped));
    let mut idle = TcpStream::connect(at).await.unwrap();
    let mut asking = TcpStream::connect(at).await.unwrap();
    let request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    asking.write_all(request).await.unwrap();
    let text = answer(&mut asking).await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    stop.send(true).unwrap();
    server.await.unwrap().unwrap();
    assert_eq!(answer(&mut idle).await, "");
    assert!(TcpStream::connect(at).await.is_err());
}

/// The clock is paused, so it jumps to the end of the server's patience with a silent client.
#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(gridos_api::serve(listener, Rig::new().state, stopped));
    let mut silent = TcpStream::connect(at).await.unwrap();
    silent.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    let text = answer(&mut silent).await;
    assert!(
        text.is_empty() || text.starts_with("HTTP/1.1 408"),
        "{text}"
    );
}
