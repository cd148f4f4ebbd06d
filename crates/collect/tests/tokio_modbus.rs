//! The client against a server of tokio-modbus, an implementation that is not ours.

#![cfg(test)]

use std::future::{Ready, ready};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gridos_collect::modbus::{Probe, ReadError, Via};
use gridos_modbus::Table;
use tokio::net::TcpListener;
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::{Server, accept_tcp_connection};
use tokio_modbus::{ExceptionCode, Request, Response, SlaveRequest};

/// A unit that has all addresses up to this one, each with a value that tells them apart.
const LAST: u16 = 9_999;
const UNIT: u8 = 17;

struct Device;

fn word(at: u16) -> u16 {
    at.wrapping_mul(40_503)
}

fn bit(at: u16) -> bool {
    word(at) & 0x10 != 0
}

impl Service for Device {
    type Request = SlaveRequest<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        ready(if request.slave == UNIT {
            answer(&request.request)
        } else {
            Err(ExceptionCode::GatewayPathUnavailable)
        })
    }
}

fn answer(request: &Request<'_>) -> Result<Response, ExceptionCode> {
    let all = |start: u16, count: u16| {
        let end = u32::from(start) + u32::from(count);
        let is_there = end <= u32::from(LAST) + 1;
        let all = is_there.then(|| start..start + count);
        all.ok_or(ExceptionCode::IllegalDataAddress)
    };
    if let Request::ReadCoils(start, count) = *request {
        let bits = all(start, count)?.map(bit).collect();
        Ok(Response::ReadCoils(bits))
    } else if let Request::ReadDiscreteInputs(start, count) = *request {
        let bits = all(start, count)?.map(|at| !bit(at)).collect();
        Ok(Response::ReadDiscreteInputs(bits))
    } else if let Request::ReadHoldingRegisters(start, count) = *request {
        let words = all(start, count)?.map(word).collect();
        Ok(Response::ReadHoldingRegisters(words))
    } else if let Request::ReadInputRegisters(start, count) = *request {
        let words = all(start, count)?.map(|at| !word(at)).collect();
        Ok(Response::ReadInputRegisters(words))
    } else {
        Err(ExceptionCode::IllegalFunction)
    }
}

/// Serves until the test's runtime ends.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let connected = |stream, peer| {
            let accepted = accept_tcp_connection(stream, peer, |_| Ok(Some(Device)));
            async move { accepted }
        };
        Server::new(listener).serve(&connected, |_| {}).await
    });
    address
}

async fn probe(address: SocketAddr, unit: u8) -> Probe {
    let (host, within) = (address.ip().to_string(), Duration::from_secs(30));
    let probe = Probe::connect(&host, address.port(), Via::Tcp, unit, within);
    probe.await.unwrap()
}

#[tokio::test]
async fn every_table_is_read_right_at_every_length() {
    let mut probe = probe(serve().await, UNIT).await;
    let ranges = |most: u16| {
        let counts = [1, 2, 7, 8, 9, 16, 17, most - 1, most];
        counts.map(|count| [(0, count), (LAST + 1 - count, count)])
    };
    for (start, count) in ranges(125).into_iter().flatten() {
        let all = start..start + count;
        let holding = probe.registers(Table::HoldingRegister, start, count).await;
        let words: Vec<u16> = all.clone().map(word).collect();
        assert_eq!(holding.unwrap().values, words);
        let input = probe.registers(Table::InputRegister, start, count).await;
        let words: Vec<u16> = all.map(|at| !word(at)).collect();
        assert_eq!(input.unwrap().values, words);
    }
    for (start, count) in ranges(2_000).into_iter().flatten() {
        let all = start..start + count;
        let coils = probe.bits(Table::Coil, start, count).await;
        let bits: Vec<bool> = all.clone().map(bit).collect();
        assert_eq!(coils.unwrap().values, bits);
        let discrete = probe.bits(Table::DiscreteInput, start, count).await;
        let bits: Vec<bool> = all.map(|at| !bit(at)).collect();
        assert_eq!(discrete.unwrap().values, bits);
    }
}

#[tokio::test]
async fn refusals_are_told_and_the_connection_stays() {
    let address = serve().await;
    let mut probe = probe(address, UNIT).await;
    for _ in 0..3 {
        let refused = probe.registers(Table::HoldingRegister, LAST, 2).await;
        let refused = refused.unwrap_err();
        assert!(
            matches!(refused, ReadError::Exception { code: 2 }),
            "{refused}"
        );
        let read = probe.registers(Table::HoldingRegister, LAST, 1).await;
        assert_eq!(read.unwrap().values, [word(LAST)]);
    }
    let mut probe = self::probe(address, UNIT + 1).await;
    let nobody = probe.bits(Table::Coil, 0, 1).await.unwrap_err();
    assert!(
        matches!(nobody, ReadError::Exception { code: 10 }),
        "{nobody}"
    );
}
