//! Which devices this engine has of those that a fleet shares.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use gridos_collect::dnp3::Recent;
use gridos_fleet::Device;
use gridos_model::{DeviceId, DeviceIndex, Epoch};
use gridos_pipeline::{AlarmBoard, AlarmBook};
use gridos_ring::Tenure;
use gridos_roster::{HandOver, Hands};
use tokio::sync::{mpsc, watch};

use super::alarm_notes::{self, AlarmNotes};
use crate::config::{Channel, Config, Fleet};

/// So many orders wait; the one before is always waited for.
const ORDERS_MAX: usize = 1;
/// So much that is said of channels waits.
const SAID_MAX: usize = 1_024;

/// What is held, for whoever starts and ends sessions.
#[derive(Debug)]
pub(super) struct Holding {
    tenure: Arc<Tenure>,
    orders: mpsc::Receiver<HandOver>,
    channels: Vec<Channel>,
    shown: watch::Sender<Arc<[Device]>>,
    held: HashMap<DeviceId, Epoch>,
    /// What is said of channels for whoever takes them next.
    said: mpsc::Sender<(DeviceId, Bytes)>,
    pub(super) notes: AlarmNotes,
    /// What outstations told last that are not held.
    recents: HashMap<DeviceIndex, Recent>,
}

/// Whether devices are shared, and what of them is here at the start.
#[derive(Debug)]
pub(super) struct Sharing {
    /// None where devices are not shared.
    pub(super) holding: Option<Holding>,
    /// The other end of that.
    pub(super) hands: Option<Hands>,
    /// The devices that are shared: nothing is held yet.
    pub(super) away: HashSet<DeviceIndex>,
}

impl Sharing {
    /// What `config` says of `fleet`; `recents` is what is known of each of its devices.
    pub(super) fn of(config: &Config, fleet: &Fleet, recents: &[Recent]) -> Self {
        if config.membership.is_none() {
            return Self {
                holding: None,
                hands: None,
                away: HashSet::new(),
            };
        }
        let channels = fleet.channels(config);
        let others: Vec<_> = fleet.unshared(&channels).collect();
        let known = fleet.devices.iter().zip(recents);
        let known = known.map(|(device, recent)| (device.index, recent.clone()));
        let (holding, hands) = Holding::new(channels, others.into_iter(), known.collect());
        Self {
            away: holding.away(),
            holding: Some(holding),
            hands: Some(hands),
        }
    }
}

impl Holding {
    /// Nothing of `channels` is held at first; `others` are devices that nobody shares.
    pub(super) fn new(
        channels: Vec<Channel>,
        others: impl Iterator<Item = DeviceIndex>,
        recents: HashMap<DeviceIndex, Recent>,
    ) -> (Self, Hands) {
        let tenure = Arc::new(Tenure::default());
        others.for_each(|device| tenure.set_own(device));
        let (sender, orders) = mpsc::channel(ORDERS_MAX);
        let (shown, known) = watch::channel(shared(&channels));
        let (say, said) = mpsc::channel(SAID_MAX);
        let holding = Self {
            tenure: Arc::clone(&tenure),
            orders,
            channels,
            shown,
            held: HashMap::new(),
            said: say,
            notes: AlarmNotes::default(),
            recents,
        };
        let hands = Hands {
            tenure,
            orders: sender,
            channels: known,
            said,
        };
        (holding, hands)
    }

    /// The next order; never, if nobody can give one any more.
    pub(super) async fn order(&mut self) -> HandOver {
        match self.orders.recv().await {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }

    /// The devices that are shared, and not held.
    pub(super) fn away(&self) -> HashSet<DeviceIndex> {
        self.away_of(&self.channels)
    }

    /// Those of `channels`.
    pub(super) fn away_of(&self, channels: &[Channel]) -> HashSet<DeviceIndex> {
        let away = channels
            .iter()
            .filter(|channel| !self.held.contains_key(&channel.id));
        away.flat_map(|channel| channel.devices.iter().copied())
            .collect()
    }

    /// Says what is known of the alarms of what is held, as far as it is news. It is noted while the engine goes on,
    /// so that others know it if this one dies.
    pub(super) async fn say(&mut self, board: &AlarmBoard, book: &AlarmBook) {
        let (table, held) = (board.table(), self.held.keys().copied());
        if !self.notes.is_due(table.sequence, held.clone()) {
            return;
        }
        let channel_of = alarm_notes::channels_of(&self.channels);
        let news = self.notes.news(&table, book, held, &channel_of);
        for said in news {
            // The member may have ended.
            let _ = self.said.send(said).await;
        }
    }

    /// The channel of each device.
    pub(super) fn channels_of(&self) -> HashMap<DeviceIndex, DeviceId> {
        alarm_notes::channels_of(&self.channels)
    }

    /// The devices of the channels `ids`.
    pub(super) fn devices(&self, ids: &[DeviceId]) -> HashSet<DeviceIndex> {
        let ids: HashSet<_> = ids.iter().collect();
        let named = self
            .channels
            .iter()
            .filter(|channel| ids.contains(&channel.id));
        named
            .flat_map(|channel| channel.devices.iter().copied())
            .collect()
    }

    /// Another configuration has other channels; `others` are devices that nobody shares.
    pub(super) fn renew(
        &mut self,
        channels: Vec<Channel>,
        others: impl Iterator<Item = DeviceIndex>,
    ) {
        self.held
            .retain(|id, _| channels.iter().any(|channel| channel.id == *id));
        for channel in &channels {
            let epoch = self.held.get(&channel.id).copied();
            channel
                .devices
                .iter()
                .for_each(|device| self.tenure.set(*device, epoch));
        }
        others.for_each(|device| self.tenure.set_own(device));
        self.shown.send_replace(shared(&channels));
        self.channels = channels;
    }

    /// The channels `ids` are not held any more; what their outstations told last is kept for whoever
    /// takes them again.
    pub(super) fn on_released(&mut self, ids: &[DeviceId], known: HashMap<DeviceIndex, Recent>) {
        for device in self.devices(ids) {
            self.tenure.set(device, None);
        }
        ids.iter().for_each(|id| {
            self.held.remove(id);
        });
        self.recents.extend(known);
    }

    /// The channels `taken` are held from now on, before anything is asked of them. Returns what their
    /// outstations told last.
    pub(super) fn on_taken(&mut self, taken: &[(DeviceId, Epoch)]) -> HashMap<DeviceIndex, Recent> {
        let mut known = HashMap::new();
        for (id, epoch) in taken {
            self.held.insert(*id, *epoch);
            for device in self.devices(&[*id]) {
                self.tenure.set(device, Some(*epoch));
                known.extend(self.recents.remove_entry(&device));
            }
        }
        known
    }
}

fn shared(channels: &[Channel]) -> Arc<[Device]> {
    let device = |channel: &Channel| Device::new(channel.id, &channel.profile);
    channels.iter().map(device).collect()
}
