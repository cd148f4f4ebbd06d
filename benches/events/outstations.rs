//! The other side: outstations in a process of their own, which always have events.
//!
//! Each event's value is its own number in the outstation's ledger, from 0 on and again behind
//! 2^24, which single floats hold exactly.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::{
    EventCapacities, Moment, Outstation, OutstationConfig, PointDefinition, PointKind, Update,
};
use gridos_sim::dnp3::{Fleet, FleetConfig, Process, Unit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use crate::bare;

/// Analog inputs of each outstation.
pub(crate) const POINTS: u16 = 100;
/// The link address of the first; the others count on.
pub(crate) const ADDRESS: u16 = 10;
/// Values begin again behind so many events.
pub(crate) const NUMBERS: u64 = 1 << 24;
/// The argument by which this program is the other side.
pub(crate) const ROLE: &str = "outstations";

/// How many events are kept ready, all outstations together.
const READY: usize = 100_000;
/// The fewest that each has ready.
const READY_MIN: usize = 1_500;
/// How often it is looked whether there are enough.
const LOOK: Duration = Duration::from_millis(2);

/// The other process, as seen from this one.
pub(crate) struct Outstations {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Where each listens.
    pub(crate) ports: Vec<u16>,
    /// Where fragments come from that nobody has to understand.
    pub(crate) bare_port: u16,
}

/// What became of all events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) produced: u64,
    pub(crate) confirmed: u64,
    pub(crate) buffered: u64,
}

impl Outstations {
    /// So many outstations that always have events, in fragments no longer than that.
    pub(crate) fn start(count: usize, fragment_bytes: usize) -> Self {
        let ready = (READY / count).max(READY_MIN);
        Self::start_at(ADDRESS, count, fragment_bytes, ready)
    }

    /// So many outstations that have no events, with link addresses from `address` on.
    pub(crate) fn start_idle(address: u16, count: usize) -> Self {
        Self::start_at(address, count, 2_048, 0)
    }

    fn start_at(address: u16, count: usize, fragment_bytes: usize, ready: usize) -> Self {
        let arguments = [address.into(), count, fragment_bytes, ready];
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg(ROLE)
            .args(arguments.map(|number| number.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program once more");
        let input = child.stdin.take().expect("a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut ports = numbers(&mut output);
        let bare_port = ports.pop().expect("the last port");
        let port = |port| u16::try_from(port).expect("a port");
        Self {
            child,
            input,
            output,
            ports: ports.into_iter().map(port).collect(),
            bare_port: port(bare_port),
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// How it is at present.
    pub(crate) fn report(&mut self) -> Report {
        self.ask("report")
    }

    /// No more events are made; returns once none waits, or none is confirmed any more.
    pub(crate) fn finish(&mut self) -> Report {
        self.ask("finish")
    }

    fn ask(&mut self, what: &str) -> Report {
        writeln!(self.input, "{what}").expect("a running process");
        match numbers(&mut self.output)[..] {
            [produced, confirmed, buffered] => Report {
                produced,
                confirmed,
                buffered,
            },
            _ => panic!("three numbers"),
        }
    }
}

impl Drop for Outstations {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn numbers(output: &mut Lines<BufReader<ChildStdout>>) -> Vec<u64> {
    let line = output.next().expect("a running process").expect("a line");
    let words = line.split(' ');
    words.map(|word| word.parse().expect("a number")).collect()
}

/// The other process itself, with the numbers that it was started with: it ends with its input.
pub(crate) fn serve(numbers: &[usize]) {
    let &[address, count, fragment_bytes, ready] = numbers else {
        panic!("four numbers");
    };
    let config = FleetConfig {
        first_address: u16::try_from(address).expect("an address"),
        ..config(count, fragment_bytes, ready)
    };
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let fleet = runtime.block_on(async {
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let fleet = Fleet::listen(localhost, 0, config).await;
        let fleet = fleet.expect("free ports");
        let listener = TcpListener::bind((localhost, 0)).await.expect("a port");
        let bare_port = listener.local_addr().expect("an address").port();
        let ports = fleet.addresses().map(|address| u64::from(address.port()));
        print(ports.chain([bare_port.into()]));
        tokio::spawn(bare_lines(listener));
        fleet
    });
    let maker = runtime.spawn(make_events(fleet.units().to_vec(), ready));
    for command in std::io::stdin().lines().map_while(Result::ok) {
        if command == "finish" {
            maker.abort();
            runtime.block_on(settle(&fleet));
        }
        let report = fleet.report();
        print([report.produced(), report.confirmed(), report.buffered()]);
    }
}

fn print(numbers: impl IntoIterator<Item = u64>) {
    let words: Vec<_> = numbers.into_iter().map(|n| n.to_string()).collect();
    println!("{}", words.join(" "));
}

fn config(outstations: usize, fragment_bytes: usize, ready: usize) -> FleetConfig {
    let point = |index| {
        PointDefinition::new(PointKind::AnalogInput, index, Class::One)
            .with_static(6)
            .with_event(7)
    };
    FleetConfig {
        outstations,
        outstation: OutstationConfig {
            fragment_bytes,
            capacities: EventCapacities::all(2 * ready),
            ..OutstationConfig::default()
        },
        process: Process::Still((0..POINTS).map(point).collect()),
        ..FleetConfig::default()
    }
}

/// Fills up who has only half of what should be ready.
async fn make_events(units: Vec<Arc<Unit>>, ready: usize) {
    if ready == 0 {
        return;
    }
    let mut looks = tokio::time::interval(LOOK);
    let mut filled: Vec<Option<u64>> = vec![None; units.len()];
    loop {
        looks.tick().await;
        for (unit, filled) in units.iter().zip(&mut filled) {
            unit.with(|outstation, at| {
                let buffered = outstation.buffered();
                if buffered < ready / 2 {
                    let since = filled.replace(at.unix_ms).unwrap_or(at.unix_ms);
                    make(outstation, at, since, ready - buffered);
                }
            });
        }
    }
}

/// Makes so many events, as if they had happened one after the other `since` then.
fn make(outstation: &mut Outstation, at: Moment, since: u64, count: usize) {
    let span = at.unix_ms.saturating_sub(since);
    for n in 0..count as u64 {
        let number = outstation.ledger().produced();
        let index = u16::try_from(number % u64::from(POINTS)).expect("few points");
        let point = outstation.points().find(PointKind::AnalogInput, index);
        let value = Value::Float64((number % NUMBERS) as f64);
        let time = since + span * n / count as u64;
        let update = Update::new(value, time).forced();
        let made = outstation.update(point.expect("a point"), update, at);
        assert_eq!(made, Ok(Some(number)));
    }
}

/// Waits until no event waits any more, or nothing has become of them for long.
async fn settle(fleet: &Fleet) {
    let mut before = fleet.report().confirmed();
    while fleet.report().buffered() > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let confirmed = fleet.report().confirmed();
        if std::mem::replace(&mut before, confirmed) == confirmed {
            return;
        }
    }
}

/// Lines that say the same full fragment again and again, and wait for a short answer each time.
async fn bare_lines(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(bare_line(stream));
    }
}

async fn bare_line(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let fragment = [0; bare::FRAGMENT_BYTES];
    let mut answer = [0; bare::ANSWER_BYTES];
    loop {
        stream.write_all(&fragment).await?;
        stream.read_exact(&mut answer).await?;
    }
}
