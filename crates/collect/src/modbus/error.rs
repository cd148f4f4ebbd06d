//! What can be wrong with a connection or an answer.

use std::io;
use std::time::Duration;

use gridos_modbus::DecodeError;

use crate::net::ConnectError;

/// Why a request brought no reading.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The connection could not be made in time.
    #[error("no connection to {host}:{port} within {} ms", after.as_millis())]
    ConnectTimeout {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection was refused, or the name has no address.
    #[error("cannot connect to {host}:{port}: {source}")]
    Connect {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The device is to dial in, and has not for so long.
    #[error("the device did not dial in within {} ms", .0.as_millis())]
    NotDialledIn(Duration),
    /// No answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(io::Error),
    /// The device closed the connection instead of answering.
    #[error("the device closed the connection")]
    Closed,
    /// The answer is no Modbus, or not the answer to the request.
    #[error("the answer breaks the protocol: {0}")]
    Protocol(String),
    /// The answer has another number of registers or bits than asked for.
    #[error("the answer breaks the protocol: {0}")]
    Count(#[from] DecodeError),
    /// The device answered with an exception; the connection is sound.
    #[error("exception {code} ({name})", name = exception_name(*code))]
    Exception {
        /// The exception code (V1.1b3, 7).
        code: u8,
    },
}

impl From<ConnectError> for ReadError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Timeout { host, port, after } => {
                Self::ConnectTimeout { host, port, after }
            }
            ConnectError::Refused { host, port, source } => Self::Connect { host, port, source },
            ConnectError::NotDialledIn(after) => Self::NotDialledIn(after),
        }
    }
}

impl ReadError {
    /// Whether the unit itself could not be reached: everything but an exception that the unit
    /// made, as opposed to the gateway before it (10 and 11).
    pub fn is_outage(&self) -> bool {
        !matches!(self, Self::Exception { code } if !matches!(code, 10 | 11))
    }
}

/// The name of an exception code in the *MODBUS Application Protocol Specification V1.1b3*, 7.
pub const fn exception_name(code: u8) -> &'static str {
    match code {
        1 => "illegal function",
        2 => "illegal data address",
        3 => "illegal data value",
        4 => "server device failure",
        5 => "acknowledge",
        6 => "server device busy",
        8 => "memory parity error",
        10 => "gateway path unavailable",
        11 => "gateway target device failed to respond",
        _ => "not in the specification",
    }
}
