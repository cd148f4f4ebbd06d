//! What a failure means for somebody who stands before the device.

use std::io;

use gridos_collect::modbus::{ReadError, TLS_PORT};

/// What exception `code` means and what to try (V1.1b3, 7).
pub(crate) fn of_exception(code: u8) -> &'static str {
    match code {
        1 => "the device does not read this table at all; try another one of the four",
        2 => {
            "at least one of these addresses is not there; read fewer, or one lower if the \
             manual counts from 1"
        }
        3 => "the device does not read so many at once, or not this part of a value; read fewer",
        4 => "the device failed while it was answering; look at its own display",
        5 => "the device takes its time over it; ask again later",
        6 => "the device is busy with something else; ask again later",
        8 => "the device found its memory damaged",
        10 => {
            "the gateway has no way to this unit: its table of units, or its serial port, is not \
             set up for it"
        }
        11 => {
            "the gateway asked the unit and got no answer: a wrong --unit, or the unit is off or \
             not wired"
        }
        _ => "the standard knows no such code; look for it in the device's manual",
    }
}

/// What to try after `error` of a device at `port`.
pub(crate) fn of_error(error: &ReadError, port: u16) -> Option<&'static str> {
    if port == TLS_PORT
        && matches!(
            error,
            ReadError::Io(_) | ReadError::Closed | ReadError::Timeout(_)
        )
    {
        return Some(
            "port 802 is that of Modbus over TLS, which this command does not speak; a configuration \
             with tls in its profile does",
        );
    }
    Some(match error {
        ReadError::Exception { code } => of_exception(*code),
        ReadError::Timeout(_) => {
            "something listens there but does not answer: a wrong --unit, a slow device \
             (--timeout 5s), or its only connection is taken by another master"
        }
        ReadError::ConnectTimeout { .. } => {
            "nobody answers at this address: is the device on, is the address right, does a \
             firewall stand between?"
        }
        ReadError::Connect { source, .. } if is_unknown_name(source) => {
            "no address is known for this name: is it spelled as in the DNS? Try the device's IP \
             address instead"
        }
        ReadError::Connect { source, .. } if source.kind() != io::ErrorKind::ConnectionRefused => {
            "is the address right, and is there a way to its network?"
        }
        ReadError::Connect { .. } => {
            "nothing listens at this port; Modbus TCP is usually 502, and some devices must have \
             it switched on"
        }
        ReadError::Closed => {
            "some devices take one connection only, or only from addresses they were told of"
        }
        ReadError::Protocol(_) | ReadError::Count(_) => {
            "is it Modbus TCP at all? A serial gateway may be set to send RTU frames instead"
        }
        ReadError::NotDialledIn(_) | ReadError::Io(_) => return None,
    })
}

/// Whether the host's name has no address. The standard library has no kind of error for that, but
/// an error of a socket has a code of the system, and this one has none.
fn is_unknown_name(error: &io::Error) -> bool {
    error.raw_os_error().is_none() && error.to_string().contains("lookup")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(source: io::Error) -> ReadError {
        let host = "device.invalid".to_owned();
        let port = 502;
        ReadError::Connect { host, port, source }
    }

    #[test]
    fn advice_fits_what_went_wrong() {
        let unknown = io::Error::other("failed to lookup address information: Name unknown");
        let advice = |error: &ReadError, port| of_error(error, port).unwrap_or_default();
        assert!(advice(&connect(unknown), 502).contains("no address is known"));
        let refused = io::Error::from_raw_os_error(111);
        assert!(advice(&connect(refused), 502).contains("nothing listens"));
        let unreachable = io::Error::from_raw_os_error(101);
        assert!(!advice(&connect(unreachable), 502).contains("nothing listens"));
        let reset = || ReadError::Io(io::ErrorKind::ConnectionReset.into());
        assert!(advice(&reset(), 802).contains("TLS"));
        assert_eq!(of_error(&reset(), 502), None);
    }
}
