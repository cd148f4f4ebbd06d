//! Which engine of a fleet polls which device: assignment, leases and hand-over as pure machines.
//!
//! This crate must not know sockets, clocks, runtimes, formats, or what a device is beyond its id:
//! what a shared store shows goes in with `now`, and what to write, take and release comes out.
//!
//! Four things decide, each by itself:
//!
//! - [`assign`] says which member *should* have which device.
//! - The [`Plan`] in the shared store says whom each device is *given* to, and who had it before.
//!   Whoever leads changes it, by compare-and-swap; there may be two leaders without harm.
//! - A member *takes* a device that the plan gives it once the one before has let go of it, and only
//!   while its own lease lasts.
//! - A member's session is *closed* by others, by compare-and-swap at the revision that was quiet
//!   for the hold-off. So a session that is gone has certainly stopped.
//!
//! [`Participant`] is all of them for one engine.
//!
//! A store that lost everything and was made anew ([`StoreId`]) knows nothing of all that: members stop at the end of
//! the lease that they have of the one before, and whoever leads in the new one first waits for as long as such a
//! lease may last.
//!
//! # What is relied on
//!
//! - The store's compare-and-swap is linearizable, and its watch tells changes in their order.
//! - What was on its way to a store that is no more finds other revisions in the one that was made anew.
//! - Clocks of members run at rates that differ by less than [`Timing::DRIFT_PERCENT_MAX`], and
//!   count the time for which a machine is suspended. Their readings need not agree.
//! - A driver asks [`Participant::lease_until`] before it sends a poll and before it takes an answer.
//!
//! Where these do not hold (a hypervisor that stops a guest with its clocks, a store that forgets some of what it
//! acknowledged, or all of it while members that have no way to it keep each other), the [`Epoch`] that goes with each reading lets the database tell who was late.

mod assignment;
mod closing;
mod id;
mod leader;
mod lease;
mod member;
mod moment;
mod participant;
mod plan;
mod record;
mod share;
mod timing;
mod view;
mod witness;

pub use assignment::{Assignment, Candidate, Device, Role, assign};
pub use id::{Epoch, GrantId, Revision, SessionId, StoreId, WriteId};
pub use moment::Moment;
pub use participant::{
    Action, GrantRequest, Identity, MemberStatus, Participant, Status, WriteError,
};
pub use plan::{Holding, Plan};
pub use record::MemberRecord;
pub use share::Share;
pub use timing::{Timing, TimingError};
