//! The way to the server, which does to a connection what networks do.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::wire::{Message, Side};

/// What the way is like, for connections that there are and that come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Each message takes so much longer.
    Slow(Duration),
    /// Connections are accepted, and nothing comes through any more. One that was in here is lost
    /// for good, like those that a firewall has forgotten.
    BlackHole,
    /// Connections are reset.
    Closed,
}

/// What happens to a connection at a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// It is reset instead of the message.
    Reset,
    /// It is reset right behind the message.
    ResetBehind,
    /// It is reset in the middle of the message.
    ResetInside,
    /// Neither the message nor anything after it comes through, from either side.
    BlackHole,
    /// Half of the message comes through, and nothing after it from this side.
    Mute,
}

type Rule = Box<dyn FnMut(&Message) -> Option<Strike> + Send>;

/// A proxy; it ends with this.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    server: AtomicU16,
    way: watch::Sender<Way>,
    /// How often all connections were reset.
    resets: watch::Sender<u64>,
    rule: Mutex<Option<Rule>>,
    struck: watch::Sender<u64>,
    messages: AtomicU64,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// An open way to the server at `server` of this machine.
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server: AtomicU16::new(server),
            way: watch::Sender::new(Way::Open),
            resets: watch::Sender::new(0),
            rule: Mutex::default(),
            struck: watch::Sender::new(0),
            messages: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            port,
            shared,
            accepting,
        }
    }

    /// Where engines connect to.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Lets new connections lead to another server, as when a name or an address moves.
    pub(crate) fn lead_to(&self, server: u16) {
        self.shared.server.store(server, Ordering::Relaxed);
    }

    /// Changes what the way is like.
    pub(crate) fn set(&self, way: Way) {
        self.shared.way.send_replace(way);
    }

    /// What the way is like.
    pub(crate) fn way(&self) -> Way {
        *self.shared.way.borrow()
    }

    /// Resets the connections that there are.
    pub(crate) fn break_off(&self) {
        self.shared.resets.send_modify(|resets| *resets += 1);
    }

    /// Watches for a message that `rule` knows, and strikes there, once.
    pub(crate) fn strike_at(&self, rule: impl FnMut(&Message) -> Option<Strike> + Send + 'static) {
        *self.shared.rule.lock().unwrap() = Some(Box::new(rule));
    }

    /// Lets what comes come through.
    pub(crate) fn spare(&self) {
        self.shared.rule.lock().unwrap().take();
    }

    /// How often was struck.
    pub(crate) fn strikes(&self) -> u64 {
        *self.shared.struck.borrow()
    }

    /// Waits until it has struck so often.
    pub(crate) async fn struck(&self, strikes: u64) {
        let mut struck = self.shared.struck.subscribe();
        let striking = struck.wait_for(|struck| *struck >= strikes);
        let waited = tokio::time::timeout(crate::life::PATIENCE, striking).await;
        waited.expect("the message did not come").unwrap();
    }

    /// Messages that came so far.
    pub(crate) fn messages(&self) -> u64 {
        self.shared.messages.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set(Way::Closed);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (engine, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(engine, Arc::clone(&shared)));
    }
}

/// Carries one connection to its end.
async fn serve(mut engine: TcpStream, shared: Arc<Shared>) {
    let way = *shared.way.borrow();
    let server = shared.server.load(Ordering::Relaxed);
    let connected = match way {
        Way::Open | Way::Slow(_) => TcpStream::connect(("127.0.0.1", server)).await.ok(),
        Way::BlackHole => return swallow(&mut engine, &shared).await,
        Way::Closed => None,
    };
    let Some(mut server) = connected else {
        let _ = engine.set_zero_linger();
        return;
    };
    let _ = (engine.set_nodelay(true), server.set_nodelay(true));
    let carrying = Carrying {
        shared: &shared,
        is_lost: AtomicBool::new(false),
    };
    let (from_engine, to_engine) = engine.split();
    let (from_server, to_server) = server.split();
    let is_reset = tokio::select! {
        reset = carrying.carry(Side::Engine, from_engine, to_server) => reset,
        reset = carrying.carry(Side::Server, from_server, to_engine) => reset,
        () = shared.closed() => true,
    };
    if is_reset {
        let _ = (engine.set_zero_linger(), server.set_zero_linger());
    }
}

/// Reads what the engine sends until it gives up or the way is closed.
async fn swallow(engine: &mut TcpStream, shared: &Shared) {
    let mut nothing = [0; 4_096];
    tokio::select! {
        () = async { while matches!(engine.read(&mut nothing).await, Ok(1..)) {} } => {}
        () = shared.closed() => {
            let _ = engine.set_zero_linger();
        }
    }
}

/// How it goes on behind a message.
enum Passed {
    On,
    Mute,
    Reset,
}

struct Carrying<'a> {
    shared: &'a Shared,
    /// Whether nothing comes through any more.
    is_lost: AtomicBool,
}

impl Carrying<'_> {
    /// Carries what one side sends to the other; returns whether the connection is to be reset.
    async fn carry(&self, side: Side, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> bool {
        let mut buffer = BytesMut::new();
        let (mut is_first, mut is_mute) = (true, false);
        while matches!(from.read_buf(&mut buffer).await, Ok(1..)) {
            while let Some(message) = Message::take(side, is_first, &mut buffer) {
                is_first = false;
                if is_mute {
                    continue;
                }
                match self.pass(&message, &mut to).await {
                    Passed::On => {}
                    Passed::Mute => is_mute = true,
                    Passed::Reset => return true,
                }
            }
        }
        // A lost connection is not seen to end.
        if self.is_lost.load(Ordering::Relaxed) && side == Side::Server {
            std::future::pending::<()>().await;
        }
        false
    }

    async fn pass(&self, message: &Message, to: &mut WriteHalf<'_>) -> Passed {
        self.shared.messages.fetch_add(1, Ordering::Relaxed);
        let way = *self.shared.way.borrow();
        match way {
            Way::Slow(delay) => tokio::time::sleep(delay).await,
            Way::BlackHole => self.is_lost.store(true, Ordering::Relaxed),
            Way::Open | Way::Closed => {}
        }
        let strike = self.judge(message);
        if strike == Some(Strike::BlackHole) {
            self.is_lost.store(true, Ordering::Relaxed);
        }
        if self.is_lost.load(Ordering::Relaxed) {
            return Passed::On;
        }
        let bytes = match strike {
            Some(Strike::Reset) => &[],
            Some(Strike::ResetInside | Strike::Mute) => &message.bytes[..message.bytes.len() / 2],
            Some(Strike::ResetBehind | Strike::BlackHole) | None => &message.bytes[..],
        };
        match (to.write_all(bytes).await, strike) {
            (Ok(()), None) => Passed::On,
            (Ok(()), Some(Strike::Mute)) => Passed::Mute,
            _ => Passed::Reset,
        }
    }

    fn judge(&self, message: &Message) -> Option<Strike> {
        let mut place = self.shared.rule.lock().unwrap();
        let strike = place.as_mut().and_then(|rule| rule(message));
        if strike.is_some() {
            place.take();
            self.shared.struck.send_modify(|struck| *struck += 1);
        }
        strike
    }
}

impl Shared {
    /// Waits until the connections that there are are to be reset.
    async fn closed(&self) {
        let (mut way, mut resets) = (self.way.subscribe(), self.resets.subscribe());
        tokio::select! {
            _ = way.wait_for(|way| *way == Way::Closed) => {}
            _ = resets.changed() => {}
        }
    }
}
