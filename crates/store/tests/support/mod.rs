//! What the tests of this crate share.

pub(crate) mod contract;
pub(crate) mod earlier;
pub(crate) mod engine;
pub(crate) mod fixture;
pub(crate) mod minutes;
pub(crate) mod postgres;
mod settings;
pub(crate) mod sql;
