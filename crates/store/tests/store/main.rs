//! Whole stores: SQLite always, PostgreSQL where its server is installed.

#![cfg(test)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop at the first surprise"
)]

mod division;
mod fences;
mod losses;
mod minutes;
mod outages;
mod partitions;
mod points;
mod postgres;
mod queries;
mod questions;
mod refusals;
mod retention;
mod roles;
mod servers;
mod silence;
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod writer;
