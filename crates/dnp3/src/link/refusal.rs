//! Why a station does not take a frame.

/// Why a good frame is not for a station. Wrong addresses are what a new installation fails on
/// most, so each reason is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It comes from a station of the same role: a master hears a master, or its own frame.
    #[error("the frame's direction bit is that of the receiver")]
    WrongDirection,
    /// It is for all stations, and is no user data or comes to a master.
    #[error("the frame is for all stations")]
    Broadcast,
    /// It is for whoever receives it, and this station does not answer to that.
    #[error("the frame is for whoever receives it")]
    SelfAddress,
    /// It is for another station.
    #[error("the frame is for another station")]
    UnknownDestination,
    /// It comes from another station.
    #[error("the frame is from another station")]
    UnknownSource,
    /// It is counted, and the link states have not been reset (strict stations only).
    #[error("the link states have not been reset")]
    NotReset,
}
