//! DNP3 events from the wire to the disk, confirmed: sessions, ring, pipeline and journal of the
//! engine, and simulated outstations in a process of their own that always have events.
//!
//! An outstation says one fragment, waits until it is confirmed, and then says the next one. What
//! counts is therefore the processor time for a million events; how many events a second there are
//! also depends on how many outstations share the waits for the disk.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

mod bare;
mod cpu;
mod engine;
mod idle;
mod outstations;

use std::time::{Duration, Instant};

use gridos_dnp3::transport::FragmentMax;
use mimalloc::MiMalloc;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};

use bare::Bare;
use cpu::Cpu;
use engine::{Engine, journalled};
use outstations::Outstations;

/// The engine's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const OUTSTATIONS: [usize; 3] = [1, 100, 1_000];
/// What outstations send at most unless they are told otherwise.
const FRAGMENT_BYTES: usize = 2_048;
/// What some can.
const LONG_FRAGMENT_BYTES: usize = 16_384;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(6);
/// Events a second, wire to durable.
const GOAL_RATE: f64 = 1e6;
/// Seconds of processor time for a million events, socket to ring.
const GOAL_CPU: f64 = 0.1;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Sockets alone.
    Bare,
    /// Sessions; what they leave in the ring is durable at once.
    Ring,
    /// The whole way.
    Journal,
}

/// What was measured.
struct Figures {
    /// Events a second.
    rate: f64,
    /// Processor seconds of the sessions' threads for a million events.
    sessions: Cpu,
    /// Of the pipeline's thread, and of the one that syncs.
    behind: [f64; 2],
    /// Of the outstations.
    outstations: f64,
}

fn main() {
    allow_files();
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let numbers: Vec<usize> = arguments.filter_map(|n| n.parse().ok()).collect();
    if what == outstations::ROLE {
        return outstations::serve(&numbers);
    }
    // One way alone, for a profiler: `cargo bench --bench events -- ring 100`.
    match (&*what, &*numbers) {
        ("bare", [count, ..]) => return measure_and_show(Way::Bare, *count, FRAGMENT_BYTES),
        ("ring", [count]) => return measure_and_show(Way::Ring, *count, FRAGMENT_BYTES),
        ("ring", [count, bytes]) => return measure_and_show(Way::Ring, *count, *bytes),
        ("journal", [count]) => return measure_and_show(Way::Journal, *count, FRAGMENT_BYTES),
        ("journal", [count, bytes]) => return measure_and_show(Way::Journal, *count, *bytes),
        ("idle", _) => return idle::measure_and_show(),
        _ => {}
    }
    // First, as memory that others have given back would be found by the sessions.
    idle::measure_and_show();
    println!(
        "              outsta-  fragment,               CPU seconds for a million events\n\
         way           tions       bytes   events/s    sessions (user + system)  pipeline   \
         sync   outstations"
    );
    for way in [Way::Bare, Way::Ring, Way::Journal] {
        for count in OUTSTATIONS {
            measure_and_show(way, count, FRAGMENT_BYTES);
        }
    }
    for way in [Way::Ring, Way::Journal] {
        measure_and_show(way, 100, LONG_FRAGMENT_BYTES);
    }
}

fn measure_and_show(way: Way, count: usize, fragment_bytes: usize) {
    let Figures {
        rate,
        sessions,
        behind: [pipeline, sync],
        outstations,
    } = measure(way, count, fragment_bytes);
    let name = match way {
        Way::Bare => "bare sockets",
        Way::Ring => "to the ring",
        Way::Journal => "to the disk",
    };
    let goal = match way {
        Way::Ring if sessions.all() > GOAL_CPU => "CPU above the goal of 0.1",
        Way::Journal if rate < GOAL_RATE => "below the goal of 1 M/s",
        Way::Bare | Way::Ring | Way::Journal => "",
    };
    let (user, system) = (sessions.user, sessions.system);
    println!(
        "{name:<12} {count:>6} {fragment_bytes:>11} {rate:>10.0} {:>11.3} ({user:.3} + {system:.3}) \
         {pipeline:>10.3} {sync:>6.3} {outstations:>13.3}   {goal}",
        sessions.all()
    );
}

fn measure(way: Way, count: usize, fragment_bytes: usize) -> Figures {
    let mut others = Outstations::start(count, fragment_bytes);
    let limit = FragmentMax::new(fragment_bytes).expect("an allowed length");
    if way == Way::Bare {
        let bare = Bare::start(sessions(), count, others.bare_port);
        let figures = watch(others.process(), || bare.events());
        bare.stop();
        return figures;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = (way == Way::Journal).then(|| folder.path());
    let mut engine = Engine::new(sessions(), &others.ports, limit, path);
    engine.open(count);
    let process = others.process();
    let figures = watch(process, || others.report().confirmed);
    let last = others.finish();
    assert_eq!(last.produced, last.confirmed + last.buffered, "{last:?}");
    assert_eq!(last.buffered, 0, "{last:?}, {:?}", engine.telemetry.dnp3);
    if let (Some(end), Some(path)) = (engine.stop(), path) {
        let found = journalled(path, end);
        assert_eq!((found.events, found.out_of_order), (last.confirmed, 0));
    }
    figures
}

/// Lets it run, and compares what was done with what it took.
fn watch(others: u32, mut events: impl FnMut() -> u64) -> Figures {
    let own = std::process::id();
    let names = ["sessions", "pipeline", "journal-sync"];
    let taken = || (names.map(|name| Cpu::of(own, name)), Cpu::of(others, ""));
    std::thread::sleep(WARM_UP);
    let (events_before, (own_before, others_before)) = (events(), taken());
    let began = Instant::now();
    std::thread::sleep(MEASURED);
    let (events_after, (own_after, others_after)) = (events(), taken());
    let count = (events_after - events_before) as f64;
    let per_million = |after: Cpu, before: Cpu| Cpu {
        user: (after - before).user * 1e6 / count,
        system: (after - before).system * 1e6 / count,
    };
    let [sessions, pipeline, sync] = own_after;
    Figures {
        rate: count / began.elapsed().as_secs_f64(),
        sessions: per_million(sessions, own_before[0]),
        behind: [
            per_million(pipeline, own_before[1]).all(),
            per_million(sync, own_before[2]).all(),
        ],
        outstations: per_million(others_after, others_before).all(),
    }
}

/// Where the sessions run.
fn sessions() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.enable_all().thread_name("sessions").build();
    runtime.expect("a runtime")
}

/// An outstation takes two files in its process, and one in this.
fn allow_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, limit).expect("as many files as the hard limit allows");
}
