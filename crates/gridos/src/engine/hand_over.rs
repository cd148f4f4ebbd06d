//! Taking and giving back channels of a fleet while the engine runs; whoever else is polled notices
//! nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gridos_alarm::{Case, Generation};
use gridos_model::{DeviceId, DeviceIndex};
use gridos_roster::{HandOver, Note};
use gridos_telemetry::NextPlace;

use super::alarm_notes::{TakenOver, alarms_of};
use super::devices;
use super::reload::Reloading;

impl Reloading {
    /// Ends the sessions of what is released, after what is under way and with what is durable
    /// confirmed, and begins those of what is taken.
    ///
    /// Between the two the alarms of what left are handed over, and those of what came go on as whoever had
    /// them noted.
    pub(super) async fn hand_over(&mut self, order: HandOver) {
        let HandOver {
            release,
            take,
            notes,
            released,
        } = order;
        let Some(holding) = &mut self.holding else {
            return;
        };
        let ending = holding.devices(&release);
        self.sessions.modbus.remove(&ending).await;
        let known = self.sessions.dnp3.remove(&ending).await;
        holding.on_released(&release, known);
        let ids: Vec<_> = take.iter().map(|(id, _)| *id).collect();
        let beginning = holding.devices(&ids);
        let recents = holding.on_taken(&take);
        let away = holding.away();
        self.renew_places(&ending, &beginning);
        let taken = self.take_over(&beginning, &notes);
        let cases = self.renew_alarms(&away, &ending, &beginning, taken).await;
        let said = self.last_words(&release, &ending, cases);
        // What is released is free for others as soon as that is noted. Whoever ordered it may have gone.
        let _ = released.send(said);
        let directory = &self.fleet.directory;
        let began = || {
            let devices = self.fleet.devices.iter();
            devices.filter(|device| beginning.contains(&device.index))
        };
        let polled = began().filter_map(|device| devices::modbus(device, directory));
        let sessions = &mut self.sessions;
        if let Err(error) = sessions
            .modbus
            .add(polled.collect(), &mut sessions.collector)
            .await
        {
            tracing::error!(%error, "devices cannot be polled; please report this");
        }
        let listened = began().filter_map(|device| devices::dnp3(device, directory, &recents));
        if let Err(error) = sessions
            .dnp3
            .add(listened.collect(), &mut sessions.collector)
        {
            tracing::error!(%error, "outstations cannot be collected; please report this");
        }
        sessions.collector.reap();
    }

    fn renew_places(&self, ended: &HashSet<DeviceIndex>, begun: &HashSet<DeviceIndex>) {
        let places = self.fleet.directory.devices().iter().map(|entry| {
            let index = entry.whole().device_index();
            match entry.is_retired() {
                true => NextPlace::Retired,
                false if ended.contains(&index) || begun.contains(&index) => {
                    NextPlace::Begun(entry.name().to_owned())
                }
                false => NextPlace::Kept,
            }
        });
        self.telemetry.devices.renew(places);
    }

    /// What goes on with the alarms of devices that begin.
    fn take_over(
        &mut self,
        begun: &HashSet<DeviceIndex>,
        notes: &HashMap<DeviceId, Note>,
    ) -> TakenOver {
        let mut taken = TakenOver::default();
        let Some(holding) = self.holding.as_mut().filter(|_| !begun.is_empty()) else {
            return taken;
        };
        let channel_of = holding.channels_of();
        let mut by_channel: HashMap<DeviceId, Vec<_>> = HashMap::new();
        for (alarm, device) in alarms_of(&self.fleet, begun) {
            if let Some(channel) = channel_of.get(&device) {
                by_channel.entry(*channel).or_default().push(alarm);
            }
        }
        for (channel, alarms) in by_channel {
            let note = notes.get(&channel);
            holding.notes.take(alarms.iter(), note, &mut taken);
        }
        taken
    }

    /// What is to be noted of the channels that are given back.
    fn last_words(
        &mut self,
        release: &[DeviceId],
        ended: &HashSet<DeviceIndex>,
        cases: Vec<Case>,
    ) -> Vec<(DeviceId, bytes::Bytes)> {
        let Some(holding) = self.holding.as_mut().filter(|_| !release.is_empty()) else {
            return Vec::new();
        };
        let channel_of = holding.channels_of();
        let alarms = match cases.is_empty() {
            true => HashMap::new(),
            false => alarms_of(&self.fleet, ended),
        };
        let notes = &mut holding.notes;
        notes.give(release, cases, |alarm| {
            channel_of.get(alarms.get(&alarm)?).copied()
        })
    }

    /// Returns what is known of the alarms of what ended.
    async fn renew_alarms(
        &self,
        away: &HashSet<DeviceIndex>,
        ended: &HashSet<DeviceIndex>,
        begun: &HashSet<DeviceIndex>,
        taken: TakenOver,
    ) -> Vec<Case> {
        let fleet = &self.fleet;
        let points = |device: &DeviceIndex| {
            let layout = fleet.directory.device(*device).whole();
            let first = layout.first().get();
            first..first + layout.len()
        };
        let generation = Generation {
            directory: Arc::clone(&fleet.directory),
            // What was read before another engine read them says nothing of now.
            left: ended.union(begun).map(points).collect(),
            defined: devices::defined(fleet, away),
            begin_anew: begun.iter().copied().collect(),
            handed_over: devices::elsewhere(fleet, ended),
            taken_over: taken.cases,
            forgotten: taken.forgotten,
        };
        let book = devices::book(fleet, away);
        let cases = self.commands.renew(generation, book).await;
        cases.unwrap_or_else(|| {
            tracing::debug!("the engine is ending");
            Vec::new()
        })
    }
}
