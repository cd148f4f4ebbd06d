//! Listeners: devices that write their registers, devices that dial in, TLS, and strangers.

#![cfg(test)]

mod authority;
mod dial_in;
mod files;
mod interop;
mod push;
mod rig;
mod strangers;
mod tls;
