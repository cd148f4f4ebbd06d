//! The stages that are guarded, each on its own as the engine calls it.

use std::fmt;

mod copy;
mod decode;
mod evaluate;
mod fragment;
mod journal;
mod line;
mod minutes;
mod ring;
mod telemetry;

/// A stage, and how it is made ready.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    /// What passes.
    pub(crate) what: &'static str,
    /// What the instructions are counted for.
    pub(crate) unit: &'static str,
    pub(crate) prepare: fn() -> Rounds,
}

/// What is done again and again, the same each time.
pub(crate) struct Rounds {
    /// Of how many readings, or what else is counted, one round is.
    pub(crate) of: u64,
    pub(crate) round: Box<dyn FnMut()>,
}

impl Rounds {
    fn new(of: u64, round: impl FnMut() + 'static) -> Self {
        let round = Box::new(round);
        Self { of, round }
    }
}

impl fmt::Debug for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rounds").field("of", &self.of).finish()
    }
}

/// All stages, in the order of a reading's way.
pub(crate) const STAGES: [Stage; 14] = [
    Stage {
        name: "decode",
        what: "125 scaled 16-bit registers to columns",
        unit: "reading",
        prepare: decode::registers,
    },
    Stage {
        name: "fragment",
        what: "frames of full DNP3 fragments of g32v7 to columns",
        unit: "reading",
        prepare: fragment::frames,
    },
    Stage {
        name: "line",
        what: "lines of InfluxDB's protocol, 100 fields each, read",
        unit: "reading",
        prepare: line::lines,
    },
    Stage {
        name: "ring",
        what: "sweeps of 125: pool, filled, intake, ring, pool",
        unit: "reading",
        prepare: ring::turn,
    },
    Stage {
        name: "evaluate-swept",
        what: "sweeps against four limits, all normal",
        unit: "reading",
        prepare: evaluate::swept,
    },
    Stage {
        name: "evaluate-by-index",
        what: "events against four limits, all normal",
        unit: "reading",
        prepare: evaluate::by_index,
    },
    Stage {
        name: "evaluate-transitions",
        what: "sweeps of which one reading in ten changes its level",
        unit: "reading",
        prepare: evaluate::transitions,
    },
    Stage {
        name: "journal-append",
        what: "sweeps of 125 to checked frames",
        unit: "reading",
        prepare: journal::append,
    },
    Stage {
        name: "journal-append-events",
        what: "125 events each to checked frames",
        unit: "reading",
        prepare: journal::append_events,
    },
    Stage {
        name: "journal-read",
        what: "frames of sweeps checked and read back to columns",
        unit: "reading",
        prepare: journal::read,
    },
    Stage {
        name: "copy",
        what: "sweeps to the bytes of PostgreSQL's COPY",
        unit: "reading",
        prepare: copy::sweeps,
    },
    Stage {
        name: "copy-events",
        what: "events to the bytes of PostgreSQL's COPY",
        unit: "reading",
        prepare: copy::events,
    },
    Stage {
        name: "minutes",
        what: "sweeps added up to minutes",
        unit: "reading",
        prepare: minutes::sweeps,
    },
    Stage {
        name: "telemetry",
        what: "the latency of one batch recorded and handed over",
        unit: "batch",
        prepare: telemetry::record,
    },
];

/// The names of all stages.
pub(crate) fn names() -> [&'static str; STAGES.len()] {
    STAGES.each_ref().map(|stage| stage.name)
}
