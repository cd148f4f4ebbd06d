//! The journal to writers on other machines, over a stream of NATS JetStream.
//!
//! The engine's [`Shipper`] sends what is durable in its journal as pieces, each a small segment that
//! says by itself where it belongs, and a [`Crew`] of writers puts them into the database by the same
//! [`Writer`](gridos_store::Writer) that an engine has, rows and position in one transaction. What the
//! stream says of itself is believed of nothing: the engine asks the database how far it stands and
//! keeps its journal until then, and whatever is missing in the stream it sends again. This crate
//! must not know protocols, configurations and HTTP.
//!
//! ```text
//! gridos-journal-NAME                       the stream: files, discard new, on 1, 3 or 5 servers
//!   gridos.journal.NAME.layout.LAYOUT       what a layout is; the last of each is kept
//!   gridos.journal.NAME.piece.STREAM        frames of one journal stream, in order, until they are stored
//! gridos.writers.NAME                       not in the stream: writers tell each other that they are there
//! ```

mod blocking;
mod channel;
mod crew;
mod layouts;
mod options;
mod parts;
mod peers;
mod pieces;
mod session;
mod shipper;
mod survey;
mod window;

pub use channel::RelayError;
pub use crew::{Crew, Stores};
pub use options::RelayOptions;
pub use shipper::Shipper;
pub use survey::Survey;
