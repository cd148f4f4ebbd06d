//! A process that writes: the journals that are its part, each in a session of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt as _;
use gridos_journal::{LayoutBook, LayoutDefinition, StreamId};
use gridos_store::{Store, WriterOptions};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};

use crate::channel::Channel;
use crate::peers::{BEAT_EVERY, Peers};
use crate::pieces::Messages;
use crate::session::Session;
use crate::{RelayError, RelayOptions};

/// How long sessions may take to write what they have when it is to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a writer that leaves says behind its name.
const LEAVES: &str = " leaves";
/// How long after something failed it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A writer among others: it puts journals of engines into the database.
pub struct Crew {
    options: RelayOptions,
    /// What it is called among the writers.
    name: String,
    /// A database of its own for each journal: what is known of one must not wait for another.
    stores: Stores,
    telemetry: Arc<Telemetry>,
    writer: WriterOptions,
    sessions: HashMap<StreamId, Running>,
    book: Arc<LayoutBook>,
}

/// Opens the database, if what is needed for that can be read.
pub type Stores = Box<dyn Fn() -> Option<Arc<dyn Store>> + Send + Sync>;

struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Crew {
    /// A writer called `name` that opens the database by `stores`, and writes as `writer` says.
    pub fn new(
        options: RelayOptions,
        name: String,
        stores: Stores,
        telemetry: Arc<Telemetry>,
        writer: WriterOptions,
    ) -> Self {
        Self {
            options,
            name,
            stores,
            telemetry,
            writer,
            sessions: HashMap::new(),
            book: Arc::new(LayoutBook::in_memory()),
        }
    }

    /// Writes until `stop` is true. Servers and databases that are away are tried again for ever.
    ///
    /// # Errors
    /// If a file of the credentials cannot be used, or an address is none.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), RelayError> {
        let channel = Channel::connect(&self.options).await?;
        let layouts = tokio::spawn(follow_layouts(channel.clone(), Arc::clone(&self.book)));
        let ended = tokio::select! {
            ended = self.work(&channel) => ended,
            _ = stop.wait_for(|stop| *stop) => Ok(()),
        };
        let beat = Bytes::from(format!("{}{LEAVES}", self.name));
        // The others find out by themselves.
        let _ = channel.client().publish(self.options.writers(), beat).await;
        let _ = timeout(PATIENCE, channel.client().flush()).await;
        self.end().await;
        layouts.abort();
        ended
    }

    async fn work(&mut self, channel: &Channel) -> Result<(), RelayError> {
        let (client, subject) = (channel.client(), self.options.writers());
        let mut peers = Peers::new(self.name.clone());
        let heard = client.subscribe(subject.clone()).await;
        let mut heard = heard.map_err(|error| channel.failed(error))?;
        let mut beat = interval(BEAT_EVERY);
        let mut trouble = None;
        loop {
            tokio::select! {
                Some(message) = heard.next() => {
                    let said = String::from_utf8_lossy(&message.payload);
                    let leaving = said.strip_suffix(LEAVES);
                    peers.on_heard(leaving.unwrap_or(&said), leaving.is_some(), Instant::now());
                }
                _ = beat.tick() => {
                    let said = Bytes::from(self.name.clone());
                    // While there is no connection nobody hears it; then all are alone.
                    let _ = client.publish(subject.clone(), said).await;
                    let looked = self.assign(channel, &peers).await;
                    self.tell(&mut trouble, looked);
                }
            }
        }
    }

    /// Begins and ends sessions by whose part each journal is.
    async fn assign(&mut self, channel: &Channel, peers: &Peers) -> Result<(), RelayError> {
        let now = Instant::now();
        self.sessions
            .retain(|_, running| !running.task.is_finished());
        for (stream, running) in &self.sessions {
            if !peers.is_own(*stream, now) {
                running.stop.send_replace(true);
            }
        }
        let cells = &self.telemetry.relay;
        cells.writers.set(peers.count(now) as u64);
        cells.journals.set(self.sessions.len() as u64);
        for stream in channel.journals().await? {
            if peers.is_own(stream, now) && !self.sessions.contains_key(&stream) {
                self.begin(channel, stream);
            }
        }
        Ok(())
    }

    fn begin(&mut self, channel: &Channel, stream: StreamId) {
        let Some(store) = (self.stores)() else {
            // It is tried again in a second.
            return;
        };
        tracing::info!(%stream, "writing a journal");
        let session = Session {
            channel: channel.clone(),
            stream,
            store,
            book: Arc::clone(&self.book),
            telemetry: Arc::clone(&self.telemetry),
            options: self.writer,
        };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(session.run(stopped));
        self.sessions.insert(stream, Running { stop, task });
    }

    fn tell(&self, trouble: &mut Option<String>, looked: Result<(), RelayError>) {
        let reachable = &self.telemetry.relay.reachable;
        match looked {
            Ok(()) => {
                reachable.set(1);
                if trouble.take().is_some() {
                    tracing::info!("the stream can be used again");
                }
            }
            Err(error) => {
                reachable.set(0);
                let error = error.to_string();
                if trouble.as_ref() != Some(&error) {
                    tracing::warn!(error, "nothing can be written");
                }
                *trouble = Some(error);
            }
        }
    }

    async fn end(&mut self) {
        for running in self.sessions.values() {
            running.stop.send_replace(true);
        }
        let until = tokio::time::Instant::now() + PATIENCE;
        for (_, mut running) in self.sessions.drain() {
            if tokio::time::timeout_at(until, &mut running.task)
                .await
                .is_err()
            {
                // What is not committed is not stored; another writer goes on.
                running.task.abort();
            }
        }
    }
}

/// Learns what layouts are, for ever: also of devices of which no reading came yet.
async fn follow_layouts(channel: Channel, book: Arc<LayoutBook>) {
    let mut messages = Messages::of(&channel, channel.options().layouts());
    loop {
        match messages.fetch().await {
            Ok(fetched) => {
                for message in fetched {
                    if let Some(layout) = LayoutDefinition::from_bytes(&message.payload)
                        && let Err(error) = book.adopt(&layout)
                    {
                        tracing::warn!(%error, "a layout cannot be kept");
                    }
                }
            }
            Err(_) => sleep(RETRY).await,
        }
    }
}
