//! Taking and giving back channels of a fleet while the engine runs; whoever else is polled notices
//! nothing.

use std::collections::HashSet;
use std::sync::Arc;

use gridos_alarm::Generation;
use gridos_model::DeviceIndex;
use gridos_roster::HandOver;
use gridos_telemetry::NextPlace;

use super::devices;
use super::reload::Reloading;

impl Reloading {
    /// Ends the sessions of what is released, after what is under way and with what is durable
    /// confirmed, and begins those of what is taken.
    ///
    /// Between the two the alarms of what left are retired, and those of what came begin anew.
    pub(super) async fn hand_over(&mut self, order: HandOver) {
        let HandOver {
            release,
            take,
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
        let places = self.fleet.directory.devices().iter().map(|entry| {
            let index = entry.whole().device_index();
            match entry.is_retired() {
                true => NextPlace::Retired,
                false if ending.contains(&index) || beginning.contains(&index) => {
                    NextPlace::Begun(entry.name().to_owned())
                }
                false => NextPlace::Kept,
            }
        });
        self.telemetry.devices.renew(places);
        // What is released is free for others now. Whoever ordered it may have gone.
        let _ = released.send(());
        self.renew_alarms(&away, &ending, &beginning).await;
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

    async fn renew_alarms(
        &self,
        away: &HashSet<DeviceIndex>,
        ended: &HashSet<DeviceIndex>,
        begun: &HashSet<DeviceIndex>,
    ) {
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
        };
        if !self
            .commands
            .renew(generation, devices::book(fleet, away))
            .await
        {
            tracing::debug!("the engine is ending");
        }
    }
}
