//! An engine, a server, and the way between them.

use std::sync::Arc;
use std::time::Duration;

use gridos_journal::Options;
use gridos_store::{PostgresConfig, PostgresStore, Store};

use crate::agreement::{Agreement, compare};
use crate::database::Database;
use crate::life::Life;
use crate::postgres::{Cluster, SUPERUSER};
use crate::proxy::Proxy;
use crate::site::Site;

/// The database of every scene.
const DATABASE: &str = "scada";

/// Everything that a test is about.
pub(crate) struct Scene {
    pub(crate) cluster: Cluster,
    pub(crate) proxy: Proxy,
    pub(crate) site: Site,
    pub(crate) life: Life,
    config: PostgresConfig,
}

impl Scene {
    /// An engine at work, or `None` if this machine has no PostgreSQL.
    pub(crate) async fn start(seed: u64) -> Option<Self> {
        Self::with_options(seed, Options::default()).await
    }

    /// The same with knobs of the journal.
    pub(crate) async fn with_options(seed: u64, options: Options) -> Option<Self> {
        let cluster = small_cluster().await?;
        Some(Self::on(cluster, seed, options, SUPERUSER).await)
    }

    /// The same with an engine that logs in as `user`, and has made its tables itself.
    pub(crate) async fn as_user(seed: u64, user: &str) -> Option<Self> {
        let cluster = small_cluster().await?;
        Some(Self::on(cluster, seed, Options::default(), user).await)
    }

    /// The same on a cluster that is there.
    pub(crate) async fn on(cluster: Cluster, seed: u64, options: Options, user: &str) -> Self {
        cluster.create_database(DATABASE).await;
        if user != SUPERUSER {
            let client = cluster.connect(DATABASE).await;
            let sql = format!("create role {user} login; grant all on schema public to {user}");
            client.simple_query(&sql).await.unwrap();
        }
        let proxy = Proxy::start(cluster.port()).await;
        let mut config = PostgresConfig::new("127.0.0.1", user, DATABASE);
        config.port = proxy.port();
        config.connect_timeout = Duration::from_millis(500);
        config.write_timeout = Duration::from_secs(1);
        let mut site = Site::new(seed, options);
        let life = Life::start(&mut site, store(&config));
        Self {
            cluster,
            proxy,
            site,
            life,
            config,
        }
    }

    /// A store of the engine's database, with connections of its own.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        store(&self.config)
    }

    /// Makes so many records durable.
    pub(crate) fn work(&mut self, records: usize) {
        self.site.append(records);
        self.life.announce(self.site.sync());
    }

    /// Makes so many records durable and waits until they are stored.
    pub(crate) async fn store_all(&mut self, records: usize) {
        self.work(records);
        self.life.settled().await;
    }

    /// Starts the engine anew, after it was stopped in order or killed.
    pub(crate) async fn restart(&mut self, in_order: bool) {
        match in_order {
            true => self.life.stop().await,
            false => self.life.kill().await,
        }
        self.life = Life::start(&mut self.site, store(&self.config));
    }

    /// Starts the engine anew, with so many connections.
    pub(crate) async fn restart_with(&mut self, connections: u16, in_order: bool) {
        self.config.connections = connections;
        self.restart(in_order).await;
    }

    /// Runs statements as the superuser; returns the columns of the rows.
    pub(crate) async fn sql(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.database().await.ask(sql).await
    }

    /// Somebody else who is connected to the database.
    pub(crate) async fn holder(&self) -> tokio_postgres::Client {
        self.cluster.connect(DATABASE).await
    }

    pub(crate) async fn database(&self) -> Database {
        Database::Postgres(self.cluster.connect(DATABASE).await)
    }

    /// More is journalled, all of it is stored, and journal and database agree exactly.
    pub(crate) async fn agree(&mut self) -> Agreement {
        self.store_all(20).await;
        let ledger = self.life.ledger();
        assert!(ledger.is_balanced(), "{ledger:?}");
        let found = self.database().await.look().await;
        let agreement = compare(self.site.witness(), &found).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(agreement.waiting, 0);
        agreement
    }
}

/// A running cluster that is made quickly: its log is in small files.
pub(crate) async fn small_cluster() -> Option<Cluster> {
    let mut cluster = Cluster::prepare()?;
    cluster.initialise(&["--wal-segsize", "1"]);
    cluster.resume().await;
    Some(cluster)
}

fn store(config: &PostgresConfig) -> Arc<dyn Store> {
    Arc::new(PostgresStore::new(config.clone()))
}
