//! Whole stores: SQLite always, PostgreSQL where its server is installed.

#![cfg(test)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop at the first surprise"
)]

mod losses;
mod outages;
mod postgres;
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
mod writer;
