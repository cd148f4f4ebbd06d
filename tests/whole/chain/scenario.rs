//! What happens during a storm, and when: all of it follows from a seed.

use std::fmt;
use std::time::Duration;

use crate::support::postgres::Shutdown;
use crate::support::random::Random;
use crate::support::slow_disk::SlowDisk;

/// The faults of one storm. Times count from its beginning.
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) length: Duration,
    /// The engine's lives, one after the other; each ends with `kill -9`.
    pub(super) lives: Vec<Life>,
    pub(super) outages: Vec<Outage>,
    pub(super) line_faults: Vec<LineFault>,
    pub(super) station_faults: Vec<StationFault>,
}

/// A life of the engine.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) lasts: Duration,
    /// How long the engine is away after it.
    pub(super) away: Duration,
    /// Unless its disk ends it.
    pub(super) slow_disk: Option<SlowDisk>,
    pub(super) end: End,
}

/// How a life ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Kill,
    /// The whole process stands still for so long, twice and then once more; it is killed when it
    /// has taken some of what gathered meanwhile.
    KillAwaking {
        frozen: Duration,
        awake: Duration,
    },
    PowerCut(PowerCut),
}

/// The power fails: no sync ends any more, and some time later all that was not synced is gone, or
/// all but a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct PowerCut {
    /// The syncs before the first that does not end.
    pub(super) after: u64,
    /// How long the engine lives without syncs.
    pub(super) lasts: Duration,
    pub(super) kept_percent: u64,
}

/// The database is away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) at: Duration,
    pub(super) lasts: Duration,
    pub(super) how: Shutdown,
}

/// Something happens on a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineFault {
    pub(super) at: Duration,
    pub(super) line: usize,
    pub(super) what: LineTrouble,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum LineTrouble {
    /// It ends, and what is on its way is gone.
    Cut,
    /// All connections end at once.
    CutAll,
    /// Nothing arrives for so long; then all of it does.
    Stall(Duration),
}

/// Something happens to an outstation.
#[derive(Clone, Copy, Debug)]
pub(super) struct StationFault {
    pub(super) at: Duration,
    pub(super) station: usize,
    pub(super) what: StationTrouble,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum StationTrouble {
    /// No confirm arrives for so long.
    LoseConfirms(Duration),
    /// Confirms arrive `late` for so long.
    DelayConfirms { lasts: Duration, late: Duration },
    /// Confirms arrive twice for so long.
    RepeatConfirms(Duration),
    /// It restarts and keeps its events.
    Restart,
}

/// The engine has begun to listen, at least.
const LIFE_MIN_MS: u64 = 700;
const LIFE_MAX_MS: u64 = 9_000;
/// What is held back any longer could be taken for the confirm of another fragment: there are 16
/// numbers for them.
const LATE_MAX_MS: u64 = 600;

/// No life has so many syncs; strace cannot count much further.
const ALL: u64 = 60_000;
/// Longer than any life.
const FOR_EVER: Duration = Duration::from_secs(600);

impl Scenario {
    pub(super) fn draw(seed: u64, length: Duration, lines: usize, stations: usize) -> Self {
        // Each kind of fault has a stream of chance of its own.
        let random = |kind: u64| Random::new(seed.wrapping_mul(8).wrapping_add(kind));
        Self {
            seed,
            length,
            lives: lives(&mut random(0), length),
            outages: outages(&mut random(1), length),
            line_faults: line_faults(&mut random(2), length, lines),
            station_faults: station_faults(&mut random(3), length, stations),
        }
    }
}

fn lives(random: &mut Random, length: Duration) -> Vec<Life> {
    let (mut lives, mut total) = (Vec::new(), Duration::ZERO);
    while total < length {
        let power_cut = End::PowerCut(PowerCut {
            after: random.below(100),
            lasts: random.millis(300..=3_000),
            kept_percent: random.one_of(&[0, 0, 40]),
        });
        let end = match random.below(4) {
            _ if lives.is_empty() => power_cut,
            0 => End::KillAwaking {
                frozen: random.millis(200..=1_500),
                awake: random.millis(0..=40),
            },
            1 => power_cut,
            _ => End::Kill,
        };
        let life = Life {
            lasts: random.millis(LIFE_MIN_MS..=LIFE_MAX_MS),
            away: random.one_of(&[Duration::ZERO, Duration::from_millis(1_500)]),
            slow_disk: random.one_in(3).then(|| slow_disk(random)),
            end,
        };
        total += life.lasts + life.away;
        lives.push(life);
    }
    lives
}

fn slow_disk(random: &mut Random) -> SlowDisk {
    SlowDisk {
        after: random.below(60),
        slow_syncs: 1 + random.below(8),
        each: random.millis(50..=1_500),
    }
}

impl Life {
    /// The disk as its syncs find it.
    pub(super) fn disk(&self) -> Option<SlowDisk> {
        match self.end {
            End::Kill | End::KillAwaking { .. } => self.slow_disk,
            End::PowerCut(PowerCut { after, .. }) => Some(SlowDisk {
                after,
                slow_syncs: ALL,
                each: FOR_EVER,
            }),
        }
    }
}

fn outages(random: &mut Random, length: Duration) -> Vec<Outage> {
    let (mut outages, mut at) = (Vec::new(), random.millis(500..=6_000));
    while at < length {
        let outage = Outage {
            at,
            lasts: random.millis(100..=5_000),
            how: random.one_of(&[Shutdown::Immediate, Shutdown::Fast]),
        };
        at += outage.lasts + random.millis(1_000..=10_000);
        outages.push(outage);
    }
    outages
}

fn line_faults(random: &mut Random, length: Duration, lines: usize) -> Vec<LineFault> {
    let (mut faults, mut at) = (Vec::new(), Duration::ZERO);
    while at < length {
        at += random.millis(10..=800);
        let what = match random.below(20) {
            0 => LineTrouble::CutAll,
            1..=7 => LineTrouble::Stall(random.millis(100..=4_000)),
            _ => LineTrouble::Cut,
        };
        let line = place(random, lines);
        faults.push(LineFault { at, line, what });
    }
    faults
}

fn station_faults(random: &mut Random, length: Duration, stations: usize) -> Vec<StationFault> {
    let (mut faults, mut at) = (Vec::new(), Duration::ZERO);
    while at < length {
        at += random.millis(10..=400);
        let what = match random.below(10) {
            0 => StationTrouble::Restart,
            1 => StationTrouble::RepeatConfirms(random.millis(500..=4_000)),
            2..=3 => StationTrouble::DelayConfirms {
                lasts: random.millis(500..=4_000),
                late: random.millis(10..=LATE_MAX_MS),
            },
            _ => StationTrouble::LoseConfirms(random.millis(300..=5_000)),
        };
        let station = place(random, stations);
        faults.push(StationFault { at, station, what });
    }
    faults
}

fn place(random: &mut Random, count: usize) -> usize {
    usize::try_from(random.below(u64::try_from(count).unwrap())).unwrap()
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, {:?}", self.seed, self.length)?;
        self.lives.iter().try_for_each(|it| writeln!(f, "{it:?}"))?;
        self.outages
            .iter()
            .try_for_each(|it| writeln!(f, "{it:?}"))?;
        self.line_faults
            .iter()
            .try_for_each(|it| writeln!(f, "{it:?}"))?;
        self.station_faults
            .iter()
            .try_for_each(|it| writeln!(f, "{it:?}"))
    }
}
