//! SunSpec devices describe themselves: a chain of models from which a register map can be made.
//!
//! Clauses are those of the *SunSpec Device Information Model Specification* (version 1.2): a device
//! keeps the letters "SunS" in holding registers at 40000, 50000 or 0 (6.3), behind them models,
//! each with its id and length, up to the id 0xFFFF. [`Walk`] says what to read next and takes the
//! answers; [`Discovery::points`] makes points of the models in [`definition`].

mod definition;
mod point;
mod walk;

pub use definition::{Definition, definition};
pub use point::{ModelPoints, Point, Stated};
pub use walk::{BASES, Discovery, End, Model, Walk};
