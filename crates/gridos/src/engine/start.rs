//! Starting an engine: from the disk upwards, so that nothing is taken before it can be kept.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use gridos_alarm::{Alarms, Case, Memory};
use gridos_api::{
    Access, AccessError, ApiState, ConfigDesk, Plant, Readiness, Settings, TlsError, TlsServer,
};
use gridos_collect::Collector;
use gridos_collect::modbus::{ModbusDevice, ModbusFleet};
use gridos_journal::{EarlierStream, Journal, JournalError, LayoutBook, Options, Streams};
use gridos_model::{DeviceIndex, Directory};
use gridos_notify::Sources;
use gridos_pipeline::{
    AlarmBoard, AlarmCommands, AlarmKeeper, AlarmMark, AuditLog, Cadence, LiveView, Pipeline,
    Recalled, SyncOptions, Turn, Views, alarm_commands, audit_log,
};
use gridos_ring::{Intake, Pool, ring};
use gridos_store::Store;
use gridos_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::Engine;
use super::carrier::Carriers;
use super::ends::Ends;
use super::holding::Sharing;
use super::housekeeping::Housekeeping;
use super::listeners::Listeners;
use super::membership::Membership;
use super::memory::MemoryTask;
use super::notify;
use super::reload::{Limits, Origin, Reloading, Sessions};
use super::store::OpenError;
use super::undrained::Undrained;
use super::upkeep::UpkeepTask;
use super::writing::Writing;
use super::youngest::Youngest;
use super::{devices, downtime, ends, load, outstations, role};
use crate::config::{
    Bounds, Config, ConfigFile, Faults, Fleet, FleetDevice, MembershipError, NatsFileError,
    NotifyError, bounds,
};
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
    /// What the fleet needs cannot be had.
    #[error("this engine cannot take part in its fleet")]
    Membership(#[from] MembershipError),
    /// What the way to the writers needs cannot be had.
    #[error("[relay] cannot be used")]
    Relay(#[from] NatsFileError),
    /// Nobody can be let in.
    #[error("access cannot be controlled")]
    Access(#[from] AccessError),
    /// The certificates of HTTPS cannot be used.
    #[error("[http.tls] {key}: the file {0}", key = .0.file.key())]
    Tls(#[from] TlsError),
    /// Somebody who is to be told of alarms cannot be.
    #[error("nobody can be told of alarms")]
    Notify(#[from] NotifyError),
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
        Self::start_from(config, None).await
    }

    /// Starts an engine whose configuration is `text` of a file, which can be reloaded.
    ///
    /// # Errors
    /// If anything it needs cannot be had, as [`Engine::start`].
    pub async fn start_from(
        config: &Config,
        origin: Option<(ConfigFile, String)>,
    ) -> Result<Self, StartError> {
        let bounds = Bounds::of(config);
        files::allow(bounds.file_descriptors())?;
        let fleet = Fleet::of(config)?;
        let access = Arc::new(Access::new(config.access.settings(&config.http))?);
        let tls = config.http.tls.clone().map(TlsServer::load).transpose()?;
        let tls = tls.map(Arc::new);
        warn_if_open(config);
        // The port first: it is the likeliest to be taken, and nothing is written before.
        let listener = listen(config.http.listen).await?;
        let address = listener.local_addr().unwrap_or(config.http.listen);
        let mut listeners = Listeners::bind(config).await?;
        let listening = listeners.addresses();
        let (streams, book) = open_streams(config, &fleet.directory)?;
        let Ends { recents, youngest } = ends::read(streams.earlier(), &book, &fleet);
        let maintained = super::store::open(config).await?;
        let store: Arc<dyn Store> = maintained.clone();
        let journal = begin_stream(config, &streams)?;
        let Recalled { memory, keeper } =
            AlarmKeeper::recall(&config.engine.journal_dir(), &streams, &journal);
        let keeper = Arc::new(keeper);
        let readiness = Readiness::default();
        readiness.on_journal_open();

        let Sharing {
            mut holding,
            hands,
            away,
        } = Sharing::of(config, &fleet, &recents);
        let (stop_intake, stop) = watch::channel(false);
        let (stop_writer, writer_stop) = watch::channel(false);
        let telemetry = Arc::new(telemetry(&fleet));
        telemetry.role.set(role::of_environment());
        telemetry.protocols.add(devices::protocols(&fleet));
        let Plant {
            protocols,
            periods,
            states,
            ..
        } = devices::plant(&fleet);
        let undrained = Undrained::of(streams.earlier());
        let writing = writing(
            config,
            &streams,
            &undrained,
            &journal,
            Arc::clone(&book),
            &store,
            &telemetry,
        )?;
        let stream_dir = journal.dir().to_owned();
        let (pipeline, intake, views, (commands, audit), known) = start_pipeline(
            config,
            &bounds,
            (&fleet, &away),
            (journal, memory, keeper.mark(), youngest),
            &telemetry,
        )?;
        if let Some(holding) = &mut holding {
            holding.notes.keep(known);
        }
        readiness.on_pipeline_started();
        let (stored, needed) = (writing.current.stored(), writing.current.needed());
        let writer = tokio::spawn(writing.run(pipeline.durable(), writer_stop));
        let Fleet { directory, devices } = fleet.clone();
        let sources = Sources {
            board: Arc::clone(&views.alarms),
            book: Arc::clone(&views.book),
            telemetry: Arc::clone(&telemetry),
        };
        let notifiers = notify::start(config, &sources, &stop)?;
        let load = tokio::spawn(load::run(views.clone(), Arc::clone(&telemetry)));
        let (desk, asked) = ConfigDesk::new();
        let (plants, next_plants) = mpsc::channel(1);
        let api = ApiState {
            engine: this_engine(config),
            directory: Arc::clone(&directory),
            protocols,
            live: views.live,
            alarms: views.alarms,
            book: views.book,
            commands: commands.clone(),
            audit: audit.clone(),
            access: Arc::clone(&access),
            tls: tls.clone(),
            periods,
            states,
            store,
            telemetry: Arc::clone(&telemetry),
            intake: intake.clone(),
            config: desk.clone(),
            readiness: readiness.clone(),
            settings: settings(config, &bounds),
        };
        tokio::spawn(access.watch(stop.clone()));
        if let Some(tls) = tls {
            tokio::spawn(tls.watch(stop.clone()));
        }
        let serving = gridos_api::serve_generations(listener, api, next_plants, stop.clone());
        let http = tokio::spawn(serving);
        let is_here = |device: DeviceIndex| !away.contains(&device);
        let polled = devices
            .iter()
            .filter(|device| is_here(device.index))
            .filter_map(|device| modbus(device, &directory, &mut listeners))
            .collect();
        let outstations = outstations::of(&devices, recents, &directory, &mut listeners);
        let outstations = outstations.into_iter();
        let outstations = outstations
            .filter(|device| is_here(device.device))
            .collect();
        let connects = config.connects_at_once;
        let asking = match &hands {
            Some(hands) => intake.under(Arc::clone(&hands.tenure)),
            None => intake.clone(),
        };
        let (taking, stopped) = (asking.clone(), stop.clone());
        let mut collector = Collector::default();
        let modbus = ModbusFleet::start(polled, connects, taking, stopped, &mut collector)?;
        let dnp3 = gridos_collect::dnp3::start(
            outstations,
            config.dnp3.connects_at_once,
            config.dnp3.integrity_polls_at_once,
            &asking,
            &mut collector,
            &stop,
        )?;
        listeners.open(&devices, &directory, &intake, &mut collector, &stop)?;
        let membership = config.membership.as_ref();
        let answer_timeout = membership.map(|_| fleet.answer_timeout_max());
        let membership = Membership::start(config, hands, &fleet, &telemetry).await?;
        let reloading = Reloading {
            origin: origin.map(|(file, text)| Origin { file, text }),
            fleet,
            limits: Limits {
                ring_batches: bounds.ring_batches,
                answer_timeout,
                telemetry: Arc::clone(&telemetry),
            },
            sessions: Sessions {
                collector,
                modbus,
                dnp3,
            },
            book,
            commands,
            plants,
            telemetry: Arc::clone(&telemetry),
            audit,
            holding,
            board: sources.board,
            names: sources.book,
        };
        let housekeeping = Housekeeping {
            journal_dir: config.engine.journal_dir(),
            stream_dir,
            undrained,
            keep: config.journal.keep,
            segment_bytes: config.journal.segment_size,
            bytes_max: config.journal.disk_limit,
            thresholds: config.journal.thresholds,
            when_full: config.journal.when_full,
            durable: pipeline.durable(),
            stored,
            needed,
            recalled: keeper.kept(),
            telemetry: Arc::clone(&telemetry),
            readiness: readiness.clone(),
        };
        let memory = MemoryTask {
            keeper: Arc::clone(&keeper),
            cadence: Cadence::new(config.journal.disk_limit),
            durable: pipeline.durable(),
            telemetry: Arc::clone(&telemetry),
        };
        let upkeep = UpkeepTask {
            store: maintained,
            wanted: config.store.upkeep,
            telemetry: Arc::clone(&telemetry),
        };
        Ok(Self {
            address,
            listening,
            directory,
            telemetry,
            readiness,
            desk,
            membership,
            reloading: tokio::spawn(reloading.run(asked, stop)),
            pipeline,
            stop_intake,
            stop_writer,
            http,
            writer,
            _streams: streams,
            keeper,
            memory: tokio::spawn(memory.run()),
            housekeeping: tokio::spawn(housekeeping.run()),
            upkeep: tokio::spawn(upkeep.run()),
            notifiers,
            load,
        })
    }
}

/// At each start: it is easily forgotten.
fn warn_if_open(config: &Config) {
    let listen = config.http.listen;
    if config.access.is_open_at(listen) {
        tracing::warn!(
            %listen,
            "whoever reaches the API may do everything: [access] allow_open is true and mode is off"
        );
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
) -> Result<Writing, NatsFileError> {
    let options = super::store::options(config, journal.end());
    let client = format!("gridos engine {}", config.engine.name);
    let relay = config.relay.as_ref().map(|relay| relay.options(&client));
    let carriers = Carriers {
        store: Arc::clone(store),
        book,
        telemetry: Arc::clone(telemetry),
        options,
        relay: relay.transpose()?.map(Arc::new),
    };
    Ok(Writing {
        earlier: streams.earlier().to_vec(),
        undrained: undrained.clone(),
        current: carriers.of(journal.dir(), journal.stream(), journal.end()),
        carriers,
    })
}

/// The pipeline, the ways to it, and what is known of alarms of devices that are away.
type Started = (
    Pipeline,
    Intake,
    Views,
    (AlarmCommands, AuditLog),
    Vec<Case>,
);

/// The ring with its way in, the threads behind it, and what they publish.
fn start_pipeline(
    config: &Config,
    bounds: &Bounds,
    (fleet, away): (&Fleet, &HashSet<DeviceIndex>),
    (journal, memory, mark, youngest): (Journal, Memory, Arc<AlarmMark>, Youngest),
    telemetry: &Arc<Telemetry>,
) -> Result<Started, StartError> {
    let (producer, consumer) = ring(bounds.ring_batches);
    let pool = Pool::new(bounds.pool_batches, bounds.batch_readings);
    telemetry.ring.capacity.set(producer.capacity() as u64);
    telemetry.pool.free.set(pool.free() as u64);
    let directory = &fleet.directory;
    let views = Views {
        live: Arc::new(LiveView::new(directory)),
        alarms: Arc::new(AlarmBoard::default()),
        book: Arc::new(devices::book(fleet, away)),
    };
    let defined = devices::defined(fleet, away);
    let alarms = Alarms::new(Arc::clone(directory), &defined);
    let (commands, queue) = alarm_commands(producer.clone(), Arc::clone(telemetry));
    let (audit, deeds) = audit_log(producer.clone(), Arc::clone(telemetry));
    let turn = Turn::new(
        consumer,
        pool.clone(),
        (alarms, queue),
        journal,
        views.clone(),
        Arc::clone(telemetry),
    );
    let mut turn = turn.with_audit(deeds);
    turn.know_youngest(youngest.known());
    let known = turn.restore(memory, &devices::elsewhere(fleet, away), mark);
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
        (commands, audit),
        known,
    ))
}

fn this_engine(config: &Config) -> gridos_api::Engine {
    gridos_api::Engine {
        name: config.engine.name.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: Instant::now(),
    }
}

fn telemetry(fleet: &Fleet) -> Telemetry {
    let names = fleet
        .directory
        .devices()
        .iter()
        .map(|device| device.name().to_owned());
    Telemetry::with_areas(env!("CARGO_PKG_VERSION"), names, fleet.areas())
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

/// The stream of this life; it begins with the gap since the one before.
fn begin_stream(config: &Config, streams: &Streams) -> Result<Journal, JournalError> {
    let mut journal = streams.begin(Options {
        segment_bytes: config.journal.segment_size,
        bytes_max: config.journal.disk_limit,
    })?;
    if let Some(gap) = downtime::gap(streams.earlier(), SystemTime::now().into()) {
        journal.append_gap(&gap);
    }
    Ok(journal)
}

fn settings(config: &Config, bounds: &Bounds) -> Settings {
    Settings {
        body_bytes_max: usize::try_from(config.http.body_limit).unwrap_or(usize::MAX),
        readings_per_second_max: config.http.rate_limit,
        changes_per_second_max: config.http.change_rate_limit,
        line_mapping: config.http.line_point.clone(),
        batch_readings_max: bounds.batch_readings,
        batches_per_post_max: bounds::BATCHES_PER_POST,
        posts_max: bounds::POSTS,
        connections_max: bounds.http_connections(),
        streams_max: bounds.streams,
        ..Settings::default()
    }
}

fn modbus(
    device: &FleetDevice,
    directory: &Directory,
    listeners: &mut Listeners,
) -> Option<ModbusDevice> {
    let link = device.modbus.as_ref()?;
    let via = listeners.via(&link.reach);
    Some(devices::polled(device, link, directory, via))
}
