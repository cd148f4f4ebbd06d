//! A connection that can be cut between a member and the NATS servers.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Passes connections on to a server while it is whole. While it is cut, what is sent goes nowhere and nobody
/// is told, as with a cable that was pulled.
pub(super) struct Wire {
    address: SocketAddr,
    is_cut: watch::Sender<bool>,
}

impl Wire {
    pub(super) fn to(server: SocketAddr, runtime: &Runtime) -> Self {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (is_cut, cut) = watch::channel(false);
        runtime.spawn(async move {
            while let Ok((inner, _)) = listener.accept().await {
                tokio::spawn(pass(inner, server, cut.clone()));
            }
        });
        Self { address, is_cut }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn set_cut(&self, is_cut: bool) {
        self.is_cut.send_replace(is_cut);
    }
}

async fn pass(mut inner: TcpStream, server: SocketAddr, mut cut: watch::Receiver<bool>) {
    // Whoever has waited long enough gives up by himself.
    if cut.wait_for(|is_cut| !is_cut).await.is_err() {
        return;
    }
    let Ok(mut outer) = TcpStream::connect(server).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut inner, &mut outer) => return,
        _ = cut.wait_for(|is_cut| *is_cut) => {}
    }
    // What was under way is lost: the connection is held, and ends when the wire is whole again.
    let _ = cut.wait_for(|is_cut| !is_cut).await;
}
