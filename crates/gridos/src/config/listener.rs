//! `[[listener]]`: an address to which devices connect by themselves.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::modbus::{Confirm, Network};

use super::fault::{FaultLog, Place};
use super::name::Name;
use super::nearest::suggestion;
use super::section::Section;
use super::tls::{Tls, TlsFiles};

pub(super) const KEYS: &[&str] = &[
    "name",
    "kind",
    "listen",
    "allow",
    "identify",
    "confirm",
    "parts_within",
    "connections_max",
    "idle_timeout",
    "tls",
    "roles",
];

/// An address to which devices connect by themselves.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub kind: ListenerKind,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The addresses that may connect.
    pub allow: Vec<Network>,
    /// By what devices are recognised; default by their address.
    pub identify: Identify,
    /// How many connections may be open at once; 1 to 65536, default 256.
    pub connections_max: usize,
    /// How long a connection may be silent; 1 s to 1 d, default 5 min.
    pub idle_timeout: Duration,
    /// Its certificates, if it speaks TLS.
    pub tls: Option<Tls>,
    /// The roles of which a certificate must have one; none: any, or no role at all.
    pub roles: Vec<String>,
    /// Where it is configured.
    pub place: Place,
}

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// Devices write their registers.
    Server {
        /// When a write is acknowledged; default when it is durable.
        confirm: Confirm,
        /// How long the parts of one value may be apart; 10 ms to 1 h, default 1 s.
        parts_within: Duration,
    },
    /// Devices dial in and are polled.
    DialIn,
}

/// By what devices are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identify {
    /// Their address.
    Address,
    /// What they send first.
    Packet,
    /// The subject of their certificate.
    Certificate,
}

/// The listeners by name.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    sound: HashMap<String, Arc<Listener>>,
    /// Listeners with faults: their devices are not blamed for naming them.
    faulty: HashSet<String>,
}

impl Listeners {
    /// Reads all of them.
    pub(super) fn read(root: &Section<'_>, tls: &TlsFiles<'_>, faults: &FaultLog) -> Self {
        let mut all = Self::default();
        let mut addresses: HashMap<SocketAddr, Arc<Listener>> = HashMap::new();
        for mut section in root.tables("listener", KEYS, "listener") {
            let Some(listener) = Listener::read(&mut section, tls).map(Arc::new) else {
                let name = section.text("name").map(|found| found.value.to_owned());
                all.faulty.extend(name);
                continue;
            };
            let name = listener.name.to_string();
            if let Some(first) = all.sound.insert(name, Arc::clone(&listener)) {
                let (name, first) = (&listener.name, &first.place);
                let what = format!("listener '{name}' is at {first} already; rename one");
                faults.add(&listener.place, what);
            }
            if let Some(first) = addresses.insert(listener.listen, Arc::clone(&listener)) {
                let (name, other) = (&listener.name, &first.name);
                let what = format!(
                    "listener '{name}': listener '{other}' at {} listens there already; choose \
                     another address or port",
                    first.place
                );
                faults.add(&listener.place, what);
            }
        }
        all
    }

    /// The listener, `None` if it is faulty, or an error if there is none of that name.
    pub(super) fn find(&self, text: &str) -> Result<Option<Arc<Listener>>, String> {
        if let Some(listener) = self.sound.get(text) {
            return Ok(Some(Arc::clone(listener)));
        }
        if self.faulty.contains(text) {
            return Ok(None);
        }
        let mut names: Vec<&str> = self.sound.keys().map(String::as_str).collect();
        names.extend(self.faulty.iter().map(String::as_str));
        names.sort_unstable();
        Err(format!("is no listener{}", suggestion(text, names)))
    }

    /// All sound ones, by their addresses.
    pub(super) fn into_vec(self) -> Vec<Arc<Listener>> {
        let mut all: Vec<_> = self.sound.into_values().collect();
        all.sort_by_key(|listener| (listener.listen, listener.name.to_string()));
        all
    }
}

/// The kinds before their own keys are read.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Server,
    DialIn,
}

impl Listener {
    fn read(section: &mut Section<'_>, tls: &TlsFiles<'_>) -> Option<Self> {
        let name = section.word("name", Name::plain);
        let name = section.demand("name", name, "name = \"plc\"");
        if let Some(name) = &name {
            section.rename(format!("listener '{}'", name.value));
        }
        let kinds = [
            ("modbus-server", Kind::Server),
            ("modbus-dial-in", Kind::DialIn),
        ];
        let kind = section.choice("kind", &kinds);
        let kind = section.demand(
            "kind",
            kind,
            "kind = \"modbus-server\" or \"modbus-dial-in\"",
        );
        let listen = section.word("listen", |text| {
            text.parse::<SocketAddr>()
                .map_err(|_| "is no address with a port; write for example \"0.0.0.0:502\"")
        });
        let listen = section.demand("listen", listen, "listen = \"0.0.0.0:502\"");
        let allow = read_allow(section);
        let has_tls = section.has("tls");
        let tls = tls.read(section);
        let identify = read_identify(section, has_tls);
        let roles = read_roles(section, has_tls);
        let connections_max = section.whole("connections_max", 1..=65_536);
        let silences = Duration::from_secs(1)..=Duration::from_secs(86_400);
        let idle_timeout = section.duration("idle_timeout", &silences);
        let kind = kind.map(|kind| kind.value);
        let server = read_server(section, kind);
        let name = name?;
        if has_tls && tls.is_none() {
            return None;
        }
        Some(Self {
            kind: if kind? == Kind::Server {
                server
            } else {
                ListenerKind::DialIn
            },
            listen: listen?.value,
            allow: allow?,
            identify,
            connections_max: connections_max.map_or(CONNECTIONS_MAX, |found| found.value),
            idle_timeout: idle_timeout.map_or(IDLE_TIMEOUT, |found| found.value),
            tls,
            roles,
            name: name.value,
            place: name.place,
        })
    }
}

/// What `connections_max` is unless said otherwise.
const CONNECTIONS_MAX: usize = 256;
/// What `idle_timeout` is unless said otherwise.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// What `parts_within` is unless said otherwise.
const PARTS_WITHIN: Duration = Duration::from_secs(1);

fn read_allow(section: &Section<'_>) -> Option<Vec<Network>> {
    let what = "a list of networks such as [\"10.1.0.0/16\", \"10.2.0.7\"]";
    let texts = section.list("allow", what, |given| given.text().map(str::to_owned));
    let texts = section.demand("allow", texts, "allow = [\"10.1.0.0/16\"]")?;
    let mut networks = Vec::new();
    for text in &texts.value {
        match text.parse() {
            Ok(network) => networks.push(network),
            Err(error) => section.fault("allow", format_args!("{text:?} {error}")),
        }
    }
    if texts.value.is_empty() {
        let what = "allows nobody; write the networks of the devices, such as [\"10.1.0.0/16\"]";
        section.fault("allow", what);
    }
    Some(networks)
}

fn read_identify(section: &Section<'_>, has_tls: bool) -> Identify {
    let ways = [
        ("address", Identify::Address),
        ("packet", Identify::Packet),
        ("certificate", Identify::Certificate),
    ];
    let identify = section.choice("identify", &ways);
    let identify = identify.map_or(Identify::Address, |found| found.value);
    if identify == Identify::Certificate && !has_tls {
        section.fault("identify", "needs certificates; write tls = { … } as well");
    }
    identify
}

fn read_roles(section: &Section<'_>, has_tls: bool) -> Vec<String> {
    let what = "a list of roles such as [\"substation\"]";
    let roles = section.list("roles", what, |given| given.text().map(str::to_owned));
    if section.has("roles") && !has_tls {
        section.fault("roles", "are in certificates; write tls = { … } as well");
    }
    roles.map_or_else(Vec::new, |found| found.value)
}

/// What only servers have.
fn read_server(section: &Section<'_>, kind: Option<Kind>) -> ListenerKind {
    if kind == Some(Kind::DialIn) {
        for key in ["confirm", "parts_within"]
            .iter()
            .filter(|key| section.has(key))
        {
            section.fault(key, "is only for kind = \"modbus-server\"; remove it");
        }
    }
    let ways = [
        ("durable", Confirm::Durable),
        ("received", Confirm::Received),
    ];
    let confirm = section.choice("confirm", &ways);
    let waits = Duration::from_millis(10)..=Duration::from_secs(3_600);
    let parts_within = section.duration("parts_within", &waits);
    ListenerKind::Server {
        confirm: confirm.map_or(Confirm::Durable, |found| found.value),
        parts_within: parts_within.map_or(PARTS_WITHIN, |found| found.value),
    }
}

#[cfg(test)]
mod tests {
    use gridos_collect::modbus::Peer;

    use crate::check::Report;
    use crate::config::tests::{NO_VARIABLES, no_files};
    use crate::config::{Bounds, Config, Faults, Fleet, Reach};

    const PLC: &str = r#"
        [[profile]]
        name = "plc"
        protocol = "modbus"
        point = [{ name = "level", holding = 10 }, { name = "flow", input = 3 }]
        [[listener]]
        name = "writes"
        kind = "modbus-server"
        listen = "127.0.0.1:502"
        allow = ["10.1.0.0/16", "fd00::/8"]
        connections_max = 10
        [[listener]]
        name = "modems"
        kind = "modbus-dial-in"
        listen = "127.0.0.1:503"
        allow = ["0.0.0.0/0"]
        identify = "packet"
    "#;

    fn parse(rest: &str) -> Result<Config, Faults> {
        let text = format!("{PLC}{rest}");
        Config::parse(&text, "g.toml", NO_VARIABLES, &no_files)
    }

    fn faults(rest: &str) -> String {
        parse(rest).unwrap_err().to_string()
    }

    #[test]
    fn devices_find_their_listeners() {
        let config = parse(
            r#"
            [[device]]
            name = "a"
            profile = "plc"
            listener = "writes"
            [[device]]
            name = "b"
            profile = "plc"
            listener = "modems"
            peer = "hex:0aFF"
            unit = 7
            "#,
        )
        .unwrap();
        let fleet = Fleet::of(&config).unwrap();
        let pushed = fleet.devices[0].pushed.as_ref().unwrap();
        assert_eq!((pushed.unit, pushed.peer.as_ref()), (1, None));
        assert!(fleet.devices[0].modbus.is_none());
        let link = fleet.devices[1].modbus.as_ref().unwrap();
        let Reach::DialIn(listener, peer) = &link.reach else {
            panic!("{:?}", link.reach);
        };
        assert_eq!(
            (listener.as_str(), peer),
            ("modems", &Peer::Packet(vec![10, 255]))
        );
        assert_eq!(link.address.to_string(), "listener modems, packet \\n\\xff");
        let bounds = Bounds::of(&config);
        assert_eq!((bounds.connections, bounds.guests), (1, 266));
        let report = Report::of(&config).unwrap();
        assert!(report.to_string().contains(
            "listeners               'writes' at 127.0.0.1:502: 1 devices write to it, from \
             10.1.0.0/16, fd00::/8, at most 10 connections\n"
        ));
        let warned = [
            "no device can write point 'flow'",
            "lets in whoever reaches 127.0.0.1:503",
        ];
        for what in warned {
            assert!(report.warnings.iter().any(|w| w.contains(what)), "{report}");
        }
    }

    #[test]
    fn listeners_with_faults_say_what_to_do() {
        let found = faults(
            r#"
            [[listener]]
            name = "x"
            kind = "modbus-dial-in"
            listen = "502"
            allow = ["10.1.0.7/16"]
            identify = "certificate"
            confirm = "durable"
            roles = ["r"]
            [[listener]]
            name = "y"
            kind = "modbus-server"
            listen = "127.0.0.1:502"
            tls = { ca = "ca.pem", certificate = "own.pem", key = "own.key" }
            "#,
        );
        for what in [
            "g.toml:22: listener 'x' listen: \"502\" is no address with a port",
            "g.toml:23: listener 'x' allow: \"10.1.0.7/16\" has bits behind its prefix; write \
             \"10.1.0.0/16\"",
            "g.toml:24: listener 'x' identify: needs certificates",
            "g.toml:25: listener 'x' confirm: is only for kind",
            "g.toml:26: listener 'x' roles: are in certificates",
            "listener 'y' allow: is missing; write allow = [\"10.1.0.0/16\"]",
            "g.toml:31: listener 'y' tls ca: \"ca.pem\" cannot be read",
        ] {
            assert!(found.contains(what), "{what}\n{found}");
        }
    }

    #[test]
    fn devices_that_cannot_be_told_apart_are_refused() {
        let device = |name: &str, rest: &str| {
            format!("[[device]]\nname = \"{name}\"\nprofile = \"plc\"\n{rest}\n")
        };
        let writes = |peer: &str, unit: u8| {
            format!("listener = \"writes\"\npeer = \"{peer}\"\nunit = {unit}")
        };
        let modem = |peer: &str| format!("listener = \"modems\"\npeer = \"{peer}\"");
        for (a, b, is_sound) in [
            (writes("10.1.0.0/24", 1), writes("10.1.0.7", 1), false),
            (writes("10.1.0.0/24", 1), writes("10.1.0.7", 2), true),
            (writes("10.1.0.6", 1), writes("10.1.0.7", 1), true),
            (
                writes("10.1.0.6", 1),
                "listener = \"writes\"".to_owned(),
                false,
            ),
            (modem("866"), modem("8660"), false),
            (modem("8661"), modem("8660"), true),
            (modem("8661"), modem("8661"), false),
            (modem("8661"), format!("{}\nunit = 2", modem("8661")), true),
        ] {
            let parsed = parse(&(device("a", &a) + &device("b", &b)));
            assert_eq!(parsed.is_ok(), is_sound, "{a}\n{b}\n{parsed:?}");
        }
        let found = faults(&device("a", "listener = \"modems\"\naddress = \"h:1\""));
        assert!(found.contains("address: stands beside listener"), "{found}");
        assert!(
            found.contains("peer: is missing; write peer = \"866001\""),
            "{found}"
        );
        let found = faults(&device("a", "listener = \"wirtes\"\npeer = \"x\""));
        assert!(
            found.contains("is no listener; did you mean 'writes'?"),
            "{found}"
        );
    }
}
