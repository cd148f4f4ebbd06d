//! The engine: its configuration, its commands, and the wiring of all stages.
//!
//! This crate must not know the details of any stage: it reads what an operator wrote, derives
//! the bounds of every queue, and starts and drains the stages in order.

mod bench;
mod canary;
pub mod capture;
pub mod check;
mod child;
pub mod cli;
mod client;
mod color;
mod command;
pub mod config;
mod doctor;
mod engine;
mod export;
mod files;
mod hdr_log;
pub mod import;
mod log;
mod number;
mod output;
mod pages;
pub mod plan;
mod progress;
mod replay;
mod rollout;
mod scratch;
mod screen;
mod service;
mod size;
mod tee;

pub use engine::{Engine, OpenError, StartError, Summary};
