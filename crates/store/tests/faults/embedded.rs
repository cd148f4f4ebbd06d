//! Random sequences against SQLite.

use std::path::PathBuf;
use std::sync::Arc;

use gridos_journal::Options;
use gridos_store::{SqliteStore, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::agreement::compare;
use crate::database::Database;
use crate::disk::Disk;
use crate::life::Life;
use crate::site::Site;
use crate::steps::{Harm, Step, World, run_all};

const OPTIONS: Options = Options {
    segment_bytes: 16 << 10,
    bytes_max: 8 << 30,
};

#[tokio::test(flavor = "multi_thread")]
async fn journal_and_file_agree_after_any_sequence() {
    run_all::<Shelf>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_holds_the_file_locked() {
    let mut shelf = Shelf::start(60).await.unwrap();
    shelf.store_all(50).await;
    shelf.step(Step::Harm(Harm::Lock)).await;
    shelf.work(50);
    shelf.life.failed(1).await;
    assert!(
        shelf.life.trouble().contains("another program"),
        "{}",
        shelf.life.trouble()
    );
    shelf.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_the_file_is_full_and_freed() {
    let mut shelf = Shelf::start(61).await.unwrap();
    if shelf.disk.is_none() {
        return;
    }
    shelf.store_all(50).await;
    shelf.step(Step::Harm(Harm::DiskFull)).await;
    shelf.work(500);
    shelf.life.fails().await;
    let trouble = shelf.life.trouble();
    assert!(trouble.contains("is full"), "{trouble}");
    shelf.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_cannot_be_written_when_the_engine_starts() {
    let mut shelf = Shelf::start(62).await.unwrap();
    if shelf.disk.is_none() {
        return;
    }
    shelf.store_all(50).await;
    shelf.step(Step::Harm(Harm::ReadOnly)).await;
    shelf.work(50);
    shelf.life.fails().await;
    let trouble = shelf.life.trouble();
    assert!(trouble.contains("needs write access"), "{trouble}");
    shelf.end().await;
}

/// An engine with a database in a file.
struct Shelf {
    /// The folder, which may be a small disk.
    dir: TempDir,
    disk: Option<Disk>,
    site: Site,
    life: Life,
    is_full: bool,
    is_read_only: bool,
    lock: Option<Connection>,
    backup: Option<TempDir>,
}

impl World for Shelf {
    const HARMS: &'static [Harm] = &[
        Harm::Lock,
        Harm::DiskFull,
        Harm::ReadOnly,
        Harm::BackUp,
        Harm::Restore,
    ];

    async fn start(seed: u64) -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let disk = Disk::mount(&dir.path().join("disk"), 16);
        let mut site = Site::new(seed, OPTIONS);
        let life = Life::start(&mut site, store(&dir));
        Some(Self {
            dir,
            disk,
            site,
            life,
            is_full: false,
            is_read_only: false,
            lock: None,
            backup: None,
        })
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Work(records) => self.work(records),
            Step::Settle if self.is_well() => self.life.settled().await,
            Step::Settle => {}
            Step::Harm(harm) => self.harm(harm).await,
            Step::Heal => self.heal(),
            Step::Restart { in_order } => self.restart(in_order).await,
            Step::Trim => {
                let stored = self.life.stored().position;
                self.site.trim(stored);
            }
        }
    }

    async fn end(mut self) {
        self.heal();
        self.agree().await;
        self.restart(true).await;
        self.agree().await;
    }
}

impl Shelf {
    fn is_well(&self) -> bool {
        !self.is_full && !self.is_read_only && self.lock.is_none()
    }

    fn work(&mut self, records: usize) {
        self.site.append(records);
        self.life.announce(self.site.sync());
    }

    async fn store_all(&mut self, records: usize) {
        self.work(records);
        self.life.settled().await;
    }

    async fn agree(&mut self) {
        self.store_all(20).await;
        let ledger = self.life.ledger();
        assert!(ledger.is_balanced(), "{ledger:?}");
        let found = Database::Sqlite(path(&self.dir)).look().await;
        let agreement = compare(self.site.witness(), &found).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(agreement.waiting, 0);
    }

    async fn restart(&mut self, in_order: bool) {
        self.end_life(in_order).await;
        self.life = Life::start(&mut self.site, store(&self.dir));
    }

    async fn end_life(&mut self, in_order: bool) {
        match in_order {
            true => self.life.stop().await,
            false => self.life.kill().await,
        }
    }

    async fn harm(&mut self, harm: Harm) {
        match harm {
            Harm::Lock if self.lock.is_none() && !self.is_read_only => {
                let connection = Connection::open(path(&self.dir)).unwrap();
                connection.busy_timeout(crate::life::PATIENCE).unwrap();
                // With a full disk it is not to be had.
                if connection.execute_batch("begin immediate").is_ok() {
                    self.lock = Some(connection);
                }
            }
            Harm::DiskFull if !self.is_full && !self.is_read_only => {
                if let Some(disk) = &self.disk {
                    disk.fill();
                    self.is_full = true;
                }
            }
            // A disk does not become read-only under a file that is open for writing.
            Harm::ReadOnly if self.is_well() => {
                self.end_life(false).await;
                if let Some(disk) = &self.disk {
                    disk.set_read_only(true);
                    self.is_read_only = true;
                }
                self.life = Life::start(&mut self.site, store(&self.dir));
            }
            Harm::BackUp if self.is_well() => {
                let backup = TempDir::new().unwrap();
                let to = backup.path().join("gridos.db");
                let sql = format!("vacuum into '{}'", to.display());
                let connection = Connection::open(path(&self.dir)).unwrap();
                connection.busy_timeout(crate::life::PATIENCE).unwrap();
                connection.execute_batch(&sql).unwrap();
                self.backup = Some(backup);
            }
            // The engine is stopped for it: nobody exchanges a file that is open.
            Harm::Restore if self.is_well() && self.backup.is_some() => {
                self.end_life(true).await;
                self.put_back();
                self.life = Life::start(&mut self.site, store(&self.dir));
            }
            _ => {}
        }
    }

    fn put_back(&self) {
        let file = path(&self.dir);
        for suffix in ["-wal", "-shm"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
        let backup = self.backup.as_ref().unwrap().path().join("gridos.db");
        std::fs::copy(backup, file).unwrap();
    }

    fn heal(&mut self) {
        self.lock = None;
        if let Some(disk) = &self.disk {
            if std::mem::take(&mut self.is_full) {
                disk.free();
            }
            if std::mem::take(&mut self.is_read_only) {
                disk.set_read_only(false);
            }
        }
    }
}

fn path(dir: &TempDir) -> PathBuf {
    dir.path().join("disk/gridos.db")
}

fn store(dir: &TempDir) -> Arc<dyn Store> {
    Arc::new(SqliteStore::new(&path(dir)))
}
