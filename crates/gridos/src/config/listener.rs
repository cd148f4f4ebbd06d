//! `[[listener]]`: an address to which devices connect by themselves.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::dnp3;
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
    "one_connection",
    "ask_after",
    "introduced_within",
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
    /// Outstations dial in.
    Dnp3DialIn {
        /// Whether those of one peer come over one connection; default each over its own.
        one_connection: bool,
        /// After how much silence those that cannot be told apart are asked for the status of their
        /// link; 100 ms to 1 min, default 2 s.
        ask_after: Duration,
        /// How long a connection may take until it is known whose it is; 1 s to 10 min, default
        /// 30 s.
        introduced_within: Duration,
    },
}

impl ListenerKind {
    /// Whether outstations come.
    pub fn is_dnp3(&self) -> bool {
        matches!(self, Self::Dnp3DialIn { .. })
    }

    /// What it is called in the configuration.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Server { .. } => Kind::Server.word(),
            Self::DialIn => Kind::DialIn.word(),
            Self::Dnp3DialIn { .. } => Kind::Dnp3DialIn.word(),
        }
    }
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
        if names.is_empty() {
            return Err("is no listener; write a [[listener]] of that name".to_owned());
        }
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
    Dnp3DialIn,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Server, Self::DialIn, Self::Dnp3DialIn];

    const fn word(self) -> &'static str {
        match self {
            Self::Server => "modbus-server",
            Self::DialIn => "modbus-dial-in",
            Self::Dnp3DialIn => "dnp3-dial-in",
        }
    }
}

/// The keys that only some kinds have.
const KEYS_OF_KINDS: [(&[Kind], &[&str]); 3] = [
    (&[Kind::Server], &["confirm", "parts_within"]),
    (&[Kind::Server, Kind::DialIn], &["idle_timeout"]),
    (
        &[Kind::Dnp3DialIn],
        &["one_connection", "ask_after", "introduced_within"],
    ),
];

impl Listener {
    fn read(section: &mut Section<'_>, tls: &TlsFiles<'_>) -> Option<Self> {
        let name = section.word("name", Name::plain);
        let name = section.demand("name", name, "name = \"plc\"");
        if let Some(name) = &name {
            section.rename(format!("listener '{}'", name.value));
        }
        let kinds = Kind::ALL.map(|kind| (kind.word(), kind));
        let kind = section.choice("kind", &kinds);
        let example = "kind = \"modbus-server\", \"modbus-dial-in\" or \"dnp3-dial-in\"";
        let kind = section.demand("kind", kind, example);
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
        refuse_of_others(section, kind);
        let server = read_server(section);
        let dnp3_dial_in = read_dnp3_dial_in(section);
        let name = name?;
        if has_tls && tls.is_none() {
            return None;
        }
        Some(Self {
            kind: match kind? {
                Kind::Server => server,
                Kind::DialIn => ListenerKind::DialIn,
                Kind::Dnp3DialIn => dnp3_dial_in,
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

/// Reports the keys that listeners of `kind` do not have.
fn refuse_of_others(section: &Section<'_>, kind: Option<Kind>) {
    let Some(kind) = kind else { return };
    let others = KEYS_OF_KINDS.iter();
    for (kinds, keys) in others.filter(|(kinds, _)| !kinds.contains(&kind)) {
        let words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
        let words = words.join("\" or \"");
        for key in keys.iter().filter(|key| section.has(key)) {
            section.fault(
                key,
                format_args!("is only for kind = \"{words}\"; remove it"),
            );
        }
    }
}

/// What only listeners for outstations have.
fn read_dnp3_dial_in(section: &Section<'_>) -> ListenerKind {
    let one_connection = section.flag("one_connection");
    let silences = Duration::from_millis(100)..=Duration::from_secs(60);
    let ask_after = section.duration("ask_after", &silences);
    let waits = Duration::from_secs(1)..=Duration::from_secs(600);
    let introduced_within = section.duration("introduced_within", &waits);
    ListenerKind::Dnp3DialIn {
        one_connection: one_connection.unwrap_or(false),
        ask_after: ask_after.map_or(dnp3::Listener::ASK_AFTER, |found| found.value),
        introduced_within: introduced_within
            .map_or(dnp3::Listener::INTRODUCED_WITHIN, |found| found.value),
    }
}

/// What only servers have.
fn read_server(section: &Section<'_>) -> ListenerKind {
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
mod tests;
