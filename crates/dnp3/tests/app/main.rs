//! The application layer against golden fragments, hostile ones, and itself.

#![cfg(test)]

mod arbitrary;
mod build;
mod fragments;
mod golden;
mod hostile;
mod qualifiers;
mod requests;
mod responses;
mod round_trip;
mod table;
mod times;
