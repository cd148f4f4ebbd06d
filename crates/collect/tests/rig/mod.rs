//! What the tests of sessions have in common: devices, an intake, and what arrives there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gridos_collect::Collector;
use gridos_collect::modbus::{ModbusDevice, ModbusFleet, Via};
use gridos_modbus::{Clock, Plan, PlanLimits, RegisterPoint};
use gridos_model::{
    DirectoryBuilder, Gap, Layout, LinkChange, Point, Quality, Readings, Timestamp,
};
use gridos_ring::{Intake, Pool, ring};
use gridos_telemetry::{DeviceState, DeviceStats, Protocol, Telemetry};
use tokio::sync::{mpsc, watch};

/// A test that hangs ends after this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// One device to poll.
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) unit: u8,
    pub(crate) points: Vec<RegisterPoint>,
    pub(crate) limits: PlanLimits,
    pub(crate) clock: Option<Clock>,
    pub(crate) period: Duration,
    pub(crate) timeout: Duration,
    pub(crate) connections: usize,
}

impl Setup {
    pub(crate) fn new(name: &'static str, address: SocketAddr, points: Vec<RegisterPoint>) -> Self {
        Self {
            name,
            address,
            unit: 1,
            points,
            limits: PlanLimits::default(),
            clock: None,
            period: Duration::from_millis(5),
            timeout: Duration::from_secs(10),
            connections: 1,
        }
    }
}

/// A batch that left the ring.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) device: String,
    pub(crate) points: Vec<String>,
    pub(crate) values: Vec<f64>,
    pub(crate) texts: Vec<String>,
    pub(crate) qualities: Vec<Quality>,
    pub(crate) time: Timestamp,
    pub(crate) received: Timestamp,
    pub(crate) gap: Option<Gap>,
    pub(crate) link: Option<LinkChange>,
    /// How long before its last byte was read it was due.
    pub(crate) lead: Duration,
    pub(crate) protocol: Protocol,
}

impl Arrived {
    /// Whether the engine tells that there is no value, or of the link, rather than the device a value.
    pub(crate) fn is_void(&self) -> bool {
        let void = Quality::COMM_LOST | Quality::DEVICE_ERROR;
        self.qualities.len() == self.values.len() + self.texts.len()
            && self
                .qualities
                .iter()
                .all(|quality| quality.intersects(void))
    }
}

/// Sessions that run, and what they deliver.
pub(crate) struct Rig {
    pub(crate) telemetry: Arc<Telemetry>,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    stop: watch::Sender<bool>,
    collector: Collector,
    fleet: ModbusFleet,
    devices: Vec<ModbusDevice>,
    drained: Arc<AtomicBool>,
    drain: std::thread::JoinHandle<()>,
}

impl Rig {
    /// Starts polling, with room for many batches.
    pub(crate) fn start(setups: Vec<Setup>) -> Self {
        Self::start_with(setups, 1_000, 1_000, true)
    }

    /// Starts polling with `batches` in the pool and `slots` in the ring, which is emptied at once
    /// if `drains`, else after [`Rig::drain`].
    pub(crate) fn start_with(
        setups: Vec<Setup>,
        batches: usize,
        slots: usize,
        drains: bool,
    ) -> Self {
        let connects = ModbusDevice::CONNECTS_AT_ONCE;
        Self::start_connecting(setups, (batches, slots), drains, connects)
    }

    /// The same with so many connections under way at once.
    pub(crate) fn start_connecting(
        setups: Vec<Setup>,
        (batches, slots): (usize, usize),
        drains: bool,
        connects: usize,
    ) -> Self {
        let (devices, layouts, names) = devices(setups);
        let telemetry = Arc::new(Telemetry::new("0", names));
        let (producer, mut consumer) = ring(slots);
        let pool = Pool::new(batches, 16);
        let intake = Intake::new(pool.clone(), producer, Arc::clone(&telemetry));
        let (stop, stopped) = watch::channel(false);
        let mut collector = Collector::default();
        let polled = devices.clone();
        let fleet = ModbusFleet::start(polled, connects, intake, stopped, &mut collector).unwrap();
        let (sender, arrived) = mpsc::unbounded_channel();
        let drained = Arc::new(AtomicBool::new(drains));
        let may_drain = Arc::clone(&drained);
        let drain = std::thread::spawn(move || {
            while !sender.is_closed() {
                let slot = may_drain.load(Ordering::Acquire).then(|| consumer.pop());
                match slot.flatten() {
                    Some(slot) => {
                        let _ = sender.send(Arrived {
                            gap: slot.beside.gap,
                            link: slot.beside.link,
                            lead: slot.arrival.wire - slot.arrival.due,
                            protocol: slot.protocol,
                            ..arrive(&slot.batch.readings().unwrap(), &layouts)
                        });
                        pool.give(slot.batch);
                    }
                    None => consumer.wait(Duration::from_millis(5)),
                }
            }
        });
        Self {
            telemetry,
            arrived,
            stop,
            collector,
            fleet,
            devices,
            drained,
            drain,
        }
    }

    /// Stops asking the device at `index`.
    pub(crate) async fn remove(&mut self, index: usize) {
        let gone = [self.devices[index].device].into();
        self.fleet.remove(&gone).await;
    }

    /// Asks the device at `index` again.
    pub(crate) async fn add(&mut self, index: usize) {
        let device = vec![self.devices[index].clone()];
        self.fleet.add(device, &mut self.collector).await.unwrap();
    }

    /// Empties the ring from now on.
    pub(crate) fn drain(&self) {
        self.drained.store(true, Ordering::Release);
    }

    /// The next batch with a value.
    pub(crate) async fn next(&mut self) -> Arrived {
        loop {
            let next = self.next_of_all().await;
            if !next.is_void() {
                return next;
            }
        }
    }

    /// The next batch, also one that tells only that there is no value.
    pub(crate) async fn next_of_all(&mut self) -> Arrived {
        let next = tokio::time::timeout(PATIENCE, self.arrived.recv());
        let next = next.await.expect("a batch should arrive").unwrap();
        assert!(next.time <= next.received, "{next:?}");
        assert!(next.gap.is_none_or(|gap| gap.from < gap.until), "{next:?}");
        assert!(next.link.is_none_or(|link| link.time <= next.received));
        next
    }

    /// The next batch of `device` that holds `point`.
    pub(crate) async fn next_of(&mut self, device: &str, point: &str) -> Arrived {
        loop {
            let next = self.next().await;
            if next.device == device && next.points.iter().any(|name| name == point) {
                return next;
            }
        }
    }

    /// Waits until `is_so` of the telemetry.
    pub(crate) async fn until(&self, is_so: impl Fn(&Telemetry) -> bool) {
        let waiting = async {
            while !is_so(&self.telemetry) {
                tokio::task::yield_now().await;
            }
        };
        let so = tokio::time::timeout(PATIENCE, waiting).await;
        so.unwrap_or_else(|_| panic!("it never became so: {:?}", self.telemetry.modbus));
    }

    /// Waits until the device at `index` is in `state`.
    pub(crate) async fn until_state(&self, index: usize, state: DeviceState) {
        self.until(|telemetry| telemetry.devices.get(index).unwrap().state() == state)
            .await;
    }

    pub(crate) fn device(&self, index: usize) -> Arc<DeviceStats> {
        self.telemetry.devices.get(index).unwrap()
    }

    /// Stops all sessions; returns what arrived and was not taken yet.
    pub(crate) async fn stop(mut self) -> Vec<Arrived> {
        self.drain();
        self.stop.send(true).unwrap();
        tokio::time::timeout(PATIENCE, self.collector.join())
            .await
            .unwrap();
        assert_eq!(self.telemetry.modbus.connections.get(), 0);
        let ledger = self.telemetry.ledger.snapshot();
        assert_eq!(ledger.received, ledger.offered + ledger.refused);
        let mut left = Vec::new();
        while let Ok(arrived) = self.arrived.try_recv() {
            left.push(arrived);
        }
        drop(self.arrived);
        self.drain.join().unwrap();
        left
    }
}

fn devices(setups: Vec<Setup>) -> (Vec<ModbusDevice>, Vec<Arc<Layout>>, Vec<String>) {
    let mut builder = DirectoryBuilder::default();
    let mut parts = Vec::new();
    for setup in setups {
        let plan =
            Plan::with_clock(setup.points.clone(), setup.clock.clone(), &setup.limits).unwrap();
        let point = |point: &RegisterPoint| Point::new(&point.name, &point.unit);
        let points = plan.points().iter().map(point).collect();
        let groups = plan.requests().iter().map(|r| r.sweep_points());
        let groups: Vec<_> = groups.filter(|group| !group.is_empty()).collect();
        parts.push((
            builder.add(setup.name, points, &groups).unwrap(),
            plan,
            setup,
        ));
    }
    let directory = builder.build();
    let device = |(device, plan, setup)| {
        let setup: Setup = setup;
        ModbusDevice {
            device,
            host: setup.address.ip().to_string(),
            port: setup.address.port(),
            unit: setup.unit,
            plan: Arc::new(plan),
            layouts: directory.device(device).groups().to_vec(),
            whole: Arc::clone(directory.device(device).whole()),
            scan_periods: vec![setup.period],
            timeout: setup.timeout,
            connect_timeout: Duration::from_secs(10),
            reconnect_max: Duration::from_millis(20),
            via: Via::Tcp,
            connections: setup.connections,
            probe_max: Duration::from_millis(100),
        }
    };
    let devices = parts.into_iter().map(device).collect();
    let names = directory
        .devices()
        .iter()
        .map(|device| device.name().to_owned());
    (
        devices,
        directory.layouts().cloned().collect(),
        names.collect(),
    )
}

fn arrive(readings: &Readings<'_>, layouts: &[Arc<Layout>]) -> Arrived {
    let id = readings.layout();
    let layout = layouts.iter().find(|layout| layout.id() == id).unwrap();
    let name = |at: usize| layout.points()[at].name().to_owned();
    let (points, time) = match readings {
        Readings::Sweep(sweep) => ((0..layout.len()).map(name).collect(), sweep.time),
        Readings::Events(events) => {
            let points = events.points.iter().map(|at| name(*at as usize));
            // A change of the link may come alone.
            let time = events.times.first().copied();
            (points.collect(), time.unwrap_or(readings.received()))
        }
        Readings::Texts(texts) => {
            let points = texts.points.iter().map(|at| name(*at as usize));
            (points.collect(), texts.times[0])
        }
    };
    Arrived {
        device: layout.device().to_owned(),
        points,
        values: readings.values().to_vec(),
        texts: match readings {
            Readings::Texts(texts) => texts.texts.iter().map(str::to_owned).collect(),
            Readings::Sweep(_) | Readings::Events(_) => Vec::new(),
        },
        qualities: readings.qualities().to_vec(),
        time,
        received: readings.received(),
        gap: None,
        link: None,
        lead: Duration::ZERO,
        protocol: Protocol::Http,
    }
}
