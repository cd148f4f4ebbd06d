//! What a member is told to take and to give back, and by whom it is done.

use std::sync::Arc;

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
    /// To be told as soon as nothing comes of what is given back, and no connection to it is open.
    pub released: oneshot::Sender<()>,
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
}
