//! The server as a client on the wire sees it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "../../../tests/support/port.rs"]
mod port;

use std::net::Ipv4Addr;
use std::sync::Arc;

use gridos_sim::modbus::{Fault, Fleet, Gateway, Memory, Server, Table};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use self::port::free_port;

const READ: [u8; 12] = [0, 1, 0, 0, 0, 6, 3, 4, 0, 5, 0, 1];
const ANSWER: [u8; 11] = [0, 1, 0, 0, 0, 5, 3, 4, 2, 0x12, 0x34];

fn memory() -> Arc<Memory> {
    let memory = Memory::default();
    memory.set_registers(Table::InputRegister, 5, &[0x1234]);
    Arc::new(memory)
}

async fn serve(memory: &Arc<Memory>) -> Server {
    let device = Arc::clone(memory);
    // It may go away and come back.
    Server::bind((Ipv4Addr::LOCALHOST, free_port()).into(), device)
        .await
        .unwrap()
}

async fn answer(stream: &mut TcpStream) -> [u8; 11] {
    let mut answer = [0; 11];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_request_split_at_every_byte_is_answered() {
    let server = serve(&memory()).await;
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for cut in 0..=READ.len() {
        stream.write_all(&READ[..cut]).await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(&READ[cut..]).await.unwrap();
        assert_eq!(answer(&mut stream).await, ANSWER);
    }
}

#[tokio::test]
async fn many_requests_at_once_are_answered_in_order() {
    let server = serve(&memory()).await;
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(&READ.repeat(100)).await.unwrap();
    for _ in 0..100 {
        assert_eq!(answer(&mut stream).await, ANSWER);
    }
}

#[tokio::test]
async fn a_stopped_server_frees_its_port_and_ends_its_connections() {
    let memory = memory();
    let server = serve(&memory).await;
    let address = server.local_addr();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&READ).await.unwrap();
    answer(&mut stream).await;
    server.stop().await;
    assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).await.is_err());
    let again = Server::bind(address, memory).await.unwrap();
    assert_eq!(again.local_addr(), address);
    assert!(TcpStream::connect(address).await.is_ok());
}

#[tokio::test]
async fn what_is_no_modbus_ends_the_connection() {
    let memory = memory();
    let server = serve(&memory).await;
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    memory.set_fault(Some(Fault::Close));
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(&READ).await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_gateway_passes_on_to_its_units() {
    let gateway = Gateway::default().with(3, memory());
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(gateway))
        .await
        .unwrap();
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(&READ).await.unwrap();
    assert_eq!(answer(&mut stream).await, ANSWER);
    let mut absent = READ;
    absent[6] = 4;
    stream.write_all(&absent).await.unwrap();
    let mut exception = [0; 9];
    stream.read_exact(&mut exception).await.unwrap();
    assert_eq!(exception[7..], [0x84, 11]);
}

#[tokio::test]
async fn a_fleet_listens_on_as_many_ports() {
    let fleet = Fleet::start(Ipv4Addr::LOCALHOST.into(), 0, 20, 7)
        .await
        .unwrap();
    let addresses: Vec<_> = fleet.addresses().collect();
    for address in &addresses {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&READ).await.unwrap();
        assert_eq!(answer(&mut stream).await[7..9], [4, 2]);
    }
    fleet.stop().await;
    assert!(TcpStream::connect(addresses[19]).await.is_err());
    let past = Fleet::start(Ipv4Addr::LOCALHOST.into(), 65_535, 2, 7).await;
    assert!(past.is_err());
}
