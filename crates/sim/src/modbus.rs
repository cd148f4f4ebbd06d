//! Modbus TCP devices: a server for many, and what can be wrong with them.
//!
//! Clause numbers are those of the *MODBUS Application Protocol Specification V1.1b3*; MBAP is
//! that of the *Messaging on TCP/IP Implementation Guide V1.0b*, 3.1.

mod counting;
mod device;
mod fleet;
mod frame;
mod gateway;
mod masters;
mod memory;
mod proxy;
mod server;
mod spoil;

pub use counting::Counting;
pub use device::{Device, Exception, Fault, Read, Table};
pub use fleet::Fleet;
pub use gateway::Gateway;
pub use masters::{Masters, Seen};
pub use memory::Memory;
pub use proxy::Proxy;
pub use server::Server;
pub use spoil::Spoil;
