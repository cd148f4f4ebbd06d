//! One scenario from its start to its end.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum as _;
use futures_util::future::join;
use serde_json::Value;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, sleep_until};
use tokio_postgres::Client;

use super::error::BenchError;
use super::figures::{self, Account, Between, Figures, Memory, Outage, Ratios};
use super::half::{self, Disk, Half};
use super::latency::Percentiles;
use super::plan::{Addresses, FIRST_ADDRESS, Plan};
use super::poster::Posters;
use super::questions::{self, History, Questions};
use super::sample::{Engine, Ledger, Sample};
use super::server::{PASSWORD, Server};
use super::{copy, disk, drain, latency, wire};
use crate::child::{self, Child};
use crate::cli::{Bench, Scenario};
use crate::files;

/// A simulated device takes a listener and a connection, and one process may not open any number of files.
const DEVICES_OF_A_PROCESS: usize = 5_000;
/// As many as [`super::plan::BURST`] at once, once a second.
const EVENTS: [&str; 4] = ["--events-per-second", "10", "--burst", "10"];
/// How long the disk is looked at before anything else is begun.
const QUIET: Duration = Duration::from_secs(3);
/// How often the memory is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How much longer than asked for an engine may be needed.
const BESIDE: Duration = Duration::from_secs(3_600);
/// Longer than that nobody waits for what has gathered in an outage.
const DRAINED_WITHIN: Duration = Duration::from_secs(600);
/// Nor for a database that learns of millions of points, some ten thousand a second.
const SETTLED_WITHIN: Duration = Duration::from_secs(1_800);

/// What is to be measured, and where it writes.
pub(super) struct Course<'a> {
    args: &'a Bench,
    name: String,
    plan: Plan,
    folder: PathBuf,
    binary: PathBuf,
}

/// All that runs while a scenario is measured.
struct Running {
    devices: Devices,
    engine: Child,
    at: Engine,
    posters: Posters,
    client: Client,
    database: String,
    /// Of the database, as it stands in the configuration.
    url: String,
}

/// Simulated devices, their processes and where they are.
#[derive(Default)]
struct Devices {
    processes: Vec<Child>,
    at: Addresses,
}

/// What was measured while it ran.
struct Measured {
    before: Sample,
    after: Sample,
    wal: u64,
    growth: Option<f64>,
    outage: Option<Outage>,
    history: Option<History>,
}

impl<'a> Course<'a> {
    pub(super) fn new(args: &'a Bench, scenario: Scenario, folder: &Path) -> Self {
        let value = scenario.to_possible_value();
        let name = value.map_or_else(String::new, |value| value.get_name().to_owned());
        Self {
            args,
            plan: Plan::of(scenario, args.scale).sized(&args.plant),
            folder: folder.join(&name),
            name,
            binary: args.binary.clone().unwrap_or_else(own_binary),
        }
    }

    pub(super) async fn run(&self, server: &mut Server) -> Result<Figures, BenchError> {
        fs::create_dir_all(&self.folder).map_err(BenchError::folder(&self.folder))?;
        let quiet = match self.plan.has_dense_alone() {
            true => Some(self.probed(QUIET).await?),
            false => None,
        };
        let mut running = self.start(server).await?;
        // Each device was asked once by then.
        sleep(self.args.warm_up.max(self.plan.slowest())).await;
        if let Some(offered) = self.plan.offered() {
            // The database learns of many points only now. One that cannot keep up never gets there: figures tell.
            drain::drained(&running.at, offered, SETTLED_WITHIN).await?;
        }
        let measured = self.measure(&mut running, server).await?;
        let between = Between::of(&measured.before, &measured.after);
        let half = match quiet {
            Some(quiet) => Some(self.half(&running, server, &between, quiet).await?),
            None => None,
        };
        let Running {
            devices,
            engine,
            posters,
            client,
            database,
            ..
        } = running;
        posters.end().await;
        let ended = engine.end().await.ok_or(BenchError::Untold("end"))?;
        let ledger = Ledger::of(&ended["ledger"]);
        let wire_alone = match self.plan.has_dense_alone() {
            true => Some(wire::alone(&devices.at.dense, self.plan.plant.registers()).await?),
            false => None,
        };
        for simulator in devices.processes {
            simulator.end().await;
        }
        // The connection did not survive an outage.
        let client = match measured.outage {
            Some(_) => server.connect(Some(&database)).await?,
            None => client,
        };
        let sizes = copy::sizes(&client).await?;
        let database_alone = Some(copy::alone(&client).await?);
        drop(client);
        server.drop_database(&database).await?;
        Ok(Figures {
            scenario: self.name.clone(),
            points: self.plan.points(),
            seconds: between.seconds,
            devices: self.plan.dense + self.plan.feeders + self.plan.outstations,
            offered: self.plan.offered(),
            durable: between.durable as f64 / between.seconds,
            stored: between.stored as f64 / between.seconds,
            latency_ms: self.latencies(&measured.before, &measured.after)?,
            cpu_seconds_per_million: between.cpu(),
            resident_bytes: Memory {
                peak: measured.after.resident.peak,
                growth_per_hour: measured.growth,
            },
            // While the database is away, its share of what was written is not that of what was received.
            bytes_per_reading: measured
                .outage
                .is_none()
                .then(|| figures::bytes(&between, measured.wal, sizes, ledger.stored)),
            ledger: Account::from(ledger),
            wire_alone,
            database_alone,
            ratios: Ratios::default(),
            half,
            outage: measured.outage,
            history: measured.history,
        }
        .with_ratios())
    }

    async fn start(&self, server: &Server) -> Result<Running, BenchError> {
        files::allow(self.plan.dense + 1_000)?;
        let devices = self.devices().await?;
        let database = format!("gridos_bench_{}", self.name.replace('-', "_"));
        let url = server.create(&database).await?;
        let config = self.write_config(&self.plan, &devices.at, &url)?;
        let log = self.folder.join("engine.log");
        self.migrate(&config, &log).await?;
        let hdr_log = self.hdr_log();
        // If the bench is killed, nobody else ends it.
        let life = 2 * (self.args.warm_up + self.args.duration) + BESIDE;
        let life = format!("{}s", life.as_secs());
        let arguments: [&OsStr; 7] = [
            "run".as_ref(),
            config.as_os_str(),
            "--json".as_ref(),
            "--hdr-log".as_ref(),
            hdr_log.as_os_str(),
            "--for".as_ref(),
            life.as_ref(),
        ];
        let (engine, event) = child("the engine", &self.binary, arguments, &log, "started").await?;
        let base = event["url"].as_str().ok_or(BenchError::Untold("URL"))?;
        let at = Engine::new(base, engine.id())?;
        Ok(Running {
            devices,
            posters: Posters::start(self.plan.posters, self.plan.post_every, &at)?,
            engine,
            at,
            client: server.connect(Some(&database)).await?,
            database,
            url,
        })
    }

    fn hdr_log(&self) -> PathBuf {
        self.folder.join("latencies.hlog")
    }

    /// Starts all simulated devices, as many processes as the limit of open files asks for.
    async fn devices(&self) -> Result<Devices, BenchError> {
        let (plan, mut processes) = (&self.plan, Vec::new());
        let mut port = usize::from(self.args.port_base);
        let registers = plan.plant.registers().to_string();
        let counting = ["--registers", registers.as_str()];
        let feeders = match plan.plant.points {
            Some(_) => counting.as_slice(),
            None => &[],
        };
        let kinds = [
            (plan.dense, ["modbus", "--devices"], counting.as_slice()),
            (plan.feeders, ["modbus", "--devices"], feeders),
            (plan.outstations, ["dnp3", "--outstations"], &EVENTS),
        ];
        let mut at = [const { Vec::new() }; 3];
        for ((count, kind, options), at) in kinds.into_iter().zip(&mut at) {
            for (first, count) in parts(count) {
                let mut arguments = simulate(kind, count, port, first);
                arguments.extend(options.iter().copied().map(str::to_owned));
                let log = self.folder.join("devices.log");
                // Of this version, whatever engine is measured: so that two of them have the same devices.
                let binary = own_binary();
                let started = child("a simulator", &binary, arguments, &log, "serving");
                let (process, event) = started.await?;
                let addresses = serde_json::from_value(event["addresses"].clone());
                let addresses: Vec<SocketAddr> =
                    addresses.map_err(|_| BenchError::Untold("addresses of its devices"))?;
                at.extend(addresses);
                processes.push(process);
                // 0 takes any that are free.
                port += if port == 0 { 0 } else { count };
            }
        }
        let [dense, feeders, outstations] = at;
        let at = Addresses {
            dense,
            feeders,
            outstations,
        };
        Ok(Devices { processes, at })
    }

    fn write_config(&self, plan: &Plan, at: &Addresses, url: &str) -> Result<PathBuf, BenchError> {
        let table = self.folder.join("devices.csv");
        let devices = plan.devices(at);
        fs::write(&table, devices).map_err(BenchError::folder(&table))?;
        let config = self.folder.join("gridos.toml");
        let data = self.folder.join("data");
        let text = plan.config(&data, "devices.csv", url);
        fs::write(&config, text).map_err(BenchError::folder(&config))?;
        Ok(config)
    }

    async fn migrate(&self, config: &Path, log: &Path) -> Result<(), BenchError> {
        let mut command = child::command(&self.binary);
        command.arg("migrate").arg(config).envs(password());
        let output = spawn_blocking(move || command.output()).await;
        let output = output.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        let output = output.map_err(|source| BenchError::NotStarted {
            path: self.binary.clone(),
            source,
        })?;
        if output.status.success() {
            return Ok(());
        }
        fs::write(log, &output.stderr).map_err(BenchError::folder(log))?;
        Err(BenchError::Unready {
            who: "gridos migrate".to_owned(),
            log: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    async fn measure(
        &self,
        running: &mut Running,
        server: &mut Server,
    ) -> Result<Measured, BenchError> {
        let mut processes: Vec<u32> = running.devices.processes.iter().map(Child::id).collect();
        if self.plan.posters > 0 {
            processes.push(std::process::id());
        }
        let questions = match self.args.history {
            Some(points) => Some(Questions::of(&running.at, &self.plan.trends(points)).await?),
            None => None,
        };
        let wal = copy::wal(&running.client).await?;
        let before = running.at.sample(&processes, server).await?;
        let (memory, outage, history) = match self.plan.has_outage {
            false => {
                let watch = self.watch(&running.at, self.args.duration);
                let (memory, history) = join(
                    watch,
                    questions::asked(questions.as_ref(), self.args.duration),
                )
                .await;
                (memory, None, history?)
            }
            true => {
                let outage = self.outage(&running.at, server).await?;
                (Vec::new(), Some(outage), None)
            }
        };
        let after = running.at.sample(&processes, server).await?;
        let wal = match outage {
            Some(_) => 0,
            None => copy::wal(&running.client).await? - wal,
        };
        Ok(Measured {
            before,
            after,
            wal,
            growth: figures::settled_growth(&memory),
            outage,
            history,
        })
    }

    /// Measures once more at half of the rate that was `found`.
    async fn half(
        &self,
        running: &Running,
        server: &Server,
        found: &Between,
        quiet: Percentiles,
    ) -> Result<Half, BenchError> {
        let points = self.plan.dense_points();
        let period = half::period(points, found.stored as f64 / found.seconds);
        let plan = Plan {
            period,
            ..self.plan
        };
        self.write_config(&plan, &running.devices.at, &running.url)?;
        running.at.reload().await?;
        sleep(self.args.warm_up).await;
        let offered = points as f64 / period.as_secs_f64();
        // What had gathered at full speed would count as late here.
        drain::drained(&running.at, offered, SETTLED_WITHIN).await?;
        let before = running.at.sample(&[], server).await?;
        let busy = self.probed(self.args.duration).await?;
        let after = running.at.sample(&[], server).await?;
        let between = Between::of(&before, &after);
        Ok(Half {
            offered,
            durable: between.durable as f64 / between.seconds,
            latency_ms: self.latencies(&before, &after)?,
            disk_ms: Disk { quiet, busy },
        })
    }

    /// What the disk makes of small writes for `lasts`.
    async fn probed(&self, lasts: Duration) -> Result<Percentiles, BenchError> {
        let folder = self.folder.clone();
        let probed = spawn_blocking(move || disk::probe(&folder, lasts)).await;
        probed
            .unwrap_or_else(|panic| Err(BenchError::folder(&self.folder)(io::Error::other(panic))))
    }

    /// How much memory the engine has, once a second.
    async fn watch(&self, engine: &Engine, lasts: Duration) -> Vec<(Duration, u64)> {
        let began = tokio::time::Instant::now();
        let (mut memory, mut next) = (Vec::new(), began);
        while next < began + lasts {
            memory.push((began.elapsed(), engine.resident().now));
            next = (next + LOOK).min(began + lasts);
            sleep_until(next).await;
        }
        memory
    }

    /// Takes the database away for half of the time, and waits until what gathered is stored.
    async fn outage(&self, engine: &Engine, server: &mut Server) -> Result<Outage, BenchError> {
        let away = Instant::now();
        server.crash();
        sleep(self.args.duration / 2).await;
        server.resume().await?;
        // It recovers what it had before it answers: that is a part of being away.
        let (seconds, before) = (away.elapsed().as_secs_f64(), engine.ledger().await?);
        let back = Instant::now();
        let offered = self.plan.offered().unwrap_or(0.0);
        let ledger = drain::drained(engine, offered, DRAINED_WITHIN).await?;
        let ledger = ledger.ok_or(BenchError::Untold("end of what gathered in the outage"))?;
        let drained_within = back.elapsed().as_secs_f64();
        let drained = (ledger.stored - before.stored) as f64 / drained_within;
        let came = (ledger.journalled - before.journalled) as f64 / drained_within;
        // The latencies of what gathered are in the log when their second is over.
        sleep(2 * LOOK).await;
        Ok(Outage {
            seconds,
            drained_within,
            drained,
            times_as_fast: drained / came,
        })
    }

    fn latencies(
        &self,
        before: &Sample,
        after: &Sample,
    ) -> Result<BTreeMap<String, Percentiles>, BenchError> {
        let path = self.hdr_log();
        let log = fs::read(&path).map_err(BenchError::folder(&path))?;
        let found = latency::between(&log, before.wall, after.wall);
        found.ok_or(BenchError::Log { path })
    }
}

fn own_binary() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into())
}

/// A `gridos` that tells `ready`.
async fn child<A: AsRef<OsStr>>(
    who: &'static str,
    binary: &Path,
    arguments: impl IntoIterator<Item = A>,
    log: &Path,
    ready: &str,
) -> Result<(Child, Value), BenchError> {
    let password = password();
    let password = password.iter().map(|(key, own)| (*key, own.as_str()));
    let variables: Vec<_> = password.collect();
    let started = Child::start(binary, arguments, &variables, log, ready).await;
    started.map_err(|source| BenchError::Child { who, source })
}

/// The password of a server that was there, for the engine.
fn password() -> Option<(&'static str, String)> {
    std::env::var(PASSWORD).ok().map(|own| (PASSWORD, own))
}

/// The first of each process's devices, and how many it has.
fn parts(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let firsts = (0..count).step_by(DEVICES_OF_A_PROCESS);
    firsts.map(move |first| (first, DEVICES_OF_A_PROCESS.min(count - first)))
}

fn simulate(kind: [&str; 2], count: usize, port: usize, first: usize) -> Vec<String> {
    let [protocol, option] = kind;
    let mut numbers = vec![
        (option, count),
        ("--port-base", port),
        ("--seed", first + 1),
    ];
    if protocol == "dnp3" {
        numbers.push(("--first-address", FIRST_ADDRESS + first));
    }
    let mut arguments = ["simulate", protocol, "--json"].map(str::to_owned).to_vec();
    for (option, number) in numbers {
        arguments.extend([option.to_owned(), number.to_string()]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_is_of_one_process() {
        assert_eq!(parts(0).count(), 0);
        let all: Vec<_> = parts(10_001).collect();
        assert_eq!(all, [(0, 5_000), (5_000, 5_000), (10_000, 1)]);
    }
}
