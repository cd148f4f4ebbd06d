//! The past, as its users ask for it: over HTTP, and taken out into files.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Process, binary, free_address};
use crate::support::http::Client;
use crate::support::postgres::{Cluster, SUPERUSER};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Readings of each of two points, one a second from midnight on.
const READINGS: usize = 3_000;

/// An engine that was given readings, texts and doubtful values, and stored them.
struct House {
    process: Process,
    address: String,
    dir: PathBuf,
}

impl House {
    fn build(dir: &Path, store: &str) -> Self {
        let address = free_address();
        let text = format!(
            "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"{address}\"\n[store]\n{store}\n\
             [[profile]]\nname = \"meter\"\nprotocol = \"push\"\n\
             point = [{{ name = \"p\", unit = \"kW\" }}, {{ name = \"q\" }}, \
             {{ name = \"serial\", type = \"string\" }}]\n\
             [[device]]\nname = \"meter\"\nprofile = \"meter\"\n\
             [[device]]\nname = \"spare\"\nprofile = \"meter\"\n",
            dir.join("data").display(),
        );
        fs::write(dir.join("gridos.toml"), text).unwrap();
        let mut house = Self {
            process: Process::start(
                &["run", dir.join("gridos.toml").to_str().unwrap()],
                &dir.join("log"),
            ),
            address,
            dir: dir.to_owned(),
        };
        house.fill();
        house
    }

    fn fill(&mut self) {
        let began = Instant::now();
        let mut client = loop {
            match Client::connect(&self.address) {
                Ok(client) => break client,
                Err(_) => assert!(began.elapsed() < PATIENCE, "{}", self.process.log()),
            }
        };
        let reading = |n: usize| {
            let time = time(n);
            let q = 0.1 * n as f64;
            let flags = match n % 100 {
                0 => ",\"quality\":[\"comm_lost\"]",
                1 | 51 => ",\"quality\":[\"stale\"]",
                _ => "",
            };
            format!(
                "{{\"point\":\"meter.p\",\"time\":\"{time}\",\"value\":{n}}},\
                 {{\"point\":\"meter.q\",\"time\":\"{time}\",\"value\":{q}{flags}}}"
            )
        };
        for first in (0..READINGS).step_by(500) {
            let readings: Vec<_> = (first..first + 500).map(reading).collect();
            post(&mut client, &readings.join(","));
        }
        let text = |n: usize, text: &str| {
            let time = time(n);
            format!("{{\"point\":\"meter.serial\",\"time\":\"{time}\",\"text\":\"{text}\"}}")
        };
        post(
            &mut client,
            &[text(1, "SN, \\\"1\\\""), text(2, "µ\\nline")].join(","),
        );
        let wanted = READINGS as u64 * 2 + 2;
        loop {
            let status = json_of(&client.get("/api/v1/scada/status").unwrap().body);
            if status["ledger"]["stored"] == wanted {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{status}\n{}",
                self.process.log()
            );
        }
    }

    fn get(&self, path: &str) -> Value {
        let mut client = Client::connect(&self.address).unwrap();
        let answer = client.get(path).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        json_of(&answer.body)
    }

    /// `gridos export` of the day, with more arguments.
    fn export(&self, arguments: &[&str]) -> Output {
        Command::new(binary())
            .args(["export", self.dir.join("gridos.toml").to_str().unwrap()])
            .args(["--from", &time(0), "--to", "2026-01-06T00:00:00Z"])
            .args(arguments)
            .output()
            .unwrap()
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).to_str().unwrap().to_owned()
    }
}

/// A second of a day that is over.
fn time(second: usize) -> String {
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("2026-01-05T{hour:02}:{minute:02}:{second:02}Z")
}

fn post(client: &mut Client, readings: &str) {
    let body = format!("{{\"readings\":[{readings}]}}");
    let answer = client.post("/api/v1/scada/data", &body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        json_of(&answer.body)["refused"],
        json!([]),
        "{}",
        answer.body
    );
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn told(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn the_past_is_told_and_taken_out_of_sqlite() {
    let dir = TempDir::new().unwrap();
    let house = House::build(dir.path(), "kind = \"sqlite\"");
    questions(&house);
    exports(&house);
    mistakes(&house);
    house.process.signal(Signal::INT);
    let (status, _) = house.process.wait();
    assert!(status.success());
}

#[test]
fn the_past_is_told_and_taken_out_of_postgresql() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(cluster) = runtime.block_on(Cluster::start()) else {
        return;
    };
    runtime.block_on(cluster.create_database("grid"));
    let dir = TempDir::new().unwrap();
    let url = format!("postgres://{SUPERUSER}@127.0.0.1:{}/grid", cluster.port());
    let house = House::build(dir.path(), &format!("kind = \"postgres\"\nurl = \"{url}\""));
    questions(&house);
    exports(&house);
    runtime.block_on(a_client_that_goes_away(&house, &cluster));
}

fn questions(house: &House) {
    let (from, to) = (time(0), time(READINGS));
    let range = format!("from={from}&to={to}");
    // Pages of two points, from the oldest on: every reading once.
    let data = format!("/api/v1/scada/data?{range}");
    let path = format!("{data}&point=meter.p&point=meter.q&order=oldest&limit=701");
    let (mut p, mut q, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = house.get(&format!("{path}{cursor}"));
        let series = page["series"].as_array().unwrap();
        for (all, one) in [&mut p, &mut q].into_iter().zip(series) {
            all.extend(one["readings"].as_array().unwrap().clone());
        }
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let values: Vec<_> = p
        .iter()
        .map(|reading| reading["value"].as_f64().unwrap())
        .collect();
    assert_eq!(values, (0..READINGS).map(|n| n as f64).collect::<Vec<_>>());
    assert_eq!(q.len(), READINGS);
    assert_eq!(q[100]["quality"], json!(["comm_lost"]));
    assert_eq!(
        (&q[51]["quality"], &q[52]["quality"]),
        (&json!(["stale"]), &json!([]))
    );
    // A chart of 30 columns of 100 s.
    let chart = house.get(&format!("{data}&point=meter.q&width=30"));
    let columns = chart["columns"].as_array().unwrap();
    assert_eq!(
        (columns.len(), &chart["column_seconds"]),
        (30, &json!(100.0))
    );
    let column = &columns[3];
    assert_eq!(
        (&column["count"], &column["good"]),
        (&json!(100), &json!(0.97))
    );
    assert_eq!(column["first"]["time"], time(302));
    assert_eq!(
        column["max"],
        json!({"time": time(399), "value": 0.1 * 399.0})
    );
    let hours = house.get(&format!("{data}&point=meter.p&step=15m"));
    assert_eq!(hours["columns"].as_array().unwrap().len(), 4);
    assert_eq!(hours["columns"][1]["average"], 1_349.5);
    assert_eq!(chart["gaps"], json!([]));
    // The device as it was.
    let at = house.get("/api/v1/scada/at?device=meter&at=2026-01-05T00:10:00.25Z");
    let points = at["points"].as_array().unwrap();
    assert_eq!(
        (&points[0]["value"], &points[0]["age_seconds"]),
        (&json!(600.0), &json!(0.25))
    );
    assert_eq!(points[1]["quality"], json!(["comm_lost"]));
    assert_eq!(points[2]["text"], "µ\nline");
    assert_eq!(
        house.get("/api/v1/scada/gaps?device=meter")["gaps"],
        json!([])
    );
}

fn exports(house: &House) {
    let [csv, parquet] = ["all.csv", "all.parquet"].map(|name| house.path(name));
    for (format, path) in [("csv", &csv), ("parquet", &parquet)] {
        let output = house.export(&["--format", format, "--texts", "--output", path]);
        let told = told(&output);
        assert!(output.status.success(), "{told}");
        let counts = "6000 readings and 2 texts of 6 points of 2 devices, from 2026-01-05T00:00:00Z \
                      until 2026-01-06T00:00:00Z, ";
        assert!(told.starts_with(counts), "{told}");
        assert!(
            told.trim_end().ends_with(&format!("written to {path}")),
            "{told}"
        );
        let again = house.export(&["--format", format, "--output", path]);
        assert_eq!(again.status.code(), Some(1));
    }
    let rows = fs::read_to_string(&csv).unwrap();
    let mut lines = rows.split("\r\n");
    assert_eq!(
        lines.next(),
        Some("point,time,value,quality,quality_bits,text")
    );
    assert_eq!(
        lines.next(),
        Some("meter.p,2026-01-05T00:00:00.000000Z,0.0,good,0,")
    );
    let bad = "\r\nmeter.q,2026-01-05T00:01:40.000000Z,10.0,comm_lost,4,\r\n";
    assert!(rows.contains(bad));
    assert!(rows.contains("\r\nmeter.q,2026-01-05T00:00:01.000000Z,0.1,stale,65536,\r\n"));
    assert!(rows.ends_with(
        "\"SN, \"\"1\"\"\"\r\nmeter.serial,2026-01-05T00:00:02.000000Z,,good,0,\"µ\nline\"\r\n"
    ));
    // One point, without texts, to the standard output.
    let one = house.export(&["--format", "csv", "--point", "meter.p", "--to", &time(2)]);
    assert!(!one.status.success(), "--to is given twice");
    let one = house.export(&["--format", "csv", "--point", "meter.p"]);
    let lines = String::from_utf8(one.stdout).unwrap();
    assert_eq!(lines.lines().count(), READINGS + 1);
    assert!(
        String::from_utf8(one.stderr)
            .unwrap()
            .contains("3000 readings of 1 points of 1 devices")
    );
    // Nobody needs to read to the end.
    let config = house.path("gridos.toml");
    let pipe = format!(
        "set -o pipefail; {} export {config} --format csv --from -4000d 2>&1 | head -1",
        binary().display()
    );
    let head = Command::new("bash").args(["-c", &pipe]).output().unwrap();
    assert!(head.status.success(), "{}", told(&head));
    assert_eq!(told(&head), "point,time,value,quality,quality_bits\r\n");
    foreign(&csv, &parquet);
}

/// What pyarrow and Python's own reader of CSV find in the files.
fn foreign(csv: &str, parquet: &str) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    let python = tests.join(".venv/bin/python");
    let has_pyarrow = |python: &Path| {
        let import = Command::new(python).args(["-c", "import pyarrow"]).output();
        import.is_ok_and(|output| output.status.success())
    };
    if !has_pyarrow(&python) {
        let why = format!(
            "no pyarrow in {}; see tests/requirements.txt",
            python.display()
        );
        let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
        assert!(nothing.is_none(), "{why}");
        println!("skipped: {why}");
        return;
    }
    let output = Command::new(python)
        .arg(tests.join("interop/pyarrow_reader.py"))
        .args([parquet, csv])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let found = json_of(&told(&output));
    assert_eq!(
        (&found["rows"], &found["different"]),
        (&json!(6_002), &json!(0)),
        "{found}"
    );
    let schema = json!({
        "point": "string", "time": "timestamp[us, tz=UTC]", "value": "double",
        "quality": "string", "quality_bits": "int32", "text": "string",
    });
    assert_eq!(found["schema"], schema);
    assert_eq!(
        (&found["row_groups"], &found["compressed"]),
        (&json!(1), &json!("SNAPPY"))
    );
    let statistics = &found["statistics"];
    assert_eq!(statistics["point"], json!(["meter.p", "meter.serial", 0]));
    let times = ["2026-01-05 00:00:00+00:00", "2026-01-05 00:49:59+00:00"];
    assert_eq!(statistics["time"], json!([times[0], times[1], 0]));
    assert_eq!(statistics["quality_bits"], json!(["0", "65536", 0]));
    let encodings = found["encodings"]["point"].as_array().unwrap();
    assert!(
        encodings.contains(&json!("RLE_DICTIONARY")),
        "{encodings:?}"
    );
}

fn mistakes(house: &House) {
    let file = house.path("never.csv");
    for (arguments, code, hint) in [
        (
            &["--format", "csv", "--point", "meter.x"][..],
            1,
            "knows no point 'meter.x'",
        ),
        (
            &["--format", "csv", "--device", "metre"],
            1,
            "knows no device 'metre'",
        ),
        (&["--format", "parquet"], 2, "--output"),
        (&["--format", "excel"], 2, "csv, parquet"),
    ] {
        let output = house.export(arguments);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(hint), "{told}");
    }
    let config = house.path("gridos.toml");
    let empty = [
        "export", &config, "--format", "csv", "--from", "now", "--to", "-1d", "--output", &file,
    ];
    let output = Command::new(binary()).args(empty).output().unwrap();
    assert!(
        told(&output).contains("the range is empty"),
        "{}",
        told(&output)
    );
    let strange = ["export", &config, "--format", "csv", "--from", "then"];
    let output = Command::new(binary()).args(strange).output().unwrap();
    assert!(told(&output).contains("-15m"), "{}", told(&output));
    let text = fs::read_to_string(&config)
        .unwrap()
        .replace("/data\"", "/nowhere\"");
    let other = house.path("other.toml");
    fs::write(&other, text).unwrap();
    let output = Command::new(binary())
        .args([
            "export", &other, "--format", "csv", "--from", "-1d", "--output", &file,
        ])
        .output()
        .unwrap();
    assert!(
        told(&output).contains("there is no database at"),
        "{}",
        told(&output)
    );
    assert!(!Path::new(&file).exists() && !house.dir.join("nowhere").exists());
}

/// A client that goes away takes its question with it, down to the server's process.
async fn a_client_that_goes_away(house: &House, cluster: &Cluster) {
    let running = "select count(*) from pg_stat_activity where application_name = 'gridos' \
                   and state = 'active' and query like '%sweep%'";
    let locker = cluster.connect("grid").await;
    let watcher = cluster.connect("grid").await;
    let wait_for = async |wanted: i64| {
        let seeing = async {
            while watcher
                .query_one(running, &[])
                .await
                .unwrap()
                .get::<_, i64>(0)
                != wanted
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, seeing).await;
        seen.unwrap_or_else(|_| panic!("never {wanted}"));
    };
    locker
        .batch_execute("begin; lock table sweep")
        .await
        .unwrap();
    for path in [
        "data?point=meter.p&from=-1d",
        "data?point=meter.p&width=9",
        "at?device=meter",
    ] {
        let mut was_in_time = false;
        // A machine that stands still for seconds says nothing: then it is tried again.
        for _ in 0..5 {
            let began = Instant::now();
            let mut client = TcpStream::connect(&house.address).unwrap();
            let request = format!(
                "GET /api/v1/scada/{path} HTTP/1.1\r\nhost: {}\r\n\r\n",
                house.address
            );
            client.write_all(request.as_bytes()).unwrap();
            wait_for(1).await;
            drop(client);
            wait_for(0).await;
            // Not by the time-out of an answer, which is 10 s.
            was_in_time = began.elapsed() < Duration::from_secs(9);
            if was_in_time {
                break;
            }
        }
        assert!(was_in_time, "{path}");
    }
    locker.batch_execute("rollback").await.unwrap();
    let last = house.get("/api/v1/scada/data?point=meter.p&from=2026-01-05T00:00:00Z&limit=1");
    assert_eq!(last["readings"][0]["value"], 2_999.0);
    // An export that is interrupted leaves nothing behind.
    locker
        .batch_execute("begin; lock table sweep")
        .await
        .unwrap();
    let file = house.path("half.csv");
    let config = house.path("gridos.toml");
    let args = [
        "export", &config, "--format", "csv", "--from", "-400d", "--output", &file,
    ];
    let export = Process::start(&args, &house.dir.join("export.log"));
    wait_for(1).await;
    assert!(Path::new(&format!("{file}.part")).exists());
    export.signal(Signal::INT);
    let (status, _) = export.wait();
    assert_eq!(status.code(), Some(1));
    assert!(
        fs::read_to_string(house.dir.join("export.log"))
            .unwrap()
            .contains("interrupted")
    );
    assert!(!Path::new(&file).exists() && !Path::new(&format!("{file}.part")).exists());
    locker.batch_execute("rollback").await.unwrap();
}
