//! The PostgreSQL server: one of the bench's own in a temporary folder, or one that is there.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tokio::time::sleep;
use tokio_postgres::{Client, Config, NoTls};

use super::error::BenchError;
use super::usage;

/// Who a server of the bench's own knows.
const USER: &str = "postgres";
/// The variable with the password of a server that was there, as the engine reads it.
pub(super) const PASSWORD: &str = "GRIDOS__STORE__PASSWORD";
const READY_WITHIN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// The first that packs its log by LZ4.
const OLDEST: u32 = 15;
/// As a server for telemetry is set: it makes everything durable, and does not write its pages more often than it
/// must.
const SETTINGS: [&str; 4] = [
    "shared_buffers=256MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "wal_compression=lz4",
];

/// A server, and how to reach it.
pub(super) struct Server {
    config: Config,
    own: Option<Own>,
    version: String,
    /// Processor time of its processes that have ended.
    spent: f64,
}

/// A server of the bench's own; ended when dropped.
struct Own {
    folder: PathBuf,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// The server at `url`, or a new one in `folder`.
    pub(super) async fn start(url: Option<&str>, folder: &Path) -> Result<Self, BenchError> {
        let (config, own) = match url {
            Some(url) => {
                let mut config: Config = url.parse().map_err(BenchError::Url)?;
                if let Ok(password) = std::env::var(PASSWORD) {
                    config.password(password);
                }
                (config, None)
            }
            None => {
                let own = Own::make(&folder.join("postgresql")).await?;
                let mut config = Config::new();
                config
                    .host("127.0.0.1")
                    .port(own.port)
                    .user(USER)
                    .dbname(USER);
                (config, Some(own))
            }
        };
        let mut server = Self {
            config,
            own,
            version: String::new(),
            spent: 0.0,
        };
        server.resume().await?;
        let client = server.connect(None).await?;
        let row = client.query_one("show server_version", &[]).await?;
        server.version = row.get(0);
        Ok(server)
    }

    /// What it is, in a line.
    pub(super) fn describe(&self) -> String {
        match self.own {
            Some(_) => format!(
                "PostgreSQL {} of the bench's own, durable, on the same processors; {}",
                self.version,
                SETTINGS.join(", ")
            ),
            None => format!("PostgreSQL {} that was there, as it is set", self.version),
        }
    }

    /// A connection to a database, or to the one that the server was given with.
    pub(super) async fn connect(&self, database: Option<&str>) -> Result<Client, BenchError> {
        let mut config = self.config.clone();
        if let Some(database) = database {
            config.dbname(database);
        }
        let (client, connection) = config.connect(NoTls).await?;
        // It ends with the client.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Makes an empty database; its URL as the engine's configuration has it.
    pub(super) async fn create(&self, database: &str) -> Result<String, BenchError> {
        self.drop_database(database).await?;
        let client = self.connect(None).await?;
        client
            .batch_execute(&format!("create database {database}"))
            .await?;
        let host = self.config.get_hosts().iter().find_map(|host| match host {
            tokio_postgres::config::Host::Tcp(name) => Some(name.as_str()),
            tokio_postgres::config::Host::Unix(_) => None,
        });
        let host = host.unwrap_or("localhost");
        let port = self.config.get_ports().first().copied().unwrap_or(5_432);
        let user = self.config.get_user().unwrap_or(USER);
        Ok(format!("postgres://{user}@{host}:{port}/{database}"))
    }

    pub(super) async fn drop_database(&self, database: &str) -> Result<(), BenchError> {
        let client = self.connect(None).await?;
        let sql = format!("drop database if exists {database} with (force)");
        Ok(client.batch_execute(&sql).await?)
    }

    /// Processor time that it took, in seconds, if it runs here for the bench alone.
    pub(super) fn cpu(&self) -> Option<f64> {
        let process = self.own.as_ref()?.process.as_ref()?;
        Some(self.spent + usage::cpu_with_children(process.id()))
    }

    /// Takes it away as a crash of its machine would; only one of the bench's own.
    pub(super) fn crash(&mut self) {
        self.spent = self.cpu().unwrap_or(self.spent);
        if let Some(own) = &mut self.own {
            own.stop(Signal::QUIT);
        }
    }

    /// Gives it back, and waits until it answers.
    pub(super) async fn resume(&mut self) -> Result<(), BenchError> {
        let Some(own) = &mut self.own else {
            return Ok(());
        };
        own.spawn()?;
        let began = Instant::now();
        while self.connect(None).await.is_err() {
            let ended = match &mut self.own {
                Some(Own {
                    process: Some(process),
                    ..
                }) => !matches!(process.try_wait(), Ok(None)),
                _ => true,
            };
            if ended || began.elapsed() > READY_WITHIN {
                return Err(self.unready());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    fn unready(&self) -> BenchError {
        let log = self.own.as_ref().map(|own| own.folder.join("log"));
        let log = log
            .and_then(|log| fs::read_to_string(log).ok())
            .unwrap_or_default();
        BenchError::Unready {
            who: "the PostgreSQL server".to_owned(),
            log: log.trim().to_owned(),
        }
    }
}

impl Own {
    async fn make(folder: &Path) -> Result<Self, BenchError> {
        let programs = programs().ok_or(BenchError::NoServer)?;
        fs::create_dir_all(folder).map_err(BenchError::folder(folder))?;
        let user = match geteuid().is_root() {
            true => Some(user(USER).ok_or(BenchError::NoServerUser)?),
            false => None,
        };
        if let Some((user, group)) = user {
            chown(folder, Some(user), Some(group)).map_err(BenchError::folder(folder))?;
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let own = Self {
            folder: folder.to_owned(),
            programs,
            user,
            port: free.map_err(BenchError::Wire)?.port(),
            process: None,
        };
        own.initialise()?;
        Ok(own)
    }

    fn initialise(&self) -> Result<(), BenchError> {
        let mut command = self.program("initdb")?;
        command.arg("--pgdata").arg(self.folder.join("data")).args([
            "--username",
            USER,
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--no-locale",
        ]);
        let status = command.status().map_err(|source| BenchError::NotStarted {
            path: self.programs.join("initdb"),
            source,
        })?;
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(BenchError::Unready {
            who: "initdb".to_owned(),
            log,
        })
    }

    fn spawn(&mut self) -> Result<(), BenchError> {
        let mut command = self.program("postgres")?;
        command
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let process = command.spawn().map_err(|source| BenchError::NotStarted {
            path: self.programs.join("postgres"),
            source,
        });
        self.process = Some(process?);
        Ok(())
    }

    /// A program of the server, as a user that it accepts: it refuses root.
    fn program(&self, name: &str) -> Result<Command, BenchError> {
        let log = self.folder.join("log");
        let output = File::options().create(true).append(true).open(&log);
        let output = output.map_err(BenchError::folder(&log))?;
        let mut command = Command::new(self.programs.join(name));
        command
            .current_dir(&self.folder)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        Ok(command)
    }

    fn stop(&mut self, signal: Signal) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let id = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended already.
            let _ = kill_process(id, signal);
        }
        let _ = process.wait();
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.stop(Signal::QUIT);
    }
}

/// The programs of the newest server on this machine, where Debian has them.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("bin/postgres").exists())
        .filter(|path| version(path) >= Some(OLDEST))
        .max_by_key(|path| version(path))?;
    Some(newest.join("bin"))
}

/// The numbers of a user and of its group, as passwd(5) has them.
fn user(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
