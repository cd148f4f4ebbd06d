//! The session of one connection and the units behind it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_ring::Intake;
use gridos_telemetry::{DeviceState, Gauge, ModbusCells};
use tokio::sync::Semaphore;
use tokio::time::{sleep, sleep_until};

use super::client::Client;
use super::device::ModbusDevice;
use super::error::ReadError;
use super::poll::{Taken, poll, wall};
use super::schedule::{Lane, Next, Schedule, Turn};
use super::unit::Unit;
use crate::Backoff;
use crate::spread::{fraction, mix};

/// Polls the units behind one address over one connection.
pub(super) struct Session {
    host: String,
    port: u16,
    connect_timeout: Duration,
    units: Vec<Unit>,
    /// Per lane of the schedule, its unit and the positions of its requests.
    lanes: Vec<(usize, Vec<usize>)>,
    schedule: Schedule,
    backoff: Backoff,
    start_delay: Duration,
    intake: Intake,
    connects: Arc<Semaphore>,
}

/// The first connections are made within this time, not all at once.
const START_WITHIN: Duration = Duration::from_secs(1);
/// The bound of the first wait before another connection.
const RECONNECT_MIN: Duration = Duration::from_millis(500);

impl Session {
    /// The session of `devices`, which have one host and port; `None` if there is no device.
    pub(super) fn new(
        devices: Vec<ModbusDevice>,
        intake: &Intake,
        connects: &Arc<Semaphore>,
    ) -> Option<Self> {
        let first = devices.first()?;
        let (host, port) = (first.host.clone(), first.port);
        let (connect_timeout, reconnect_max) = (first.connect_timeout, first.reconnect_max);
        let units: Vec<_> = devices
            .into_iter()
            .filter_map(|device| device.unit(intake))
            .collect();
        let seed = mix(units.first()?.seed());
        let of_unit = |(n, unit): (usize, &Unit)| {
            let with_unit = move |(lane, reads)| (lane, (n, reads));
            unit.lanes().into_iter().map(with_unit)
        };
        let (lanes, reads): (Vec<_>, _) = units.iter().enumerate().flat_map(of_unit).unzip();
        let shortest = lanes.iter().map(|lane: &Lane| lane.period).min()?;
        Some(Self {
            host,
            port,
            connect_timeout,
            lanes: reads,
            schedule: Schedule::new(lanes, Instant::now()),
            backoff: Backoff::new(RECONNECT_MIN, reconnect_max, seed),
            start_delay: shortest.min(START_WITHIN).mul_f64(fraction(seed)),
            units,
            intake: intake.clone(),
            connects: Arc::clone(connects),
        })
    }

    /// Connects, polls, and starts again after every failure; never ends by itself.
    pub(super) async fn run(mut self) {
        sleep(self.start_delay).await;
        loop {
            match self.connect().await {
                Ok(client) => self.converse(client).await,
                Err(error) => {
                    self.cells().io_errors.increment();
                    self.units.iter().for_each(|unit| unit.failed(&error));
                }
            }
            sleep(self.backoff.next_delay()).await;
        }
    }

    async fn connect(&self) -> Result<Client, ReadError> {
        // The semaphore is never closed; if it were, connecting unbounded is the lesser evil.
        let _permit = self.connects.acquire().await.ok();
        Client::connect(&self.host, self.port, self.connect_timeout).await
    }

    /// Polls until the connection must not be used any more.
    async fn converse(&mut self, mut client: Client) {
        let intake = self.intake.clone();
        let cells = &intake.telemetry().modbus;
        cells.connects.increment();
        let _open = Open::new(&cells.connections);
        self.catch_up();
        loop {
            match self.schedule.poll(Instant::now()) {
                Next::Send(turn) => {
                    if !self.take_turn(&mut client, turn).await {
                        return;
                    }
                }
                Next::Wait(until) => sleep_until(until.into()).await,
                Next::Never => std::future::pending().await,
            }
        }
    }

    /// Sends the request whose turn it is; returns whether the connection may be used further.
    async fn take_turn(&mut self, client: &mut Client, turn: Turn) -> bool {
        let (unit, reads) = &self.lanes[turn.lane];
        let (unit, position) = (*unit, reads[turn.request]);
        self.skip(unit, turn.skipped);
        if self.intake.room() == 0 {
            // Ask nothing that could not be kept: the device still has it at the next scan.
            self.intake.telemetry().ring.full.increment();
            self.skip(unit, 1);
            self.schedule.abandon(turn.lane);
            return true;
        }
        self.cells().polls.increment();
        self.units[unit].stats.polls.increment();
        let polled = poll(client, &self.units[unit], position, &self.intake).await;
        match polled {
            Ok(taken) => {
                self.backoff.reset();
                self.units[unit].accepted(position);
                if taken == Taken::Yes {
                    self.schedule.done(turn.lane);
                } else {
                    self.skip(unit, 1);
                    self.schedule.abandon(turn.lane);
                }
                true
            }
            Err(error) => self.fail(turn.lane, unit, position, &error),
        }
    }

    /// Notes a failed request; returns whether the connection may be used further.
    fn fail(&mut self, lane: usize, unit: usize, position: usize, error: &ReadError) -> bool {
        let cells = self.cells();
        match error {
            ReadError::Exception { .. } => cells.exceptions.increment(),
            ReadError::Timeout(_) => cells.timeouts.increment(),
            ReadError::Protocol(_) | ReadError::Count(_) => cells.protocol_errors.increment(),
            ReadError::Io(_)
            | ReadError::Closed
            | ReadError::Connect { .. }
            | ReadError::ConnectTimeout { .. } => cells.io_errors.increment(),
        }
        let failed = &mut self.units[unit];
        failed.stats.failures.increment();
        if error.is_outage() {
            failed.failed(error);
            self.schedule.abandon(lane);
        } else {
            failed.answered(wall());
            failed.refused(position, error);
            self.schedule.done(lane);
        }
        let is_exception = matches!(error, ReadError::Exception { .. });
        if is_exception {
            self.backoff.reset();
        }
        is_exception
    }

    /// Passes over what was due without a connection: an overrun for a device that is up, since
    /// only another unit or a broken connection held it back.
    fn catch_up(&mut self) {
        for (lane, skipped) in self.schedule.catch_up(Instant::now()) {
            let unit = self.lanes[lane].0;
            if self.units[unit].stats.state() == DeviceState::Up {
                self.skip(unit, skipped);
            }
        }
    }

    fn skip(&self, unit: usize, scans: u64) {
        if scans > 0 {
            self.cells().overruns.add(scans);
            self.units[unit].stats.overruns.add(scans);
        }
    }

    fn cells(&self) -> &ModbusCells {
        &self.intake.telemetry().modbus
    }
}

/// Counts a connection as open until it is dropped, however its session ends.
struct Open<'a>(&'a Gauge);

impl<'a> Open<'a> {
    fn new(connections: &'a Gauge) -> Self {
        connections.add(1);
        Self(connections)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.sub(1);
    }
}
