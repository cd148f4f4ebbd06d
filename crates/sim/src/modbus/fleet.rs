//! Many simulated feeders at once.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::{Device, Server};
use crate::substation::Feeder;

/// Devices that listen, one per port; dropping it stops them.
#[derive(Debug)]
pub struct Fleet {
    servers: Vec<Server>,
}

impl Fleet {
    /// Starts `count` feeders at `ip`, on the ports from `port_base` on (0: any free ones).
    ///
    /// Each differs from the others, and is the same again for the same `seed`. A feeder takes
    /// one file descriptor and one more per connection.
    ///
    /// # Errors
    /// If a port cannot be listened on, which is named, or the ports end before the feeders.
    pub async fn start(ip: IpAddr, port_base: u16, count: usize, seed: u64) -> io::Result<Self> {
        let feeders = (0..count).map(|n| Feeder::new(seed.wrapping_add(n as u64)));
        Self::serve(ip, port_base, feeders).await
    }

    /// Starts `devices` in the same way.
    ///
    /// # Errors
    /// The same.
    pub async fn serve(
        ip: IpAddr,
        port_base: u16,
        devices: impl IntoIterator<Item = impl Device>,
    ) -> io::Result<Self> {
        let mut servers = Vec::new();
        for (n, device) in devices.into_iter().enumerate() {
            let port = port(port_base, n)?;
            let device = Arc::new(device);
            let address = SocketAddr::new(ip, port);
            let server = Server::bind(address, device).await;
            servers
                .push(server.map_err(|error| {
                    io::Error::new(error.kind(), format!("{address}: {error}"))
                })?);
        }
        Ok(Self { servers })
    }

    /// Where the devices listen, in order.
    pub fn addresses(&self) -> impl ExactSizeIterator<Item = SocketAddr> {
        self.servers.iter().map(Server::local_addr)
    }

    /// Stops them all; the ports are free when this returns.
    pub async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
    }
}

fn port(base: u16, n: usize) -> io::Result<u16> {
    if base == 0 {
        return Ok(0);
    }
    let past = || io::Error::new(io::ErrorKind::InvalidInput, "the ports end at 65535");
    let n = u16::try_from(n).map_err(|_| past())?;
    base.checked_add(n).ok_or_else(past)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_is_named() {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let taken = std::net::TcpListener::bind((ip, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let error = Fleet::start(ip, address.port(), 1, 1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(
            error.to_string().starts_with(&address.to_string()),
            "{error}"
        );
    }
}
