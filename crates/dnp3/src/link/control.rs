//! The control octet: direction, who began, and the function.
//!
//! ```text
//! bit  7    6    5    4    3..0
//!      DIR  PRM  FCB  FCV  function of a primary station (PRM = 1)
//!      DIR  PRM  0    DFC  function of a secondary station (PRM = 0)
//! ```

use std::fmt;

const DIR: u8 = 0x80;
const PRM: u8 = 0x40;
const FCB: u8 = 0x20;
const FCV: u8 = 0x10;
const DFC: u8 = 0x10;
const FUNCTION: u8 = 0x0F;

/// What a frame is for (IEEE 1815-2012, 9.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// DIR: the sender is a master.
    pub from_master: bool,
    /// Who began, and the function.
    pub function: Function,
}

/// The function, of the station that begins a transaction or of the one that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// PRM = 1.
    Primary {
        /// What is wanted.
        function: Primary,
        /// The frame count bit: alternates between confirmed frames. Without meaning unless
        /// [`Primary::is_counted`].
        fcb: bool,
    },
    /// PRM = 0.
    Secondary {
        /// The answer.
        function: Secondary,
        /// Data flow control: the answering station cannot take more user data now.
        dfc: bool,
    },
}

/// What the station that begins wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primary {
    /// 0: begin anew to count confirmed frames.
    ResetLinkStates,
    /// 2: repeat the last acknowledgement.
    TestLinkStates,
    /// 3: user data to be acknowledged by the link layer.
    ConfirmedUserData,
    /// 4: user data.
    UnconfirmedUserData,
    /// 9: are you there?
    RequestLinkStatus,
}

/// What the other station answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secondary {
    /// 0: done.
    Ack,
    /// 1: not done; the link states must be reset first.
    Nack,
    /// 11: I am here.
    LinkStatus,
    /// 15: I am here but do not know that function.
    NotSupported,
}

/// The octet has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No primary function has this code.
    #[error("control octet {0:#04x} has no primary function")]
    Primary(u8),
    /// No secondary function has this code.
    #[error("control octet {0:#04x} has no secondary function")]
    Secondary(u8),
    /// FCV says the frame is counted where the function says it is not, or the other way round.
    #[error("control octet {0:#04x} has an FCV bit that its function does not allow")]
    Fcv(u8),
}

impl Control {
    /// Reads the octet. Bit 5 of a secondary frame, which should be 0, is ignored.
    ///
    /// # Errors
    /// If the function has no meaning, or its FCV bit does not agree with it.
    pub fn decode(octet: u8) -> Result<Self, ControlError> {
        let code = octet & FUNCTION;
        let function = if octet & PRM == 0 {
            let function = Secondary::of_code(code).ok_or(ControlError::Secondary(octet))?;
            let dfc = octet & DFC != 0;
            Function::Secondary { function, dfc }
        } else {
            let function = Primary::of_code(code).ok_or(ControlError::Primary(octet))?;
            if function.is_counted() != (octet & FCV != 0) {
                return Err(ControlError::Fcv(octet));
            }
            let fcb = octet & FCB != 0;
            Function::Primary { function, fcb }
        };
        Ok(Self {
            from_master: octet & DIR != 0,
            function,
        })
    }

    /// The octet.
    pub fn encode(self) -> u8 {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        let rest = match self.function {
            Function::Primary { function, fcb } => {
                PRM | bit(fcb, FCB) | bit(function.is_counted(), FCV) | function.code()
            }
            Function::Secondary { function, dfc } => bit(dfc, DFC) | function.code(),
        };
        bit(self.from_master, DIR) | rest
    }

    /// Whether user data follow the header; otherwise nothing may.
    pub fn has_user_data(self) -> bool {
        match self.function {
            Function::Primary { function, .. } => function.has_user_data(),
            Function::Secondary { .. } => false,
        }
    }

    /// Whether the octet sets the bit that is reserved in secondary frames.
    pub(super) fn sets_reserved_bit(octet: u8) -> bool {
        octet & (PRM | FCB) == FCB
    }
}

impl Primary {
    /// The code on the wire.
    pub fn code(self) -> u8 {
        match self {
            Self::ResetLinkStates => 0,
            Self::TestLinkStates => 2,
            Self::ConfirmedUserData => 3,
            Self::UnconfirmedUserData => 4,
            Self::RequestLinkStatus => 9,
        }
    }

    /// Whether the frame count bit counts, that is FCV = 1.
    pub fn is_counted(self) -> bool {
        match self {
            Self::TestLinkStates | Self::ConfirmedUserData => true,
            Self::ResetLinkStates | Self::UnconfirmedUserData | Self::RequestLinkStatus => false,
        }
    }

    /// Whether user data follow the header.
    pub fn has_user_data(self) -> bool {
        match self {
            Self::ConfirmedUserData | Self::UnconfirmedUserData => true,
            Self::ResetLinkStates | Self::TestLinkStates | Self::RequestLinkStatus => false,
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::ResetLinkStates),
            2 => Some(Self::TestLinkStates),
            3 => Some(Self::ConfirmedUserData),
            4 => Some(Self::UnconfirmedUserData),
            9 => Some(Self::RequestLinkStatus),
            _ => None,
        }
    }
}

impl Secondary {
    /// The code on the wire.
    pub fn code(self) -> u8 {
        match self {
            Self::Ack => 0,
            Self::Nack => 1,
            Self::LinkStatus => 11,
            Self::NotSupported => 15,
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Ack),
            1 => Some(Self::Nack),
            11 => Some(Self::LinkStatus),
            15 => Some(Self::NotSupported),
            _ => None,
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary { function, .. } => function.fmt(f),
            Self::Secondary { function, .. } => function.fmt(f),
        }
    }
}

impl fmt::Display for Primary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ResetLinkStates => "RESET_LINK_STATES",
            Self::TestLinkStates => "TEST_LINK_STATES",
            Self::ConfirmedUserData => "CONFIRMED_USER_DATA",
            Self::UnconfirmedUserData => "UNCONFIRMED_USER_DATA",
            Self::RequestLinkStatus => "REQUEST_LINK_STATUS",
        })
    }
}

impl fmt::Display for Secondary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::LinkStatus => "LINK_STATUS",
            Self::NotSupported => "NOT_SUPPORTED",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_means_one_thing_or_nothing() {
        let mut meaningful = 0;
        for octet in 0..=255 {
            let Ok(control) = Control::decode(octet) else {
                continue;
            };
            meaningful += 1;
            let reserved = if Control::sets_reserved_bit(octet) {
                FCB
            } else {
                0
            };
            assert_eq!(control.encode() | reserved, octet, "{octet:#04x}");
        }
        // Both directions: 5 primary functions with either FCB, 4 secondary ones with either DFC
        // and either reserved bit.
        assert_eq!(meaningful, 2 * (5 * 2 + 4 * 4));
    }

    #[test]
    fn a_status_is_asked_for_whatever_the_count_bit_says() {
        for octet in [0xC9, 0xE9] {
            let control = Control::decode(octet).unwrap();
            assert_eq!(control.function.to_string(), "REQUEST_LINK_STATUS");
            assert!(control.from_master && !control.has_user_data());
        }
    }

    #[test]
    fn fcv_must_agree_with_the_function() {
        for octet in [0xD0, 0xC2, 0xC3, 0xD4, 0xD9, 0x54] {
            assert_eq!(Control::decode(octet), Err(ControlError::Fcv(octet)));
        }
    }

    #[test]
    fn obsolete_and_unknown_functions_mean_nothing() {
        for octet in [0xC1, 0xC5, 0xCF, 0x41] {
            assert_eq!(Control::decode(octet), Err(ControlError::Primary(octet)));
        }
        for octet in [0x02, 0x8E, 0x09] {
            assert_eq!(Control::decode(octet), Err(ControlError::Secondary(octet)));
        }
    }

    #[test]
    fn a_busy_outstation_says_so() {
        let control = Control::decode(0x1B).unwrap();
        let function = Secondary::LinkStatus;
        assert_eq!(
            control.function,
            Function::Secondary {
                function,
                dfc: true
            }
        );
        assert_eq!(Control::decode(0x3B), Ok(control));
        assert!(Control::sets_reserved_bit(0x3B) && !Control::sets_reserved_bit(0x1B));
        assert!(!Control::sets_reserved_bit(0xE9));
    }
}
