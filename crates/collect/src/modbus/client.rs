//! One connection to a device or gateway.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use gridos_modbus::{Answer, Request, Table};
use tokio_modbus::client::{Client as _, tcp};
use tokio_modbus::{ProtocolError, Request as Pdu, Response, Slave};

use super::error::ReadError;
use super::patience::Patience;
use super::tagged::Lent;
use crate::net::Stream;

/// A connection; after any error but an exception it must be dropped, since a late answer could
/// be taken for that of the next request.
pub(super) struct Client {
    line: Lent<Stream>,
    patience: Patience,
}

/// What a device answered, of the length asked for.
#[derive(Debug)]
pub(super) enum Content {
    Registers(Vec<u16>),
    Bits(Vec<bool>),
}

/// What stands for a register that was not read. It must never become a value; should it, then
/// as a number this is the one that most devices send for "not there".
const MISSING: u16 = 0x8000;

impl Content {
    /// Content for all of `request` of which nothing was read yet.
    pub(super) fn missing(request: &Request) -> Self {
        let count = usize::from(request.count());
        if request.table().is_bits() {
            Self::Bits(vec![false; count])
        } else {
            Self::Registers(vec![MISSING; count])
        }
    }

    /// Keeps `part`, which was read `offset` behind the first address.
    pub(super) fn keep(&mut self, offset: u32, part: &Self) {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        match (self, part) {
            (Self::Registers(all), Self::Registers(part)) => put(all, from, part),
            (Self::Bits(all), Self::Bits(part)) => put(all, from, part),
            (Self::Registers(_) | Self::Bits(_), _) => {}
        }
    }

    pub(super) fn answer(&self) -> Answer<'_> {
        match self {
            Self::Registers(words) => Answer::registers(words),
            Self::Bits(bits) => Answer::bits(bits),
        }
    }
}

fn put<T: Copy>(all: &mut [T], from: usize, part: &[T]) {
    let places = all.get_mut(from..).unwrap_or_default();
    for (place, value) in places.iter_mut().zip(part) {
        *place = *value;
    }
}

impl Client {
    /// A client on a stream that nothing was sent over yet.
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            line: Lent::new(stream),
            patience: Patience::new(),
        }
    }

    /// Asks `unit` for `count` registers or bits of `table` from `start`, and waits for the answer.
    pub(super) async fn read(
        &mut self,
        unit: u8,
        table: Table,
        (start, count): (u16, u16),
        within: Duration,
    ) -> Result<Content, ReadError> {
        // Not the library's own read methods: they do not check the length of the answer, and
        // panic at a wrong one in a debug build.
        let pdu = match table {
            Table::Coil => Pdu::ReadCoils(start, count),
            Table::DiscreteInput => Pdu::ReadDiscreteInputs(start, count),
            Table::HoldingRegister => Pdu::ReadHoldingRegisters(start, count),
            Table::InputRegister => Pdu::ReadInputRegisters(start, count),
        };
        let quiet = poll_fn(|context| Poll::Ready(self.line.poll_quiet(context)));
        quiet.await.map_err(broken)?;
        let mut context = tcp::attach_slave(self.line.begin(), Slave(unit));
        let called = self.patience.wait_for(within, context.call(pdu)).await;
        let answered = called.ok_or(ReadError::Timeout(within))?;
        if answered.is_ok() && !self.line.has_one_answer() {
            let what = "more came than the answer".to_owned();
            return Err(ReadError::Protocol(what));
        }
        match answered.map_err(transport)? {
            Ok(response) => content(response, count),
            Err(exception) => Err(ReadError::Exception {
                code: exception.into(),
            }),
        }
    }
}

/// The answer, if it has the length of `count` registers or bits.
fn content(response: Response, count: u16) -> Result<Content, ReadError> {
    let count = usize::from(count);
    let (content, length) = if let Response::ReadHoldingRegisters(words)
    | Response::ReadInputRegisters(words) = response
    {
        let length = words.len();
        (Content::Registers(words), length)
    } else if let Response::ReadCoils(mut bits) | Response::ReadDiscreteInputs(mut bits) = response
    {
        // Bits come in whole bytes; the last ones are padding (V1.1b3, 6.1).
        let is_padded = bits.len() == count.next_multiple_of(8);
        let length = if is_padded { count } else { bits.len() };
        bits.truncate(length);
        (Content::Bits(bits), length)
    } else {
        let what = "it is of a function that was not asked".to_owned();
        return Err(ReadError::Protocol(what));
    };
    if length == count {
        Ok(content)
    } else {
        let what = format!("asked for {count} values, the answer has {length}");
        Err(ReadError::Protocol(what))
    }
}

fn transport(error: tokio_modbus::Error) -> ReadError {
    match error {
        tokio_modbus::Error::Protocol(ProtocolError::HeaderMismatch { message, .. }) => {
            ReadError::Protocol(other_header(&message))
        }
        tokio_modbus::Error::Protocol(ProtocolError::FunctionCodeMismatch { request, result }) => {
            let answered = match result {
                Ok(response) => response.function_code(),
                Err(exception) => exception.function,
            };
            let (answered, asked) = (answered.value(), request.value());
            ReadError::Protocol(format!("it is of function {answered}, not {asked}"))
        }
        tokio_modbus::Error::Transport(error) => broken(error),
    }
}

/// What is wrong with a header of which the library tells only the text
/// `… Header { transaction_id: 0, unit_id: 1 }, … Header { transaction_id: 0, unit_id: 2 }`.
fn other_header(message: &str) -> String {
    let unit = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        text.get(..digits)?.parse::<u8>().ok()
    };
    let units: Vec<u8> = message
        .split("unit_id: ")
        .skip(1)
        .filter_map(unit)
        .collect();
    match *units {
        [asked, answered] if asked != answered => format!("it is of unit {answered}, not {asked}"),
        _ => "it belongs to another request".to_owned(),
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

#[cfg(test)]
mod tests {
    use tokio_modbus::FunctionCode;

    use super::*;

    #[test]
    fn answers_to_something_else_are_told_in_words() {
        let told = |asked: (u16, u8), answered: (u16, u8)| {
            let header = |(id, unit): (u16, u8)| {
                format!("Header {{ transaction_id: {id}, unit_id: {unit} }}")
            };
            let (asked, answered) = (header(asked), header(answered));
            let message = format!("expected/request = {asked}, actual/response = {answered}");
            let result = Ok(Response::ReadInputRegisters(vec![1]));
            transport(ProtocolError::HeaderMismatch { message, result }.into()).to_string()
        };
        let head = "the answer breaks the protocol: it";
        assert_eq!(told((0, 1), (0, 2)), format!("{head} is of unit 2, not 1"));
        let other = format!("{head} belongs to another request");
        assert_eq!(told((0, 1), (7, 1)), other);
        let error = ProtocolError::FunctionCodeMismatch {
            request: FunctionCode::ReadHoldingRegisters,
            result: Ok(Response::ReadInputRegisters(vec![1])),
        };
        let told = transport(error.into()).to_string();
        assert_eq!(told, format!("{head} is of function 4, not 3"));
    }
}
