//! One outstation on a line: its link layer and its transport function.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::link::{Frame, KeepAlive, Pair, Received, Station, StationConfig};
use gridos_dnp3::outstation::Moment;
use gridos_dnp3::transport::{FragmentMax, Reassembler, Segmenter};

use super::Unit;
use super::outlet::Outlet;

/// How long the segments of a request may take.
const SEGMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// A unit while its line is connected.
#[derive(Debug)]
pub(crate) struct Member {
    unit: Arc<Unit>,
    station: Station,
    reassembler: Reassembler,
    segmenter: Segmenter,
    /// When the outstation has something to do by itself.
    due: Option<Instant>,
}

impl Member {
    pub(crate) fn connect(unit: Arc<Unit>, pair: Pair, link: StationConfig, at: Moment) -> Self {
        unit.on_connection();
        unit.peek(|outstation| outstation.handle_connect(at));
        Self {
            station: Station::new(pair, link, at.now),
            reassembler: Reassembler::new(FragmentMax::default(), SEGMENT_TIMEOUT),
            segmenter: Segmenter::new(),
            due: None,
            unit,
        }
    }

    /// Its link address.
    pub(crate) fn address(&self) -> u16 {
        self.unit.address().raw()
    }

    /// Takes a frame; it may be for somebody else.
    pub(crate) fn handle_frame(&mut self, at: Moment, frame: &Frame<'_>, outlet: &mut Outlet) {
        let station = &mut self.station;
        let received = outlet.push(|out| station.handle(at.now, frame, out));
        let Received::Deliver(segment) = received else {
            return;
        };
        if let Ok(Some(fragment)) = self.reassembler.push(at.now, &segment) {
            let destination = segment.destination;
            self.unit
                .peek(|outstation| outstation.handle_fragment(at, destination, fragment));
            self.speak(at, outlet);
        }
    }

    /// Lets the outstation speak if there is a reason.
    pub(crate) fn handle_wake(&mut self, at: Moment, outlet: &mut Outlet) {
        let is_due = self.due.is_some_and(|due| due <= at.now);
        if self.unit.take_touched() || is_due {
            self.speak(at, outlet);
        }
    }

    /// Says all that the outstation has to say.
    pub(crate) fn speak(&mut self, at: Moment, outlet: &mut Outlet) {
        let (pair, segmenter) = (self.station.pair(), &mut self.segmenter);
        self.due = self.unit.peek(|outstation| {
            while let Some(fragment) = outstation.poll_fragment(at) {
                outlet.push(|out| segmenter.write_frames(pair, fragment, out));
            }
            outstation.poll_timeout()
        });
    }

    /// Asks the master whether it is there, if it is time; whether it seems not to be.
    pub(crate) fn keep_alive(&mut self, at: Moment, outlet: &mut Outlet) -> bool {
        let station = &mut self.station;
        outlet.push(|out| station.handle_timeout(at.now, out)) == KeepAlive::Failed
    }

    /// When it must be woken.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let times = [self.due, self.station.poll_timeout()];
        times.into_iter().flatten().min()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.unit.peek(|outstation| outstation.handle_disconnect());
    }
}
