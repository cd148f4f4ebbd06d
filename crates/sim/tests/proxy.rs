//! The bad line as a client on the wire sees it.

#![cfg(test)]

use std::net::Ipv4Addr;
use std::sync::Arc;

use gridos_sim::modbus::{Memory, Proxy, Server, Spoil, Table};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const READ: [u8; 12] = [0, 1, 0, 0, 0, 6, 3, 4, 0, 5, 0, 1];
const ANSWER: [u8; 11] = [0, 1, 0, 0, 0, 5, 3, 4, 2, 0x12, 0x34];

async fn line(script: impl Fn(u64) -> Spoil + Send + Sync + 'static) -> (Server, Proxy, TcpStream) {
    let memory = Memory::default();
    memory.set_registers(Table::InputRegister, 5, &[0x1234]);
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(memory));
    let server = server.await.unwrap();
    let proxy = Proxy::start(server.local_addr(), script).await.unwrap();
    let client = TcpStream::connect(proxy.local_addr()).await.unwrap();
    (server, proxy, client)
}

#[tokio::test]
async fn an_answer_is_cut_at_every_byte() {
    for at in 0..=ANSWER.len() {
        let (_server, proxy, mut client) = line(move |_| Spoil::Cut(at)).await;
        client.write_all(&READ).await.unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, ANSWER[..at]);
        assert_eq!(proxy.answers(), 1);
    }
}

#[tokio::test]
async fn the_script_goes_answer_by_answer() {
    let script =
        |n| [Spoil::Pass, Spoil::Duplicate, Spoil::Split(4)][usize::try_from(n).unwrap() % 3];
    let (_server, proxy, mut client) = line(script).await;
    for times in [1, 2, 1, 1, 2, 1] {
        client.write_all(&READ).await.unwrap();
        let mut all = vec![0; ANSWER.len() * times];
        client.read_exact(&mut all).await.unwrap();
        assert_eq!(all, ANSWER.repeat(times));
    }
    assert_eq!(proxy.answers(), 6);
}
