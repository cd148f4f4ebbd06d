//! The desk: states, commands, lost links, edits and restarts, through the facade.

#![cfg(test)]

mod commands;
mod definitions;
mod generations;
mod hand_over;
mod links;
mod model;
mod nonsense;
mod plant;
mod restart;
mod table;
