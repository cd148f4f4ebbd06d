//! Modbus register maps become request plans, and answered registers become columns.
//!
//! This crate must not know sockets, clocks or any runtime: a [`Plan`] says which requests read all
//! points of a device, a [`Question`] puts one onto the wire and takes its answer off it, and each
//! [`Request`] decodes that into a sweep. The field is read-only: the four read functions of a
//! [`Table`] are the only ones that can be expressed here; a write can be parsed ([`Written`]) but
//! neither made up nor encoded, so none can be sent by mistake.
//!
//! Clause numbers are those of the *MODBUS Application Protocol Specification V1.1b3*.

mod answer;
mod calendar;
mod check;
mod clock;
mod decode;
mod exception;
mod exponent;
mod forbidden;
mod group;
pub mod guess;
mod image;
mod incoming;
mod kind;
mod limits;
mod mbap;
mod memory;
mod order;
mod plan;
mod plan_error;
mod point;
mod question;
mod raw;
mod reply;
mod report;
mod request;
mod span;
pub mod sunspec;
mod table;
mod text;
mod values;

pub use answer::Answer;
pub use clock::{Clock, Stamp};
pub use exception::Exception;
pub use forbidden::{Forbidden, ParseForbiddenError};
pub use image::{Completed, CompletedText, Image, Staged};
pub use incoming::{Addresses, Incoming, Written};
pub use kind::{Kind, ParseKindError};
pub use limits::PlanLimits;
pub use mbap::{FRAME_BYTES_MAX, Frame, FrameError};
pub use memory::Memory;
pub use order::{Order, ParseOrderError};
pub use plan::{Apart, Plan};
pub use plan_error::{PlanError, PlanErrors};
pub use point::RegisterPoint;
pub use question::{AnswerError, Question, Told};
pub use reply::Reply;
pub use report::{LastReport, Report};
pub use request::{DecodeError, Request};
pub use span::Span;
pub use table::{ParseTableError, Table};
pub use text::text_bytes;
pub use values::Values;
