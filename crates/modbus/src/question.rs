//! The question for some addresses of a table, and what answers it.
//!
//! Reading is all that can be asked: the function of a question is that of its [`Table`].

use crate::mbap::{Frame, FrameError, HEADER_BYTES};
use crate::{Table, Values};

/// A request to read, as it goes over the wire.
///
/// There is no other one that could be made: its function is the one that reads its table.
///
/// ```
/// use gridos_modbus::{Question, Table};
///
/// let question = Question {
///     transaction: 0x0102,
///     unit: 7,
///     table: Table::HoldingRegister,
///     start: 0x006b,
///     count: 3,
/// };
/// assert_eq!(question.to_bytes(), [1, 2, 0, 0, 0, 6, 7, 3, 0, 0x6b, 0, 3]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its number, which the answer repeats.
    pub transaction: u16,
    /// Whom it is for, behind the address.
    pub unit: u8,
    /// What is asked for.
    pub table: Table,
    /// The first address.
    pub start: u16,
    /// How many registers (1 to 125) or bits (1 to 2,000); a device answers any other number with
    /// exception 3 (V1.1b3, 6.1 and 6.3).
    pub count: u16,
}

/// What a device says to a question.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "values are on their way to be decoded; on the heap each answer would be an allocation"
)]
pub enum Told {
    /// As many registers or bits as were asked for.
    Values(Values),
    /// It refuses, with the code of an exception (V1.1b3, 7).
    Refused(u8),
}

/// What came is not the answer; the connection must be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It is no Modbus.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Another unit answers.
    #[error("it is of unit {answered}, not {asked}")]
    Unit {
        /// Whom it came from.
        answered: u8,
        /// Whom it should come from.
        asked: u8,
    },
    /// It repeats another number than that of the question.
    #[error("it belongs to another request")]
    Transaction,
    /// It is of another function.
    #[error("it is of function {answered}, not {asked}")]
    Function {
        /// Its function.
        answered: u8,
        /// That of the question.
        asked: u8,
    },
    /// Something came behind it that nobody asked for.
    #[error("more came than the answer")]
    More,
    /// It says that it has so many bytes of values, or of an exception, and has others.
    #[error("it says that {said} bytes follow, and {follow} do")]
    Length {
        /// How many it says.
        said: usize,
        /// How many there are.
        follow: usize,
    },
    /// It has another number of values.
    #[error("asked for {asked} values, the answer has {answered}")]
    Count {
        /// How many it has; bits come in whole bytes.
        answered: usize,
        /// How many were asked for.
        asked: u16,
    },
}

/// Added to the function code of an answer that refuses (V1.1b3, 4.1).
const REFUSED: u8 = 0x80;

impl Question {
    /// Bytes of a question.
    pub const BYTES: usize = HEADER_BYTES + 5;

    /// The whole frame: the header (*Messaging on TCP/IP Implementation Guide V1.0b*, 3.1.3) and
    /// the request (V1.1b3, 6.1 to 6.4).
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let [transaction, start, count] =
            [self.transaction, self.start, self.count].map(u16::to_be_bytes);
        [
            transaction[0],
            transaction[1],
            0,
            0,
            0,
            // The unit and the five bytes behind it.
            6,
            self.unit,
            self.table.function_code(),
            start[0],
            start[1],
            count[0],
            count[1],
        ]
    }

    /// What answers it, if `bytes` are all that came since it was asked; `None` if more must come.
    ///
    /// # Errors
    /// If `bytes` do not begin the answer to this question, or do not end with it.
    pub fn answer(&self, bytes: &[u8]) -> Result<Option<Told>, AnswerError> {
        let Some((frame, end)) = Frame::parse(bytes)? else {
            return Ok(None);
        };
        if frame.unit != self.unit {
            return Err(AnswerError::Unit {
                answered: frame.unit,
                asked: self.unit,
            });
        }
        if frame.transaction != self.transaction {
            return Err(AnswerError::Transaction);
        }
        let asked = self.table.function_code();
        let answered = frame.function() & !REFUSED;
        if answered != asked {
            return Err(AnswerError::Function { answered, asked });
        }
        if end < bytes.len() {
            return Err(AnswerError::More);
        }
        let behind = frame.pdu.get(1..).unwrap_or_default();
        if frame.function() == asked {
            return self.values(behind).map(|values| Some(Told::Values(values)));
        }
        match behind {
            [code] => Ok(Some(Told::Refused(*code))),
            _ => Err(AnswerError::Length {
                said: 1,
                follow: behind.len(),
            }),
        }
    }

    /// The values behind the function code, which begin with how many bytes they are.
    fn values(&self, behind: &[u8]) -> Result<Values, AnswerError> {
        let (said, bytes) = behind.split_first().unwrap_or((&0, &[]));
        let (said, follow) = (usize::from(*said), bytes.len());
        if said != follow {
            return Err(AnswerError::Length { said, follow });
        }
        let count = usize::from(self.count);
        let wrong = |answered| AnswerError::Count {
            answered,
            asked: self.count,
        };
        if self.table.is_bits() {
            // They come in whole bytes; the last ones are padding (V1.1b3, 6.1).
            if follow != count.div_ceil(8) {
                return Err(wrong(8 * follow));
            }
            return Ok(Values::of_bits(bytes, count));
        }
        let (words, odd) = bytes.as_chunks::<2>();
        if words.len() != count || !odd.is_empty() {
            return Err(wrong(words.len()));
        }
        Ok(Values::of_registers(words))
    }
}
