//! What every byte from outside passes: the bodies of the fuzz targets.
//!
//! Each takes any bytes, must not panic, and asserts what must be true whatever they are. Under
//! `cargo fuzz` the fuzzer makes the bytes up; `tests/whole/fuzz.rs` replays the seeds of
//! `fuzz/seeds` with the stable compiler.

mod bytes;
mod dnp3;
mod journal;
mod map;
mod post;
mod roster;
mod text;
mod wire;

pub use dnp3::{
    capture, explain as dnp3_explain, fragment as dnp3_fragment, master as dnp3_master,
    outstation as dnp3_outstation, stream as dnp3_stream,
};
pub use journal::frames;
pub use map::{decode, plan};
pub use post::{line, ndjson};
pub use roster::roster;
pub use text::{config, import};
pub use wire::{server, sunspec};

/// A name, which is also that of its folder of seeds, and what it does with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 16] = [
    ("plan", plan),
    ("decode", decode),
    ("server", server),
    ("sunspec", sunspec),
    ("frames", frames),
    ("config", config),
    ("import", import),
    ("capture", capture),
    ("line", line),
    ("ndjson", ndjson),
    ("roster", roster),
    ("dnp3_stream", dnp3_stream),
    ("dnp3_fragment", dnp3_fragment),
    ("dnp3_explain", dnp3_explain),
    ("dnp3_outstation", dnp3_outstation),
    ("dnp3_master", dnp3_master),
];
