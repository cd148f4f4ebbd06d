//! Sessions against outstations of opendnp3, an independent implementation (PyPI `yadnp3`).
//!
//! Skipped unless `tests/.venv` exists; `tests/requirements.txt` says how to make it. With
//! `GRIDOS_TESTS_SKIP_NOTHING`, as in `tests/run`, what would be skipped fails.
//!
//! What the binding cannot do: choose the variations in which an outstation tells by itself (so that
//! what comes unasked or by class has no time and analogs are integers; the others are asked for),
//! change octet strings, say how many events wait before a confirm, and use TLS of today (which
//! stunnel does in its place). What is missing is covered by `captures.rs` and by `dnp3`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

#[path = "../listener/authority.rs"]
mod authority;
mod classes;
mod dial_in;
#[path = "../dnp3/guests.rs"]
mod guests;
mod many;
mod outages;
mod outstation;
#[path = "../../../../tests/interop/peer.rs"]
mod peer;
mod receipts;
#[expect(dead_code, reason = "these tests wait in a way of their own")]
#[path = "../dnp3/rig.rs"]
mod rig;
mod statics;
mod stunnel;
mod takings;
mod times;
mod tls;
mod unasked;
