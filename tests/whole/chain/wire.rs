//! A bad connection between an outstation and the engine.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Carries every connection that is made to it on to its target; ends when dropped.
pub(super) struct Wire {
    address: SocketAddr,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// How often it was cut.
    cuts: u64,
    is_stalled: bool,
}

impl Wire {
    pub(super) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, watched) = watch::channel(State::default());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(stream, target, watched.clone()));
            }
        });
        Self {
            address,
            state,
            task,
        }
    }

    /// Where to connect to.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections; what is in them is gone.
    pub(super) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Holds back everything, or carries on.
    pub(super) fn stall(&self, is_stalled: bool) {
        self.state
            .send_modify(|state| state.is_stalled = is_stalled);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Until one side ends it, or it is cut.
async fn carry(mut near: TcpStream, target: SocketAddr, state: watch::Receiver<State>) {
    let cuts = state.borrow().cuts;
    let mut cut = state.clone();
    let carried = async {
        let mut far = TcpStream::connect(target).await.ok()?;
        far.set_nodelay(true).ok()?;
        near.set_nodelay(true).ok()?;
        let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
        tokio::select! {
            _ = pump(near_in, far_out, state.clone()) => {}
            _ = pump(far_in, near_out, state.clone()) => {}
        }
        Some(())
    };
    tokio::select! {
        _ = carried => {}
        // Its sender is gone: so is the wire.
        _ = cut.wait_for(|state| state.cuts > cuts) => {}
    }
}

async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut state: watch::Receiver<State>,
) -> Option<()> {
    let mut octets = vec![0; 4_096];
    loop {
        state.wait_for(|state| !state.is_stalled).await.ok()?;
        let count = from
            .read(&mut octets)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        state.wait_for(|state| !state.is_stalled).await.ok()?;
        to.write_all(&octets[..count]).await.ok()?;
    }
}
