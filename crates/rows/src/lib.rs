//! Batches as rows of a database: what is stored of them, how events are cut into packs, what
//! minutes tell, and all of it as the bytes of PostgreSQL's binary COPY.
//!
//! ```text
//! columns of a batch ─ clock ─┬─ copy ──────────────────────→ bytes
//!                             ├─ pack: events in small rows ─→
//!                             └─ minutes: added up, closed ──→
//! ```
//! This crate must not know connections, transactions, the journal and which databases there are.

pub mod clock;
pub mod copy;
pub mod minutes;
pub mod pack;
