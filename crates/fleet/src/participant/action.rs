//! What goes between a participant and its driver.

use std::time::Duration;

use gridos_model::DeviceId;

use crate::{Epoch, GrantId, MemberRecord, Plan, Revision, Role, SessionId, StoreId, WriteId};

/// Who a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name in the fleet: no two members have the same.
    pub name: String,
    /// A random number kept in the data folder, which only one process can have open.
    pub instance: u64,
    /// A random number of this process.
    pub birth: u64,
    /// Which devices it may have.
    pub role: Role,
    /// Its weight among the members of its role.
    pub capacity: u32,
    /// Where peers ask it for grants.
    pub address: String,
    /// The version that it runs.
    pub version: String,
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write the own record if it stands at `expect`; create it if there is none to expect.
    WriteRecord {
        /// To be given back with the answer.
        write: WriteId,
        /// The revision that it replaces.
        expect: Option<Revision>,
        /// What to write.
        record: MemberRecord,
    },
    /// Write the plan if it stands at `expect`; create it if there is none to expect.
    WritePlan {
        /// To be given back with the answer.
        write: WriteId,
        /// The revision that it replaces.
        expect: Option<Revision>,
        /// What to write.
        plan: Plan,
    },
    /// Delete a member's record if it stands at `expect`.
    Close {
        /// To be given back with the answer.
        write: WriteId,
        /// Whose record; at the end the own one.
        name: String,
        /// The revision that is deleted.
        expect: Revision,
    },
    /// Send a request to a peer, whose participant answers it.
    AskGrant {
        /// To be given back with the answer.
        grant: GrantId,
        /// Where the peer is.
        address: String,
        /// The question.
        request: GrantRequest,
    },
    /// Begin to poll a device; its readings bear the epoch.
    Take {
        /// The device.
        device: DeviceId,
        /// Its fencing token.
        epoch: Epoch,
        /// Whether nobody is known to have let it go: who had it before may not know yet that it is taken.
        is_forced: bool,
    },
    /// Finish what is under way with a device and let it go, then say so.
    Release {
        /// The device.
        device: DeviceId,
    },
    /// Stop all devices at once, then say so for each when no request to it can be under way any more.
    Fence,
    /// All devices are with others, and the session is gone.
    Left,
}

/// The question whether a peer will leave a session alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantRequest {
    /// The store by which both count their sessions.
    pub store: StoreId,
    /// Who asks.
    pub subject: SessionId,
    /// Who is asked.
    pub peer: SessionId,
    /// For how long.
    pub hold_off: Duration,
}

/// Why a write did not succeed, or is not known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Another revision stands there.
    #[error("the store has another revision: somebody else wrote in between")]
    Conflict,
    /// No answer came: it may have succeeded, or may yet.
    #[error("the store did not answer: the write may have succeeded")]
    Unknown,
}
