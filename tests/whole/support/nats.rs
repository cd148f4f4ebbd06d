//! A NATS cluster with JetStream of the test's own.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::postgres::free_port;

const BINARY: &str = "nats-server";

/// Servers that know each other, each with a folder of its own; killed when dropped.
pub(crate) struct Cluster {
    dir: TempDir,
    ports: Vec<(u16, u16)>,
    nodes: Vec<Option<Child>>,
    /// What else the configuration of each server says.
    more: String,
}

impl Cluster {
    /// A running cluster of `nodes` servers; `None` if none is installed, where a test may be skipped.
    pub(crate) fn start(nodes: usize) -> Option<Self> {
        Self::start_with(nodes, String::new())
    }

    /// The same with `more` in the configuration of each server.
    pub(crate) fn start_with(nodes: usize, more: String) -> Option<Self> {
        if !Self::is_installed() {
            return None;
        }
        let mut cluster = Self {
            dir: TempDir::new().unwrap(),
            ports: (0..nodes).map(|_| (free_port(), free_port())).collect(),
            nodes: (0..nodes).map(|_| None).collect(),
            more,
        };
        (0..nodes).for_each(|node| cluster.start_node(node));
        Some(cluster)
    }

    /// Whether there is a server to start; where a test may be skipped, it is said that it is.
    pub(crate) fn is_installed() -> bool {
        let is_there = Command::new(BINARY).arg("--version").output().is_ok();
        if !is_there {
            let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
            assert!(
                nothing.is_none(),
                "{BINARY} is not installed; run tests/run install"
            );
            eprintln!("skipped: {BINARY} is not installed");
        }
        is_there
    }

    /// Starts a server that does not run.
    pub(crate) fn start_node(&mut self, node: usize) {
        let dir = self.dir.path().join(node.to_string());
        fs::create_dir_all(&dir).unwrap();
        let (port, peer) = self.ports[node];
        let routes = self
            .ports
            .iter()
            .map(|(_, peer)| format!("\"nats-route://127.0.0.1:{peer}\""));
        let cluster = match self.ports.len() {
            1 => String::new(),
            _ => format!(
                "cluster {{ name: test, listen: \"127.0.0.1:{peer}\", no_advertise: true, routes: [{}] }}\n",
                routes.collect::<Vec<_>>().join(", ")
            ),
        };
        let text = format!(
            "server_name: n{node}\nlisten: \"127.0.0.1:{port}\"\n\
             jetstream {{ store_dir: {:?}, max_mem: 16M, max_file: 256M }}\n{cluster}{}\n",
            dir.join("store"),
            self.more
        );
        let config = dir.join("nats.conf");
        fs::write(&config, text).unwrap();
        let log = File::options()
            .create(true)
            .append(true)
            .open(dir.join("log"));
        let child = Command::new(BINARY)
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        self.nodes[node] = Some(child.unwrap());
    }

    /// How many servers it has, whether they run or not.
    pub(crate) fn nodes(&self) -> usize {
        self.ports.len()
    }

    /// Kills a server.
    pub(crate) fn kill_node(&mut self, node: usize) {
        if let Some(mut child) = self.nodes[node].take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Kills a server and takes away all that it kept.
    pub(crate) fn wipe_node(&mut self, node: usize) {
        self.kill_node(node);
        let store = self.dir.path().join(node.to_string()).join("store");
        fs::remove_dir_all(store).unwrap();
    }

    /// Where a server is for clients.
    pub(crate) fn address(&self, node: usize) -> SocketAddr {
        ([127, 0, 0, 1], self.ports[node].0).into()
    }

    /// All servers, as a configuration names them.
    pub(crate) fn servers(&self) -> String {
        let all = (0..self.ports.len()).map(|node| format!("nats://{}", self.address(node)));
        all.collect::<Vec<_>>().join(",")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        (0..self.nodes.len()).for_each(|node| self.kill_node(node));
    }
}
