//! The session of one connection and the units behind it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_modbus::Values;
use gridos_model::Timestamp;
use gridos_ring::Intake;
use gridos_telemetry::{ModbusCells, Protocol, ScanOutcome};
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until};

use super::client::Client;
use super::demotion::Demotion;
use super::device::ModbusDevice;
use super::error::ReadError;
use super::isolation::Ask;
use super::orders::Orders;
use super::poll::{Taken, deliver};
use super::read::{Answered, Outcome};
use super::scans::outcome;
use super::schedule::{Lane, Next, Schedule, Turn};
use super::unit::{Scan, Unit};
use super::wariness::Wariness;
use crate::Backoff;
use crate::net::{Connector, Connects, Open, Standing};
use crate::spread::{fraction, mix};
use crate::wall::wall;

/// Polls the units behind one address over one connection.
pub(super) struct Session {
    connector: Connector,
    connect_timeout: Duration,
    pub(super) units: Vec<Unit>,
    /// Per lane of the schedule, whose scans they are.
    pub(super) scans: Vec<Scan>,
    pub(super) schedule: Schedule,
    backoff: Backoff,
    reconnect_max: Duration,
    seed: u64,
    start_delay: Duration,
    /// Requests without an answer, one after the other, whoever was asked.
    failures: usize,
    /// What is known of the address.
    standing: Standing,
    /// Holds failing units back while others answer.
    wariness: Wariness,
    pub(super) intake: Intake,
    connects: Arc<Connects>,
    /// Who waits for the connection to be closed behind the last unit that left.
    pub(super) left_behind: Vec<oneshot::Sender<()>>,
}

/// What is under way: a request of a lane.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) lane: usize,
    pub(super) unit: usize,
    /// The position of the request among the unit's.
    pub(super) position: usize,
}

/// The bound of the first wait before another connection.
const RECONNECT_MIN: Duration = Duration::from_millis(500);
/// A busy device is asked again so often within one scan, after waits that double from this one.
const BUSY_RETRIES: u32 = 3;
const BUSY_WAIT: Duration = Duration::from_millis(50);
/// What is still to be told finds room after this time, or is tried again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// While no device may be asked, no connection is made, and it is looked again after this time.
const FENCED_WAIT: Duration = Duration::from_millis(100);
/// The first connections are made within this time, not all at once.
const START_WITHIN: Duration = Duration::from_secs(1);

impl Session {
    /// The session of `devices`, which have one host and port; `None` if there is no device. It
    /// begins at a time of its own `start_within` the process's first seconds.
    pub(super) fn new(
        devices: Vec<ModbusDevice>,
        intake: &Intake,
        connects: &Arc<Connects>,
        start_within: Duration,
    ) -> Option<Self> {
        let first = devices.first()?;
        let connector = Connector::new(&first.host, first.port, first.via.clone());
        let connect_timeout = first.connect_timeout;
        let reconnect_max = first.reconnect_max;
        let mut units = Vec::with_capacity(devices.len());
        units.extend(devices.into_iter().filter_map(|device| device.unit(intake)));
        let seed = mix(units.first()?.seed());
        let lanes = units.iter().enumerate();
        let (lanes, mut scans): (Vec<_>, Vec<_>) =
            lanes.flat_map(|(n, unit)| unit.lanes(n)).unzip();
        scans.shrink_to_fit();
        let shortest = lanes.iter().map(|lane: &Lane| lane.period).min()?;
        let now = Instant::now();
        Some(Self {
            connector,
            connect_timeout,
            scans,
            schedule: Schedule::new(lanes, now),
            backoff: Backoff::new(RECONNECT_MIN, reconnect_max, seed),
            reconnect_max,
            seed,
            start_delay: shortest
                .min(START_WITHIN)
                .max(start_within)
                .mul_f64(fraction(seed)),
            failures: 0,
            standing: Standing::Unproven,
            wariness: Wariness::new(now),
            units,
            intake: intake.speaking(Protocol::Modbus),
            connects: Arc::clone(connects),
            left_behind: Vec::new(),
        })
    }

    /// Connects, polls, and starts again after every failure; ends when it has no unit, and nobody
    /// can give it any. Boxed, for a future has room for it each time that it is moved within.
    pub(super) async fn run(mut self: Box<Self>, mut orders: Orders) {
        tokio::select! {
            () = sleep(self.start_delay) => {}
            Some(order) = orders.recv() => self.obey(order),
        }
        loop {
            self.tell_left();
            if self.units.is_empty() {
                match orders.recv().await {
                    Some(order) => self.obey(order),
                    None => return,
                }
                continue;
            }
            let connected = tokio::select! {
                connected = self.connect() => connected,
                Some(order) = orders.recv() => {
                    self.obey(order);
                    continue;
                }
            };
            let has_answered = match connected {
                Ok(client) => self.converse(client, &mut orders).await,
                Err(error) => {
                    self.on_unreachable(&error);
                    false
                }
            };
            self.units.iter_mut().for_each(Unit::interrupt);
            self.deliver_voids();
            // A connection that was good is made again at once, and so is one that each unit has not
            // had its turn on: one that does not answer must not keep the others waiting.
            if !has_answered && self.failures >= self.units.len() {
                let delay = self.backoff.next_delay();
                tokio::select! {
                    () = self.connector.rest(delay) => {}
                    Some(order) = orders.recv() => self.obey(order),
                }
            }
        }
    }

    /// There is no connection at this moment: whoever waits for that is told.
    fn tell_left(&mut self) {
        for done in self.left_behind.drain(..) {
            // Whoever ordered it may have gone.
            let _ = done.send(());
        }
    }

    /// Waits otherwise for connections from now on.
    pub(super) fn set_waits(&mut self, connect_timeout: Duration, reconnect_max: Duration) {
        self.connect_timeout = connect_timeout;
        if reconnect_max != self.reconnect_max {
            self.reconnect_max = reconnect_max;
            self.backoff = Backoff::new(RECONNECT_MIN, reconnect_max, self.seed);
        }
    }

    async fn connect(&self) -> Result<Client, ReadError> {
        let may_ask = |unit: &Unit| self.intake.may_ask(unit.whole.device_index());
        while !self.units.iter().any(may_ask) {
            sleep(FENCED_WAIT).await;
        }
        let _admission = if self.connector.is_dialled() {
            Some(self.connects.admit(self.standing).await)
        } else {
            None
        };
        // On the heap, so that an idle session has no room for a name and a handshake in it.
        let connecting = Box::pin(self.connector.connect(self.connect_timeout));
        Ok(Client::new(connecting.await?))
    }

    /// No unit can be reached.
    fn on_unreachable(&mut self, error: &ReadError) {
        self.cells().io_errors.increment();
        self.failures = self.units.len();
        self.standing = Standing::Failing;
        let now = Instant::now();
        for (n, unit) in self.units.iter_mut().enumerate() {
            unit.failed(error);
            if let Some(wait) = unit.demotion.on_failure() {
                unit.demoted(error, wait);
            }
            if unit.held_until.take().is_some() {
                self.schedule.release(n, now);
            }
        }
    }

    /// Polls until the connection must not be used any more; returns whether it was good.
    async fn converse(&mut self, mut client: Client, orders: &mut Orders) -> bool {
        let intake = self.intake.clone();
        let cells = &intake.telemetry().modbus;
        cells.connects.increment();
        let _open = Open::new(&cells.connections);
        let mut has_answered = false;
        if self.standing == Standing::Failing {
            self.standing = Standing::Unproven;
            // That nobody could be reached says nothing of what each unit does now.
            let demotions = self.units.iter_mut().map(|unit| &mut unit.demotion);
            demotions.for_each(Demotion::on_answer);
        }
        self.catch_up();
        loop {
            while let Ok(order) = orders.try_recv() {
                self.obey(order);
            }
            if self.units.is_empty() {
                return true;
            }
            let is_told = self.deliver_voids();
            let now = Instant::now();
            match self.schedule.poll(now) {
                Next::Send(turn) => {
                    let turn = (turn, now);
                    if !self.take_turn(&mut client, turn, &mut has_answered).await {
                        return has_answered;
                    }
                }
                Next::Wait(until) => tokio::select! {
                    () = sleep_until(until.into()) => {}
                    () = sleep(LOOK_AGAIN), if !is_told => {}
                    () = self.connector.superseded() => return true,
                    Some(order) = orders.recv() => self.obey(order),
                },
                Next::Never => tokio::select! {
                    () = self.connector.superseded() => return true,
                    Some(order) = orders.recv() => self.obey(order),
                },
            }
        }
    }

    /// Sends the request whose turn it is at `asked`; returns whether the connection may be used
    /// further. To look at the clock takes as long as to decode some registers: what happens at once
    /// is noted by one look.
    async fn take_turn(
        &mut self,
        client: &mut Client,
        (turn, asked): (Turn, Instant),
        has_answered: &mut bool,
    ) -> bool {
        let scan = &self.scans[turn.lane];
        let place = Place {
            lane: turn.lane,
            unit: scan.unit,
            position: scan.reads[turn.request],
        };
        self.skip(turn.lane, turn.skipped, turn.late.unwrap_or_default());
        if let Some(late) = turn.late {
            self.begin_scan(turn.lane, late, asked);
        }
        let device = self.units[place.unit].whole.device_index();
        if !self.intake.may_ask(device) {
            // It is another engine's by now, or may be.
            self.hold_back(place, asked);
            return true;
        }
        if self.intake.room() == 0 {
            // Ask nothing that could not be kept: the device still has it at the next scan.
            self.intake.find_full();
            self.hold_back(place, asked);
            return true;
        }
        let read = &mut self.units[place.unit].reads[place.position];
        if !read.may_ask(asked) {
            self.done(place.lane, asked);
            return true;
        }
        let ask = read.ask(asked);
        let read = self.read(client, place, ask).await;
        let wire = Instant::now();
        let spent = wire - asked;
        self.scans[turn.lane].used += spent;
        let received = wall();
        if matches!(read, Ok(_) | Err(ReadError::Exception { .. })) {
            *has_answered = true;
            self.on_round_trip(turn.lane, spent, wire);
        }
        match read {
            Ok(values) => {
                let piece = Answered {
                    values,
                    due: self.scans[turn.lane].due,
                    asked,
                    received,
                    wire,
                };
                self.on_values(place, ask, piece)
            }
            Err(ReadError::Exception { code }) => self.on_exception(place, code, spent, wire),
            Err(error) => {
                if matches!(error, ReadError::Timeout(_)) {
                    // Left out, the slowest of all would make the share within an objective better.
                    self.record_round_trip(spent);
                }
                // A device may close a connection that idled; only a fresh one tells who failed.
                let is_closed = matches!(error, ReadError::Io(_) | ReadError::Closed);
                let may_forgive = is_closed && *has_answered;
                self.on_outage(place, &error, spent, may_forgive);
                false
            }
        }
    }

    async fn read(&self, client: &mut Client, place: Place, ask: Ask) -> Result<Values, ReadError> {
        let unit = &self.units[place.unit];
        self.cells().polls.increment();
        unit.stats.polls.increment();
        let table = unit.reads[place.position].request.table();
        let narrow = |number| u16::try_from(number).unwrap_or(u16::MAX);
        let range = (narrow(ask.start), narrow(ask.count));
        client.read(unit.id, table, range, unit.timeout).await
    }

    /// Takes an answer; returns whether the connection may be used further.
    fn on_values(&mut self, place: Place, ask: Ask, piece: Answered) -> bool {
        let wire = piece.wire;
        self.on_answered(place, piece.received, wire);
        let unit = &mut self.units[place.unit];
        match unit.reads[place.position].on_answer(ask, piece) {
            Outcome::More => true,
            Outcome::Complete(answered) => self.complete(place, &answered),
            Outcome::Refused => {
                self.on_refused(place, 2, wire);
                true
            }
        }
    }

    /// All that can be read of a request was read: its readings go to the ring.
    fn complete(&mut self, place: Place, answered: &Answered) -> bool {
        let unit = &mut self.units[place.unit];
        unit.accepted(place.position, answered.wire);
        unit.record_uncertainty(answered);
        match deliver(unit, place.position, answered, &self.intake) {
            Ok(Taken::Yes) => {
                unit.heard(place.position);
                self.done(place.lane, answered.wire);
                true
            }
            Ok(Taken::No) => {
                self.hold_back(place, answered.wire);
                true
            }
            Err(error) => {
                self.on_outage(place, &error, Duration::ZERO, false);
                false
            }
        }
    }

    /// Takes an exception that came `now`; the connection may always be used further.
    fn on_exception(&mut self, place: Place, code: u8, spent: Duration, now: Instant) -> bool {
        let error = ReadError::Exception { code };
        self.cells().exceptions.increment();
        self.units[place.unit].stats.failures.increment();
        if error.is_outage() {
            self.spoil(place.lane, outcome(&error));
            // The gateway answered for a unit that did not.
            self.units[place.unit].failed(&error);
            self.units[place.unit].interrupt();
            self.abandon(place.lane, now);
            self.punish(place.unit, &error, spent);
            return true;
        }
        self.on_answered(place, wall(), now);
        let unit = &mut self.units[place.unit];
        let read = &mut unit.reads[place.position];
        if matches!(code, 5 | 6) && read.retries < BUSY_RETRIES {
            let wait = BUSY_WAIT * 2_u32.pow(read.retries);
            read.retries += 1;
            self.schedule.pause(place.lane, now + wait);
            self.cells().retries.increment();
            return true;
        }
        if code != 2 {
            self.on_refused(place, code, now);
            return true;
        }
        match read.on_refusal(&unit.plan, wall(), now) {
            Outcome::More => {}
            Outcome::Complete(answered) => return self.complete(place, &answered),
            Outcome::Refused => self.on_refused(place, code, now),
        }
        true
    }

    /// Nothing of a request can be read.
    fn on_refused(&mut self, place: Place, code: u8, now: Instant) {
        self.spoil(place.lane, ScanOutcome::Refused);
        let unit = &mut self.units[place.unit];
        unit.reads[place.position].interrupt();
        unit.refused(place.position, code, &ReadError::Exception { code });
        unit.heard(place.position);
        self.done(place.lane, now);
    }

    /// Notes what broke the connection.
    fn on_outage(&mut self, place: Place, error: &ReadError, spent: Duration, may_forgive: bool) {
        let cells = self.cells();
        match error {
            ReadError::Timeout(_) => cells.timeouts.increment(),
            ReadError::Protocol(_) | ReadError::Count(_) => cells.protocol_errors.increment(),
            ReadError::Exception { .. } => cells.exceptions.increment(),
            ReadError::Io(_)
            | ReadError::Closed
            | ReadError::Connect { .. }
            | ReadError::ConnectTimeout { .. }
            | ReadError::NotDialledIn(_) => cells.io_errors.increment(),
        }
        self.failures = self.failures.saturating_add(1);
        let unit = &mut self.units[place.unit];
        if may_forgive && !std::mem::replace(&mut unit.is_forgiven, true) {
            return;
        }
        unit.stats.failures.increment();
        unit.failed(error);
        if matches!(error, ReadError::Timeout(_)) && !self.units.iter().any(Unit::is_up) {
            // The address may be gone without a word.
            self.standing = Standing::Unproven;
        }
        self.spoil(place.lane, outcome(error));
        self.abandon(place.lane, Instant::now());
        self.punish(place.unit, error, spent);
    }

    /// Any answer of a unit, at `received`, or `now`: it is asked as often as others again.
    fn on_answered(&mut self, place: Place, received: Timestamp, now: Instant) {
        self.backoff.reset();
        self.failures = 0;
        self.standing = Standing::Good;
        let unit = &mut self.units[place.unit];
        unit.answered(received, now);
        if unit.held_until.take().is_some() {
            self.schedule.release(place.unit, now);
            self.ask_next_held(now);
        }
    }

    /// Asks the next held unit at once: what brought one back may have brought all.
    fn ask_next_held(&mut self, now: Instant) {
        let units = self.units.iter_mut().enumerate();
        let held = units.filter_map(|(n, unit)| Some((unit.held_until.as_mut()?, n)));
        if let Some((until, unit)) = held.min() {
            *until = now;
            self.schedule.hold(unit, now);
        }
    }

    /// A failing unit is left alone if it keeps failing, and as long as others that answer were
    /// kept waiting by it too often.
    fn punish(&mut self, unit: usize, error: &ReadError, spent: Duration) {
        let now = Instant::now();
        let others_answer = self.units.iter().any(Unit::is_up);
        let failed = &mut self.units[unit];
        failed.spent = spent;
        let wait = failed.demotion.on_failure();
        if let Some(wait) = wait {
            failed.demoted(error, wait);
        }
        let mut until = wait.map(|wait| now + wait);
        if others_answer {
            let failing = self.units.iter().filter(|unit| !unit.is_up());
            let all = failing.map(|unit| unit.spent).sum();
            until = until.max(Some(self.wariness.on_failure(spent, all, now)));
        }
        if let Some(until) = until {
            self.units[unit].held_until = Some(until);
            self.schedule.hold(unit, until);
        }
    }

    pub(super) fn cells(&self) -> &ModbusCells {
        &self.intake.telemetry().modbus
    }
}
