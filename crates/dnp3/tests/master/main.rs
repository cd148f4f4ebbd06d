//! The master against scripts in fake time: every octet it sends, and when.

#![cfg(test)]

mod acceptance;
mod answers;
mod bench;
mod clocks;
mod confirms;
mod golden;
mod indications;
mod memory;
mod outstation;
mod pair;
mod pauses;
mod polls;
mod properties;
mod repeats;
mod starts;
mod unsolicited;
mod watch;
