//! The makes of outstations: what is different in the field.

use std::time::Duration;

use gridos_dnp3::outstation::{
    EventCapacities, OutstationConfig, Overflow, Retries, RetryStyle, UnsolicitedConfig,
};
use gridos_sim::dnp3::{LineFaults, Odds};

/// A make of outstations, and how the engine treats it.
pub(super) struct Make {
    pub(super) name: &'static str,
    pub(super) lines: usize,
    /// Outstations on each line.
    pub(super) per_line: usize,
    /// Whether they connect to the engine.
    pub(super) calls: bool,
    /// A burst has at most so many events.
    pub(super) burst_max: u64,
    /// The longest pause between bursts.
    pub(super) pause_max_ms: u64,
    /// What is wrong with their lines all the time.
    pub(super) noise: LineFaults,
    /// The keys of their profile.
    pub(super) profile: &'static str,
    configure: fn(&mut OutstationConfig, &mut UnsolicitedConfig),
}

const CLEAN: LineFaults = LineFaults {
    drop: Odds::NEVER,
    cut: Odds::NEVER,
    corrupt: Odds::NEVER,
    garbage: Odds::NEVER,
    never_last: false,
    drip: None,
};

const NOISY: LineFaults = LineFaults {
    cut: Odds::one_in(800),
    corrupt: Odds::one_in(300),
    garbage: Odds::one_in(300),
    ..CLEAN
};

/// All makes: 50 outstations.
pub(super) const MAKES: [Make; 7] = [
    // They speak unasked, and say the same again until they are heard.
    Make {
        name: "unasked",
        lines: 14,
        per_line: 1,
        calls: false,
        burst_max: 40,
        pause_max_ms: 1_500,
        noise: CLEAN,
        profile: "outstation_confirm_timeout = \"1s\"\nresponse_timeout = \"1s\"\n\
                  keep_alive = \"2s\"\nreconnect_max = \"1s\"",
        configure: |_, _| {},
    },
    // They speak unasked, and make a new fragment each time; and not for ever.
    Make {
        name: "regenerating",
        lines: 8,
        per_line: 1,
        calls: false,
        burst_max: 60,
        pause_max_ms: 1_000,
        noise: NOISY,
        profile: "outstation_confirm_timeout = \"500ms\"\nresponse_timeout = \"1s\"\n\
                  class_poll = \"2s\"\nkeep_alive = \"2s\"\nreconnect_max = \"1s\"",
        configure: |_, unsolicited| {
            unsolicited.confirm_timeout = Duration::from_millis(500);
            unsolicited.retry_style = RetryStyle::Regenerated;
            unsolicited.retries = Retries::Times(3);
        },
    },
    // They are asked, and their answers have many fragments.
    Make {
        name: "polled",
        lines: 8,
        per_line: 1,
        calls: false,
        burst_max: 600,
        pause_max_ms: 4_000,
        noise: NOISY,
        profile: "outstation_confirm_timeout = \"1s\"\nresponse_timeout = \"700ms\"\n\
                  unsolicited = false\nkeep_alive = \"3s\"\nreconnect_max = \"1s\"\n\
                  class_poll = { class1 = \"200ms\", class2 = \"300ms\", class3 = \"500ms\" }",
        configure: |_, _| {},
    },
    // They share a line, and speak between the fragments of answers.
    Make {
        name: "sharing",
        lines: 3,
        per_line: 4,
        calls: false,
        burst_max: 30,
        pause_max_ms: 1_000,
        noise: CLEAN,
        profile: "outstation_confirm_timeout = \"1s\"\nresponse_timeout = \"1s\"\n\
                  class_poll = \"3s\"\nkeep_alive = \"2s\"\nreconnect_max = \"1s\"",
        configure: |config, unsolicited| {
            config.fragment_bytes = 400;
            unsolicited.interleaves = true;
        },
    },
    // They call.
    Make {
        name: "calling",
        lines: 4,
        per_line: 1,
        calls: true,
        burst_max: 40,
        pause_max_ms: 1_000,
        noise: CLEAN,
        profile: "outstation_confirm_timeout = \"1s\"\nresponse_timeout = \"1s\"\n\
                  keep_alive = \"2s\"",
        configure: |_, unsolicited| unsolicited.retry_style = RetryStyle::Regenerated,
    },
    // They have room for few events, and lose the oldest ones.
    Make {
        name: "cramped",
        lines: 2,
        per_line: 1,
        calls: false,
        burst_max: 250,
        pause_max_ms: 1_500,
        noise: CLEAN,
        profile: "outstation_confirm_timeout = \"1s\"\nresponse_timeout = \"1s\"\n\
                  keep_alive = \"2s\"\nreconnect_max = \"1s\"",
        configure: |config, _| config.capacities = EventCapacities::all(40),
    },
    // They have room for few events, and lose the new ones.
    Make {
        name: "stubborn",
        lines: 2,
        per_line: 1,
        calls: false,
        burst_max: 250,
        pause_max_ms: 1_500,
        noise: CLEAN,
        profile: "outstation_confirm_timeout = \"1s\"\nresponse_timeout = \"1s\"\n\
                  unsolicited = false\nclass_poll = \"300ms\"\nkeep_alive = \"2s\"\n\
                  reconnect_max = \"1s\"",
        configure: |config, _| {
            config.capacities = EventCapacities::all(40);
            config.overflow = Overflow::DropNewest;
        },
    },
];

impl Make {
    /// How its outstations behave.
    pub(super) fn outstation(&self) -> OutstationConfig {
        let second = Duration::from_secs(1);
        let mut config = OutstationConfig {
            confirm_timeout: second,
            // Enough for all that is made while the engine is away.
            capacities: EventCapacities::all(100_000),
            ..OutstationConfig::default()
        };
        let mut unsolicited = UnsolicitedConfig {
            confirm_timeout: second,
            ..UnsolicitedConfig::default()
        };
        (self.configure)(&mut config, &mut unsolicited);
        config.unsolicited = Some(unsolicited);
        config
    }
}
