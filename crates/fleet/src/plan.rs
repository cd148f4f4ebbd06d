//! Whom each device is given to.

use std::collections::BTreeMap;

use gridos_model::DeviceId;

use crate::{Epoch, SessionId};

/// The document that says whom each device is given to; changed by compare-and-swap only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Grows by one with each change.
    pub version: Epoch,
    /// Each device that is given to somebody, or was and is not yet let go.
    pub holdings: BTreeMap<DeviceId, Holding>,
}

/// Whom a device is given to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Holding {
    /// The session that may take it; none while there is nobody for it.
    pub owner: Option<SessionId>,
    /// The session that had it and is not yet known to have let go.
    pub from: Option<SessionId>,
    /// The version of the plan that gave it to the owner.
    pub epoch: Epoch,
}
