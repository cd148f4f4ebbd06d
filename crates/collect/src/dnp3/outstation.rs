//! One outstation on a connection: link, transport, and the unit above.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::link::{
    AddressError, Frame, KeepAlive, Pair, Received, Role, Station, StationConfig, StationCounters,
};
use gridos_dnp3::transport::{Reassembler, Segmenter};
use gridos_ring::Intake;
use gridos_telemetry::{DeviceStats, Dnp3Cells};

use super::Dnp3Device;
use super::sorting::Row;
use super::tally::tell_station;
use super::unit::{Moment, Unit};

/// An outstation with all its layers.
#[derive(Debug)]
pub(super) struct Outstation {
    pub(super) unit: Unit,
    station: Station,
    reassembler: Reassembler,
    segmenter: Segmenter,
    /// Whether something happened that the machines have not been asked about.
    pub(super) is_touched: bool,
    /// Whether what it is to be told is on its way.
    is_sending: bool,
    told: StationCounters,
    segments_dropped: u64,
}

/// A partial fragment is given up after this time without its next segment.
const SEGMENTS_WITHIN: Duration = Duration::from_secs(5);

impl Outstation {
    pub(super) fn new(device: Dnp3Device, stats: Arc<DeviceStats>) -> Result<Self, AddressError> {
        let pair = Pair::new(Role::Master, device.master, device.outstation)?;
        let config = StationConfig {
            keep_alive: device.keep_alive,
            ..StationConfig::default()
        };
        Ok(Self {
            station: Station::new(pair, config, Instant::now()),
            reassembler: Reassembler::new(device.fragment_max, SEGMENTS_WITHIN),
            segmenter: Segmenter::new(),
            unit: Unit::new(device, stats),
            is_touched: false,
            is_sending: false,
            told: StationCounters::default(),
            segments_dropped: 0,
        })
    }

    /// The link addresses, that of the engine first.
    pub(super) fn addresses(&self) -> (u16, u16) {
        let pair = self.station.pair();
        (pair.local().raw(), pair.remote().raw())
    }

    /// Whose frames those of others are told apart from.
    pub(super) fn station(&self) -> &Station {
        &self.station
    }

    pub(super) fn on_connected(&mut self, now: Instant) {
        self.station.reset(now);
        self.is_sending = false;
        self.is_touched = true;
        self.unit.on_connected(now);
    }

    pub(super) fn on_disconnected(&mut self, why: &dyn std::fmt::Display, intake: &Intake) {
        self.reassembler.reset();
        self.unit.on_disconnected(why, intake);
        self.tell(&intake.telemetry().dnp3);
    }

    /// Takes a frame that is for this outstation's master; returns whether the engine has no room.
    pub(super) fn on_frame(
        &mut self,
        moment: Moment,
        frame: &Frame<'_>,
        out: &mut Vec<u8>,
        rows: &mut Vec<Row>,
        intake: &Intake,
    ) -> bool {
        self.is_touched = true;
        let Received::Deliver(segment) = self.station.handle(moment.now, frame, out) else {
            return false;
        };
        match self.reassembler.push(moment.now, &segment) {
            Ok(Some(fragment)) => self.unit.on_fragment(moment, fragment, rows, intake),
            Ok(None) => false,
            Err(error) => {
                tracing::debug!(device = self.unit.stats.name(), %error, "segment dropped");
                false
            }
        }
    }

    /// Asks the machines what is to be sent.
    pub(super) fn turn(&mut self, moment: Moment, out: &mut Vec<u8>, intake: &Intake) {
        let (now, wall) = (moment.now, moment.protocol_time());
        while let Some(fragment) = self.unit.association.poll_transmit(now, wall) {
            self.segmenter
                .write_frames(self.station.pair(), fragment, out);
            self.is_sending = true;
        }
        self.unit.take_events(now, intake);
        self.tell(&intake.telemetry().dnp3);
    }

    /// All that was to be sent has left.
    pub(super) fn on_sent(&mut self, moment: Moment) {
        if std::mem::take(&mut self.is_sending) {
            let (now, wall) = (moment.now, moment.protocol_time());
            self.unit.association.handle_sent(now, wall);
            self.is_touched = true;
        }
    }

    /// When [`Outstation::handle_timeout`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let dues = [
            self.unit.association.poll_timeout(),
            self.station.poll_timeout(),
            self.reassembler.poll_timeout(),
        ];
        dues.into_iter().flatten().min()
    }

    /// Looks what is due; returns whether nobody answers on the link.
    pub(super) fn handle_timeout(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        self.is_touched = true;
        self.reassembler.handle_timeout(now);
        self.unit.association.handle_timeout(now);
        self.station.handle_timeout(now, out) == KeepAlive::Failed
    }

    fn tell(&mut self, cells: &Dnp3Cells) {
        self.unit.tell(cells);
        let seen = *self.station.counters();
        tell_station(&seen, &self.told, cells);
        self.told = seen;
        let dropped = self.reassembler.counters().segments_dropped;
        cells
            .segments_dropped
            .add(dropped.saturating_sub(self.segments_dropped));
        self.segments_dropped = dropped;
    }
}
