//! What stands between outstations and their masters, and counts the masters.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Passes connections on to an outstation, and notes when two masters had one at the same time.
pub(super) struct Gate {
    address: SocketAddr,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// The ports from which masters are connected.
    open: BTreeMap<u16, ()>,
    /// All connections.
    pub(super) connections: u64,
    /// Connections that were made while another one was not closed by its master.
    pub(super) overlaps: u64,
}

impl Gate {
    pub(super) fn to(outstation: SocketAddr, runtime: &Runtime) -> Self {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::<Mutex<Counts>>::default();
        let counted = Arc::clone(&counts);
        runtime.spawn(async move {
            while let Ok((master, from)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                let mut now = counted.lock().unwrap();
                // A master that has closed its end is none any more, whether that was noticed here or not.
                let others = now
                    .open
                    .keys()
                    .filter(|port| is_established(**port, address));
                let others = others.count() as u64;
                now.overlaps += others;
                now.connections += 1;
                now.open.insert(from.port(), ());
                drop(now);
                tokio::spawn(async move {
                    pass(master, outstation).await;
                    counted.lock().unwrap().open.remove(&from.port());
                });
            }
        });
        Self { address, counts }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts.lock().unwrap().clone()
    }
}

async fn pass(mut master: TcpStream, outstation: SocketAddr) {
    if let Ok(mut outstation) = TcpStream::connect(outstation).await {
        // However it ends.
        let _ = copy_bidirectional(&mut master, &mut outstation).await;
    }
}

/// Whether the system has not heard that whoever connected from `port` to `gate` has closed its end.
fn is_established(port: u16, gate: SocketAddr) -> bool {
    const ESTABLISHED: &str = "01";
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let ends = |port: u16| format!("0100007F:{port:04X}");
    let (own, other) = (ends(gate.port()), ends(port));
    table.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next() == Some(&*own)
            && words.next() == Some(&*other)
            && words.next() == Some(ESTABLISHED)
    })
}
