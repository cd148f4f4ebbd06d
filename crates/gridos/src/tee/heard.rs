//! The candidate behind the decoders of a capture: what they make of the octets is flagged, judged
//! and told as the pipeline would.

use gridos_model::{Batch, Timestamp};
use gridos_pipeline::Order;

use super::judge::Judge;
use super::line::{At, What};
use super::told::{TellError, Told};
use crate::config::Fleet;

/// Where decoded batches go.
pub(crate) struct Heard<'a> {
    judge: Judge<'a>,
    order: Order,
    told: &'a mut Told,
    /// The first error; what comes behind it is nothing.
    failed: Option<TellError>,
    at: At,
    /// When the last packet was received. Captures may go back in time, an engine's clock hardly does.
    received: Timestamp,
}

impl<'a> Heard<'a> {
    pub(crate) fn new(fleet: &'a Fleet, told: &'a mut Told) -> Self {
        Self {
            judge: Judge::new(fleet),
            order: Order::new(fleet.directory.point_count()),
            told,
            failed: None,
            at: At(0, 0),
            received: Timestamp::EPOCH,
        }
    }

    /// A packet comes; returns when it counts as received.
    pub(crate) fn begin(&mut self, at: At, time: Option<u64>) -> Timestamp {
        self.at = at;
        let time = time.and_then(|nanos| i64::try_from(nanos).ok());
        if let Some(time) = time.map(Timestamp::from_nanos) {
            self.received = self.received.max(time);
        }
        self.received
    }

    /// When the last packet was received.
    pub(crate) fn received(&self) -> Timestamp {
        self.received
    }

    pub(crate) fn take(&mut self, batch: &mut Batch) {
        let Some(layout) = batch.layout().cloned() else {
            return;
        };
        self.order.note(layout.first(), batch);
        let Some(readings) = batch.readings() else {
            return;
        };
        let name = |place: usize| {
            let point = layout.points().get(place).map_or("?", |point| point.name());
            format!("{}.{point}", layout.device())
        };
        let told = self.told.readings(self.at, &readings, name);
        self.note(told);
        let mut alarms = Vec::new();
        let sink = &mut |name: &str, record: &_| alarms.push(What::alarm(name, record));
        self.judge.take(&readings, None, sink);
        for alarm in alarms {
            self.tell(alarm);
        }
    }

    pub(crate) fn tell(&mut self, what: What) {
        let told = self.told.line(self.at, what);
        self.note(told);
    }

    /// Whether all could be told so far.
    pub(crate) fn check(&mut self) -> Result<(), TellError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn note(&mut self, told: Result<(), TellError>) {
        if let Err(error) = told {
            self.failed.get_or_insert(error);
        }
    }
}
