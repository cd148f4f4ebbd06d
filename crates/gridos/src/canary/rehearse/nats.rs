//! A NATS server of the rehearsal's own, over which the engines share the devices.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use gridos_roster::{Bucket, BucketOptions, Credentials};

use super::error::RehearseError;
use super::server::{Program, Server};

/// The fleet's name.
pub(super) const FLEET: &str = "rehearsal";

/// A running server; killed when dropped.
#[derive(Debug)]
pub(super) struct Nats {
    _server: Server,
    /// `nats://127.0.0.1:4222`.
    pub(super) url: String,
    /// What the members share.
    pub(super) bucket: Bucket,
}

impl Nats {
    /// Starts one that keeps what it knows in `folder`, and waits until it can be used.
    pub(super) async fn start(binary: &Path, folder: &Path) -> Result<Self, RehearseError> {
        fs::create_dir_all(folder).map_err(RehearseError::folder(folder))?;
        let data = folder.join("data");
        let arguments = |address: SocketAddr| {
            let port = address.port().to_string();
            vec![
                "--jetstream".into(),
                "--store_dir".into(),
                data.clone().into(),
                "--addr".into(),
                address.ip().to_string().into(),
                "--port".into(),
                port.into(),
            ]
        };
        let program = Program {
            binary,
            log: &folder.join("log"),
            arguments: &arguments,
            missing: RehearseError::NoNats,
            unready: RehearseError::NatsUnready,
        };
        let ready = async |address| {
            let url = format!("nats://{address}");
            let bucket = opened(&url).await?;
            Some((url, bucket))
        };
        let (server, (url, bucket)) = Server::start(&program, ready).await?;
        Ok(Self {
            _server: server,
            url,
            bucket,
        })
    }
}

/// The bucket of the server at `url`, if it answers.
async fn opened(url: &str) -> Option<Bucket> {
    let options = BucketOptions {
        servers: vec![url.to_owned()],
        fleet: FLEET.to_owned(),
        replicas: 1,
        client: "gridos canary rehearse".to_owned(),
        credentials: Credentials::None,
        ca_file: None,
        certificate: None,
    };
    Bucket::open(&options).await.ok()
}
