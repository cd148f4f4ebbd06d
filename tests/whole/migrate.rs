//! `gridos migrate`, as pipelines and init containers run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::engine::binary;
use crate::support::postgres::{Cluster, Shutdown};

fn gridos(args: &[&str], config: &Path) -> Output {
    Command::new(binary())
        .args(args)
        .arg(config)
        .output()
        .unwrap()
}

/// What it shows, if it ends well.
fn shown(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it says when it ends with 1.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn config(dir: &TempDir, store: &str) -> PathBuf {
    let path = dir.path().join("gridos.toml");
    let data = dir.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let text =
        format!("engine.data_dir = {data:?}\nhttp.listen = \"127.0.0.1:0\"\n[store]\n{store}\n");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_folder_of_a_file_is_made_or_told_to_be_in_the_way() {
    let dir = TempDir::new().unwrap();
    let config = config(&dir, "");
    std::fs::remove_dir(dir.path().join("data")).unwrap();
    let missing = refusal(&gridos(&["migrate", "--check"], &config));
    assert!(missing.contains("version 0 of "), "{missing}");
    assert!(!dir.path().join("data").exists(), "a check changes nothing");
    let took = shown(&gridos(&["migrate"], &config));
    assert!(took.starts_with("took step 1 start\n"), "{took}");
    assert!(dir.path().join("data/gridos.db").exists());
    std::fs::remove_dir_all(dir.path().join("data")).unwrap();
    std::fs::write(dir.path().join("data"), "in the way").unwrap();
    let told = refusal(&gridos(&["migrate"], &config));
    let path = dir.path().join("data").display().to_string();
    assert!(
        told.contains(&path) && told.contains("cannot be made"),
        "{told}"
    );
}

#[test]
fn a_file_is_brought_up_to_date() {
    let dir = TempDir::new().unwrap();
    let config = config(&dir, "");
    let missing = refusal(&gridos(&["migrate", "--check"], &config));
    assert!(
        missing.contains("version 0 of ") && missing.contains("; run gridos migrate"),
        "{missing}"
    );
    assert!(!dir.path().join("data/gridos.db").exists());
    let took = shown(&gridos(&["migrate"], &config));
    assert!(
        took.starts_with("took step 1 start\ntook step 2 texts\n"),
        "{took}"
    );
    let again = shown(&gridos(&["migrate"], &config));
    assert!(
        again.starts_with("the schema has version ") && again.ends_with("as it should\n"),
        "{again}"
    );
    assert_eq!(shown(&gridos(&["migrate", "--check"], &config)), again);
    let roles = refusal(&gridos(&["migrate", "--grant-to", "x"], &config));
    assert!(roles.contains("SQLite has no roles"), "{roles}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_waited_for_and_roles_get_their_rights() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("gridos").await;
    let client = cluster.connect("gridos").await;
    client
        .batch_execute("create role pen login; create role eye login")
        .await
        .unwrap();
    drop(client);
    let port = cluster.port();
    let dir = TempDir::new().unwrap();
    let url = |user: &str| format!("postgres://{user}@127.0.0.1:{port}/gridos");
    let store = format!(
        "kind = \"postgres\"\nkeep = \"30d\"\nurl = \"{}\"",
        url("pen")
    );
    let config = config(&dir, &store);
    // The engine's own role may not.
    let refused = refusal(&gridos(&["migrate"], &config));
    assert!(
        refused.contains("as the role that owns the schema"),
        "{refused}"
    );
    cluster.stop(Shutdown::Fast);
    let away = refusal(&gridos(&["migrate", "--wait", "300ms"], &config));
    assert!(away.contains("the database is away"), "{away}");
    let mut waiting = Command::new(binary());
    waiting
        .args([
            "migrate",
            "--wait",
            "60s",
            "--grant-to",
            "pen",
            "--grant-read-to",
            "eye",
        ])
        .arg(&config)
        .env("GRIDOS__STORE__URL", url("postgres"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Two of them at once, as two pods start.
    let waiting = [waiting.spawn().unwrap(), waiting.spawn().unwrap()];
    cluster.resume().await;
    for process in waiting {
        let shown = shown(&process.wait_with_output().unwrap());
        assert!(
            shown.ends_with("role pen may write\nrole eye may read the views\n"),
            "{shown}"
        );
    }
    let client = cluster.connect("gridos").await;
    let keep = client.query_one("select keep = interval '30 days' from upkeep_rule", &[]);
    assert!(keep.await.unwrap().get::<_, bool>(0));
    // Now it has nothing to do, and the role will do.
    let again = shown(&gridos(&["migrate"], &config));
    assert!(again.ends_with("as it should\n"), "{again}");
    let process = crate::support::engine::Process::start(
        &["run", config.to_str().unwrap()],
        &dir.path().join("log"),
    );
    let stored = "select count(*) from pg_stat_activity where usename = 'pen'";
    while client
        .query_one(stored, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        < 2
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!process.log().contains("cannot store"), "{}", process.log());
    process.kill();
}
