//! Loading: the file, the environment over it, the files it names.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::access::{self, Access};
use super::alarm;
use super::alarms::{self, Alarms};
use super::bounds::Bounds;
use super::device::{self, Connection, Device, Known, Profiles};
use super::device_csv;
use super::dnp3::{self, Meeting, Station};
use super::engine::{self, Engine};
use super::environment::{self, Variable};
use super::fault::{FaultLog, Faults};
use super::file::ConfigFile;
use super::guest;
use super::http::{self, Http};
use super::journal::{self, Journal};
use super::keys;
use super::listener::{Listener, Listeners};
use super::log::{self, Log};
use super::membership::{self, Membership};
use super::modbus::{self, Asking};
use super::names::Names;
use super::notify::{self, Notify};
use super::profile::{self, Profile};
use super::quantity::show_size;
use super::relay::{self, Relay};
use super::scan::ScanClasses;
use super::section::Section;
use super::source::{Files, Source};
use super::store::{self, Store};
use super::tls::TlsFiles;

/// The whole configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The process as a whole.
    pub engine: Engine,
    /// The address of the API.
    pub http: Http,
    /// Who may come in.
    pub access: Access,
    /// What is kept on disk until it is stored.
    pub journal: Journal,
    /// The database.
    pub store: Store,
    /// How Modbus devices are asked, unless their profile says otherwise.
    pub modbus: Asking,
    /// How many connections to devices may be under way at once; 1 to 65536, default 512.
    pub connects_at_once: usize,
    /// How outstations are met.
    pub dnp3: Meeting,
    /// What is said on the error output.
    pub log: Log,
    /// What holds for the alarms of all devices.
    pub alarms: Alarms,
    /// How often points are read.
    pub scan_classes: ScanClasses,
    /// What devices of one type have in common, in the order of the file.
    pub profiles: Vec<Arc<Profile>>,
    /// All devices, also those that are not enabled: first those of the file, then the CSV's.
    pub devices: Vec<Device>,
    /// Where devices connect by themselves.
    pub listeners: Vec<Arc<Listener>>,
    /// Who is told of alarms outside.
    pub notify: Vec<Notify>,
    /// The fleet that this engine is a member of, if there is one.
    pub membership: Option<Membership>,
    /// The way to writers on other machines, if they write in this engine's stead.
    pub relay: Option<Relay>,
}

impl Config {
    /// Loads the file at `path` with `variables` over it; pass [`std::env::vars_os`].
    ///
    /// # Errors
    /// Everything that is wrong, with its place.
    pub fn load<N, V>(
        path: &Path,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Faults>
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let into = |(name, value): (N, V)| (name.into(), value.into());
        let file = ConfigFile::new(path, variables.into_iter().map(into));
        file.parse(&file.text()?)
    }

    /// Reads `text` as the file called `file`, with `variables` over it; `read_file` gives the
    /// bytes of the files it names.
    ///
    /// # Errors
    /// Everything that is wrong, with its place.
    pub fn parse<N, V>(
        text: &str,
        file: &str,
        variables: impl IntoIterator<Item = (N, V)>,
        read_file: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Self, Faults>
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let faults = FaultLog::default();
        let source = Source::new(file, text);
        let variables = environment::overrides(variables, &faults);
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        let config = source.parse(text, &faults).and_then(|table| {
            let root = Section::root(table.get_ref(), keys::ROOT, &source, &faults);
            let read = read_file;
            let files = Files { folder, read };
            let config = Self::read(&root, &variables, &files, &faults)?;
            guest::check(&config.devices, &faults);
            if faults.is_empty() {
                check_memory(&config, &faults);
            }
            Some(config)
        });
        faults.judge(config, &source.whole())
    }

    fn read(
        root: &Section<'_>,
        variables: &[Variable],
        files: &Files<'_>,
        faults: &FaultLog,
    ) -> Option<Self> {
        let engine = Engine::read(&root.section("engine", engine::KEYS, variables));
        let http = Http::read(&root.section("http", http::KEYS, variables), files);
        let journal = Journal::read(&root.section("journal", journal::KEYS, variables));
        let store = root.section("store", store::KEYS, variables);
        let data_dir = engine.as_ref().map(|engine| engine.data_dir.clone());
        let data_dir = data_dir.unwrap_or_default();
        let access = root.section("access", access::KEYS, variables);
        let access = Access::read(&access, &http, &data_dir, files);
        let store = Store::read(&store, &data_dir, files);
        let modbus = root.section("modbus", modbus::KEYS, variables);
        let connects_at_once = modbus::connects_at_once(&modbus);
        let modbus = Asking::read(&modbus, &Asking::default());
        let dnp3 = Meeting::read(&root.section("dnp3", dnp3::KEYS, variables));
        let alarms = Alarms::read(&root.section("alarms", alarms::KEYS, variables));
        let log = Log::read(&root.section("log", log::KEYS, variables));
        let scan_classes = ScanClasses::read(&root.section("scan_class", &[], &[]));
        let tls = TlsFiles::new(files);
        let (profiles, by_name) = read_profiles(root, &scan_classes, &modbus, &tls);
        let listeners = Listeners::read(root, &tls, faults);
        let known = Known {
            profiles: &by_name,
            listeners: &listeners,
            tls: &tls,
            master: dnp3.master,
        };
        let mut names = Names::default();
        let mut devices: Vec<Device> = root
            .tables("device", device::KEYS, "device")
            .iter_mut()
            .filter_map(|section| Device::read(section, &mut names, &known))
            .collect();
        let csv = root.section("devices", device_csv::KEYS, &[]);
        let rows = device_csv::read(&csv, &mut names, files, &known, faults);
        devices.extend(rows);
        check_connections(&devices, faults);
        let used = profiles.iter().map(|profile| &**profile);
        alarm::check_references(&devices, &names, used, faults);
        let membership = root.section("fleet", membership::KEYS, variables);
        let name = engine.as_ref().map(|engine| &engine.name);
        let membership = Membership::read(&membership, name, files);
        let relay = root.section("relay", relay::KEYS, variables);
        let relay = Relay::read(&relay, store.as_ref(), files);
        Some(Self {
            engine: engine?,
            http,
            access,
            journal,
            store: store?,
            modbus,
            connects_at_once,
            dnp3,
            log,
            alarms: alarms?,
            scan_classes,
            profiles,
            devices,
            listeners: listeners.into_vec(),
            notify: notify::read(root, files),
            membership,
            relay,
        })
    }
}

fn read_profiles(
    root: &Section<'_>,
    classes: &ScanClasses,
    asking: &Asking,
    tls: &TlsFiles<'_>,
) -> (Vec<Arc<Profile>>, Profiles) {
    let mut profiles = Vec::new();
    let mut by_name = Profiles::default();
    let mut names = Names::default();
    for mut section in root.tables("profile", profile::KEYS, "profile") {
        let Some(profile) = Profile::read(&mut section, &mut names, classes, asking, tls) else {
            by_name.add_faulty(section.text("name").map(|name| name.value));
            continue;
        };
        let profile = Arc::new(profile);
        profiles.push(Arc::clone(&profile));
        by_name.add(profile);
    }
    (profiles, by_name)
}

/// Two devices at one address with one unit id, or the same link addresses, would be one and the
/// same.
fn check_connections(devices: &[Device], faults: &FaultLog) {
    let mut connections: HashMap<&Connection, &Device> = HashMap::new();
    for device in devices {
        let Some(connection) = device.connection.as_ref().filter(|_| device.enabled) else {
            continue;
        };
        let Connection { address, station } = connection;
        if device.guest.is_some() && matches!(station, Station::Outstation(_)) {
            // Those of a listener are compared there, with their peers.
            continue;
        }
        if let Some(first) = connections.insert(connection, device) {
            let number = match station {
                Station::Unit(_) => "unit",
                Station::Outstation(_) => "outstation",
            };
            let what = format!(
                "device '{}': {station} at {address} is device '{}' at {} already; \
                 correct the address or {number} of one",
                device.name, first.name, first.place
            );
            faults.add(&device.place, what);
        }
    }
}

fn check_memory(config: &Config, faults: &FaultLog) {
    let bounds = Bounds::of(config);
    let (needed, limit) = (bounds.memory_bytes(), config.engine.memory_limit);
    if needed > limit {
        let needed = needed.next_multiple_of(1 << 20);
        let what = format!(
            "[engine] memory_limit: {} is less than the {} that the queues of this fleet may \
             take; raise it, or scan more slowly",
            show_size(limit),
            show_size(needed)
        );
        faults.add(&config.engine.memory_limit_place, what);
    }
}
