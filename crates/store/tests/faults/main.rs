//! What no fault may do: lose a reading, double one, or change one.
//!
//! Each test lets an engine write its journal into a store, does something terrible to the store
//! or to the way there, mends it, and then compares everything the journal ever held with
//! everything the database says. `GRIDOS_FAULT_SEEDS=1000..1100` runs the random sequences with
//! other seeds than the usual ones.

#![cfg(test)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop at the first surprise"
)]

mod agreement;
mod backups;
mod comparison;
mod control;
mod crashes;
mod database;
mod dice;
mod disk;
mod disks;
mod embedded;
mod life;
mod minutes;
mod model;
mod network;
mod outage;
mod proxy;
mod refusals;
mod row;
mod scene;
mod several;
mod site;
mod steps;
mod wire;
mod witness;
mod zombies;

#[path = "../support/postgres.rs"]
mod postgres;
