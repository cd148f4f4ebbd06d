//! What sockets alone cost: full fragments are read and answered, and nobody looks at them.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// What a fragment of 2,048 octets takes on the wire, in nine frames.
pub(crate) const FRAGMENT_BYTES: usize = 2_411;
/// A confirm on the wire.
pub(crate) const ANSWER_BYTES: usize = 15;
/// So many g32v7 events are in such a fragment.
pub(crate) const EVENTS: u64 = 157;

/// Connections that read and answer as fast as they can.
pub(crate) struct Bare {
    runtime: Runtime,
    fragments: Arc<AtomicU64>,
}

impl Bare {
    pub(crate) fn start(runtime: Runtime, connections: usize, port: u16) -> Self {
        let fragments = Arc::new(AtomicU64::new(0));
        for _ in 0..connections {
            runtime.spawn(answer(port, Arc::clone(&fragments)));
        }
        Self { runtime, fragments }
    }

    /// How many events would have been in the fragments that were answered so far.
    pub(crate) fn events(&self) -> u64 {
        self.fragments.load(Ordering::Relaxed) * EVENTS
    }

    pub(crate) fn stop(self) {
        self.runtime.shutdown_background();
    }
}

async fn answer(port: u16, fragments: Arc<AtomicU64>) -> std::io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let mut fragment = [0; FRAGMENT_BYTES];
    loop {
        stream.read_exact(&mut fragment).await?;
        stream.write_all(&[0; ANSWER_BYTES]).await?;
        fragments.fetch_add(1, Ordering::Relaxed);
    }
}
