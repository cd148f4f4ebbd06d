//! What happens, and what of it can be seen at a device.

use gridos_fleet::{Epoch, GrantId, GrantRequest, Revision, WriteError, WriteId};
use gridos_model::DeviceId;

use crate::store::Write;

/// What happens at a device.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Field {
    pub(crate) epoch: Epoch,
    /// Who polled it last.
    pub(crate) by: (usize, u64),
    /// Who took it last.
    pub(crate) taken_by: (usize, u64),
    pub(crate) busy_till: u64,
    pub(crate) polled_at: u64,
    pub(crate) gap_max: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    Wake(usize),
    Watch(usize),
    Poll(usize),
    /// What was on its way to a store that is no more is lost with it.
    Apply(usize, u64, WriteId, u64, Write),
    Answer(usize, u64, WriteId, Result<Revision, WriteError>),
    Released(usize, u64, DeviceId),
    Asked(usize, u64, GrantId, String, GrantRequest),
    Granted(usize, u64, GrantId, bool),
}
