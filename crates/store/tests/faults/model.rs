//! Random sequences against PostgreSQL.

use gridos_journal::Options;
use tokio_postgres::Client;

use crate::control::Backup;
use crate::disk::Disk;
use crate::postgres::{Cluster, Shutdown};
use crate::proxy::{Strike, Way};
use crate::scene::Scene;
use crate::steps::{Harm, Step, World, run_all};

/// Small segments, so that trimming finds something.
const OPTIONS: Options = Options {
    segment_bytes: 16 << 10,
    bytes_max: 8 << 30,
};
/// The role of the engine: it must not be a superuser, for whom rights mean nothing.
const ROLE: &str = "engine";

#[tokio::test(flavor = "multi_thread")]
async fn journal_and_database_agree_after_any_sequence() {
    run_all::<Grid<1>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn journal_and_database_agree_over_several_connections() {
    run_all::<Grid<3>>().await;
}

/// A scene with at most so many connections, and what is wrong with it.
struct Grid<const CONNECTIONS: u16> {
    scene: Scene,
    connections: u16,
    disk: Option<Disk>,
    backup: Option<Backup>,
    is_full: bool,
    lock: Option<Client>,
    /// Statements of a superuser that undo harm.
    remedies: Vec<&'static str>,
}

impl<const CONNECTIONS: u16> World for Grid<CONNECTIONS> {
    const HARMS: &'static [Harm] = &[
        Harm::StopFast,
        Harm::StopImmediate,
        Harm::Kill,
        Harm::Terminate,
        Harm::KillBackend,
        Harm::Closed,
        Harm::BlackHole,
        Harm::BreakAt(0),
        Harm::BreakRows,
        Harm::BreakCommit,
        Harm::LoseAnswer,
        Harm::Lock,
        Harm::Revoke,
        Harm::MoveTable,
        Harm::NoLogin,
        Harm::DiskFull,
        Harm::BackUp,
        Harm::BackUp,
        Harm::Restore,
        Harm::Restore,
        Harm::Restore,
    ];

    async fn start(seed: u64) -> Option<Self> {
        let mut cluster = Cluster::prepare()?;
        let disk = Disk::mount(&cluster.data(), 160);
        cluster.initialise(&["--wal-segsize", "1"]);
        cluster.resume().await;
        let mut scene = Scene::on(cluster, seed, OPTIONS, ROLE).await;
        if CONNECTIONS > 1 {
            scene.restart_with(CONNECTIONS, false).await;
        }
        Some(Self {
            scene,
            connections: CONNECTIONS,
            disk,
            backup: None,
            is_full: false,
            lock: None,
            remedies: Vec::new(),
        })
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Work(records) => self.scene.work(records),
            Step::Settle if self.is_well() => self.scene.life.settled().await,
            Step::Settle => {}
            Step::Harm(harm) => self.harm(harm).await,
            Step::Heal => self.heal().await,
            Step::Restart { in_order } => {
                // Each life with another number of connections, if it may.
                self.connections = 1 + self.connections % CONNECTIONS;
                self.scene.restart_with(self.connections, in_order).await;
            }
            Step::Trim => {
                let stored = self.scene.life.stored().position;
                self.scene.site.trim(stored);
            }
        }
    }

    async fn end(mut self) {
        self.heal().await;
        self.scene.proxy.spare();
        self.scene.agree().await;
        self.scene.restart(true).await;
        self.scene.agree().await;
        self.scene.cluster.stop(Shutdown::Immediate);
    }
}

impl<const CONNECTIONS: u16> Grid<CONNECTIONS> {
    fn is_up(&self) -> bool {
        self.scene.cluster.server.is_some()
    }

    fn is_well(&self) -> bool {
        let is_open = self.scene.proxy.way() == Way::Open;
        self.is_up() && is_open && !self.is_full && self.lock.is_none() && self.remedies.is_empty()
    }

    async fn harm(&mut self, harm: Harm) {
        let proxy = &self.scene.proxy;
        match harm {
            Harm::Closed => return proxy.set(Way::Closed),
            Harm::BlackHole => return proxy.set(Way::BlackHole),
            Harm::BreakAt(nth) => {
                let mut left = nth;
                return proxy.strike_at(move |_| {
                    left = left.saturating_sub(1);
                    (left == 0).then_some(Strike::ResetInside)
                });
            }
            Harm::BreakRows => {
                return proxy.strike_at(|it| it.is_copy_data().then_some(Strike::ResetInside));
            }
            Harm::BreakCommit => {
                return proxy.strike_at(|it| it.is_commit().then_some(Strike::ResetBehind));
            }
            Harm::LoseAnswer => {
                return proxy.strike_at(|it| it.is_committed().then_some(Strike::Reset));
            }
            _ if !self.is_up() || self.is_full => return,
            _ => {}
        }
        self.harm_server(harm).await;
    }

    /// Harms a server that is up.
    async fn harm_server(&mut self, harm: Harm) {
        let is_well = self.is_well();
        let cluster = &mut self.scene.cluster;
        match harm {
            Harm::StopFast => cluster.stop(Shutdown::Fast),
            Harm::StopImmediate => cluster.stop(Shutdown::Immediate),
            Harm::Kill => cluster.kill(),
            Harm::Terminate => {
                let sql = "select pg_terminate_backend(pid) from pg_stat_activity \
                           where application_name = 'gridos'";
                cluster.run("postgres", sql).await;
            }
            Harm::KillBackend => self.kill_backend().await,
            Harm::Lock if self.lock.is_none() => {
                let client = cluster.connect("scada").await;
                let sql = "begin; lock table stream_position in share mode";
                // The tables may not be made yet, or be moved away.
                if client.simple_query(sql).await.is_ok() {
                    self.lock = Some(client);
                }
            }
            Harm::Revoke => {
                let (take, give) = (
                    "revoke usage on schema public from engine, public",
                    "grant all on schema public to engine, public",
                );
                self.with_remedy(take, give).await;
            }
            Harm::MoveTable => {
                let (take, give) = (
                    "alter table if exists event rename to moved_away",
                    "alter table if exists moved_away rename to event",
                );
                self.with_remedy(take, give).await;
            }
            Harm::NoLogin => {
                let (take, give) = ("alter role engine nologin", "alter role engine login");
                self.with_remedy(take, give).await;
            }
            Harm::DiskFull => {
                if let Some(disk) = &self.disk {
                    disk.fill();
                    self.is_full = true;
                }
            }
            Harm::BackUp if is_well => self.backup = Some(cluster.back_up().await),
            Harm::Restore if is_well => {
                if let Some(backup) = &self.backup {
                    cluster.restore(backup).await;
                }
            }
            _ => {}
        }
    }

    /// Does harm by a statement, unless a lock would hold that up.
    async fn with_remedy(&mut self, take: &'static str, give: &'static str) {
        if self.lock.is_none() && !self.remedies.contains(&give) {
            self.scene.cluster.run("scada", take).await;
            self.remedies.push(give);
        }
    }

    /// Kills the process of a connection; the server starts anew by itself.
    async fn kill_backend(&mut self) {
        let sql = "select pid from pg_stat_activity where application_name = 'gridos'";
        for row in self.scene.sql(sql).await {
            self.lock = None;
            let pid = row[0].as_ref().unwrap();
            self.scene.cluster.kill_process(pid).await;
        }
    }

    async fn heal(&mut self) {
        if self.is_full {
            self.disk.as_ref().unwrap().free();
            self.is_full = false;
        }
        self.lock = None;
        match self.is_up() {
            true => self.scene.cluster.recovered().await,
            false => self.scene.cluster.resume().await,
        }
        for give in std::mem::take(&mut self.remedies) {
            self.scene.cluster.run("scada", give).await;
        }
        self.scene.proxy.set(Way::Open);
    }
}
