//! Why the objects of a fragment cannot be read on.

use std::fmt;

use crate::app::{Function, Qualifier, Variation};

/// An object header that cannot be read, or whose objects cannot.
///
/// This is the sender's mistake, or an object that this crate does not know. What stood before
/// [`ObjectError::offset`] was good; from there on nothing can be told apart, so the octets from
/// the offset to the end of the fragment are what to keep aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("object header at octet {offset}{}: {kind}", Of(*.variation))]
pub struct ObjectError {
    /// Where the object header begins, counted from the first octet of the fragment.
    pub offset: usize,
    /// The type of the objects; `None` if the header ends before it is told.
    pub variation: Option<Variation>,
    /// What is wrong.
    pub kind: ObjectErrorKind,
}

/// What is wrong with an object header or its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectErrorKind {
    /// The fragment ends within the header.
    #[error("the fragment ends within the header")]
    Cut,
    /// The qualifier has reserved codes, or codes that do not go together.
    #[error("the qualifier {octet:#04x} is not legal")]
    Qualifier {
        /// What was found.
        octet: u8,
    },
    /// The header speaks of no objects.
    #[error("the count is 0")]
    Empty,
    /// The range ends before it starts.
    #[error("the range {start} to {stop} is reversed")]
    Reversed {
        /// The first index or address.
        start: u32,
        /// The last one.
        stop: u32,
    },
    /// A point has an index that no point can have.
    #[error("the index {index} is beyond 65535")]
    Index {
        /// What was found.
        index: u32,
    },
    /// The table does not have the variation, so the size of its objects is not known.
    #[error("the size of such objects is not known")]
    Unknown,
    /// Objects are said to follow, but this variation only ever names them.
    #[error("there are no objects of this variation")]
    HeaderOnly,
    /// Objects of the variation cannot be counted in this way.
    #[error("such objects cannot follow the qualifier {qualifier}")]
    Misfit {
        /// What was found.
        qualifier: Qualifier,
    },
    /// Fragments with this function have no such objects.
    #[error("such objects have no place in a {function}")]
    Misplaced {
        /// The function of the fragment.
        function: Function,
    },
    /// More objects are claimed than the fragment has room for.
    #[error("its objects take {needed} octets or more, {left} are left")]
    Short {
        /// The octets that the objects claimed take at least, with their prefixes.
        needed: u64,
        /// The octets that are left.
        left: usize,
    },
}

/// ` (g30v5)`, or nothing.
struct Of(Option<Variation>);

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(variation) => write!(f, " ({variation})"),
            None => Ok(()),
        }
    }
}
