//! Servers of the tests.

#[path = "../../tests/whole/support/nats.rs"]
#[expect(dead_code, reason = "tests kill servers")]
pub(crate) mod nats;
#[path = "../../crates/store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "only its port is wanted")]
pub(crate) mod postgres;
