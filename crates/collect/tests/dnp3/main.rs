//! DNP3 sessions on real sockets, against outstations that say what each test wants.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

mod confirms;
mod outages;
mod outstation;
mod repeats;
mod rig;
mod values;
