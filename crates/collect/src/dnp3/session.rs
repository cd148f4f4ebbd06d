//! The session of one connection and the outstations behind it.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use gridos_model::DeviceIndex;
use gridos_ring::Intake;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::channel::{Channel, Ended};
use super::outstation::Outstation;
use super::{Dnp3Device, Recent};
use crate::Backoff;
use crate::net::{ConnectError, Connector, Connects, Open, Standing, Stream};
use crate::spread::{fraction, mix};

/// What all sessions share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) intake: Intake,
    pub(super) connects: Connects,
    pub(super) integrity_polls: Arc<Semaphore>,
    pub(super) stop: watch::Receiver<bool>,
}

/// Moves what outstations behind one address say and are told over one connection.
pub(super) struct Session {
    shared: Arc<Shared>,
    connector: Connector,
    connect_timeout: Duration,
    standing: Standing,
    backoff: Backoff,
    start_delay: Duration,
    channel: Channel,
}

/// The bound of the first wait before another connection.
const RECONNECT_MIN: Duration = Duration::from_millis(500);
/// While no device may be asked, no connection is made, and it is looked again after this time.
const FENCED_WAIT: Duration = Duration::from_millis(100);
/// How long what was taken may still take to be confirmed after the stop.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// What is known of the last events of each outstation when its session ends.
pub(super) type Legacy = oneshot::Sender<Vec<(DeviceIndex, Recent)>>;

/// Ends when the session is to; never if nobody can tell any more.
async fn release(mut released: watch::Receiver<bool>) {
    if released.wait_for(|is_so| *is_so).await.is_err() {
        std::future::pending().await
    }
}

impl Session {
    /// The session of `devices`, which share one connection; `None` if there is no device. It
    /// begins at a time of its own within `start_within`.
    pub(super) fn new(
        devices: Vec<Dnp3Device>,
        shared: &Arc<Shared>,
        start_within: Duration,
    ) -> Option<Box<Self>> {
        let first = devices.first()?;
        let seed = mix(first.whole.device_id().raw());
        let connector = Connector::new(&first.host, first.port, first.via.clone());
        let connect_timeout = first.connect_timeout;
        let backoff = Backoff::new(RECONNECT_MIN, first.reconnect_max, seed);
        let outstations = devices.into_iter().filter_map(|device| {
            let stats = shared.intake.telemetry().devices.get(device.device.get())?;
            Outstation::new(device, stats).ok()
        });
        // On the heap: a future keeps what it is given twice.
        Some(Box::new(Self {
            channel: Channel::new(outstations.collect(), shared, seed),
            shared: Arc::clone(shared),
            connector,
            connect_timeout,
            standing: Standing::Unproven,
            backoff,
            start_delay: start_within.mul_f64(fraction(seed)),
        }))
    }

    /// Connects, listens, and starts again after every failure, until the stop or `released`; then what
    /// was taken is confirmed, and what is known of the last events is left in `legacy`.
    pub(super) async fn run(mut self: Box<Self>, released: watch::Receiver<bool>, legacy: Legacy) {
        let mut stop = self.shared.stop.clone();
        tokio::select! {
            () = self.work() => {}
            // A sender that is gone is a stop as well.
            _ = stop.wait_for(|stop| *stop) => {}
            () = release(released) => {}
        }
        let channel = &mut self.channel;
        channel.stop();
        // What is not confirmed by then is not: the outstation offers it again.
        let _ = timeout(DRAIN_WITHIN, poll_fn(|context| channel.poll_drain(context))).await;
        channel.disconnect(&Ended::Stopped);
        // Whoever released it may have gone.
        let _ = legacy.send(channel.recent());
    }

    async fn work(&mut self) {
        sleep(self.start_delay).await;
        loop {
            match self.connect().await {
                Ok(stream) => self.converse(stream).await,
                Err(error) => {
                    self.shared.intake.telemetry().dnp3.io_errors.increment();
                    self.standing = Standing::Failing;
                    self.channel.on_unreachable(&error);
                }
            }
            self.channel.deliver_voids();
            self.connector.rest(self.backoff.next_delay()).await;
        }
    }

    async fn connect(&self) -> Result<Stream, ConnectError> {
        while self.channel.is_fenced() {
            sleep(FENCED_WAIT).await;
        }
        let _admission = if self.connector.is_dialled() {
            Some(self.shared.connects.admit(self.standing).await)
        } else {
            None
        };
        // On the heap, so that an idle session has no room for a name and a handshake in it.
        Box::pin(self.connector.connect(self.connect_timeout)).await
    }

    /// Moves bytes until the connection must not be used any more.
    async fn converse(&mut self, stream: Stream) {
        let shared = Arc::clone(&self.shared);
        let cells = &shared.intake.telemetry().dnp3;
        cells.connects.increment();
        let _open = Open::new(&cells.connections);
        let (channel, connector) = (&mut self.channel, &self.connector);
        channel.connect(stream);
        let conversing = poll_fn(|context| {
            let ended = channel.poll(context);
            connector.set_heard(ended.is_pending() && channel.is_heard());
            ended
        });
        let ended = tokio::select! {
            ended = conversing => ended,
            () = connector.superseded() => Ended::Superseded,
        };
        connector.set_heard(false);
        if !matches!(ended, Ended::Closed | Ended::Superseded | Ended::Fenced) {
            cells.io_errors.increment();
        }
        self.standing = Standing::Unproven;
        if channel.disconnect(&ended) {
            self.standing = Standing::Good;
            self.backoff.reset();
        }
    }
}
