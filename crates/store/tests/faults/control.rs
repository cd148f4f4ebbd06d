//! What can befall a server: kills, copies of its folder, replicas.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::postgres::{Cluster, SUPERUSER, Shutdown, run};

/// A copy of a data folder as it was at a moment.
pub(crate) struct Backup {
    dir: TempDir,
}

impl Cluster {
    /// Kills the server, and all its processes with it, without a word to anybody.
    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        // The children end by themselves when they find their parent gone, but each in its own
        // time, and the next server does not start before.
        let children = children_of(server.id());
        let mut everybody = Command::new("kill");
        everybody.args(["-KILL", &server.id().to_string()]);
        // Some may have ended since they were listed.
        let _ = everybody.args(&children).stderr(Stdio::null()).status();
        server.wait().unwrap();
        for child in children {
            while Path::new("/proc").join(&child).join("cmdline").exists() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Waits until the server works, which may start again by itself; starts it if it gave up.
    pub(crate) async fn recovered(&mut self) {
        loop {
            let server = self.server.as_mut().unwrap();
            if server.try_wait().unwrap().is_some() {
                self.server = None;
                return self.resume().await;
            }
            if let Ok(client) = self.try_connect("postgres").await
                && client.simple_query("checkpoint").await.is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills a process of the server, if it is still there: all others end then, and the server
    /// recovers as from a crash. Waits until it has.
    pub(crate) async fn kill_process(&mut self, pid: &str) {
        let other = self.connect("postgres").await;
        let mut kill = Command::new("kill");
        kill.args(["-KILL", pid]).stderr(Stdio::null());
        if kill.status().unwrap().success() {
            while !other.is_closed() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            self.recovered().await;
        }
    }

    /// Copies the data folder; the server is stopped meanwhile.
    pub(crate) async fn back_up(&mut self) -> Backup {
        self.stop(Shutdown::Fast);
        let dir = TempDir::new().unwrap();
        copy(&self.data(), &dir.path().join("data"));
        self.resume().await;
        Backup { dir }
    }

    /// Goes back to what was copied.
    pub(crate) async fn restore(&mut self, backup: &Backup) {
        self.stop(Shutdown::Immediate);
        // The folder itself may be where a disk is mounted.
        for entry in std::fs::read_dir(self.data()).unwrap() {
            let path = entry.unwrap().path();
            run(Command::new("rm").arg("--recursive").arg(path));
        }
        copy(&backup.dir.path().join("data/."), &self.data());
        self.resume().await;
    }

    /// A replica that follows this server, asynchronously, and answers questions.
    pub(crate) async fn replica(&self) -> Cluster {
        let mut replica = Cluster::prepare().unwrap();
        run(replica
            .program("pg_basebackup")
            .args(["-h", &self.host(), "-p", &self.port().to_string()])
            .args(["-U", SUPERUSER, "--write-recovery-conf", "--no-sync"])
            .args(["--checkpoint", "fast", "--wal-method", "stream", "-D"])
            .arg(replica.data()));
        replica.resume().await;
        replica
    }

    /// Lets a replica follow no longer.
    pub(crate) async fn cut_off(&self) {
        let client = self.connect("postgres").await;
        for sql in [
            "alter system set primary_conninfo = ''",
            "select pg_reload_conf()",
        ] {
            client.simple_query(sql).await.unwrap();
        }
        self.until("select count(*) = 0 from pg_stat_wal_receiver")
            .await;
    }

    /// Makes a replica a server of its own.
    pub(crate) async fn promote(&self) {
        let client = self.connect("postgres").await;
        client.simple_query("select pg_promote()").await.unwrap();
        self.until("select not pg_is_in_recovery()").await;
    }

    /// Runs a statement as the superuser.
    pub(crate) async fn run(&self, database: &str, sql: &str) {
        let client = self.connect(database).await;
        client.simple_query(sql).await.unwrap();
    }

    /// Waits until the answer is true.
    pub(crate) async fn until(&self, sql: &str) {
        let client = self.connect("postgres").await;
        let asking = async {
            while !client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(crate::life::PATIENCE, asking).await;
        waited.unwrap_or_else(|_| panic!("never: {sql}"));
    }
}

/// The processes whose parent is `parent`.
fn children_of(parent: u32) -> Vec<String> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(PathBuf::from(path)).unwrap();
    children.split_whitespace().map(ToOwned::to_owned).collect()
}

fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("--archive").arg(from).arg(to));
}
