//! Tests of the whole system and of the house itself: one binary, so that it links once.

#![cfg(test)]

mod bench;
mod book;
mod canary;
mod chain;
mod cli;
mod contract;
mod decode;
mod demo;
mod deploy;
mod doctor;
mod drain;
mod fleet;
mod follow;
mod full;
mod fuzz;
mod history;
mod journal;
mod kill;
mod layering;
mod letters;
mod logs;
mod metrics;
mod migrate;
mod notify;
mod outstation;
mod recall;
mod relay;
mod reload;
mod replay;
mod security;
mod service;
mod storm;
mod tools;
mod support {
    //! The engine as a process, an HTTP client, and a PostgreSQL server, an Alertmanager and a NATS cluster
    //! of the tests' own.

    pub(crate) mod alertmanager;
    pub(crate) mod engine;
    pub(crate) mod http;
    pub(crate) mod nats;
    pub(crate) mod patience;
    #[path = "../../../crates/store/tests/support/postgres.rs"]
    pub(crate) mod postgres;
    pub(crate) mod random;
    pub(crate) mod slow_disk;
}
