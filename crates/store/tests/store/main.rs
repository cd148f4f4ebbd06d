//! Whole stores: SQLite always, PostgreSQL where its server is installed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop at the first surprise"
)]

mod outages;
mod postgres;
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
mod writer;
