//! Sessions with an engine behind them whose disk is the test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::Collector;
use gridos_collect::dnp3::{Dnp3Device, MappedPoint, PointKind, PointMap, Recent, Via, start};
use gridos_dnp3::app::EventClasses;
use gridos_dnp3::link::Address;
use gridos_dnp3::master::Config;
use gridos_model::{
    DeadLetter, Directory, DirectoryBuilder, Gap, LinkChange, LinkState, Point, Quality, Readings,
    TimeQuality, Timestamp,
};
use gridos_ring::{Consumer, Intake, Pool, Receipt, ring};
use gridos_telemetry::{DeviceState, Telemetry};
use tokio::sync::watch;

use super::outstation::{OUTSTATION, PATIENCE};

/// One outstation to collect.
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) outstation: u16,
    pub(crate) points: Vec<MappedPoint>,
    pub(crate) config: Config,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) via: Via,
    pub(crate) recent: Recent,
}

impl Setup {
    /// An outstation with eight binaries, from 0 on, and five analogs, from 100 on.
    pub(crate) fn new(name: &'static str, address: SocketAddr) -> Self {
        let binaries = (0..8).map(|index| MappedPoint::new(PointKind::Binary, index));
        let analogs = (100..105).map(|index| MappedPoint::new(PointKind::Analog, index));
        Self {
            name,
            address,
            outstation: OUTSTATION,
            points: binaries.chain(analogs).collect(),
            config: quiet(),
            keep_alive: None,
            via: Via::Tcp,
            recent: Recent::default(),
        }
    }
}

/// A master that asks only for what it must, at once, and is patient.
pub(crate) fn quiet() -> Config {
    Config {
        response_timeout: Duration::from_secs(600),
        outstation_confirm_timeout: Duration::from_secs(600),
        disables_unsolicited: false,
        enables_unsolicited: EventClasses::empty(),
        integrity_period: None,
        integrity_interval_min: Duration::ZERO,
        spread: Duration::ZERO,
        ..Config::default()
    }
}

/// The initials of the kind, and the index: "a7", "bo0".
pub(crate) fn point_name(kind: PointKind, index: u16) -> String {
    let kind = kind.to_string();
    let words = kind.split(' ').filter(|word| *word != "input");
    let initials: String = words.filter_map(|word| word.chars().next()).collect();
    format!("{initials}{index}")
}

/// One reading that left the ring.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) point: String,
    pub(crate) value: f64,
    pub(crate) text: Option<String>,
    pub(crate) time: Timestamp,
    pub(crate) quality: Quality,
}

/// A batch that left the ring.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) device: String,
    pub(crate) is_sweep: bool,
    pub(crate) time_quality: Option<TimeQuality>,
    pub(crate) readings: Vec<Seen>,
    pub(crate) received: Timestamp,
    pub(crate) gap: Option<Gap>,
    pub(crate) letter: Option<Box<DeadLetter>>,
    pub(crate) link: Option<LinkChange>,
    pub(crate) receipt: Option<Receipt>,
}

impl Arrived {
    /// Points and values.
    pub(crate) fn values(&self) -> Vec<(&str, f64)> {
        let readings = self.readings.iter();
        readings.map(|r| (r.point.as_str(), r.value)).collect()
    }

    /// Makes it durable.
    pub(crate) fn keep(&mut self) {
        if let Some(receipt) = self.receipt.take() {
            receipt.redeem(1);
        }
    }

    /// Whether it tells nothing but a change of the link.
    pub(crate) fn is_of_link_alone(&self) -> bool {
        let has_other = self.gap.is_some() || self.letter.is_some();
        self.readings.is_empty() && self.link.is_some() && !has_other
    }

    /// What became of the link.
    pub(crate) fn link_state(&self) -> Option<LinkState> {
        self.link.map(|link| link.state)
    }

    pub(crate) fn is_void(&self) -> bool {
        self.readings
            .iter()
            .all(|r| r.quality == Quality::COMM_LOST | Quality::NOT_FINITE)
    }
}

/// Sessions that run.
pub(crate) struct Rig {
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) intake: Intake,
    pub(crate) consumer: Consumer,
    pub(crate) collector: Collector,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) stopped: watch::Receiver<bool>,
    pub(crate) directory: Directory,
    pool: Pool,
}

impl Rig {
    pub(crate) fn start(setups: Vec<Setup>) -> Self {
        Self::start_with(setups, 64)
    }

    /// With room for `slots` batches.
    pub(crate) fn start_with(setups: Vec<Setup>, slots: usize) -> Self {
        let (rig, devices) = Self::prepare(setups, slots);
        rig.run(devices)
    }

    /// An engine without sessions, and what they are to collect.
    pub(crate) fn prepare(setups: Vec<Setup>, slots: usize) -> (Self, Vec<Dnp3Device>) {
        let mut builder = DirectoryBuilder::default();
        let mut parts = Vec::new();
        for setup in setups {
            let map = PointMap::new(setup.points.clone()).unwrap();
            let points = setup.points.iter().map(|mapped| {
                let name = point_name(mapped.kind, mapped.index);
                if mapped.is_text() {
                    Point::text(&name)
                } else {
                    Point::new(&name, "")
                }
            });
            let device = builder
                .add(setup.name, points.collect(), map.groups())
                .unwrap();
            parts.push((device, map, setup));
        }
        let directory = builder.build();
        let devices = parts.into_iter().map(|(device, map, setup)| Dnp3Device {
            device,
            host: setup.address.ip().to_string(),
            port: setup.address.port(),
            master: Address::from_raw(1),
            outstation: Address::from_raw(setup.outstation),
            config: Arc::new(setup.config),
            keep_alive: setup.keep_alive,
            fragment_max: Default::default(),
            map: Arc::new(map),
            whole: Arc::clone(directory.device(device).whole()),
            groups: directory.device(device).groups().to_vec(),
            via: setup.via,
            connect_timeout: Duration::from_secs(10),
            reconnect_max: Duration::from_millis(20),
            recent: setup.recent,
        });
        let devices: Vec<_> = devices.collect();
        let names = directory.devices().iter().map(|d| d.name().to_owned());
        let telemetry = Arc::new(Telemetry::new("0", names));
        let (producer, consumer) = ring(slots);
        let pool = Pool::new(slots + 8, 16);
        let intake = Intake::new(pool.clone(), producer, Arc::clone(&telemetry));
        let (stop, stopped) = watch::channel(false);
        let rig = Self {
            telemetry,
            intake,
            consumer,
            collector: Collector::default(),
            stop,
            stopped,
            directory,
            pool,
        };
        (rig, devices)
    }

    pub(crate) fn run(self, devices: Vec<Dnp3Device>) -> Self {
        self.run_with(devices, Dnp3Device::INTEGRITY_POLLS_AT_ONCE)
    }

    /// With so many integrity polls at once.
    pub(crate) fn run_with(mut self, devices: Vec<Dnp3Device>, integrity_polls: usize) -> Self {
        start(
            devices,
            Dnp3Device::CONNECTS_AT_ONCE,
            integrity_polls,
            &self.intake,
            &mut self.collector,
            &self.stopped,
        )
        .unwrap();
        self
    }

    /// The batch that is in the ring, if there is one. What only tells of the link is passed over.
    pub(crate) fn try_next(&mut self) -> Option<Arrived> {
        loop {
            let next = self.try_next_of_all()?;
            if !next.is_of_link_alone() {
                return Some(next);
            }
        }
    }

    /// The batch that is in the ring, if there is one.
    pub(crate) fn try_next_of_all(&mut self) -> Option<Arrived> {
        let slot = self.consumer.pop()?;
        let arrived = Arrived {
            gap: slot.beside.gap,
            letter: slot.beside.letter,
            link: slot.beside.link,
            receipt: slot.receipt,
            ..self.arrive(&slot.batch.readings().unwrap())
        };
        self.pool.give(slot.batch);
        Some(arrived)
    }

    /// The next batch; what only tells of the link is passed over.
    pub(crate) async fn next(&mut self) -> Arrived {
        loop {
            let next = self.next_of_all().await;
            if !next.is_of_link_alone() {
                return next;
            }
        }
    }

    /// The next batch.
    pub(crate) async fn next_of_all(&mut self) -> Arrived {
        let waiting = async {
            loop {
                if let Some(arrived) = self.try_next_of_all() {
                    return arrived;
                }
                tokio::task::yield_now().await;
            }
        };
        let next = tokio::time::timeout(PATIENCE, waiting).await;
        next.expect("a batch should arrive")
    }

    /// The next batch, which is made durable.
    pub(crate) async fn keep_next(&mut self) -> Arrived {
        let mut next = self.next().await;
        next.keep();
        next
    }

    /// Waits until `is_so` of the telemetry.
    pub(crate) async fn until(&self, is_so: impl Fn(&Telemetry) -> bool) {
        let waiting = async {
            while !is_so(&self.telemetry) {
                tokio::task::yield_now().await;
            }
        };
        let so = tokio::time::timeout(PATIENCE, waiting).await;
        so.unwrap_or_else(|_| panic!("it never became so: {:?}", self.telemetry.dnp3));
    }

    pub(crate) async fn until_state(&self, device: usize, state: DeviceState) {
        self.until(|telemetry| telemetry.devices.get(device).unwrap().state() == state)
            .await;
    }

    /// Stops all sessions.
    pub(crate) async fn stop(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(PATIENCE, self.collector.join())
            .await
            .unwrap();
        assert_eq!(self.telemetry.dnp3.connections.get(), 0);
        let ledger = self.telemetry.ledger.snapshot();
        assert_eq!(ledger.received, ledger.offered + ledger.refused);
    }

    fn arrive(&self, readings: &Readings<'_>) -> Arrived {
        let id = readings.layout();
        let layout = self.directory.layouts().find(|l| l.id() == id).unwrap();
        let name = |at: usize| layout.points()[at].name().to_owned();
        let quality = |n: usize| readings.qualities().get(n).copied().unwrap_or_default();
        let mut arrived = Arrived {
            device: layout.device().to_owned(),
            is_sweep: false,
            time_quality: None,
            readings: Vec::new(),
            received: readings.received(),
            gap: None,
            letter: None,
            link: None,
            receipt: None,
        };
        match readings {
            Readings::Sweep(sweep) => {
                arrived.is_sweep = true;
                arrived.time_quality = Some(sweep.time_quality);
                for (n, value) in sweep.values.iter().enumerate() {
                    arrived.readings.push(Seen {
                        point: name(n),
                        value: *value,
                        text: None,
                        time: sweep.time,
                        quality: quality(n),
                    });
                }
            }
            Readings::Events(events) => {
                for (n, point) in events.points.iter().enumerate() {
                    arrived.readings.push(Seen {
                        point: name(*point as usize),
                        value: events.values[n],
                        text: None,
                        time: events.times[n],
                        quality: quality(n),
                    });
                }
            }
            Readings::Texts(texts) => {
                for (n, text) in texts.texts.iter().enumerate() {
                    arrived.readings.push(Seen {
                        point: name(texts.points[n] as usize),
                        value: 0.0,
                        text: Some(text.to_owned()),
                        time: texts.times[n],
                        quality: quality(n),
                    });
                }
            }
        }
        arrived
    }
}
