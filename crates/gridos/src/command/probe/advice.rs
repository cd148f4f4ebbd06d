//! What a failure means for somebody who stands before the device.

use gridos_collect::modbus::ReadError;

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

/// What to try after `error`.
pub(crate) fn of_error(error: &ReadError) -> Option<&'static str> {
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
