//! The simulated outstation, fragment by fragment and in fake time.

#![cfg(test)]

mod assignments;
mod clock;
mod confirms;
mod conservation;
mod events;
mod faults;
mod golden;
mod hostile;
mod overflow;
mod reads;
mod requests;
mod rig;
mod static_values;
mod unsolicited;
