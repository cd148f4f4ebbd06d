//! What a member is told to take and to give back, and by whom it is done.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use gridos_fleet::Device;
use gridos_model::{DeviceId, Epoch};
use gridos_ring::Tenure;
use tokio::sync::{mpsc, oneshot, watch};

/// Which channels to give back, and which to take.
#[derive(Debug)]
pub struct HandOver {
    /// To give back, each by the id that stands for it in the plan.
    pub release: Vec<DeviceId>,
    /// To take.
    pub take: Vec<(DeviceId, Epoch)>,
    /// What was noted of what is to be taken by who had it last.
    pub notes: HashMap<DeviceId, Note>,
    /// To be told as soon as nothing comes of what is given back, and no connection to it is open: what is to be
    /// noted of it for whoever takes it.
    pub released: oneshot::Sender<Vec<(DeviceId, Bytes)>>,
}

/// What was noted of a channel. It is opaque here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether it was noted by this member, now or in an earlier life.
    pub is_own: bool,
    /// What was said.
    pub said: Bytes,
}

/// The way to whoever starts and ends sessions. One order is given at a time.
#[derive(Debug)]
pub struct Hands {
    /// Until when anything may be asked; the member writes it.
    pub tenure: Arc<Tenure>,
    /// The way of orders.
    pub orders: mpsc::Sender<HandOver>,
    /// All channels of the present configuration.
    pub channels: watch::Receiver<Arc<[Device]>>,
    /// What is to be noted of channels that are held, whenever it is another.
    pub said: mpsc::Receiver<(DeviceId, Bytes)>,
}
