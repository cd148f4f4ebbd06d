//! The outstations to listen to and to ask.

use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::link::Address;
use gridos_dnp3::master::Config;
use gridos_dnp3::transport::FragmentMax;
use gridos_model::{DeviceIndex, Layout};

use super::{PointMap, Recent};
use crate::net::Via;

/// One outstation: where it is, how it is treated, and what its points are.
#[derive(Clone, Debug)]
pub struct Dnp3Device {
    /// Its place in the directory.
    pub device: DeviceIndex,
    /// Host name or address; devices of the same host and port share one connection, and so do those
    /// that dial in to the same inbox.
    pub host: String,
    /// TCP port, usually [`Dnp3Device::PORT`].
    pub port: u16,
    /// The link address of the engine towards it.
    pub master: Address,
    /// Its own link address.
    pub outstation: Address,
    /// How it is treated; many devices may share one.
    pub config: Arc<Config>,
    /// After how much silence it is asked for its status on the link; `None` never. A connection on
    /// which nobody answers is closed.
    pub keep_alive: Option<Duration>,
    /// The longest fragment it may send.
    pub fragment_max: FragmentMax,
    /// What its points are.
    pub map: Arc<PointMap>,
    /// The layout of all its points, in the order of the map.
    pub whole: Arc<Layout>,
    /// The layouts of its groups, in the order of [`PointMap::groups`].
    pub groups: Vec<Arc<Layout>>,
    /// Who makes the connection and what protects it; alike for all devices that share one.
    pub via: Via,
    /// How long to wait for a connection; more than 0. Of devices that share one, the first counts.
    pub connect_timeout: Duration,
    /// The longest wait before a connection is tried again. Of devices that share one, the first
    /// counts.
    pub reconnect_max: Duration,
    /// The events that the journal has last from it: what the outstation offers again is not taken
    /// twice. [`Recent::default`] if nothing is known of it.
    pub recent: Recent,
}

impl Dnp3Device {
    /// The port of DNP3 (IANA `dnp`).
    pub const PORT: u16 = 20_000;
    /// The port of DNP3 over TLS (IANA `dnp-sec`).
    pub const TLS_PORT: u16 = 19_999;
    /// Silence on the link before its status is asked for unless said otherwise.
    pub const KEEP_ALIVE: Duration = Duration::from_secs(60);
    /// Waiting for a connection unless said otherwise.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
    /// Waiting before another connection, at most, unless said otherwise.
    pub const RECONNECT_MAX: Duration = Duration::from_secs(30);
    /// Connections of the whole process that may be under way at once, unless said otherwise.
    pub const CONNECTS_AT_ONCE: usize = 512;
    /// Integrity polls of the whole process that may be under way at once, unless said otherwise:
    /// they are the heavy part of a start.
    pub const INTEGRITY_POLLS_AT_ONCE: usize = 64;
    /// The most events of one batch; a fragment with more becomes several batches.
    pub const EVENTS_PER_BATCH_MAX: usize = 1_024;
}
