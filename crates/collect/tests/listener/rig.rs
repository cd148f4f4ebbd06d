//! A listener with an engine behind it whose disk does what the test says.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gridos_collect::Collector;
use gridos_collect::modbus::{
    Confirm, Guests, Listener, Peer, PushedDevice, Service, TlsServer, listen,
};
use gridos_modbus::{Plan, PlanLimits, RegisterPoint};
use gridos_model::{Directory, DirectoryBuilder, Point, Quality, Readings, Timestamp};
use gridos_ring::{Intake, Pool, Receipt, ring};
use gridos_telemetry::{ListenerAnswer, PeerRefusal, Telemetry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};

/// A test that hangs ends after this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of what was taken.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Disk {
    /// It is durable at once.
    Sound,
    /// It waits for [`Rig::redeem`].
    Slow,
    /// It never becomes durable.
    Broken,
    /// Nothing is taken out of the ring.
    Stalled,
}

/// A batch that left the ring.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) device: String,
    /// Name, value and quality of each reading.
    pub(crate) readings: Vec<(String, f64, Quality)>,
    /// Name, text and quality of each text.
    pub(crate) texts: Vec<(String, String, Quality)>,
    pub(crate) times: Vec<Timestamp>,
    pub(crate) received: Timestamp,
}

/// One device that pushes.
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    pub(crate) peer: Peer,
    pub(crate) unit: u8,
    pub(crate) points: Vec<RegisterPoint>,
}

/// How the listener is set up.
pub(crate) struct Terms {
    pub(crate) allow: &'static str,
    pub(crate) tls: Option<TlsServer>,
    pub(crate) roles: Vec<String>,
    pub(crate) connections_max: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) confirm: Confirm,
    pub(crate) slots: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            allow: "127.0.0.0/8",
            tls: None,
            roles: Vec::new(),
            connections_max: 64,
            idle_timeout: Duration::from_secs(3_600),
            confirm: Confirm::Durable,
            slots: 64,
        }
    }
}

/// A listener that runs.
pub(crate) struct Rig {
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) address: SocketAddr,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    disk: Arc<Mutex<Disk>>,
    held: Arc<Mutex<Vec<Receipt>>>,
    stop: watch::Sender<bool>,
    collector: Collector,
    thread: std::thread::JoinHandle<()>,
}

/// Any address of this machine.
pub(crate) fn anybody() -> Peer {
    Peer::Network("127.0.0.0/8".parse().unwrap())
}

impl Rig {
    pub(crate) async fn start(setups: Vec<Setup>, terms: Terms) -> Self {
        let (directory, guests) = fleet(setups);
        let parts_within = Duration::from_secs(3_600);
        let service = Service::Server {
            guests: Guests::new(guests),
            confirm: terms.confirm,
            parts_within,
        };
        Self::serve(directory, service, terms, |_, _, _| Collector::default()).await
    }

    /// Starts a listener for `service` beside the sessions that `poll` makes.
    pub(crate) async fn serve(
        directory: Directory,
        service: Service,
        terms: Terms,
        poll: impl FnOnce(&Directory, Intake, watch::Receiver<bool>) -> Collector,
    ) -> Self {
        let names = directory.devices().iter().map(|d| d.name().to_owned());
        let telemetry = Arc::new(Telemetry::new("0", names));
        let (producer, consumer) = ring(terms.slots);
        let pool = Pool::new(terms.slots + 2, 16);
        let intake = Intake::new(pool.clone(), producer, Arc::clone(&telemetry));
        let (stop, stopped) = watch::channel(false);
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let listener = Listener {
            name: "test".to_owned(),
            socket,
            allow: vec![terms.allow.parse().unwrap()],
            tls: terms.tls,
            roles: terms.roles,
            connections_max: terms.connections_max,
            idle_timeout: terms.idle_timeout,
            service,
        };
        let mut collector = poll(&directory, intake.clone(), stopped.clone());
        listen(vec![listener], &intake, &mut collector, &stopped).unwrap();
        let (sender, arrived) = mpsc::unbounded_channel();
        let disk = Arc::new(Mutex::new(Disk::Sound));
        let held = Arc::new(Mutex::new(Vec::new()));
        let mut drain = Drain {
            consumer,
            pool,
            directory,
            disk: Arc::clone(&disk),
            held: Arc::clone(&held),
            arrived: sender,
        };
        Self {
            telemetry,
            address,
            arrived,
            disk,
            held,
            stop,
            collector,
            thread: std::thread::spawn(move || drain.run()),
        }
    }

    pub(crate) fn set(&self, disk: Disk) {
        *self.disk.lock().unwrap() = disk;
    }

    /// Makes durable what waits for it.
    pub(crate) fn redeem(&self) {
        self.held
            .lock()
            .unwrap()
            .drain(..)
            .for_each(|r| r.redeem(1));
    }

    /// The next batch.
    pub(crate) async fn next(&mut self) -> Arrived {
        let next = tokio::time::timeout(PATIENCE, self.arrived.recv()).await;
        next.expect("a batch should arrive").unwrap()
    }

    /// Names and values of the next batch that has some.
    pub(crate) async fn values(&mut self) -> Vec<(String, f64)> {
        loop {
            let readings = self.next().await.readings.into_iter();
            let values: Vec<_> = readings.map(|(name, value, _)| (name, value)).collect();
            if !values.is_empty() {
                return values;
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
        so.unwrap_or_else(|_| panic!("it never became so: {:?}", self.telemetry.listeners));
    }

    pub(crate) fn refusals(&self, reason: PeerRefusal) -> u64 {
        self.telemetry.listeners.refusals(reason)
    }

    pub(crate) fn answers(&self, answer: ListenerAnswer) -> u64 {
        self.telemetry.listeners.answers(answer)
    }

    pub(crate) async fn client(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// A client that has the address `from`, one of this machine.
    pub(crate) async fn client_from(&self, from: [u8; 4]) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::from(from), 0).into()).unwrap();
        Client(socket.connect(self.address).await.unwrap())
    }

    /// Tells everything to stop, without waiting for it.
    pub(crate) fn begin_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Stops everything; the ledger must balance then.
    pub(crate) async fn stop(self) {
        if *self.disk.lock().unwrap() == Disk::Stalled {
            self.set(Disk::Sound);
        }
        self.begin_stop();
        let joined = tokio::time::timeout(PATIENCE, self.collector.join()).await;
        joined.unwrap();
        assert_eq!(self.telemetry.listeners.connections.get(), 0);
        let ledger = self.telemetry.ledger.snapshot();
        assert_eq!(ledger.received, ledger.offered + ledger.refused);
        drop(self.arrived);
        self.thread.join().unwrap();
    }
}

/// Devices that push, and what recognises them.
pub(crate) fn fleet(setups: Vec<Setup>) -> (Directory, Vec<(Peer, PushedDevice)>) {
    let mut builder = DirectoryBuilder::default();
    let mut parts = Vec::new();
    for setup in setups {
        let plan = Plan::new(setup.points, &PlanLimits::default()).unwrap();
        let point = |point: &RegisterPoint| Point::new(&point.name, &point.unit);
        let points = plan.points().iter().map(point).collect();
        let groups: Vec<_> = plan.requests().iter().map(|r| r.points()).collect();
        let device = builder.add(setup.name, points, &groups).unwrap();
        parts.push((device, setup.peer, setup.unit, Arc::new(plan)));
    }
    let directory = builder.build();
    let guest = |(device, peer, unit, plan)| {
        let whole = Arc::clone(directory.device(device).whole());
        let device = PushedDevice {
            device,
            unit,
            plan,
            whole,
        };
        (peer, device)
    };
    let guests = parts.into_iter().map(guest).collect();
    (directory, guests)
}

struct Drain {
    consumer: gridos_ring::Consumer,
    pool: Pool,
    directory: Directory,
    disk: Arc<Mutex<Disk>>,
    held: Arc<Mutex<Vec<Receipt>>>,
    arrived: mpsc::UnboundedSender<Arrived>,
}

impl Drain {
    fn run(&mut self) {
        while !self.arrived.is_closed() {
            let disk = *self.disk.lock().unwrap();
            let slot = (disk != Disk::Stalled)
                .then(|| self.consumer.pop())
                .flatten();
            let Some(mut slot) = slot else {
                self.consumer.wait(Duration::from_millis(5));
                continue;
            };
            let receipt = slot.receipt.take();
            match (disk, receipt) {
                (Disk::Sound, Some(receipt)) => receipt.redeem(1),
                (Disk::Slow, Some(receipt)) => self.held.lock().unwrap().push(receipt),
                _ => {}
            }
            let arrived = self.arrive(&slot.batch.readings().unwrap());
            // The test may have ended.
            let _ = self.arrived.send(arrived);
            self.pool.give(slot.batch);
        }
    }

    fn arrive(&self, readings: &Readings<'_>) -> Arrived {
        let mut layouts = self.directory.layouts();
        let layout = layouts.find(|layout| layout.id() == readings.layout());
        let layout = layout.unwrap();
        let count = u32::try_from(readings.len()).unwrap();
        let (points, times): (Vec<u32>, Vec<Timestamp>) = match readings {
            Readings::Events(events) => (events.points.to_vec(), events.times.to_vec()),
            Readings::Sweep(sweep) => ((0..count).collect(), vec![sweep.time; readings.len()]),
            Readings::Texts(texts) => (texts.points.to_vec(), texts.times.to_vec()),
        };
        let name = |at: usize| layout.points()[points[at] as usize].name().to_owned();
        let quality = |at: usize| readings.qualities().get(at).copied().unwrap_or_default();
        let values = readings.values().iter().enumerate();
        let texts = match readings {
            Readings::Texts(texts) => texts.texts.iter().map(str::to_owned).collect(),
            Readings::Sweep(_) | Readings::Events(_) => Vec::new(),
        };
        let texts = texts.into_iter().enumerate();
        Arrived {
            device: layout.device().to_owned(),
            readings: values
                .map(|(at, value)| (name(at), *value, quality(at)))
                .collect(),
            texts: texts
                .map(|(at, text)| (name(at), text, quality(at)))
                .collect(),
            times,
            received: readings.received(),
        }
    }
}

/// A connection that speaks Modbus byte by byte.
pub(crate) struct Client(pub(crate) TcpStream);

/// A frame of transaction `transaction` for `unit`.
pub(crate) fn adu(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap();
    let mut bytes = transaction.to_be_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(length.to_be_bytes());
    bytes.push(unit);
    bytes.extend(pdu);
    bytes
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next whole frame: its transaction, unit and PDU.
    pub(crate) async fn receive(&mut self) -> (u16, u8, Vec<u8>) {
        let receiving = async {
            let mut header = [0; 7];
            self.0.read_exact(&mut header).await.unwrap();
            let length = u16::from_be_bytes([header[4], header[5]]);
            let mut pdu = vec![0; usize::from(length) - 1];
            self.0.read_exact(&mut pdu).await.unwrap();
            (u16::from_be_bytes([header[0], header[1]]), header[6], pdu)
        };
        tokio::time::timeout(PATIENCE, receiving).await.unwrap()
    }

    /// Asks unit 1 and gives the PDU of the answer.
    pub(crate) async fn ask(&mut self, pdu: &[u8]) -> Vec<u8> {
        self.send(&adu(7, 1, pdu)).await;
        let (transaction, unit, pdu) = self.receive().await;
        assert_eq!((transaction, unit), (7, 1));
        pdu
    }

    /// Waits until the other side closes; gives what it sent before.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = self.0.read_to_end(&mut rest).await;
        rest
    }

    /// Whether nothing can be read at this moment.
    pub(crate) fn is_silent(&self) -> bool {
        let nothing = self.0.try_read(&mut [0; 1]);
        nothing.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }
}
