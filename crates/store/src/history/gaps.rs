//! Spans of time in which readings are known to be missing.

use gridos_model::Timestamp;

use super::DevicePlace;

/// Gaps that reach into a time range, the earliest first. Those of whole engines are of every device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapsQuery {
    /// Of these devices.
    pub devices: Vec<String>,
    /// And of the devices of these points, by their full names. If there are neither devices nor
    /// points: of all devices.
    pub points: Vec<String>,
    /// The first instant wanted.
    pub from: Timestamp,
    /// The first instant no longer wanted.
    pub until: Timestamp,
    /// Only what comes behind this place.
    pub after: Option<DevicePlace>,
    /// The most rows wanted.
    pub limit: usize,
}

/// One gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapRow {
    /// The device's name; `None` if readings of any device of an engine may be missing.
    pub device: Option<String>,
    /// The last instant known to be covered.
    pub from: Timestamp,
    /// The first instant covered again; the same as `from` if only the instant is known.
    pub until: Timestamp,
    /// Why: `device_down`, `engine_down`, …
    pub reason: String,
}
