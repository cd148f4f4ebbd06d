//! Starting an engine: from the disk upwards, so that nothing is taken before it can be kept.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use gridos_alarm::Evaluator;
use gridos_api::{ApiState, LimitsBook, PeriodBook, PointLimits, Readiness, Settings, StatesBook};
use gridos_collect::modbus::ModbusDevice;
use gridos_journal::{EarlierStream, Journal, JournalError, LayoutBook, Options, Reader, Streams};
use gridos_model::{Directory, Level};
use gridos_pipeline::{AlarmBoard, LiveView, Pipeline, SyncOptions, Turn, Views};
use gridos_ring::{Intake, Pool, ring};
use gridos_store::{Store, Writer};
use gridos_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Engine;
use super::housekeeping::Housekeeping;
use super::listeners::Listeners;
use super::store::OpenError;
use super::writing::{Undrained, Writing};
use super::{outstations, recent};
use crate::config::{Bounds, Config, Faults, Fleet, FleetDevice, bounds};
use crate::files::{self, TooFewFiles};

/// Why an engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration names something twice.
    #[error(transparent)]
    Config(#[from] Faults),
    /// Too few files may be open.
    #[error(transparent)]
    Files(#[from] TooFewFiles),
    /// The journal cannot be opened.
    #[error("the journal cannot be opened")]
    Journal(#[from] JournalError),
    /// The database is none that this engine can use.
    #[error("the database cannot be used")]
    Store(#[from] OpenError),
    /// The HTTP address is taken or not ours.
    #[error("cannot listen at {address}; stop what listens there, or choose another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The operating system gives no thread.
    #[error("no thread can be started")]
    Thread(#[source] io::Error),
    /// The configuration and the plan of the devices do not agree: a defect.
    #[error("the devices cannot be polled; please report this")]
    Collect(#[from] gridos_collect::modbus::StartError),
    /// The configuration and the maps of the outstations do not agree: a defect.
    #[error("the outstations cannot be collected; please report this")]
    Outstations(#[from] gridos_collect::dnp3::StartError),
}

impl Engine {
    /// Starts all stages of an engine on the current tokio runtime.
    ///
    /// # Errors
    /// If anything it needs cannot be had. The process must end then: what started before goes on.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let bounds = Bounds::of(config);
        files::allow(bounds.file_descriptors())?;
        let fleet = Fleet::of(config)?;
        // The port first: it is the likeliest to be taken, and nothing is written before.
        let listener = listen(config.http.listen).await?;
        let address = listener.local_addr().unwrap_or(config.http.listen);
        let mut listeners = Listeners::bind(config).await?;
        let listening = listeners.addresses();
        let (streams, book) = open_streams(config, &fleet.directory)?;
        let recent = recent::restore(streams.earlier(), &book, &fleet);
        let store = super::store::open(config).await?;
        let journal = begin_stream(config, &streams)?;
        let readiness = Readiness::default();
        readiness.on_journal_open();

        let (stop_intake, stop) = watch::channel(false);
        let (stop_writer, writer_stop) = watch::channel(false);
        let telemetry = Arc::new(telemetry(&fleet.directory));
        let limits = Arc::new(limits_book(&fleet));
        let states = Arc::new(StatesBook::new(fleet.states()));
        let periods = Arc::new(PeriodBook::new(&fleet.directory, fleet.periods()));
        let undrained = Undrained::of(streams.earlier());
        let writing = writing(
            config, &streams, &undrained, &journal, book, &store, &telemetry,
        );
        let stream_dir = journal.dir().to_owned();
        let (pipeline, intake, views) =
            start_pipeline(config, &bounds, &fleet, journal, &telemetry)?;
        readiness.on_pipeline_started();
        let stored = writing.current.stored();
        let writer = tokio::spawn(writing.run(pipeline.durable(), writer_stop));
        let Fleet { directory, devices } = fleet;
        let directory = Arc::new(directory);
        let api = ApiState {
            engine: this_engine(config),
            directory: Arc::clone(&directory),
            protocols: devices.iter().map(FleetDevice::protocol).collect(),
            live: views.live,
            alarms: views.alarms,
            limits,
            periods,
            states,
            store,
            telemetry: Arc::clone(&telemetry),
            intake: intake.clone(),
            readiness: readiness.clone(),
            settings: settings(config, &bounds),
        };
        let http = tokio::spawn(gridos_api::serve(listener, api, stop.clone()));
        let polled = devices
            .iter()
            .filter_map(|device| modbus(device, &directory, &mut listeners))
            .collect();
        let outstations = outstations::of(&devices, recent, &directory, &mut listeners);
        let connects = config.connects_at_once;
        let (taking, stopped) = (intake.clone(), stop.clone());
        let mut collector = gridos_collect::modbus::start(polled, connects, taking, stopped)?;
        gridos_collect::dnp3::start(
            outstations,
            config.dnp3.connects_at_once,
            config.dnp3.integrity_polls_at_once,
            &intake,
            &mut collector,
            &stop,
        )?;
        listeners.open(&devices, &directory, &intake, &mut collector, &stop)?;
        let housekeeping = Housekeeping {
            journal_dir: config.engine.journal_dir(),
            stream_dir,
            undrained,
            keep: config.journal.keep,
            bytes_max: config.journal.disk_limit,
            stored,
            telemetry: Arc::clone(&telemetry),
            readiness: readiness.clone(),
        };
        Ok(Self {
            address,
            listening,
            directory,
            telemetry,
            readiness,
            collector,
            pipeline,
            stop_intake,
            stop_writer,
            http,
            writer,
            _streams: streams,
            housekeeping: tokio::spawn(housekeeping.run()),
        })
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| StartError::Listen { address, source })
}

/// What will carry the earlier streams and then `journal` into the store.
fn writing(
    config: &Config,
    streams: &Streams,
    undrained: &Undrained,
    journal: &Journal,
    book: Arc<LayoutBook>,
    store: &Arc<dyn Store>,
    telemetry: &Arc<Telemetry>,
) -> Writing {
    let options = super::store::options(config, journal.end());
    let current = Writer::new(
        Arc::clone(store),
        Reader::new(journal.dir()),
        Arc::clone(&book),
        journal.stream(),
        Arc::clone(telemetry),
        options,
    );
    Writing {
        earlier: streams.earlier().to_vec(),
        undrained: undrained.clone(),
        store: Arc::clone(store),
        book,
        telemetry: Arc::clone(telemetry),
        options,
        current,
    }
}

/// The ring with its way in, the threads behind it, and what they publish.
fn start_pipeline(
    config: &Config,
    bounds: &Bounds,
    fleet: &Fleet,
    journal: Journal,
    telemetry: &Arc<Telemetry>,
) -> Result<(Pipeline, Intake, Views), StartError> {
    let (producer, consumer) = ring(bounds.ring_batches);
    let pool = Pool::new(bounds.pool_batches, bounds.batch_readings);
    telemetry.ring.capacity.set(producer.capacity() as u64);
    telemetry.pool.free.set(pool.free() as u64);
    let views = Views {
        live: Arc::new(LiveView::new(&fleet.directory)),
        alarms: Arc::new(AlarmBoard::default()),
    };
    let turn = Turn::new(
        consumer,
        pool.clone(),
        evaluator(fleet),
        journal,
        views.clone(),
        Arc::clone(telemetry),
    );
    let sync = SyncOptions {
        interval: config.journal.sync_interval,
        bytes: config.journal.sync_bytes,
        ..SyncOptions::default()
    };
    let pipeline = Pipeline::start(turn, sync, producer.clone()).map_err(StartError::Thread)?;
    Ok((
        pipeline,
        Intake::new(pool, producer, Arc::clone(telemetry)),
        views,
    ))
}

fn this_engine(config: &Config) -> gridos_api::Engine {
    gridos_api::Engine {
        name: config.engine.name.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: Instant::now(),
    }
}

fn telemetry(directory: &Directory) -> Telemetry {
    let names = directory
        .devices()
        .iter()
        .map(|device| device.name().to_owned());
    Telemetry::new(env!("CARGO_PKG_VERSION"), names)
}

fn evaluator(fleet: &Fleet) -> Evaluator {
    let mut evaluator = Evaluator::new(fleet.directory.point_count());
    for (index, point, limits) in fleet.limits() {
        evaluator.set(index, point, limits);
    }
    evaluator
}

fn limits_book(fleet: &Fleet) -> LimitsBook {
    let limits = fleet.limits().map(|(index, _, limits)| {
        let shown = PointLimits {
            high_high: limits.limit(Level::HighHigh),
            high: limits.limit(Level::High),
            low: limits.limit(Level::Low),
            low_low: limits.limit(Level::LowLow),
            deadband: limits.deadband(),
        };
        (index, shown)
    });
    LimitsBook::new(&fleet.directory, limits)
}

/// The folder of all streams, and what every layout in them means.
fn open_streams(
    config: &Config,
    directory: &Directory,
) -> Result<(Streams, Arc<LayoutBook>), JournalError> {
    let dir = config.engine.journal_dir();
    let streams = Streams::open(&dir)?;
    for EarlierStream {
        stream, recovery, ..
    } in streams.earlier()
    {
        let bytes = recovery.torn_bytes;
        if bytes > 0 {
            tracing::warn!(%stream, bytes, "a write that a crash interrupted was cut off");
        }
        for (from, until) in &recovery.damaged {
            tracing::error!(%stream, %from, %until, "a span of the journal is damaged");
        }
    }
    let book = LayoutBook::open(&dir)?;
    book.add(directory.layouts().map(|layout| &**layout))?;
    Ok((streams, Arc::new(book)))
}

fn begin_stream(config: &Config, streams: &Streams) -> Result<Journal, JournalError> {
    streams.begin(Options {
        segment_bytes: config.journal.segment_size,
        bytes_max: config.journal.disk_limit,
    })
}

fn settings(config: &Config, bounds: &Bounds) -> Settings {
    Settings {
        body_bytes_max: usize::try_from(config.http.body_limit).unwrap_or(usize::MAX),
        batch_readings_max: bounds.batch_readings,
        batches_per_post_max: bounds::BATCHES_PER_POST,
        posts_max: bounds::POSTS,
        connections_max: bounds::HTTP_CONNECTIONS,
        ..Settings::default()
    }
}

fn modbus(
    device: &FleetDevice,
    directory: &Directory,
    listeners: &mut Listeners,
) -> Option<ModbusDevice> {
    let link = device.modbus.as_ref()?;
    Some(ModbusDevice {
        device: device.index,
        host: link.address.host().to_owned(),
        port: link.address.port(),
        unit: link.unit,
        plan: Arc::clone(&link.plan),
        layouts: directory.device(device.index).groups().to_vec(),
        whole: Arc::clone(directory.device(device.index).whole()),
        scan_periods: link.scan_periods.clone(),
        timeout: link.timeout,
        connect_timeout: link.connect_timeout,
        reconnect_max: link.reconnect_max,
        via: listeners.via(&link.reach),
        connections: link.connections,
        probe_max: link.probe_max,
    })
}
