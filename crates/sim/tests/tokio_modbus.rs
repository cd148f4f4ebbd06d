//! The server as the clients of tokio-modbus see it, an implementation that is not ours.

#![cfg(test)]

use std::net::Ipv4Addr;
use std::sync::Arc;

use gridos_sim::modbus::{Exception, Memory, Server, Table};
use tokio_modbus::client::{Reader as _, tcp};
use tokio_modbus::{ExceptionCode, Slave};

#[tokio::test]
async fn all_tables_are_read_right_and_refusals_are_told() {
    let memory = Memory::default();
    let words: Vec<u16> = (0..200_u16).map(|at| at.wrapping_mul(331)).collect();
    let inputs: Vec<u16> = words.iter().map(|word| !word).collect();
    let bits: Vec<bool> = (0..2_000).map(|at| at % 3 == 0).collect();
    memory.set_registers(Table::HoldingRegister, 0, &words);
    memory.set_registers(Table::InputRegister, 0, &inputs);
    memory.set_bits(Table::Coil, 0, &bits);
    memory.set_bits(Table::DiscreteInput, 5, &bits);
    memory.refuse(Table::InputRegister, 7..=7, Exception::Busy);
    let local = (Ipv4Addr::LOCALHOST, 0).into();
    let server = Server::bind(local, Arc::new(memory)).await.unwrap();
    let client = tcp::connect_slave(server.local_addr(), Slave(3)).await;
    let mut client = client.unwrap();
    let holding = client.read_holding_registers(0, 125).await.unwrap();
    assert_eq!(holding.unwrap(), words[..125]);
    let input = client.read_input_registers(8, 1).await.unwrap();
    assert_eq!(input.unwrap(), inputs[8..9]);
    let coils = client.read_coils(0, 2_000).await.unwrap();
    assert_eq!(coils.unwrap(), bits);
    let discrete = client.read_discrete_inputs(6, 11).await.unwrap();
    assert_eq!(discrete.unwrap(), bits[1..12]);
    let busy = client.read_input_registers(0, 10).await.unwrap();
    assert_eq!(busy.unwrap_err(), ExceptionCode::ServerDeviceBusy);
    let nothing = client.read_holding_registers(1_000, 1).await.unwrap();
    assert_eq!(nothing.unwrap_err(), ExceptionCode::IllegalDataAddress);
    server.stop().await;
}
