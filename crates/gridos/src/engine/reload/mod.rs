//! Another configuration while the engine runs: checked as a whole, then put into effect as a whole.
//!
//! What can fail comes first; what is changed then cannot. Sessions of what is gone or changed end,
//! the pipeline goes over to the next generation behind all that they left, and then the new ones
//! begin. Whoever is untouched notices nothing.

mod difference;
mod next;
mod text;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gridos_alarm::Generation;
use gridos_api::{
    ConfigAnswer, ConfigAsked, ConfigOrder, ConfigRefusal, FaultTold, NextPlant, ReloadReport,
};
use gridos_collect::Collector;
use gridos_collect::dnp3::Dnp3Fleet;
use gridos_collect::modbus::ModbusFleet;
use gridos_journal::LayoutBook;
use gridos_model::{Deed, DeedOutcome};
use gridos_pipeline::{AlarmBoard, AlarmBook, AlarmCommands, AuditLog};
use gridos_roster::HandOver;
use gridos_telemetry::{NextPlace, ReloadOutcome, Telemetry};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};

pub(super) use self::next::Limits;
use self::next::Next;
use super::devices;
use super::holding::Holding;
use crate::config::{ConfigFile, Faults, Fleet};

/// Who asks by SIGHUP, as logs and records name them.
pub(crate) const BY_SIGNAL: &str = "SIGHUP";

/// How often members are told what is known of the alarms of what this one has.
const SAY_EVERY: Duration = Duration::from_millis(500);

/// The sessions of all devices.
#[derive(Debug)]
pub(super) struct Sessions {
    pub(super) collector: Collector,
    pub(super) modbus: ModbusFleet,
    pub(super) dnp3: Dnp3Fleet,
}

/// Where a configuration comes from, and what it said when it was taken last.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) file: ConfigFile,
    pub(super) text: String,
}

/// What keeps the configuration of a running engine.
#[derive(Debug)]
pub(super) struct Reloading {
    /// None if the engine has no file to read again.
    pub(super) origin: Option<Origin>,
    pub(super) fleet: Fleet,
    pub(super) limits: Limits,
    pub(super) sessions: Sessions,
    pub(super) book: Arc<LayoutBook>,
    pub(super) commands: AlarmCommands,
    pub(super) plants: mpsc::Sender<NextPlant>,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) audit: AuditLog,
    /// None where devices are not shared.
    pub(super) holding: Option<Holding>,
    /// What stands of alarms, and what they are.
    pub(super) board: Arc<AlarmBoard>,
    pub(super) names: Arc<AlarmBook>,
}

impl Reloading {
    /// Answers what is asked until the stop; then the sessions are left for whoever waits for their
    /// end.
    pub(super) async fn run(
        mut self,
        mut asked: mpsc::Receiver<ConfigAsked>,
        mut stop: watch::Receiver<bool>,
    ) -> Collector {
        self.telemetry.config.generation.set(1);
        self.telemetry.config.taken.set(seconds());
        let mut says = interval(SAY_EVERY);
        says.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                () = stopped(&mut stop) => break,
                _ = says.tick(), if self.holding.is_some() => {
                    if let Some(holding) = &mut self.holding {
                        holding.say(&self.board, &self.names).await;
                    }
                    continue;
                }
                Some(asked) = asked.recv() => asked,
                order = order(&mut self.holding) => {
                    self.hand_over(order).await;
                    continue;
                }
            };
            let ConfigAsked { order, by, answer } = asked;
            let answered = self.answer(order, &by).await;
            // Whoever asked may have gone.
            let _ = answer.send(answered);
        }
        self.sessions.collector
    }

    async fn answer(
        &mut self,
        order: ConfigOrder,
        by: &str,
    ) -> Result<ConfigAnswer, ConfigRefusal> {
        let Some(origin) = &self.origin else {
            let what = "this engine was started without a configuration file".to_owned();
            return Err(ConfigRefusal::Unavailable(what));
        };
        let file = origin.file.clone();
        let (is_dry, done) = match order {
            ConfigOrder::Show => {
                let text = file.text().map_err(unreadable)?;
                let tag = text::tag(&text);
                return Ok(ConfigAnswer::Text { text, tag });
            }
            ConfigOrder::Reload { is_dry } => (is_dry, self.reload(&file, is_dry).await),
            ConfigOrder::Replace { text, seen, is_dry } => {
                let replaced = self.replace(&file, text, seen.as_deref(), is_dry).await;
                (is_dry, replaced)
            }
        };
        if !is_dry {
            self.note(&done, by);
        }
        done.map(|report| ConfigAnswer::Report(Box::new(report)))
    }

    /// Takes the file as it is now.
    async fn reload(
        &mut self,
        file: &ConfigFile,
        is_dry: bool,
    ) -> Result<ReloadReport, ConfigRefusal> {
        let text = file.text().map_err(faulty)?;
        let next = self.prepare(file, text)?;
        match is_dry {
            true => Ok(self.told(&next, true)),
            false => self.take(next).await,
        }
    }

    /// Puts `text` in the place of the file's, and takes it; if it cannot be taken, the file is as it
    /// was.
    async fn replace(
        &mut self,
        file: &ConfigFile,
        text: String,
        seen: Option<&[String]>,
        is_dry: bool,
    ) -> Result<ReloadReport, ConfigRefusal> {
        let present = file.text().map_err(unreadable)?;
        let tag = text::tag(&present);
        if seen.is_some_and(|seen| !seen.contains(&tag)) {
            return Err(ConfigRefusal::Moved { tag });
        }
        let next = self.prepare(file, text)?;
        if is_dry {
            return Ok(self.told(&next, true));
        }
        if next.text != present {
            text::replace(file.path(), &next.text).map_err(|error| {
                ConfigRefusal::ReadOnly(format!(
                    "{} cannot be written: {error}; nothing was changed. Where the file is kept \
                     elsewhere, as in a ConfigMap, change it there and reload",
                    file.path().display()
                ))
            })?;
        }
        let is_written = next.text != present;
        let taken = self.take(next).await;
        if taken.is_err()
            && is_written
            && let Err(error) = text::restore(file.path())
        {
            tracing::error!(%error, "the configuration file could not be put back; it is beside with .bak");
        }
        taken
    }

    /// Checks all of a text against what runs.
    fn prepare(&self, file: &ConfigFile, text: String) -> Result<Next, ConfigRefusal> {
        let Some(origin) = &self.origin else {
            return Err(ConfigRefusal::Unavailable(String::new()));
        };
        next::prepare(file, (&origin.text, text), &self.fleet, &self.limits)
    }

    /// Puts into effect what was prepared.
    async fn take(&mut self, next: Next) -> Result<ReloadReport, ConfigRefusal> {
        if !next.difference.is_any {
            if let Some(origin) = &mut self.origin {
                origin.text.clone_from(&next.text);
            }
            return Ok(self.told(&next, false));
        }
        let failed = |what: String| ConfigRefusal::Failed(what);
        let layouts = next.fleet.directory.layouts().map(|layout| &**layout);
        self.book
            .add(layouts)
            .map_err(|error| failed(format!("the layout book cannot be written: {error}")))?;
        let began = Instant::now();
        let reconnected = self.switch(&next).await;
        let Some(reconnected) = reconnected else {
            return Err(failed("the engine is ending".to_owned()));
        };
        let mut report = self.told(&next, false);
        report.generation += 1;
        report.devices.reconnected = reconnected.into_iter().collect();
        report.devices.untouched -= report.devices.reconnected.count;
        self.fleet = next.fleet;
        if let Some(origin) = &mut self.origin {
            origin.text = next.text;
        }
        let cells = &self.telemetry.config;
        cells.generation.set(report.generation);
        cells.taken.set(seconds());
        let directory = &self.fleet.directory;
        let left = directory.point_count() - directory.present_points();
        cells.left_points.set(left as u64);
        tracing::debug!(took = ?began.elapsed(), "another configuration is in effect");
        Ok(report)
    }

    /// Goes over to the next generation; the devices whose connections are made anew for their
    /// neighbours, or nothing if the pipeline has ended.
    async fn switch(&mut self, next: &Next) -> Option<Vec<String>> {
        let Sessions {
            collector,
            modbus,
            dnp3,
        } = &mut self.sessions;
        let (difference, fleet) = (&next.difference, &next.fleet);
        let ending = difference.gone.union(&difference.begun).copied().collect();
        modbus.remove(&ending).await;
        let (shared, others) = next.shared();
        let holding = self.holding.as_ref();
        let away = holding.map(|holding| holding.away_of(&shared));
        let away = away.unwrap_or_default();
        let beginning = |device: &&crate::config::FleetDevice| {
            let is_other =
                difference.new.contains(&device.index) || difference.begun.contains(&device.index);
            is_other && !away.contains(&device.index)
        };
        let began = || fleet.devices.iter().filter(beginning);
        let directory = &fleet.directory;
        let joining: Vec<_> = began()
            .filter_map(|device| devices::dnp3(device, directory, &Default::default()))
            .collect();
        let touched = dnp3.sharing(&ending, &joining);
        let known = dnp3.remove(&touched).await;
        let neighbours: Vec<_> = touched.difference(&ending).copied().collect();
        let left = directory.left_since(&self.fleet.directory);
        self.telemetry.devices.renew(places(next));
        self.telemetry.protocols.add(devices::protocols(fleet));
        let generation = Generation {
            directory: Arc::clone(directory),
            left,
            defined: devices::defined(fleet, &away),
            begin_anew: difference
                .begun
                .iter()
                .chain(&neighbours)
                .copied()
                .collect(),
            handed_over: HashSet::new(),
            taken_over: Vec::new(),
            forgotten: Vec::new(),
        };
        let book = devices::book(fleet, &away);
        self.commands.renew(generation, book).await?;
        if let Some(holding) = &mut self.holding {
            holding.renew(shared, others.into_iter());
        }
        let (done, is_done) = oneshot::channel();
        let plant = devices::plant(fleet);
        if self.plants.send(NextPlant { plant, done }).await.is_ok() {
            // The server may end meanwhile.
            let _ = is_done.await;
        }
        let polled = began().filter_map(|device| devices::modbus(device, directory));
        if let Err(error) = modbus.add(polled.collect(), collector).await {
            tracing::error!(%error, "devices cannot be polled; please report this");
        }
        let listened = fleet
            .devices
            .iter()
            .filter(|device| beginning(device) || neighbours.contains(&device.index));
        let listened = listened.filter_map(|device| devices::dnp3(device, directory, &known));
        if let Err(error) = dnp3.add(listened.collect(), collector) {
            tracing::error!(%error, "outstations cannot be collected; please report this");
        }
        collector.reap();
        let names = neighbours
            .iter()
            .map(|device| directory.device(*device).name().to_owned());
        Some(names.collect())
    }

    fn told(&self, next: &Next, is_dry: bool) -> ReloadReport {
        ReloadReport {
            generation: self.telemetry.config.generation.get(),
            dry_run: is_dry,
            changed: next.difference.is_any,
            devices: next.difference.devices.clone(),
            alarms: next.difference.alarms.clone(),
            notes: next.notes.clone(),
        }
    }

    /// Counts and logs what became of a reload; one that nobody asked the API for is a deed as well.
    fn note(&self, done: &Result<ReloadReport, ConfigRefusal>, by: &str) {
        let outcome = match done {
            Ok(report) if report.changed => ReloadOutcome::Taken,
            Ok(_) => ReloadOutcome::Unchanged,
            Err(ConfigRefusal::Failed(_)) => ReloadOutcome::Failed,
            Err(_) => ReloadOutcome::Refused,
        };
        self.telemetry.config.reloaded(outcome);
        if by == BY_SIGNAL {
            let failure = done.as_ref().err().map(ToString::to_string);
            self.audit.record(Deed {
                principal: by.to_owned(),
                kind: "engine".to_owned(),
                address: String::new(),
                action: "reload".to_owned(),
                target: "configuration".to_owned(),
                outcome: match failure {
                    None => DeedOutcome::Allowed,
                    Some(_) => DeedOutcome::Failed,
                },
                status: 0,
                detail: failure.unwrap_or_default(),
            });
        }
        match done {
            Ok(report) => {
                let devices = &report.devices;
                tracing::info!(
                    by,
                    generation = report.generation,
                    added = devices.added.count,
                    removed = devices.removed.count,
                    changed = devices.changed.count,
                    untouched = devices.untouched,
                    "the configuration was reloaded"
                );
            }
            Err(ConfigRefusal::Faulty(faults)) => {
                for FaultTold { place, what } in faults {
                    tracing::error!(by, "{place}: {what}");
                }
                tracing::error!(by, "the configuration has faults; nothing was changed");
            }
            Err(refusal) => tracing::error!(by, "the configuration was not reloaded: {refusal}"),
        }
    }
}

/// What becomes of the places of devices on the board.
fn places(next: &Next) -> Vec<NextPlace> {
    let difference = &next.difference;
    let places = next.fleet.directory.devices().iter();
    let place = |entry: &gridos_model::DeviceEntry| {
        let index = entry.whole().device_index();
        let begins = difference.new.contains(&index) || difference.begun.contains(&index);
        match (entry.is_retired(), begins) {
            (true, _) => NextPlace::Retired,
            (false, true) => NextPlace::Begun(entry.name().to_owned()),
            (false, false) => NextPlace::Kept,
        }
    };
    places.map(place).collect()
}

/// Ends at the stop; a sender that is gone is one as well.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The next order to take and give back channels; never where devices are not shared.
async fn order(holding: &mut Option<Holding>) -> HandOver {
    match holding {
        Some(holding) => holding.order().await,
        None => std::future::pending().await,
    }
}

fn faulty(faults: Faults) -> ConfigRefusal {
    let told = faults.as_slice().iter().map(|fault| FaultTold {
        place: fault.place.to_string(),
        what: fault.what.clone(),
    });
    ConfigRefusal::Faulty(told.collect())
}

fn unreadable(faults: Faults) -> ConfigRefusal {
    ConfigRefusal::Unreadable(faults.to_string())
}

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}
