//! Modbus register maps become request plans, and answered registers become columns.
//!
//! This crate must not know sockets, clocks or any runtime: a [`Plan`] says which requests read all
//! points of a device, and each [`Request`] decodes its answer into a sweep. The field is
//! read-only: the four read functions of a [`Table`] are the only ones that can be expressed here;
//! no type of this crate describes a write, so none can be sent by mistake.
//!
//! Clause numbers are those of the *MODBUS Application Protocol Specification V1.1b3*.

mod decode;
mod kind;
mod limits;
mod order;
mod plan;
mod point;
mod request;
mod table;

pub use kind::{Kind, ParseKindError};
pub use limits::PlanLimits;
pub use order::{Order, ParseOrderError};
pub use plan::{Plan, PlanError, PlanErrors};
pub use point::RegisterPoint;
pub use request::{DecodeError, Request};
pub use table::{ParseTableError, Table};
