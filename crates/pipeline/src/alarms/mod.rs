//! Alarms as others see them: the board that shows them, the way in for commands, and the book of
//! what is defined.

mod board;
mod book;
mod cases;
mod commands;
mod counts;
mod load;
mod recent;
mod table;

pub use board::AlarmBoard;
pub use book::{AlarmBook, BookEntry};
pub use cases::Cases;
pub(crate) use commands::Renewal;
pub use commands::{AlarmCommands, Answer, CommandQueue, Given, NotDone, alarm_commands};
pub use counts::AlarmCounts;
pub use load::AlarmLoad;
pub use recent::Following;
pub use table::AlarmTable;
