//! The wire alone: requests and answers as fast as they go, and nothing done with them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::error::BenchError;

const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(3);
/// What one answer brings.
const REGISTERS: u32 = 125;
/// Those of unit 1 from address 0, as the engine asks for them (V1.1b3, 6.3).
const REQUEST: [u8; 12] = [0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 125];
const ANSWER_BYTES: usize = 9 + 2 * REGISTERS as usize;

/// Readings a second that these devices answer to a loop that does nothing else.
pub(super) async fn alone(devices: &[SocketAddr]) -> Result<f64, BenchError> {
    let answers = Arc::new(AtomicU64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let mut loops = JoinSet::new();
    for device in devices {
        loops.spawn(ask(*device, Arc::clone(&answers), Arc::clone(&is_over)));
    }
    sleep(WARM_UP).await;
    let (began, before) = (Instant::now(), answers.load(Ordering::Relaxed));
    sleep(MEASURED).await;
    let (took, after) = (began.elapsed(), answers.load(Ordering::Relaxed));
    is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = loops.join_next().await {
        let ended = ended.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        ended.map_err(BenchError::Wire)?;
    }
    Ok((after - before) as f64 * f64::from(REGISTERS) / took.as_secs_f64())
}

async fn ask(
    device: SocketAddr,
    answers: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
) -> io::Result<()> {
    let mut stream = TcpStream::connect(device).await?;
    stream.set_nodelay(true)?;
    let mut answer = [0; ANSWER_BYTES];
    while !is_over.load(Ordering::Relaxed) {
        stream.write_all(&REQUEST).await?;
        stream.read_exact(&mut answer).await?;
        answers.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
