//! When minutes are closed and stored, and what is needed to go on with them after a crash.

pub(crate) mod roll_up;
pub(crate) mod turn;
