//! Simulated outstations as a master of opendnp3 sees them, an independent implementation (PyPI
//! `yadnp3`).
//!
//! Skipped unless `tests/.venv` exists; `tests/requirements.txt` says how to make it. With
//! `GRIDOS_TESTS_SKIP_NOTHING`, as in `tests/run`, what would be skipped fails.
//!
//! What this master cannot do: know frozen analogs (groups 31 and 33), and leave events to be told
//! unasked alone (so that an outstation which does not tell them stands for that).

#![cfg(test)]

mod clocks;
mod events;
mod lines;
mod master;
#[path = "../../../../tests/interop/peer.rs"]
mod peer;
mod station;
mod values;
