//! One connection to a device or gateway.

use std::io;
use std::time::Duration;

use gridos_modbus::{Request, Table};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_modbus::client::{Client as _, Context, tcp};
use tokio_modbus::slave::SlaveContext as _;
use tokio_modbus::{ProtocolError, Request as Pdu, Response, Slave};

use super::error::ReadError;
use super::tagged::Tagged;

/// A connection; after any error but an exception it must be dropped, since a late answer could
/// be taken for that of the next request.
pub(super) struct Client {
    context: Context,
}

/// What a device answered, of the length asked for.
pub(super) enum Answer {
    Registers(Vec<u16>),
    Bits(Vec<bool>),
}

/// A connection without traffic is probed after this time, and then as often.
const KEEPALIVE: Duration = Duration::from_secs(15);

impl Client {
    pub(super) async fn connect(
        host: &str,
        port: u16,
        within: Duration,
    ) -> Result<Self, ReadError> {
        let connecting = timeout(within, TcpStream::connect((host, port))).await;
        let connected = connecting.map_err(|_| ReadError::ConnectTimeout {
            host: host.to_owned(),
            port,
            after: within,
        })?;
        let stream = connected.and_then(prepared);
        let stream = stream.map_err(|source| ReadError::Connect {
            host: host.to_owned(),
            port,
            source,
        })?;
        Ok(Self {
            context: tcp::attach_slave(Tagged::new(stream), Slave(0)),
        })
    }

    /// Sends `request` to `unit` and waits for its answer.
    pub(super) async fn read(
        &mut self,
        unit: u8,
        request: &Request,
        within: Duration,
    ) -> Result<Answer, ReadError> {
        self.context.set_slave(Slave(unit));
        // Not the library's own read methods: they do not check the length of the answer, and
        // panic at a wrong one in a debug build.
        let (start, count) = (request.start(), request.count());
        let pdu = match request.table() {
            Table::Coil => Pdu::ReadCoils(start, count),
            Table::DiscreteInput => Pdu::ReadDiscreteInputs(start, count),
            Table::HoldingRegister => Pdu::ReadHoldingRegisters(start, count),
            Table::InputRegister => Pdu::ReadInputRegisters(start, count),
        };
        let called = timeout(within, self.context.call(pdu)).await;
        let answered = called.map_err(|_| ReadError::Timeout(within))?;
        match answered.map_err(transport)? {
            Ok(response) => answer(response, count),
            Err(exception) => Err(ReadError::Exception {
                code: exception.into(),
            }),
        }
    }
}

fn prepared(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

/// The answer, if it has the length of `count` registers or bits.
fn answer(response: Response, count: u16) -> Result<Answer, ReadError> {
    let count = usize::from(count);
    let (answer, length) = if let Response::ReadHoldingRegisters(words)
    | Response::ReadInputRegisters(words) = response
    {
        let length = words.len();
        (Answer::Registers(words), length)
    } else if let Response::ReadCoils(mut bits) | Response::ReadDiscreteInputs(mut bits) = response
    {
        // Bits come in whole bytes; the last ones are padding (V1.1b3, 6.1).
        let is_padded = bits.len() == count.next_multiple_of(8);
        let length = if is_padded { count } else { bits.len() };
        bits.truncate(length);
        (Answer::Bits(bits), length)
    } else {
        let what = "it is of a function that was not asked".to_owned();
        return Err(ReadError::Protocol(what));
    };
    if length == count {
        Ok(answer)
    } else {
        let what = format!("asked for {count} values, the answer has {length}");
        Err(ReadError::Protocol(what))
    }
}

fn transport(error: tokio_modbus::Error) -> ReadError {
    match error {
        tokio_modbus::Error::Protocol(ProtocolError::HeaderMismatch { message, .. }) => {
            ReadError::Protocol(message)
        }
        tokio_modbus::Error::Protocol(error) => ReadError::Protocol(error.to_string()),
        tokio_modbus::Error::Transport(error) => broken(error),
    }
}

fn broken(error: io::Error) -> ReadError {
    use io::ErrorKind as Kind;
    const BROKEN: [Kind; 7] = [
        Kind::ConnectionReset,
        Kind::ConnectionAborted,
        Kind::BrokenPipe,
        Kind::TimedOut,
        Kind::HostUnreachable,
        Kind::NetworkUnreachable,
        Kind::NetworkDown,
    ];
    let kind = error.kind();
    if matches!(kind, Kind::InvalidData | Kind::InvalidInput) {
        ReadError::Protocol(error.to_string())
    } else if BROKEN.contains(&kind) {
        ReadError::Io(error)
    } else {
        // At the end of the stream the library reports whatever the system last complained of.
        ReadError::Closed
    }
}
