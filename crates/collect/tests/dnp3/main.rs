//! DNP3 sessions on real sockets, against outstations that say what each test wants.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

#[path = "../listener/authority.rs"]
mod authority;
mod confirms;
mod dialling;
mod fleets;
mod floods;
mod groups;
mod guests;
mod letters;
#[path = "../lines/mod.rs"]
mod lines;
mod links;
mod listening;
mod outages;
mod outstation;
#[path = "../../../../tests/support/port.rs"]
mod port;
mod repeats;
mod rig;
mod starts;
mod values;
