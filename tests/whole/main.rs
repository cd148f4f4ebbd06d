//! Tests of the whole system and of the house itself: one binary, so that it links once.

#![cfg(test)]

mod chain;
mod decode;
mod demo;
mod fuzz;
mod kill;
mod layering;
mod letters;
mod outstation;
mod readme;
mod tools;
mod support {
    //! The engine as a process, an HTTP client, and a PostgreSQL server of the tests' own.

    pub(crate) mod engine;
    pub(crate) mod http;
    #[path = "../../../crates/store/tests/support/postgres.rs"]
    pub(crate) mod postgres;
    pub(crate) mod random;
}
