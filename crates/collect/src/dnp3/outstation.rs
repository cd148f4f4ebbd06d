//! One outstation on a connection: link, transport, and the unit above.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::link::{
    AddressError, Frame, KeepAlive, Pair, Received, Role, Station, StationConfig,
};
use gridos_dnp3::transport::{Reassembler, Segmenter};
use gridos_ring::Intake;
use gridos_telemetry::{DeviceStats, Dnp3Cells};

use super::Dnp3Device;
use super::channel::Ended;
use super::moment::Moment;
use super::pace::Pace;
use super::sorting::Row;
use super::tally::fault;
use super::unit::Unit;

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
    pace: Pace,
}

/// Memory that outstations use one after the other, so that no idle one has it.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pub(super) rows: Vec<Row>,
    fragment: Vec<u8>,
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
            pace: Pace::default(),
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

    pub(super) fn on_disconnected(&mut self, why: &Ended, intake: &Intake) {
        self.reassembler.reset();
        match why {
            Ended::Stopped | Ended::Fenced => self.unit.on_stopped(intake),
            Ended::Closed
            | Ended::Broken(_)
            | Ended::Silent
            | Ended::Noise(_)
            | Ended::Superseded => self.unit.on_disconnected(why, intake),
        }
        self.pace.forget();
        self.unit.tell(intake.telemetry());
    }

    /// Takes a frame that is for this outstation's master; returns whether the engine has no room.
    pub(super) fn on_frame(
        &mut self,
        moment: Moment,
        frame: &Frame<'_>,
        out: &mut Vec<u8>,
        spare: &mut Spare,
        intake: &Intake,
    ) -> bool {
        self.is_touched = true;
        let cells = &intake.telemetry().dnp3;
        let segment = match self.station.handle(moment.now, frame, out) {
            Received::Deliver(segment) => segment,
            Received::Refused(refusal) => {
                cells.on_faults(fault(refusal), 1);
                return false;
            }
            Received::Repeated | Received::Request | Received::Reply(_) => return false,
        };
        let before = self.reassembler.counters().segments_dropped;
        self.reassembler.take_memory(&mut spare.fragment);
        let rows = &mut spare.rows;
        let has_no_room = match self.reassembler.push(moment.now, &segment) {
            Ok(Some(fragment)) => self.unit.on_fragment(moment, fragment, rows, intake),
            Ok(None) => false,
            Err(error) => {
                tracing::debug!(device = self.unit.stats.name(), %error, "segment dropped");
                false
            }
        };
        let dropped = self.reassembler.counters().segments_dropped - before;
        if dropped > 0 {
            cells.segments_dropped.add(dropped);
        }
        has_no_room
    }

    /// Nothing more is there at present: gives back the memory of fragments.
    pub(super) fn rest(&mut self, spare: &mut Spare) {
        if let Some(memory) = self.reassembler.give_memory() {
            spare.fragment = memory;
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
        self.unit.tell(intake.telemetry());
        self.pace
            .look(self.unit.association.asking(), now, intake.telemetry());
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
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        out: &mut Vec<u8>,
        cells: &Dnp3Cells,
    ) -> bool {
        self.is_touched = true;
        let segments = self.reassembler.held_segments();
        if self.reassembler.handle_timeout(now) {
            cells.segments_dropped.add(segments);
        }
        self.unit.association.handle_timeout(now);
        match self.station.handle_timeout(now, out) {
            KeepAlive::Waiting => false,
            KeepAlive::Sent => {
                cells.keep_alives.increment();
                false
            }
            KeepAlive::Failed => {
                cells.keep_alives_failed.increment();
                true
            }
        }
    }
}
