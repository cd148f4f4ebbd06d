//! The intake: the one way in, which counts every reading it takes or refuses.

use std::sync::Arc;
use std::time::Instant;

use gridos_model::{Batch, BatchError, DeviceIndex, Epoch, Gap};
use gridos_telemetry::{Protocol, Refusal, Telemetry};

use crate::{Arrival, Beside, Full, Pool, Producer, Receipt, Slot, Tenure};

/// Where producers get empty batches and leave full ones; cloning shares it.
#[derive(Clone, Debug)]
pub struct Intake {
    pool: Pool,
    producer: Producer,
    telemetry: Arc<Telemetry>,
    protocol: Protocol,
    /// None where devices are not shared.
    tenure: Option<Arc<Tenure>>,
}

/// Why a batch was not taken; its readings are counted as refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The ring is full: hold back, and let the device keep what it has.
    #[error("the engine is at its limit; hold back and try again")]
    RingFull,
    /// The journal cannot be written, and somebody waits for the receipt: hold back.
    #[error("the journal cannot be written at present; hold back and try again")]
    JournalStalled,
    /// The device is another engine's by now, or may be: nothing of it may be taken.
    #[error("the device is not this engine's any more")]
    Fenced,
    /// The batch is not one that may flow.
    #[error("the batch is invalid: {0}")]
    Invalid(#[from] BatchError),
}

impl Intake {
    /// The way into the ring of `producer`, with batches from `pool`.
    pub fn new(pool: Pool, producer: Producer, telemetry: Arc<Telemetry>) -> Self {
        Self {
            pool,
            producer,
            telemetry,
            protocol: Protocol::Http,
            tenure: None,
        }
    }

    /// The same way in for those who ask devices that a fleet shares: it is shut to batches of devices
    /// that are not held under `tenure`.
    #[must_use]
    pub fn under(&self, tenure: Arc<Tenure>) -> Self {
        Self {
            tenure: Some(tenure),
            ..self.clone()
        }
    }

    /// Whether `device` may be asked at this moment: it is nobody else's.
    pub fn may_ask(&self, device: DeviceIndex) -> bool {
        self.hold(device).is_ok()
    }

    fn hold(&self, device: DeviceIndex) -> Result<Option<Epoch>, Refused> {
        match &self.tenure {
            None => Ok(None),
            Some(tenure) => tenure.hold(device).map_err(|_| Refused::Fenced),
        }
    }

    /// The same way in for what comes by `protocol`; else it counts as posted over HTTP.
    #[must_use]
    pub fn speaking(&self, protocol: Protocol) -> Self {
        Self {
            protocol,
            ..self.clone()
        }
    }

    /// Notes that somebody must wait because there is no room; the time until there is some counts
    /// as back-pressure.
    pub fn hold_back(&self) {
        let now = Instant::now();
        self.telemetry.pressure.hold_back(self.protocol, now);
    }

    /// Notes that the ring was found full by somebody who has nothing to offer yet, and must wait.
    pub fn find_full(&self) {
        self.telemetry.ring.full.increment();
        self.telemetry.pressure.ring_full.begin(Instant::now());
        self.hold_back();
    }

    /// An empty batch, or `None` if all are under way: the caller must hold back.
    pub fn take(&self) -> Option<Box<Batch>> {
        self.pool.take()
    }

    /// Gives back a batch that will not be offered; its readings were never counted.
    pub fn give_back(&self, batch: Box<Batch>) {
        self.pool.give(batch);
    }

    /// Offers a batch whose last byte was read from the wire at `wire`.
    ///
    /// Its readings count as received, and then as offered or as refused: none falls between. A
    /// `receipt` is redeemed when the batch is durable, and dropped when it is refused. While the
    /// journal is stalled, batches without a receipt are still taken, to be judged.
    pub fn offer(
        &self,
        batch: Box<Batch>,
        wire: Instant,
        receipt: Option<Receipt>,
    ) -> Result<(), Refused> {
        self.offer_after(batch, wire, receipt, None)
    }

    /// Offers a batch as [`Intake::offer`] does, the first one after the `gap`: both are kept, or
    /// neither, and then the gap belongs to the next batch that is taken.
    pub fn offer_after(
        &self,
        batch: Box<Batch>,
        wire: Instant,
        receipt: Option<Receipt>,
        gap: Option<Gap>,
    ) -> Result<(), Refused> {
        self.offer_with(
            batch,
            wire,
            receipt,
            Beside {
                gap,
                ..Beside::default()
            },
        )
    }

    /// Offers a batch as [`Intake::offer`] does, and what is `beside` it: all of it is kept, or
    /// nothing. With a gap, a dead letter or a change of the link, a batch that was started may be
    /// without readings.
    pub fn offer_with(
        &self,
        batch: Box<Batch>,
        wire: Instant,
        receipt: Option<Receipt>,
        beside: Beside,
    ) -> Result<(), Refused> {
        self.offer_due(batch, (wire, wire), receipt, beside)
    }

    /// Offers a batch as [`Intake::offer_with`] does, one that was `due` before its last byte was
    /// read from the wire.
    pub fn offer_due(
        &self,
        batch: Box<Batch>,
        (due, wire): (Instant, Instant),
        receipt: Option<Receipt>,
        beside: Beside,
    ) -> Result<(), Refused> {
        let readings = batch.len() as u64;
        let ledger = &self.telemetry.ledger;
        ledger.received.add(readings);
        let Beside { gap, letter, link } = &beside;
        let has_something = gap.is_some() || letter.is_some() || link.is_some();
        if let Err(error) = batch.check()
            && !(error == BatchError::Empty && has_something)
        {
            ledger.refuse(Refusal::Invalid, readings);
            self.pool.give(batch);
            return Err(error.into());
        }
        let device = batch.layout().map(|layout| layout.device_index());
        let held = device.map_or(Ok(None), |device| self.hold(device));
        let epoch = match held {
            Ok(epoch) => epoch,
            Err(refused) => {
                ledger.refuse(Refusal::Fenced, readings);
                self.pool.give(batch);
                return Err(refused);
            }
        };
        if receipt.is_some() && self.producer.is_stalled() {
            ledger.refuse(Refusal::JournalStalled, readings);
            self.hold_back();
            self.pool.give(batch);
            return Err(Refused::JournalStalled);
        }
        let arrival = Arrival {
            due,
            wire,
            ring: Instant::now(),
        };
        match self.producer.try_push(Slot {
            batch,
            arrival,
            receipt,
            beside,
            protocol: self.protocol,
            epoch,
        }) {
            Ok(()) => {
                ledger.offered.add(readings);
                Ok(())
            }
            Err(Full(slot)) => {
                ledger.refuse(Refusal::RingFull, readings);
                self.find_full();
                self.pool.give(slot.batch);
                Err(Refused::RingFull)
            }
        }
    }

    /// Where refusals before a batch is offered are counted.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Whether the journal cannot be written at present: batches with a receipt are refused.
    pub fn is_stalled(&self) -> bool {
        self.producer.is_stalled()
    }

    /// Free slots of the ring at this moment; another producer may take them.
    pub fn room(&self) -> usize {
        self.producer.capacity() - self.producer.len()
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::{
        DeadLetter, DirectoryBuilder, LinkChange, LinkState, Point, TimeQuality, Timestamp,
    };

    use super::*;
    use crate::ring;

    #[test]
    fn every_reading_is_offered_or_refused() {
        let mut builder = DirectoryBuilder::default();
        let device = builder
            .add("d", vec![Point::new("a", ""), Point::new("b", "")], &[])
            .unwrap();
        let directory = builder.build();
        let layout = directory.device(device).whole();
        let (producer, mut consumer) = ring(1);
        let telemetry = Arc::new(Telemetry::new("0", ["d".to_owned()]));
        let intake = Intake::new(Pool::new(1, 2), producer, Arc::clone(&telemetry));
        let offer = |values: &[f64]| {
            let mut batch = intake.take().unwrap_or_default();
            let now = Timestamp::EPOCH;
            batch.start_sweep(layout, now, TimeQuality::Synchronised, now);
            batch.extend(values.iter().copied());
            intake.offer(batch, Instant::now(), None)
        };
        assert!(matches!(
            offer(&[1.0]),
            Err(Refused::Invalid(BatchError::SweepLength { .. }))
        ));
        assert_eq!(offer(&[1.0, 2.0]), Ok(()));
        assert_eq!(offer(&[1.0, 2.0]), Err(Refused::RingFull));
        let ledger = telemetry.ledger.snapshot();
        assert_eq!((ledger.received, ledger.offered, ledger.refused), (5, 2, 3));
        assert!(ledger.is_balanced());
        assert_eq!(consumer.pop().map(|slot| slot.batch.len()), Some(2));
        // Without readings there must at least be something beside them.
        let offer = |octets: Option<&[u8]>, link| {
            let mut batch = Box::<Batch>::default();
            batch.start_events(layout, Timestamp::EPOCH);
            let letter = octets.map(|octets| {
                let device = layout.device_id();
                Box::new(DeadLetter::new(device, Timestamp::EPOCH, "why", octets))
            });
            let beside = Beside {
                letter,
                link,
                ..Beside::default()
            };
            intake.offer_with(batch, Instant::now(), None, beside)
        };
        assert_eq!(offer(None, None), Err(Refused::Invalid(BatchError::Empty)));
        assert_eq!(offer(Some(&[1, 2]), None), Ok(()));
        let letter = consumer.pop().and_then(|slot| slot.beside.letter);
        assert_eq!(letter.map(|letter| letter.length()), Some(2));
        let lost = LinkChange {
            device,
            state: LinkState::Lost,
            time: Timestamp::EPOCH,
        };
        assert_eq!(offer(None, Some(lost)), Ok(()));
        let link = consumer.pop().and_then(|slot| slot.beside.link);
        assert_eq!(link, Some(lost));
    }

    #[test]
    fn nothing_of_a_device_that_is_not_held_comes_in() {
        let mut builder = DirectoryBuilder::default();
        let device = builder.add("d", vec![Point::new("a", "")], &[]).unwrap();
        let directory = builder.build();
        let layout = directory.device(device).whole();
        let (producer, mut consumer) = ring(4);
        let telemetry = Arc::new(Telemetry::new("0", ["d".to_owned()]));
        let posted = Intake::new(Pool::new(4, 1), producer, Arc::clone(&telemetry));
        let tenure = Arc::<Tenure>::default();
        let polled = posted.under(Arc::clone(&tenure));
        let offer = |intake: &Intake| {
            let mut batch = intake.take().unwrap_or_default();
            let now = Timestamp::EPOCH;
            batch.start_sweep(layout, now, TimeQuality::Synchronised, now);
            batch.push(1.0, gridos_model::Quality::GOOD);
            intake.offer(batch, Instant::now(), None)
        };
        tenure.set_end(None);
        assert_eq!(offer(&polled), Err(Refused::Fenced));
        tenure.set(device, Epoch::new(7));
        assert!(polled.may_ask(device));
        assert_eq!((offer(&polled), offer(&posted)), (Ok(()), Ok(())));
        tenure.end();
        assert!(!polled.may_ask(device) && posted.may_ask(device));
        assert_eq!(offer(&polled), Err(Refused::Fenced));
        let mut epoch = || consumer.pop().map(|slot| slot.epoch);
        assert_eq!([epoch(), epoch()], [Some(Epoch::new(7)), Some(None)]);
        let ledger = telemetry.ledger.snapshot();
        assert_eq!(
            (ledger.received, ledger.refused_for(Refusal::Fenced)),
            (4, 2)
        );
        assert!(ledger.is_balanced());
    }
}
