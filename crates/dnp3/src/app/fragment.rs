//! Fragments: the application header and the octets of the objects behind it.

use crate::app::{Control, Function, Iin, ObjectHeaders};

/// A fragment that a master sent.
///
/// Its objects are still octets: [`Request::headers`] reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Which fragment it is.
    pub control: Control,
    /// What is asked.
    pub function: Function,
    fragment: &'a [u8],
}

/// A fragment that an outstation sent, asked or not.
///
/// Its objects are still octets: [`Response::headers`] reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// Which fragment it is.
    pub control: Control,
    /// One of the three for which [`Function::is_response`] holds.
    pub function: Function,
    /// What the outstation says about itself.
    pub iin: Iin,
    fragment: &'a [u8],
}

/// The octets are no fragment of the side they came from. The sender's mistake; there is nothing
/// to confirm and nothing to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// The fragment ends within its header.
    #[error("the fragment has {length} octets, fewer than its header")]
    Short {
        /// How many there are.
        length: usize,
    },
    /// The function code is reserved.
    #[error("the function code {code:#04x} is reserved")]
    Function {
        /// What was found.
        code: u8,
    },
    /// An outstation sent what only a master may send, or the reverse.
    #[error("{function} comes from the wrong side")]
    Direction {
        /// What was found.
        function: Function,
    },
}

/// The control octet does not go with the function (IEEE 1815-2012, 4.2.2.4). The fragment can be
/// read all the same: whether to drop it or only to count it is a matter of taste.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ControlError {
    /// A response has UNS set.
    #[error("a response calls itself unsolicited")]
    SolicitedWithUns,
    /// An unsolicited response has UNS not set: its sequence number would be taken for another.
    #[error("an unsolicited response does not call itself so")]
    UnsolicitedWithoutUns,
    /// An unsolicited response has CON not set: nobody would notice its loss.
    #[error("an unsolicited response asks for no confirm")]
    UnsolicitedWithoutCon,
    /// A request or a confirm has FIR or FIN not set; it is always one fragment.
    #[error("a request is only a part of a message")]
    RequestInParts,
    /// A request or a confirm asks for a confirm.
    #[error("a request asks for a confirm")]
    RequestWithCon,
    /// A request that is no confirm has UNS set.
    #[error("a request calls itself unsolicited")]
    RequestWithUns,
}

impl<'a> Request<'a> {
    /// The octets of its header.
    pub const HEADER_BYTES: usize = 2;

    /// Reads the header of a fragment from a master.
    ///
    /// # Errors
    /// If the header is not whole, or its function is none that a master sends.
    pub fn parse(fragment: &'a [u8]) -> Result<Self, FragmentError> {
        let [control, code, ..] = *fragment else {
            return Err(FragmentError::Short {
                length: fragment.len(),
            });
        };
        let function = function(code, false)?;
        Ok(Self {
            control: Control::decode(control),
            function,
            fragment,
        })
    }

    /// Whether its control octet goes with its function.
    ///
    /// # Errors
    /// The first way in which it does not.
    pub fn check(&self) -> Result<(), ControlError> {
        let control = self.control;
        if !(control.fir && control.fin) {
            return Err(ControlError::RequestInParts);
        }
        if control.con {
            return Err(ControlError::RequestWithCon);
        }
        if control.uns && self.function != Function::Confirm {
            return Err(ControlError::RequestWithUns);
        }
        Ok(())
    }

    /// Its object headers.
    pub fn headers(&self) -> ObjectHeaders<'a> {
        ObjectHeaders::new(self.fragment, Self::HEADER_BYTES, self.function)
    }

    /// The whole fragment.
    pub fn octets(&self) -> &'a [u8] {
        self.fragment
    }
}

impl<'a> Response<'a> {
    /// The octets of its header.
    pub const HEADER_BYTES: usize = 4;

    /// Reads the header of a fragment from an outstation.
    ///
    /// # Errors
    /// If the header is not whole, or its function is none that an outstation sends.
    pub fn parse(fragment: &'a [u8]) -> Result<Self, FragmentError> {
        let short = FragmentError::Short {
            length: fragment.len(),
        };
        let [control, code, ..] = *fragment else {
            return Err(short);
        };
        let function = function(code, true)?;
        let [_, _, iin_1, iin_2, ..] = *fragment else {
            return Err(short);
        };
        Ok(Self {
            control: Control::decode(control),
            function,
            iin: Iin::from_octets([iin_1, iin_2]),
            fragment,
        })
    }

    /// Whether its control octet goes with its function. FIR and FIN of unsolicited responses
    /// say nothing: they are always one fragment.
    ///
    /// # Errors
    /// The first way in which it does not.
    pub fn check(&self) -> Result<(), ControlError> {
        let control = self.control;
        if self.function == Function::Response && control.uns {
            return Err(ControlError::SolicitedWithUns);
        }
        if self.is_unsolicited() && !control.uns {
            return Err(ControlError::UnsolicitedWithoutUns);
        }
        if self.is_unsolicited() && !control.con {
            return Err(ControlError::UnsolicitedWithoutCon);
        }
        Ok(())
    }

    /// Whether it came unasked.
    pub fn is_unsolicited(&self) -> bool {
        self.function == Function::UnsolicitedResponse
    }

    /// Whether it has no objects: it only tells internal indications.
    pub fn is_null(&self) -> bool {
        self.fragment.len() == Self::HEADER_BYTES
    }

    /// Its object headers.
    pub fn headers(&self) -> ObjectHeaders<'a> {
        ObjectHeaders::new(self.fragment, Self::HEADER_BYTES, self.function)
    }

    /// Whether it may carry objects that the outstation forgets when it is confirmed. What cannot
    /// be read counts as such, as nobody can tell.
    pub fn may_have_events(&self) -> bool {
        self.headers()
            .any(|header| header.map_or(true, |header| header.is_event()))
    }

    /// The octets from `offset` on, counted from the first one of the fragment: with
    /// [`super::ObjectError::offset`], what could not be read.
    pub fn rest(&self, offset: usize) -> &'a [u8] {
        self.fragment.get(offset..).unwrap_or_default()
    }

    /// The whole fragment.
    pub fn octets(&self) -> &'a [u8] {
        self.fragment
    }
}

fn function(code: u8, from_outstation: bool) -> Result<Function, FragmentError> {
    let function = Function::from_code(code).ok_or(FragmentError::Function { code })?;
    if function.is_response() != from_outstation {
        return Err(FragmentError::Direction { function });
    }
    Ok(function)
}
