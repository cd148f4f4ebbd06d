//! The pool and the bounded ring of recycled batches, and the receipts that come back.
//!
//! Producers take an empty [`Batch`](gridos_model::Batch) from the [`Pool`], fill it and offer it
//! to the [`Ring`]; one consumer pops it, and gives it back to the pool. Both are bounded, so a
//! producer always learns at once that it must hold back. This crate must not know what
//! consumes the batches.

mod intake;
mod pool;
mod receipt;
mod ring;
mod tenure;

pub use intake::{Intake, Refused};
pub use pool::Pool;
pub use receipt::{Durable, Lost, Receipt, Receiver};
pub use ring::{Arrival, Beside, Consumer, Full, Producer, Slot, ring};
pub use tenure::{Tenure, boot_time};
