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
/// Registers of one answer at the most (V1.1b3, 6.3).
const REGISTERS_MAX: u8 = 125;
const HEAD_BYTES: usize = 9;

/// Readings a second that these devices, which have so many registers, answer to a loop that does nothing else
/// than to ask for as many of the first as fit into an answer.
pub(super) async fn alone(devices: &[SocketAddr], registers: u16) -> Result<f64, BenchError> {
    let registers = u8::try_from(registers).map_or(REGISTERS_MAX, |few| few.min(REGISTERS_MAX));
    let answers = Arc::new(AtomicU64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let mut loops = JoinSet::new();
    for device in devices {
        loops.spawn(ask(
            *device,
            registers,
            Arc::clone(&answers),
            Arc::clone(&is_over),
        ));
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
    Ok((after - before) as f64 * f64::from(registers) / took.as_secs_f64())
}

async fn ask(
    device: SocketAddr,
    registers: u8,
    answers: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
) -> io::Result<()> {
    let mut stream = TcpStream::connect(device).await?;
    stream.set_nodelay(true)?;
    // Holding registers of unit 1 from address 0, as the engine asks for them.
    let request = [0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, registers];
    let mut answer = vec![0; HEAD_BYTES + 2 * usize::from(registers)];
    while !is_over.load(Ordering::Relaxed) {
        stream.write_all(&request).await?;
        stream.read_exact(&mut answer).await?;
        answers.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
