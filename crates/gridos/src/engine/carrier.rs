//! What carries one stream of the journal into the database: a writer of this process, or a shipper to
//! writers on other machines.

use std::path::Path;
use std::sync::Arc;

use gridos_journal::{LayoutBook, Reader, StreamId, Tail};
use gridos_relay::{RelayOptions, Shipper};
use gridos_store::{Store, Writer, WriterOptions, WriterSummary};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;

/// What all carriers have in common.
pub(super) struct Carriers {
    pub(super) store: Arc<dyn Store>,
    pub(super) book: Arc<LayoutBook>,
    pub(super) telemetry: Arc<Telemetry>,
    /// The knobs of each writer; where its stream ended is filled in.
    pub(super) options: WriterOptions,
    /// The way to other machines, if these write.
    pub(super) relay: Option<Arc<RelayOptions>>,
}

/// What carries one stream.
pub(super) enum Carrier {
    Writer(Box<Writer>),
    Shipper(Box<Shipper>),
}

impl Carriers {
    /// The carrier of the stream in `dir`, which ended at `recovered` when it was opened.
    pub(super) fn of(&self, dir: &Path, stream: StreamId, recovered: Tail) -> Carrier {
        let writer = Writer::new(
            Arc::clone(&self.store),
            Reader::new(dir),
            Arc::clone(&self.book),
            stream,
            Arc::clone(&self.telemetry),
            WriterOptions {
                recovered,
                ..self.options
            },
        );
        match &self.relay {
            None => Carrier::Writer(Box::new(writer)),
            Some(relay) => Carrier::Shipper(Box::new(Shipper::new(
                writer,
                Reader::new(dir),
                Arc::clone(&self.book),
                stream,
                Arc::clone(relay),
                Arc::clone(&self.telemetry),
            ))),
        }
    }
}

impl Carrier {
    /// Where the database stands: the journal before it is not needed to write readings.
    pub(super) fn stored(&self) -> watch::Receiver<Tail> {
        match self {
            Self::Writer(writer) => writer.stored(),
            Self::Shipper(shipper) => shipper.stored(),
        }
    }

    /// From where on the journal is needed to go on as if nothing had happened.
    pub(super) fn needed(&self) -> watch::Receiver<Tail> {
        match self {
            Self::Writer(writer) => writer.needed(),
            Self::Shipper(shipper) => shipper.needed(),
        }
    }

    /// Carries what an earlier life left up to `end`, as [`Writer::drain`]. What waits `behind` it
    /// counts as backlog, too.
    pub(super) async fn drain(
        self,
        end: Tail,
        behind: watch::Receiver<Tail>,
        stop: watch::Receiver<bool>,
    ) -> WriterSummary {
        match self {
            Self::Writer(writer) => writer.drain(end, behind, stop).await,
            Self::Shipper(shipper) => shipper.drain(end, behind, stop).await,
        }
    }

    /// Carries on until it is to stop, as [`Writer::run_on`].
    pub(super) async fn run_on(
        &mut self,
        durable: watch::Receiver<Tail>,
        stop: watch::Receiver<bool>,
    ) -> WriterSummary {
        match self {
            Self::Writer(writer) => writer.run_on(durable, stop).await,
            Self::Shipper(shipper) => shipper.run_on(durable, stop).await,
        }
    }
}
