//! The listeners of an engine: bound before anything is written, opened when readings can be taken.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gridos_collect::modbus::{Guests, Inbox, Listener, Network, Peer, PushedDevice, Service, Via};
use gridos_collect::{Collector, dnp3};
use gridos_model::{Directory, Timestamp};
use gridos_ring::Intake;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::StartError;
use crate::config::{self, Arrival, Config, FleetDevice, ListenerKind, Name, PushedLink, Reach};

/// A certificate that ends within this time is warned of.
pub(crate) const EXPIRES_SOON: Duration = Duration::from_secs(30 * 86_400);

/// Sockets that listen, and where devices that dial in are waited for.
#[derive(Debug)]
pub(super) struct Listeners {
    bound: Vec<(Arc<config::Listener>, TcpListener)>,
    inboxes: HashMap<Arrival, Arc<Inbox>>,
}

impl Listeners {
    /// Binds all listeners of `config`; nobody is served yet.
    pub(super) async fn bind(config: &Config) -> Result<Self, StartError> {
        let mut bound = Vec::new();
        for listener in &config.listeners {
            warn_of_expiry(listener);
            let address = listener.listen;
            let socket = TcpListener::bind(address).await;
            let socket = socket.map_err(|source| StartError::Listen { address, source })?;
            let name = listener.name.as_str();
            tracing::info!(listener = name, %address, "listening for devices");
            bound.push((Arc::clone(listener), socket));
        }
        Ok(Self {
            bound,
            inboxes: HashMap::new(),
        })
    }

    /// Where they listen.
    pub(super) fn addresses(&self) -> Vec<(Name, SocketAddr)> {
        let address = |(listener, socket): &(Arc<config::Listener>, TcpListener)| {
            let address = socket.local_addr().unwrap_or(listener.listen);
            (listener.name.clone(), address)
        };
        self.bound.iter().map(address).collect()
    }

    /// Who makes the connection to a device that is asked.
    pub(super) fn via(&mut self, reach: &Reach) -> Via {
        match reach {
            Reach::Tcp => Via::Tcp,
            Reach::Tls(client) => Via::Tls(client.clone()),
            Reach::DialIn(arrival) => {
                let inbox = self.inboxes.entry(arrival.clone()).or_default();
                Via::DialIn(Arc::clone(inbox))
            }
        }
    }

    /// Lets devices in; all that are polled must have asked [`Listeners::via`] before.
    pub(super) fn open(
        self,
        devices: &[FleetDevice],
        directory: &Directory,
        intake: &Intake,
        collector: &mut Collector,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), StartError> {
        let inboxes = self.inboxes;
        let (mut modbus, mut dnp3) = (Vec::new(), Vec::new());
        for (listener, socket) in self.bound {
            let service = match listener.kind {
                ListenerKind::Server {
                    confirm,
                    parts_within,
                } => Service::Server {
                    guests: pushed(&listener, devices, directory),
                    confirm,
                    parts_within,
                },
                ListenerKind::DialIn => Service::DialIn {
                    guests: dialling_in(&listener, &inboxes),
                },
                ListenerKind::Dnp3DialIn {
                    ask_after,
                    introduced_within,
                    ..
                } => {
                    dnp3.push(dnp3::Listener {
                        name: listener.name.to_string(),
                        socket,
                        allow: listener.allow.clone(),
                        tls: listener.tls.as_ref().map(|tls| tls.credentials.server()),
                        roles: listener.roles.clone(),
                        connections_max: listener.connections_max,
                        ask_after,
                        introduced_within,
                        guests: outstations(&listener, devices, &inboxes),
                    });
                    continue;
                }
            };
            modbus.push(Listener {
                name: listener.name.to_string(),
                socket,
                allow: listener.allow.clone(),
                tls: listener.tls.as_ref().map(|tls| tls.credentials.server()),
                roles: listener.roles.clone(),
                connections_max: listener.connections_max,
                idle_timeout: listener.idle_timeout,
                service,
            });
        }
        gridos_collect::modbus::listen(modbus, intake, collector, stop)?;
        dnp3::listen(dnp3, intake, collector, stop);
        Ok(())
    }
}

/// The outstations that may come to `listener`.
fn outstations(
    listener: &config::Listener,
    devices: &[FleetDevice],
    inboxes: &HashMap<Arrival, Arc<Inbox>>,
) -> Vec<dnp3::Guest> {
    let mut guests = Vec::new();
    for link in devices.iter().filter_map(|device| device.dnp3.as_ref()) {
        let Reach::DialIn(arrival) = &link.reach else {
            continue;
        };
        let own = inboxes.get(arrival);
        let Some(inbox) = own.filter(|_| arrival.listener == listener.name) else {
            continue;
        };
        guests.extend(arrival.peers.iter().map(|peer| dnp3::Guest {
            peer: peer.clone(),
            master: link.pair.master,
            outstation: link.pair.outstation,
            inbox: Arc::clone(inbox),
        }));
    }
    guests
}

fn pushed(
    listener: &config::Listener,
    devices: &[FleetDevice],
    directory: &Directory,
) -> Guests<PushedDevice> {
    let of_device = |device: &FleetDevice| {
        let link = device
            .pushed
            .as_ref()
            .filter(|l| l.listener == listener.name)?;
        let pushed = PushedDevice {
            device: device.index,
            unit: link.unit,
            plan: Arc::clone(&link.plan),
            whole: Arc::clone(directory.device(device.index).whole()),
        };
        Some((peers(link, listener), pushed))
    };
    let each = devices.iter().filter_map(of_device);
    Guests::new(
        each.flat_map(|(peers, pushed)| peers.into_iter().map(move |peer| (peer, pushed.clone()))),
    )
}

/// Whoever may write a device: its peer, or anybody who is allowed at all.
fn peers(link: &PushedLink, listener: &config::Listener) -> Vec<Peer> {
    let all = |networks: &[Network]| networks.iter().copied().map(Peer::Network).collect();
    link.peer
        .clone()
        .map_or_else(|| all(&listener.allow), |peer| vec![peer])
}

fn dialling_in(
    listener: &config::Listener,
    inboxes: &HashMap<Arrival, Arc<Inbox>>,
) -> Guests<Arc<Inbox>> {
    let own = inboxes
        .iter()
        .filter(|(arrival, _)| arrival.listener == listener.name);
    Guests::new(own.flat_map(|(arrival, inbox)| {
        let peers = arrival.peers.iter();
        peers.map(|peer| (peer.clone(), Arc::clone(inbox)))
    }))
}

fn warn_of_expiry(listener: &config::Listener) {
    let Some(tls) = &listener.tls else { return };
    let (expires, now) = (
        tls.credentials.expires(),
        Timestamp::from(SystemTime::now()),
    );
    if expires < now.saturating_add(EXPIRES_SOON) {
        let (listener, certificate) = (listener.name.as_str(), &tls.certificate_file);
        tracing::warn!(listener, certificate, %expires, "a certificate ends soon, or has ended");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use crate::config::Config;
    use crate::engine::Engine;

    /// What a device writes is acknowledged, and then it is in the journal and the database.
    #[tokio::test]
    async fn what_a_device_writes_is_stored() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            r#"
            engine.data_dir = {:?}
            http.listen = "127.0.0.1:0"
            [[listener]]
            name = "plc"
            kind = "modbus-server"
            listen = "127.0.0.1:0"
            allow = ["127.0.0.0/8"]
            [[profile]]
            name = "tank"
            protocol = "modbus"
            point = [{{ name = "level", holding = 10, scale = 0.1 }}]
            [[device]]
            name = "tank-1"
            profile = "tank"
            listener = "plc"
            "#,
            folder.path()
        );
        let none: [(&str, &str); 0] = [];
        let config = Config::parse(&text, "g.toml", none, &|path| std::fs::read(path)).unwrap();
        let engine = Engine::start(&config).await.unwrap();
        let (name, address) = engine.listening()[0].clone();
        assert_eq!(name.as_str(), "plc");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = [0, 1, 0, 0, 0, 6, 1, 6, 0, 10, 0, 25];
        stream.write_all(&request).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, request);
        let ledger = engine.telemetry().ledger.snapshot();
        assert_eq!((ledger.received, ledger.journalled), (1, 1));
        let (summary, ended) = engine.end().await;
        ended.unwrap();
        assert!(summary.to_string().contains("balanced"), "{summary}");
    }
}
