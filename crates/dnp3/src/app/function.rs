//! The function codes: what a fragment wants, or what it answers.

use std::fmt;

/// Declares the functions once: code, variant, name and what they are for.
macro_rules! functions {
    ($($(#[$doc:meta])+ $code:literal $variant:ident $name:literal;)+) => {
        /// A function code of IEEE 1815-2012, 4.2.2.5.
        ///
        /// All of them can be read off the wire, so that a simulated outstation or a person who
        /// looks at a capture sees what was asked. Which of them this crate can send is told by
        /// [`super::MasterRequest`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Function {
            $($(#[$doc])+ $variant = $code,)+
        }

        impl Function {
            /// All functions, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The function of a code; `None` if the standard has none.
            pub const fn from_code(code: u8) -> Option<Self> {
                Some(match code {
                    $($code => Self::$variant,)+
                    _ => return None,
                })
            }

            /// The code on the wire.
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The name in the standard.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

functions! {
    /// Confirms a fragment; its sender may forget the events in it.
    0x00 Confirm "CONFIRM";
    /// Asks for objects.
    0x01 Read "READ";
    /// Stores objects.
    0x02 Write "WRITE";
    /// Arms an output.
    0x03 Select "SELECT";
    /// Operates an armed output.
    0x04 Operate "OPERATE";
    /// Operates an output.
    0x05 DirectOperate "DIRECT_OPERATE";
    /// Operates an output without an answer.
    0x06 DirectOperateNoResponse "DIRECT_OPERATE_NR";
    /// Copies counters to frozen counters.
    0x07 ImmediateFreeze "IMMED_FREEZE";
    /// Freezes without an answer.
    0x08 ImmediateFreezeNoResponse "IMMED_FREEZE_NR";
    /// Freezes, then sets the counters to 0.
    0x09 FreezeClear "FREEZE_CLEAR";
    /// Freezes and clears without an answer.
    0x0a FreezeClearNoResponse "FREEZE_CLEAR_NR";
    /// Freezes at a time.
    0x0b FreezeAtTime "FREEZE_AT_TIME";
    /// Freezes at a time without an answer.
    0x0c FreezeAtTimeNoResponse "FREEZE_AT_TIME_NR";
    /// Restarts the device.
    0x0d ColdRestart "COLD_RESTART";
    /// Restarts the application of the device.
    0x0e WarmRestart "WARM_RESTART";
    /// Obsolete.
    0x0f InitializeData "INITIALIZE_DATA";
    /// Makes an application ready to run.
    0x10 InitializeApplication "INITIALIZE_APPL";
    /// Starts an application.
    0x11 StartApplication "START_APPL";
    /// Stops an application.
    0x12 StopApplication "STOP_APPL";
    /// Deprecated.
    0x13 SaveConfiguration "SAVE_CONFIG";
    /// Lets the outstation send events of some classes unasked.
    0x14 EnableUnsolicited "ENABLE_UNSOLICITED";
    /// Lets the outstation send no events of some classes unasked.
    0x15 DisableUnsolicited "DISABLE_UNSOLICITED";
    /// Puts points into classes.
    0x16 AssignClass "ASSIGN_CLASS";
    /// Asks how long the outstation takes to answer.
    0x17 DelayMeasure "DELAY_MEASURE";
    /// Asks the outstation to note the time of arrival.
    0x18 RecordCurrentTime "RECORD_CURRENT_TIME";
    /// Opens a file.
    0x19 OpenFile "OPEN_FILE";
    /// Closes a file.
    0x1a CloseFile "CLOSE_FILE";
    /// Deletes a file.
    0x1b DeleteFile "DELETE_FILE";
    /// Asks for the description of a file.
    0x1c GetFileInfo "GET_FILE_INFO";
    /// Asks for a key to open files.
    0x1d AuthenticateFile "AUTHENTICATE_FILE";
    /// Gives up a file transfer.
    0x1e AbortFile "ABORT_FILE";
    /// Makes a configuration the one in use.
    0x1f ActivateConfiguration "ACTIVATE_CONFIG";
    /// Secure authentication.
    0x20 AuthenticationRequest "AUTHENTICATE_REQ";
    /// Secure authentication without an answer.
    0x21 AuthenticationRequestNoAck "AUTH_REQ_NO_ACK";
    /// Answers a request.
    0x81 Response "RESPONSE";
    /// Tells of events unasked.
    0x82 UnsolicitedResponse "UNSOLICITED_RESPONSE";
    /// Answers secure authentication.
    0x83 AuthenticationResponse "AUTHENTICATE_RESP";
}

impl Function {
    /// Whether an outstation sends it; its fragments have internal indications.
    pub const fn is_response(self) -> bool {
        matches!(
            self,
            Self::Response | Self::UnsolicitedResponse | Self::AuthenticationResponse
        )
    }

    /// Whether objects stand behind the object headers of its fragments; otherwise the headers only
    /// name the objects that are meant.
    pub(crate) const fn carries_objects(self) -> bool {
        match self {
            Self::Confirm
            | Self::Read
            | Self::ImmediateFreeze
            | Self::ImmediateFreezeNoResponse
            | Self::FreezeClear
            | Self::FreezeClearNoResponse
            | Self::FreezeAtTime
            | Self::FreezeAtTimeNoResponse
            | Self::ColdRestart
            | Self::WarmRestart
            | Self::InitializeData
            | Self::InitializeApplication
            | Self::StartApplication
            | Self::StopApplication
            | Self::SaveConfiguration
            | Self::EnableUnsolicited
            | Self::DisableUnsolicited
            | Self::AssignClass
            | Self::DelayMeasure
            | Self::RecordCurrentTime => false,
            Self::Write
            | Self::Select
            | Self::Operate
            | Self::DirectOperate
            | Self::DirectOperateNoResponse
            | Self::OpenFile
            | Self::CloseFile
            | Self::DeleteFile
            | Self::GetFileInfo
            | Self::AuthenticateFile
            | Self::AbortFile
            | Self::ActivateConfiguration
            | Self::AuthenticationRequest
            | Self::AuthenticationRequestNoAck
            | Self::Response
            | Self::UnsolicitedResponse
            | Self::AuthenticationResponse => true,
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        let mut known = 0;
        for code in 0..=u8::MAX {
            if let Some(function) = Function::from_code(code) {
                assert_eq!(function.code(), code);
                assert_eq!(function.is_response(), code >= 0x80);
                known += 1;
            }
        }
        assert_eq!(known, Function::ALL.len());
        assert_eq!(known, 34 + 3);
    }

    #[test]
    fn names_are_those_of_the_standard() {
        assert_eq!(
            Function::EnableUnsolicited.to_string(),
            "ENABLE_UNSOLICITED"
        );
        assert_eq!(Function::from_code(0x22), None);
    }
}
