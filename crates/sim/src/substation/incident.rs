//! What goes wrong in a bay now and then.

use std::f64::consts::PI;

use crate::noise::{fraction, mix};

/// What happens in one window of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Incident {
    /// Nothing.
    None,
    /// The load rises to this multiple of the rated one.
    Overload(f64),
    /// The voltage falls by this fraction.
    Sag(f64),
    /// The cooling fails: the oil gets this much warmer, in K.
    Heat(f64),
    /// The breaker trips and stays open for a while.
    Trip,
}

/// An incident and how far it has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) incident: Incident,
    /// Strength at this moment, 0 (before and after) to 1 (at its height).
    pub(crate) strength: f64,
    /// The time to which the energy has been counted, in seconds since the epoch.
    pub(crate) counted: f64,
}

/// Seconds that incidents are dealt out by; one in four windows has one.
pub(crate) const WINDOW: f64 = 300.0;

/// The course of the incident of feeder `seed` at `now` (seconds since the epoch).
pub(crate) fn course(seed: u64, now: f64) -> Course {
    let window = (now / WINDOW).floor();
    let (start, length, incident) = deal(mix(seed, window.to_bits()));
    let begin = window * WINDOW + start;
    let end = begin + length;
    let is_on = (begin..end).contains(&now);
    let strength = match incident {
        _ if !is_on => 0.0,
        Incident::Trip => 1.0,
        Incident::None | Incident::Overload(_) | Incident::Sag(_) | Incident::Heat(_) => {
            (PI * (now - begin) / length).sin()
        }
    };
    let counted = if incident != Incident::Trip || now < begin {
        now
    } else if is_on {
        begin
    } else {
        // No energy while open; then the meter catches up by the end of the window.
        let rest = (window + 1.0) * WINDOW;
        begin + (now - end) * (rest - begin) / (rest - end)
    };
    Course {
        incident,
        strength,
        counted,
    }
}

/// When the incident of a window starts in it, how long it takes, and what it is.
fn deal(lot: u64) -> (f64, f64, Incident) {
    let size = fraction(lot, 1);
    let start = 130.0 * fraction(lot, 2);
    let length = 20.0 + 80.0 * fraction(lot, 3);
    match lot % 16 {
        0 => (start, length, Incident::Overload(1.0 + 0.2 * size)),
        1 => (start, length, Incident::Sag(0.08 + 0.06 * size)),
        2 => (0.0, WINDOW, Incident::Heat(28.0 + 14.0 * size)),
        3 => (start, length / 4.0, Incident::Trip),
        _ => (start, length, Incident::None),
    }
}
