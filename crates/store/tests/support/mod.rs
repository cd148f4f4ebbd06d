//! What the tests of this crate share.

pub(crate) mod contract;
pub(crate) mod engine;
pub(crate) mod fixture;
pub(crate) mod postgres;
