//! An engine that may be reached from the network, as its operators set it up: by its own commands, asked
//! by curl over HTTPS, killed, and searched for secrets.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Process, binary};
use crate::support::postgres::{Cluster, SUPERUSER, free_port};

const PASSWORD: &str = "S3cret sentence of anna";
const WRONG: &str = "W0rd that was mistyped";
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn gridos(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(binary())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be over before.
    match child.stdin.take().unwrap().write_all(input.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => panic!("{error}"),
        Ok(()) | Err(_) => {}
    }
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    let (out, log) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(log)
    )
}

/// A secured engine's folder.
struct Site {
    dir: TempDir,
    port: u16,
    token: String,
}

impl Site {
    fn new(store: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let port = free_port();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(dir.path().join("engine.pem"), certificate.pem()).unwrap();
        fs::write(dir.path().join("engine.key"), key.serialize_pem()).unwrap();
        let data = dir.path().join("data");
        let config = format!(
            "[engine]\ndata_dir = {data:?}\n[http]\nlisten = \"0.0.0.0:{port}\"\n\
             [http.tls]\ncertificate = \"engine.pem\"\nkey = \"engine.key\"\n\
             [access]\nmode = \"on\"\n{store}\n\
             [[profile]]\nname = \"p\"\nprotocol = \"push\"\npoint = [{{ name = \"v\" }}]\n\
             [[device]]\nname = \"meter\"\nprofile = \"p\"\n"
        );
        fs::write(dir.path().join("gridos.toml"), config).unwrap();
        let mut site = Self {
            dir,
            port,
            token: String::new(),
        };
        let made = gridos(
            &["user", "add", &site.config(), "anna", "--role", "admin"],
            PASSWORD,
        );
        assert!(made.status.success(), "{}", text(&made));
        let made = gridos(
            &["token", "create", &site.config(), "gw", "--role", "viewer"],
            "",
        );
        assert!(made.status.success(), "{}", text(&made));
        site.token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        site
    }

    fn config(&self) -> String {
        self.dir
            .path()
            .join("gridos.toml")
            .to_str()
            .unwrap()
            .to_owned()
    }

    fn start(&self) -> Process {
        let mut command = Command::new(binary());
        command
            .args(["run", &self.config()])
            .env("RUST_LOG", "trace");
        let process = Process::spawn(&mut command, &self.dir.path().join("log"));
        let began = Instant::now();
        while !self.curl(&["/health/live"]).contains("\"live\"") {
            assert!(began.elapsed() < PATIENCE, "{}", process.log());
            crate::support::patience::look_again();
        }
        process
    }

    /// What curl says of a path, which is the last of `args`; empty if there is no answer.
    fn curl(&self, args: &[&str]) -> String {
        let (path, options) = args.split_last().unwrap();
        let port = self.port;
        let output = Command::new("curl")
            .args(["--silent", "--max-time", "30", "--cacert"])
            .arg(self.dir.path().join("engine.pem"))
            .args(["--resolve", &format!("localhost:{port}:127.0.0.1")])
            .args(options)
            .arg(format!("https://localhost:{port}{path}"))
            .output()
            .unwrap();
        text(&output)
    }

    fn bearer(&self, token: &str, path: &str) -> String {
        self.curl(&["-H", &format!("Authorization: Bearer {token}"), path])
    }

    fn sign_in(&self, password: &str) -> String {
        let body = format!(r#"{{"user":"anna","password":"{password}"}}"#);
        let kind = "Content-Type: application/json";
        self.curl(&["-i", "-H", kind, "-d", &body, "/api/v1/session"])
    }

    /// The cookie and the CSRF token of a new session.
    fn session(&self) -> (String, String) {
        let answer = self.sign_in(PASSWORD);
        let cookie = answer.split("set-cookie: ").nth(1);
        let cookie = cookie.unwrap_or_else(|| panic!("{answer}"));
        let csrf = answer.split("\"csrf\":\"").nth(1).unwrap();
        let up_to = |text: &str, end| text.split(end).next().unwrap().to_owned();
        (up_to(cookie, ';'), up_to(csrf, '"'))
    }

    fn audit(&self, cookie: &str) -> Vec<Value> {
        let answer = self.curl(&["-H", &format!("Cookie: {cookie}"), "/api/v1/audit"]);
        let page: Value = serde_json::from_str(&answer).unwrap_or_default();
        page["deeds"].as_array().cloned().unwrap_or_default()
    }
}

#[test]
fn the_network_is_shut_until_it_is_said_who_may_come_in() {
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("gridos.toml");
    let config = config.to_str().unwrap();
    let listen = "[http]\nlisten = \"0.0.0.0:0\"\n";
    fs::write(
        config,
        format!("[engine]\ndata_dir = {:?}\n{listen}", dir.path().join("d")),
    )
    .unwrap();
    for command in [vec!["check", config], vec!["run", config, "--for", "1s"]] {
        let output = gridos(&command, "");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(
            text(&output).contains("nobody is asked who they are"),
            "{}",
            text(&output)
        );
    }
    let open = fs::read_to_string(config).unwrap() + "[access]\nallow_open = true\n";
    fs::write(config, open).unwrap();
    let output = gridos(&["run", config, "--for", "1s"], "");
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("whoever reaches the API may do everything"));
    let output = gridos(&["check", config], "");
    assert!(
        text(&output).contains("is open to whoever reaches it"),
        "{}",
        text(&output)
    );
}

#[test]
fn users_and_tokens_are_made_listed_and_revoked_while_it_runs() {
    let site = Site::new("");
    let config = site.config();
    let mode = fs::metadata(site.dir.path().join("data/users.jsonl")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&mode) & 0o777, 0o600);
    for (args, input, why) in [
        (
            vec!["user", "add", &config, "bert", "--role", "viewer"],
            "short",
            "12 characters",
        ),
        (
            vec!["user", "add", &config, "anna", "--role", "viewer"],
            PASSWORD,
            "already",
        ),
        (
            vec!["user", "add", &config, "b t", "--role", "viewer"],
            PASSWORD,
            "is no name",
        ),
        (
            vec!["user", "add", &config, "bert", "--role", "root"],
            PASSWORD,
            "known are",
        ),
        (
            vec!["user", "passwd", &config, "bert"],
            PASSWORD,
            "there is no user 'bert'",
        ),
        (
            vec!["token", "revoke", &config, "x"],
            "",
            "there is no token 'x'",
        ),
    ] {
        let output = gridos(&args, input);
        assert!(
            !output.status.success() && text(&output).contains(why),
            "{}",
            text(&output)
        );
    }
    let process = site.start();
    assert!(
        site.curl(&["/api/v1/scada/status"])
            .contains("unauthenticated")
    );
    let status = site.bearer(&site.token, "/api/v1/scada/status");
    assert!(status.contains("\"ledger\""), "{status}");
    let listed = text(&gridos(&["token", "list", &config, "--json"], ""));
    assert!(listed.contains("\"state\":\"valid\"") && !listed.contains(&site.token[7..]));
    let revoked = gridos(&["token", "revoke", &config, "gw"], "");
    assert!(revoked.status.success(), "{}", text(&revoked));
    let began = Instant::now();
    while !site
        .bearer(&site.token, "/api/v1/scada/status")
        .contains("was revoked")
    {
        assert!(began.elapsed() < PATIENCE, "{}", process.log());
    }
    let (cookie, _) = site.session();
    let removed = gridos(&["user", "remove", &config, "anna"], "");
    assert!(removed.status.success(), "{}", text(&removed));
    while !site.audit(&cookie).is_empty() {
        assert!(began.elapsed() < PATIENCE);
    }
}

/// Everything that the engine tells anybody is looked through for everything that it must not tell.
#[test]
fn secrets_are_told_to_nobody() {
    let database = "Pa55word-of-the-database";
    // Nobody is there: what is told of it must not say how it was asked.
    let site = Site::new("[store]\nkind = \"postgres\"\nurl = \"postgres://u@127.0.0.1:1/d\"");
    // The variable is read as that of the engine is.
    let mut command = Command::new(binary());
    command
        .args(["run", &site.config()])
        .env("RUST_LOG", "trace")
        .env("GRIDOS__STORE__PASSWORD", database);
    let process = Process::spawn(&mut command, &site.dir.path().join("log"));
    let began = Instant::now();
    while !site.curl(&["/health/live"]).contains("\"live\"") {
        assert!(began.elapsed() < PATIENCE, "{}", process.log());
    }
    let (cookie, csrf) = site.session();
    let mistyped = format!("{}0", &site.token[..site.token.len() - 1]);
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4";
    let mut told = vec![site.sign_in(WRONG)];
    for token in [&*site.token, &mistyped, jwt] {
        for path in [
            "/api/v1/audit",
            "/metrics",
            "/health",
            "/api/v1/scada/status",
            "/api/v1/devices",
            "/api/v1/session",
        ] {
            told.push(site.bearer(token, path));
        }
    }
    let cookie_header = format!("Cookie: {cookie}");
    for path in [
        "/api/v1/audit",
        "/api/v1/scada/data?point=meter.v",
        "/api/v1/nothing",
        "/api/v1/config",
    ] {
        told.push(site.curl(&["-H", &cookie_header, path]));
    }
    let delete = ["-X", "DELETE", "-H", &cookie_header, "/api/v1/session"];
    told.push(site.curl(&delete));
    process.signal(rustix::process::Signal::INT);
    let (_, output) = process.wait();
    told.push(output);
    told.push(fs::read_to_string(site.dir.path().join("log")).unwrap());
    let config = site.config();
    for args in [
        vec!["check", &*config],
        vec!["user", "list", &config],
        vec!["token", "list", &config, "--json"],
    ] {
        told.push(text(&gridos(&args, "")));
    }
    let journal = site.dir.path().join("data");
    let dump = gridos(&["journal", "dump", journal.to_str().unwrap()], "");
    let dumped = text(&dump);
    assert!(dumped.contains("POST /api/v1/session"), "{dumped}");
    told.push(dumped);
    let (_, cookie) = cookie.split_once('=').unwrap();
    let secrets = [
        PASSWORD,
        WRONG,
        database,
        &site.token,
        &mistyped,
        jwt,
        cookie,
    ];
    for secret in secrets {
        let found = told.iter().find(|text| text.contains(secret));
        assert!(found.is_none(), "'{secret}' is told in: {}", found.unwrap());
    }
    // That of the session is told to whoever has the session.
    let log = &fs::read_to_string(site.dir.path().join("log")).unwrap();
    assert!(!log.contains(&csrf) && log.len() > 1_000);
    let users = fs::read_to_string(site.dir.path().join("data/users.jsonl")).unwrap();
    assert!(users.contains("$argon2id$"));
    for secret in secrets {
        assert!(!users.contains(secret));
    }
}

/// What was recorded before a kill is in the database after it, once.
fn deeds_survive(store: &str, query: &dyn Fn(&Site, &str) -> Vec<String>) {
    let site = Site::new(store);
    let mut process = site.start();
    let mut kinds = BTreeSet::new();
    for life in 1..=3_usize {
        site.sign_in(WRONG);
        let (cookie, csrf) = site.session();
        let headers = [
            format!("Cookie: {cookie}"),
            format!("X-GridOS-CSRF: {csrf}"),
        ];
        site.curl(&[
            "-X",
            "DELETE",
            "-H",
            &headers[0],
            "-H",
            &headers[1],
            "/api/v1/session",
        ]);
        site.bearer(&site.token, "/api/v1/audit");
        // In the journal, beside which the database may be behind.
        let data = site.dir.path().join("data");
        let began = Instant::now();
        loop {
            let dump = text(&gridos(&["journal", "dump", data.to_str().unwrap()], ""));
            if dump.matches("GET /api/v1/audit").count() >= life {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{dump}\n{}", process.log());
        }
        process.kill();
        process = site.start();
    }
    let began = Instant::now();
    let rows = loop {
        let rows = query(
            &site,
            "select principal, action, outcome, status from audit",
        );
        if rows.len() >= 12 {
            break rows;
        }
        assert!(began.elapsed() < PATIENCE, "{rows:?}\n{}", process.log());
    };
    kinds.extend(rows.iter().cloned());
    let expected = [
        "anna|DELETE /api/v1/session|allowed|204",
        "anna|POST /api/v1/session|allowed|200",
        "anna|POST /api/v1/session|refused|401",
        "gw|GET /api/v1/audit|refused|403",
    ];
    assert_eq!(kinds, expected.map(str::to_owned).into());
    assert_eq!(rows.len(), 12, "{rows:?}");
    let twice = "select stream from audit group by stream, sequence having count(*) > 1";
    assert_eq!(query(&site, twice), Vec::<String>::new());
    // And it is read by an admin.
    let (cookie, _) = site.session();
    let began = Instant::now();
    while site.audit(&cookie).len() < 13 {
        assert!(began.elapsed() < PATIENCE);
    }
}

fn lines(command: &mut Command) -> Vec<String> {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn deeds_survive_kills_with_sqlite() {
    deeds_survive("", &|site, sql| {
        let file = site.dir.path().join("data/gridos.db");
        lines(
            Command::new("sqlite3")
                .args(["-separator", "|"])
                .arg(file)
                .arg(sql),
        )
    });
}

#[test]
fn deeds_survive_kills_with_postgres() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(cluster) = runtime.block_on(Cluster::start()) else {
        return;
    };
    let url = format!(
        "postgres://{SUPERUSER}@127.0.0.1:{}/postgres",
        cluster.port()
    );
    let store = format!("[store]\nkind = \"postgres\"\nurl = \"{url}\"");
    deeds_survive(&store, &|_, sql| {
        lines(Command::new("psql").args(["-XAtF", "|", &url, "-c", sql]))
    });
}
