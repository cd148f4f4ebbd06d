//! The devices that the storm comes over.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use gridos_sim::modbus::{Exception, Fault, Memory, Server, Table};
use tokio::runtime::Runtime;

use crate::support::random::Random;

/// Where the engine finds what a relay measures; the oil is read with a request of its own.
const CURRENT: u16 = 0;
const MODE: u16 = 1;
const OIL: u16 = 40;

/// Relays that listen; they outlive the engine.
pub(super) struct Relays {
    all: Vec<Relay>,
    /// Dropped, they stop.
    _servers: Vec<Server>,
    _runtime: Runtime,
}

/// One relay.
pub(super) struct Relay {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    /// Whether the storm cuts it off, and if not, whether its oil can be read no more.
    pub(super) is_lost: bool,
    pub(super) is_leaking: bool,
    memory: Arc<Memory>,
}

impl Relays {
    /// Starts `count`: every second one is to be cut off, every fifth of the others to lose its oil.
    pub(super) fn start(count: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (mut all, mut servers) = (Vec::new(), Vec::new());
        for n in 0..count {
            let memory = Arc::new(Memory::default());
            let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let server = Server::bind(anywhere, Arc::clone(&memory) as _);
            let server = runtime.block_on(server).unwrap();
            let relay = Relay {
                name: format!("relay-{n}"),
                address: server.local_addr(),
                is_lost: n % 2 == 1,
                is_leaking: n % 10 == 0,
                memory,
            };
            relay.calm();
            servers.push(server);
            all.push(relay);
        }
        Self {
            all,
            _servers: servers,
            _runtime: runtime,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Relay> {
        self.all.iter()
    }

    pub(super) fn heard(&self) -> impl Iterator<Item = &Relay> {
        self.iter().filter(|relay| !relay.is_lost)
    }

    /// Whether an alarm is of one that is heard.
    pub(super) fn is_heard(&self, alarm: &str) -> bool {
        let number = alarm.strip_prefix("relay-").unwrap();
        let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap();
        !self.all[number[..digits].parse::<usize>().unwrap()].is_lost
    }

    /// All change their state.
    pub(super) fn rise(&self) {
        self.iter().for_each(|relay| relay.measure(150, 1));
    }

    /// Half of them are cut off, one way or another, and of some the oil can be read no more.
    pub(super) fn cut_off(&self, random: &mut Random) {
        for relay in self.iter() {
            if relay.is_lost {
                let faults = [Fault::Silent, Fault::Close, Fault::HalfReply];
                relay.memory.set_fault(Some(random.one_of(&faults)));
            }
            if relay.is_leaking {
                let exception = Exception::IllegalAddress;
                let memory = &relay.memory;
                memory.refuse(Table::InputRegister, OIL..=OIL, exception);
            }
        }
    }

    /// Everything is as before the storm.
    pub(super) fn calm(&self) {
        self.iter().for_each(Relay::calm);
    }
}

impl Relay {
    /// What it measures from now on.
    pub(super) fn measure(&self, current: u16, mode: u16) {
        let input = Table::InputRegister;
        debug_assert_eq!(MODE, CURRENT + 1);
        self.memory.set_registers(input, CURRENT, &[current, mode]);
    }

    fn calm(&self) {
        self.measure(50, 0);
        let input = Table::InputRegister;
        self.memory.set_registers(input, OIL, &[60]);
        self.memory.refuse_nothing();
        self.memory.set_fault(None);
    }
}

/// The profile of a relay. What falls silent is told lost before its oil is stale.
pub(super) const PROFILE: &str = r#"
[[profile]]
name = "relay"
protocol = "modbus"
scan = "quick"
link_alarm = { on_delay = "1s" }
point = [
  { name = "current", input = 0, limits = { high = 100, high_high = 200, deadband = 5 } },
  { name = "mode", input = 1, alarm = [{ kind = "state", abnormal = [1] }] },
  { name = "oil", input = 40, alarm = [{ kind = "quality" }, { kind = "stale", after = "8s" }] },
]
"#;
