//! What became of an order to an output.

use std::fmt;

/// The status code of an order (IEEE 1815-2012, Annex A, groups 12, 13, 41 and 43).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommandStatus(u8);

impl CommandStatus {
    /// The order was taken.
    pub const SUCCESS: Self = Self(0);

    /// The code on the wire.
    pub const fn new(code: u8) -> Self {
        Self(code)
    }

    /// The code on the wire.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The name in the standard; `None` for reserved codes.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "SUCCESS",
            1 => "TIMEOUT",
            2 => "NO_SELECT",
            3 => "FORMAT_ERROR",
            4 => "NOT_SUPPORTED",
            5 => "ALREADY_ACTIVE",
            6 => "HARDWARE_ERROR",
            7 => "LOCAL",
            8 => "TOO_MANY_OBJS",
            9 => "NOT_AUTHORIZED",
            10 => "AUTOMATION_INHIBIT",
            11 => "PROCESSING_LIMITED",
            12 => "OUT_OF_RANGE",
            126 => "NON_PARTICIPATING",
            127 => "UNDEFINED",
            _ => return None,
        })
    }
}

impl fmt::Display for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "reserved status {}", self.0),
        }
    }
}
