//! Sequences of steps: drawn at random, run, and made smaller when they fail.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::dice::Dice;

/// Seeds of a usual run.
const SEEDS: Range<u64> = 1..3;
/// Steps of one sequence.
const STEPS: usize = 20;
/// How long a failing sequence is made smaller.
const SHRINKING_MAX: Duration = Duration::from_secs(300);

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many records become durable.
    Work(usize),
    /// If all is well, everything is waited for.
    Settle,
    Harm(Harm),
    /// All harm is undone.
    Heal,
    /// The engine ends, in order or not, and starts anew with a new stream.
    Restart {
        in_order: bool,
    },
    /// What is stored is deleted from the journal.
    Trim,
}

/// Harm to a store or to the way there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// The server is stopped in order, at once, or killed.
    StopFast,
    StopImmediate,
    Kill,
    /// Connections are terminated, or one's process is killed.
    Terminate,
    KillBackend,
    /// Connections are reset, and no new ones are made.
    Closed,
    BlackHole,
    /// A connection breaks at a message: the one so far ahead, the next rows, the next commit, the
    /// next word that something is committed.
    BreakAt(u64),
    BreakRows,
    BreakCommit,
    LoseAnswer,
    /// Somebody holds a lock.
    Lock,
    Revoke,
    /// A table is renamed.
    MoveTable,
    NoLogin,
    DiskFull,
    ReadOnly,
    /// A copy is made of the database; it comes back.
    BackUp,
    Restore,
}

/// What sequences run in.
pub(crate) trait World: Sized + Send + 'static {
    /// What can befall it.
    const HARMS: &'static [Harm];

    /// A new one, or `None` if this machine has no such thing.
    fn start(seed: u64) -> impl Future<Output = Option<Self>> + Send;

    /// Does one step.
    fn step(&mut self, step: Step) -> impl Future<Output = ()> + Send;

    /// Heals everything and compares; panics if anything is not as it should be.
    fn end(self) -> impl Future<Output = ()> + Send;
}

/// Runs the sequences of all seeds; tells a small one if any fails.
pub(crate) async fn run_all<W: World>() {
    for seed in seeds() {
        let steps = draw(seed, W::HARMS);
        println!("GRIDOS_FAULT_SEEDS={seed}..{}: {steps:?}", seed + 1);
        if let Err(why) = run::<W>(seed, &steps).await {
            let (steps, why) = shrink::<W>(seed, steps, why).await;
            panic!("seed {seed}, made as small as could be: {steps:#?}\n{why}");
        }
    }
}

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("GRIDOS_FAULT_SEEDS") else {
        return SEEDS;
    };
    let (first, end) = text.split_once("..").expect("GRIDOS_FAULT_SEEDS=1..100");
    first.parse().unwrap()..end.parse().unwrap()
}

/// Each other step is work: what happens, happens to an engine that is at it.
fn draw(seed: u64, harms: &[Harm]) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    let mut steps = Vec::new();
    while steps.len() < STEPS {
        let records = 1 + usize::try_from(dice.below(200)).unwrap();
        steps.push(Step::Work(records));
        steps.push(match dice.below(12) {
            0 => Step::Settle,
            1..8 => Step::Harm(match dice.one_of(harms) {
                Harm::BreakAt(_) => Harm::BreakAt(1 + dice.below(60)),
                harm => harm,
            }),
            8..10 => Step::Heal,
            10 => Step::Trim,
            _ => Step::Restart {
                in_order: dice.once_in(2),
            },
        });
    }
    steps
}

/// Why a sequence fails, if it does.
async fn run<W: World>(seed: u64, steps: &[Step]) -> Result<(), String> {
    let Some(mut world) = W::start(seed).await else {
        return Ok(());
    };
    let steps = steps.to_vec();
    let running = tokio::spawn(async move {
        for step in steps {
            world.step(step).await;
        }
        world.end().await;
    });
    running.await.map_err(|error| {
        let panic = error.into_panic();
        let text = panic.downcast_ref::<String>().cloned();
        let word = panic.downcast_ref::<&str>().map(|word| (*word).to_owned());
        text.or(word).unwrap_or_default()
    })
}

/// Leaves out every step that a failure does not need.
async fn shrink<W: World>(seed: u64, mut steps: Vec<Step>, mut why: String) -> (Vec<Step>, String) {
    let begun = Instant::now();
    let mut nth = 0;
    while nth < steps.len() && begun.elapsed() < SHRINKING_MAX {
        let mut fewer = steps.clone();
        fewer.remove(nth);
        match run::<W>(seed, &fewer).await {
            Err(still) => (steps, why) = (fewer, still),
            Ok(()) => nth += 1,
        }
    }
    (steps, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if work follows two restarts.
    struct Picky {
        restarts: usize,
    }

    impl World for Picky {
        const HARMS: &'static [Harm] = &[Harm::Kill, Harm::BreakAt(0)];

        async fn start(_: u64) -> Option<Self> {
            Some(Self { restarts: 0 })
        }

        async fn step(&mut self, step: Step) {
            self.restarts += usize::from(matches!(step, Step::Restart { .. }));
            let works = matches!(step, Step::Work(_));
            assert!(!works || self.restarts < 2, "too many restarts");
        }

        async fn end(self) {}
    }

    #[tokio::test]
    async fn a_failure_is_made_small() {
        let seed = (0..).find(|seed| {
            let steps = draw(*seed, Picky::HARMS);
            let is_restart = |step: &&Step| matches!(step, Step::Restart { .. });
            steps[..STEPS - 2].iter().filter(is_restart).count() >= 2
        });
        let seed = seed.unwrap();
        let steps = draw(seed, Picky::HARMS);
        assert_eq!(steps, draw(seed, Picky::HARMS));
        let why = run::<Picky>(seed, &steps).await.unwrap_err();
        assert_eq!(why, "too many restarts");
        let (steps, why) = shrink::<Picky>(seed, steps, why).await;
        assert!(
            matches!(
                steps[..],
                [Step::Restart { .. }, Step::Restart { .. }, Step::Work(_)]
            ),
            "{steps:?}"
        );
        assert_eq!(why, "too many restarts");
    }
}
