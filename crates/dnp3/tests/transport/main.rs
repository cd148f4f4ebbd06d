//! The transport function from outside: the rules of reassembly, foreign peers, the way of whole
//! fragments through frames.

#![cfg(test)]

mod bench;
mod frames;
mod hostile;
mod properties;
mod rules;
