//! A receiver of the test's own: just enough HTTP to take a POST, and no more that could hide a fault.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// How a request is answered.
#[derive(Clone, Copy)]
pub(crate) enum Reply {
    /// With that status and text.
    Status(u16, &'static str),
    /// With a redirection to there.
    Redirect(SocketAddr),
    /// Never.
    Hang,
}

/// What came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// A receiver that listens until it is dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    replies: VecDeque<Reply>,
}

impl Receiver {
    /// Answers by `replies` in their order, and then takes everything.
    pub(crate) async fn start(replies: &[Reply]) -> Self {
        Self::listen("127.0.0.1:0", replies, None).await
    }

    pub(crate) async fn listen(address: &str, replies: &[Reply], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            replies: replies.iter().copied().collect(),
            ..Seen::default()
        }));
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            // They end with the listener.
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, tls) = (Arc::clone(&shared), tls.clone());
                connections.spawn(async move {
                    match tls {
                        // Whoever does not trust it hangs up.
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &seen).await,
                            Err(_) => None,
                        },
                        None => serve(stream, &seen).await,
                    }
                });
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers requests until the other side hangs up.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, seen: &Mutex<Seen>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = read(&mut stream).await?;
        let reply = {
            let mut seen = seen.lock().unwrap();
            seen.requests.push(request);
            let reply = seen.replies.pop_front();
            reply.unwrap_or(Reply::Status(200, ""))
        };
        let text = match reply {
            Reply::Status(status, text) => {
                format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}",
                    text.len()
                )
            }
            Reply::Redirect(to) => {
                format!("HTTP/1.1 307 X\r\nlocation: http://{to}/hook\r\ncontent-length: 0\r\n\r\n")
            }
            Reply::Hang => std::future::pending().await,
        };
        stream.write_all(text.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

async fn read(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Request> {
    let mut first = String::new();
    stream.read_line(&mut first).await.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match &name.to_ascii_lowercase()[..] {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        path,
        authorization,
        body: serde_json::from_slice(&body).unwrap(),
    })
}
