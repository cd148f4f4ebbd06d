//! A PostgreSQL server of the test's own: a cluster in a temporary folder, on a free port.
//!
//! Include it with `#[path = "…/crates/store/tests/support/postgres.rs"] mod postgres;`. It needs
//! the server's programs, `tempfile`, `tokio` and `tokio-postgres`, and nothing of GridOS.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

#[path = "../../../../tests/support/port.rs"]
pub(crate) mod port;

pub(crate) use self::port::free_port;

/// The superuser of every cluster.
pub(crate) const SUPERUSER: &str = "postgres";

/// A cluster that lives as long as this.
pub(crate) struct Cluster {
    dir: TempDir,
    programs: PathBuf,
    port: u16,
    pub(crate) server: Option<Child>,
}

/// How a server stops.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shutdown {
    /// As a crash of its machine would, as far as a client can see: no checkpoint, recovery at the
    /// next start.
    Immediate,
    /// As for an upgrade: clients are sent away, and all is written.
    Fast,
}

impl Cluster {
    /// A new running cluster, or `None` with a word on the terminal if this machine has no
    /// PostgreSQL server; with `GRIDOS_TESTS_SKIP_NOTHING`, as in `tests/run`, that fails.
    pub(crate) async fn start() -> Option<Self> {
        let mut cluster = Self::prepare()?;
        cluster.initialise(&[]);
        cluster.resume().await;
        Some(cluster)
    }

    /// A place for a cluster of which nothing is there yet.
    pub(crate) fn prepare() -> Option<Self> {
        let Some(programs) = programs() else {
            let why = "there is no PostgreSQL server in /usr/lib/postgresql/*/bin";
            let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
            assert!(nothing.is_none(), "{why}");
            println!("skipped: {why}");
            return None;
        };
        let dir = tempfile::Builder::new()
            .prefix("gridos-postgres-")
            .tempdir()
            .unwrap();
        give_away(dir.path());
        Some(Self {
            dir,
            programs,
            port: free_port(),
            server: None,
        })
    }

    /// Makes its data folder, with more options for `initdb`.
    pub(crate) fn initialise(&self, options: &[&str]) {
        run(self
            .program("initdb")
            .arg("--pgdata")
            .arg(self.data())
            .args(["--username", SUPERUSER, "--auth", "trust", "--no-sync"])
            .args(["--encoding", "UTF8", "--no-locale"])
            .args(options)
            .stdout(Stdio::null()));
    }

    /// The folder of its Unix socket: a host name for the driver.
    pub(crate) fn host(&self) -> String {
        self.dir.path().to_str().unwrap().to_owned()
    }

    /// Its port on 127.0.0.1, too.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database.
    pub(crate) async fn create_database(&self, name: &str) {
        let client = self.connect("postgres").await;
        let sql = format!("create database {name}");
        client.batch_execute(&sql).await.unwrap();
    }

    /// A superuser's connection to a database.
    pub(crate) async fn connect(&self, database: &str) -> Client {
        self.try_connect(database).await.unwrap()
    }

    /// Stops the server.
    pub(crate) fn stop(&mut self, how: Shutdown) {
        if let Some(mut server) = self.server.take() {
            let signal = match how {
                Shutdown::Immediate => "-QUIT",
                Shutdown::Fast => "-INT",
            };
            run(Command::new("kill").args([signal, &server.id().to_string()]));
            server.wait().unwrap();
        }
    }

    /// Starts the server again and waits until it answers.
    pub(crate) async fn resume(&mut self) {
        let server = self
            .program("postgres")
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.dir.path())
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-c", "fsync=off", "-c", "shared_buffers=64MB"])
            .args(["-c", "max_wal_size=256MB", "-c", "autovacuum=off"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.server = Some(server);
        while self.try_connect("postgres").await.is_err() {
            let server = self.server.as_mut().unwrap();
            assert!(server.try_wait().unwrap().is_none(), "the server ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn try_connect(
        &self,
        database: &str,
    ) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::Config::new()
            .host(self.host())
            .port(self.port)
            .user(SUPERUSER)
            .dbname(database)
            .connect(NoTls)
            .await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A program of the server, run as a user that it accepts: it refuses root.
    pub(crate) fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid", SUPERUSER, "--regid", SUPERUSER, "--clear-groups"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.dir.path()).env("LC_ALL", "C");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop(Shutdown::Immediate);
    }
}

/// The programs of the newest server on this machine.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("bin/postgres").exists())
        .max_by_key(|path| version(path))?;
    Some(newest.join("bin"))
}

/// Gives a file or folder to the user that the server runs as.
pub(crate) fn give_away(path: &Path) {
    if is_root() {
        run(Command::new("chown").arg(SUPERUSER).arg(path));
    }
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// Runs a program that must succeed.
pub(crate) fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
