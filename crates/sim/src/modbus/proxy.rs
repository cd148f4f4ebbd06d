//! A bad line between a client and a server of Modbus TCP.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::Spoil;

/// What happens to the answer of that number, counted over all connections from 0.
type Script = Arc<dyn Fn(u64) -> Spoil + Send + Sync>;

/// Passes requests on as they are and answers as its script says; dropping it ends it with its
/// connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    answers: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

/// Bytes up to the end of the length field of a frame (MBAP).
const LENGTH_END: usize = 6;

impl Proxy {
    /// Starts between a free port of 127.0.0.1 and the server at `target`.
    ///
    /// # Errors
    /// If no port can be listened on.
    pub async fn start(
        target: SocketAddr,
        script: impl Fn(u64) -> Spoil + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let answers = Arc::new(AtomicU64::new(0));
        let line = Line {
            target,
            script: Arc::new(script),
            answers: Arc::clone(&answers),
            ghost: Arc::default(),
        };
        Ok(Self {
            address,
            answers,
            task: tokio::spawn(listen(listener, line)),
        })
    }

    /// Where clients connect.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How many answers it has handled.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Line {
    target: SocketAddr,
    script: Script,
    answers: Arc<AtomicU64>,
    /// The answer that was kept for a connection that is gone.
    ghost: Arc<Mutex<Option<Vec<u8>>>>,
}

async fn listen(listener: TcpListener, line: Line) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let line = line.clone();
        connections.spawn(async move {
            if let Err(error) = line.carry(client).await {
                tracing::debug!(%error, "a spoilt connection ended");
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

impl Line {
    async fn carry(&self, mut client: TcpStream) -> io::Result<()> {
        let mut server = TcpStream::connect(self.target).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ghost = self.ghost().take();
        client.write_all(&ghost.unwrap_or_default()).await?;
        let mut previous = Vec::new();
        loop {
            let request = frame(&mut client).await?;
            server.write_all(&request).await?;
            let answer = frame(&mut server).await?;
            let spoil = (self.script)(self.answers.fetch_add(1, Ordering::AcqRel));
            let spoilt = spoil.apply(&answer, &previous);
            if let Spoil::Delay(late) = spoil {
                tokio::time::sleep(late).await;
            }
            let at = if let Spoil::Split(at) = spoil { at } else { 0 };
            let (first, rest) = spoilt.split_at(at.min(spoilt.len()));
            client.write_all(first).await?;
            tokio::task::yield_now().await;
            client.write_all(rest).await?;
            if let Spoil::Cut(_) = spoil {
                return Ok(());
            }
            if spoil == Spoil::Ghost {
                *self.ghost() = Some(answer);
                return Ok(());
            }
            if let Spoil::Hang(_) = spoil {
                return silence(&mut client).await;
            }
            previous = answer;
        }
    }
}

impl Line {
    fn ghost(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.ghost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads whatever comes and answers nothing.
async fn silence(client: &mut TcpStream) -> io::Result<()> {
    let mut sink = [0; 256];
    while client.read(&mut sink).await? > 0 {}
    Ok(())
}

/// The next whole frame of a well-behaved peer.
async fn frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; LENGTH_END];
    stream.read_exact(&mut frame).await?;
    let length = u16::from_be_bytes([frame[4], frame[5]]);
    frame.resize(LENGTH_END + usize::from(length), 0);
    stream.read_exact(&mut frame[LENGTH_END..]).await?;
    Ok(frame)
}
