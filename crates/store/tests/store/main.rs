//! Whole stores: SQLite always, PostgreSQL where its server is installed.

mod outages;
mod postgres;
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
mod writer;
