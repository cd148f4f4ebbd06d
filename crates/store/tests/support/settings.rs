//! The settings and files of a PostgreSQL server while it runs.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::postgres::Cluster;

impl Cluster {
    /// Puts a file into the data folder that only the server may read; returns its path.
    pub(crate) fn install(&self, name: &str, contents: &str) -> PathBuf {
        let data = Path::new(&self.host()).join("data");
        let path = data.join(name);
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let owner = std::fs::metadata(data).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        path
    }

    /// Changes a setting, and waits until new connections have it.
    pub(crate) async fn set(&self, name: &str, value: &str) {
        let client = self.connect("postgres").await;
        let set = format!("alter system set {name} = '{value}'");
        client.batch_execute(&set).await.unwrap();
        let reload = "select pg_reload_conf()";
        client.batch_execute(reload).await.unwrap();
        let show = format!("show {name}");
        loop {
            let client = self.connect("postgres").await;
            let shown = client.query_one(&show, &[]).await.unwrap();
            if shown.get::<_, String>(0) == value {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
