//! What a member says of itself in the shared store.

use std::time::Duration;

use gridos_model::DeviceId;

use crate::{Epoch, Revision, Role, SessionId};

/// A member's record, under a key with its name. Each renewal of its lease writes it anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// The session that this renews; none in the record that begins one.
    pub session: Option<SessionId>,
    /// A random number kept in the data folder, whose lock the process holds. Who has the same one
    /// has the lock, so the process that wrote this before is no more.
    pub instance: u64,
    /// A random number of the process.
    pub birth: u64,
    /// Counts the writes of the process, so that it knows its own again.
    pub renewal: u64,
    /// Which devices it may have.
    pub role: Role,
    /// Its weight among the members of its role. With 0 it gets none.
    pub capacity: u32,
    /// Where peers ask it for grants, as the drivers understand it.
    pub address: String,
    /// The version that it runs, for people.
    pub version: String,
    /// How long others must have seen no renewal, by their clocks, before they may close this session.
    pub hold_off: Duration,
    /// The same for those that are not named in `peers`. Not shorter than `hold_off`.
    pub keep_hold_off: Duration,
    /// The sessions whose grants keep this one alive while the store is away. Who is named here may close
    /// it after `hold_off` unless it granted.
    pub peers: Vec<SessionId>,
    /// The plan that it acts upon: it has no device that this plan, or a later one, does not give it, but
    /// for those in `releasing`.
    pub seen: Epoch,
    /// Devices that it still has and lets go.
    pub releasing: Vec<DeviceId>,
    /// It is about to end: it is to be given nothing.
    pub leaving: bool,
}

impl MemberRecord {
    /// The session of the record that was written as `revision`.
    pub fn session_at(&self, revision: Revision) -> SessionId {
        self.session.unwrap_or(SessionId::begun_at(revision))
    }

    /// Whether it has let go of a device that the plan of `epoch` gave to another.
    pub fn has_released(&self, device: DeviceId, epoch: Epoch) -> bool {
        self.seen >= epoch && !self.releasing.contains(&device)
    }
}
