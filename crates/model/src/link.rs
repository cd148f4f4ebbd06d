//! A change of a device's communication: it was lost, or is whole again.

use std::fmt;

use crate::{DeviceIndex, Timestamp};

/// Whether the engine hears a device. The numbers are frozen: they are written to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum LinkState {
    /// The device does not answer: what is known of its points is what was known before.
    Lost = 1,
    /// The device has told anew how its points stand.
    Restored = 2,
}

impl LinkState {
    /// The state of that number.
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            1 => Self::Lost,
            2 => Self::Restored,
            _ => return None,
        })
    }

    /// The state in words, as stored in databases.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Restored => "restored",
        }
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The communication with a device was lost, or is whole again.
///
/// Of one device they take turns, beginning with a loss: a device that answers from the start on
/// has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkChange {
    /// The device.
    pub device: DeviceIndex,
    /// What became of the communication.
    pub state: LinkState,
    /// When it was noticed, by the engine's time of day.
    pub time: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_keep_their_numbers_and_names() {
        let states = (0..=u8::MAX).filter_map(|raw| Some((raw, LinkState::from_raw(raw)?)));
        let states: Vec<_> = states
            .map(|(raw, state)| (raw, state as u8, state.to_string()))
            .collect();
        let expected = [(1, 1, "lost"), (2, 2, "restored")];
        assert_eq!(states, expected.map(|(a, b, name)| (a, b, name.to_owned())));
    }
}
