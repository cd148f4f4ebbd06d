//! Outstations: what is read of them, and how faults are told.

use std::time::Duration;

use gridos_collect::dnp3::PointKind;
use gridos_dnp3::app::{Class, EventClasses, MasterRequest, Selection, Sequence, Variation};
use gridos_dnp3::master::{Confirm, EarlyEvents, TimeSync};

use super::super::tests::{NO_VARIABLES, no_files};
use super::super::{Bounds, Config, Faults, Fleet, Protocol, Reach};
use super::*;
use crate::check::Report;

pub(super) const RTU: &str = r#"
[[profile]]
name = "rtu"
protocol = "dnp3"
point = [
    { name = "current_a", analog = 0, scale = 0.1, unit = "A", limits = { high = 10 } },
    { name = "alarm_{n}", binary = "4..9", states = { 0 = "normal", 1 = "alarm" } },
    { name = "breaker", double_bit = 3 },
    { name = "version", octets = 0 },
]
"#;

pub(super) fn parse(text: &str) -> Result<Config, Faults> {
    Config::parse(text, "g.toml", NO_VARIABLES, &no_files)
}

fn with_rtu(rest: &str) -> Config {
    parse(&format!("{RTU}{rest}")).unwrap_or_else(|faults| panic!("{faults}"))
}

pub(super) fn faults(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn map(keys: &str) -> OutstationMap {
    let text = RTU.replace("protocol", &format!("{keys}\nprotocol"));
    let config = parse(&text).unwrap_or_else(|faults| panic!("{faults}"));
    match &config.profiles[0].protocol {
        Protocol::Dnp3(map) => map.clone(),
        Protocol::Modbus(_) | Protocol::Push(_) => panic!("not dnp3"),
    }
}

#[test]
fn an_outstation_is_read_with_its_profile() {
    let config = with_rtu(
        r#"
        [[device]]
        name = "s1"
        profile = "rtu"
        address = "10.0.0.7"
        outstation = 10
        [[device]]
        name = "s2"
        profile = "rtu"
        address = "10.0.0.7:20000"
        master = 3
        outstation = 10
        [device.point.current_a]
        scale = 0.5
        [device.point.alarm_6]
        limits = { high = 1 }
        "#,
    );
    let fleet = Fleet::of(&config).unwrap();
    let link = |n: usize| fleet.devices[n].dnp3.as_ref().unwrap();
    assert_eq!(link(0).address.to_string(), "10.0.0.7:20000");
    assert_eq!(link(0).pair.to_string(), "outstation 10 of master 1");
    assert_eq!(link(1).pair.to_string(), "outstation 10 of master 3");
    assert!(matches!(link(0).reach, Reach::Tcp));
    let map = &link(0).map;
    assert_eq!(map.position(PointKind::Binary, 9), Some(6));
    assert_eq!(map.groups(), std::slice::from_ref(&(1..7)));
    assert_eq!(
        (map.points()[0].scale, link(1).map.points()[0].scale),
        (0.1, 0.5)
    );
    let names = fleet.directory.devices()[0].whole().points().iter();
    let names: Vec<_> = names.map(|point| (point.name(), point.is_text())).collect();
    assert_eq!(names[1], ("alarm_4", false));
    assert_eq!(names[8], ("version", true));
    assert_eq!(fleet.directory.devices()[0].groups().len(), 1);
    let alarms = |n: usize| fleet.devices[n].alarms.iter().map(|(at, _)| *at);
    assert!(alarms(0).eq([0]) && alarms(1).eq([0, 3]));
    let states: Vec<_> = fleet.devices[0].states.iter().map(|(at, _)| *at).collect();
    assert_eq!(states, [1, 2, 3, 4, 5, 6, 7]);
    let breaker = fleet.devices[0].states.last().unwrap().1.iter();
    let breaker: Vec<_> = breaker.map(|(number, text)| (*number, &**text)).collect();
    assert_eq!(
        breaker,
        [
            (0, "intermediate"),
            (1, "off"),
            (2, "on"),
            (3, "indeterminate")
        ]
    );
    let bounds = Bounds::of(&config);
    assert_eq!((bounds.connections, bounds.outstations), (1, 2));
    assert_eq!((bounds.points, bounds.batch_readings), (18, 1_024));
    assert_eq!(fleet.periods().count(), 0);
}

#[test]
fn the_treatment_has_the_defaults_of_a_master() {
    let treatment = map("").treatment;
    assert_eq!(*treatment.config, gridos_dnp3::master::Config::default());
    assert_eq!(treatment.keep_alive, Some(Duration::from_secs(60)));
    assert_eq!(treatment.fragment_max.bytes(), 2_048);
}

#[test]
fn a_profile_says_how_its_outstations_are_treated() {
    let map = map(r#"
        confirm = "received"
        outstation_confirm_timeout = "2s"
        response_timeout = "10s"
        unsolicited = ["class1", "class3"]
        disable_unsolicited = false
        early_events = "ignore"
        integrity_period = false
        integrity_on_reconnect = true
        class_poll = { class1 = "1s", class2 = "10s" }
        reads = [
            { group = 30, variation = 6, points = "0..9", every = "1min" },
            { group = 2, at_most = 100, every = "5s" },
        ]
        assign_class = { class0 = ["octets"], class1 = ["binary", "analog 0..9", "counter 7"] }
        time_sync = "lan"
        keep_alive = false
        fragment_max = "4KiB"
        connect_timeout = "1s"
        reconnect_max = "1min"
        "#);
    let treatment = map.treatment;
    let config = &treatment.config;
    assert_eq!(config.confirm, Confirm::Received);
    assert_eq!(config.confirm_within(), Duration::from_millis(1_200));
    assert_eq!(config.response_timeout, Duration::from_secs(10));
    let classes = EventClasses::ONE | EventClasses::THREE;
    assert_eq!(config.enables_unsolicited, classes);
    assert!(!config.disables_unsolicited && config.integrity_on_reconnect);
    assert_eq!(config.early_events, EarlyEvents::Ignore);
    assert_eq!(config.time_sync, TimeSync::Lan);
    assert_eq!(
        (config.integrity_period, treatment.keep_alive),
        (None, None)
    );
    let polls = config.polls.iter();
    let polls: Vec<_> = polls
        .map(|p| (p.selections()[0], p.period().as_secs()))
        .collect();
    assert_eq!(
        polls,
        [
            (Selection::class(Class::One), 1),
            (Selection::class(Class::Two), 10),
            (Selection::span(Variation::new(30, 6), 0, 9), 60),
            (Selection::up_to(Variation::new(2, 0), 100), 5),
        ]
    );
    let (class, points) = &treatment.assigned[1];
    let expected = [
        Selection::all(Variation::new(1, 0)),
        Selection::span(Variation::new(30, 0), 0, 9),
        Selection::span(Variation::new(20, 0), 7, 7),
    ];
    assert_eq!((*class, &**points), (Class::One, &expected[..]));
    assert!(!config.assignments.is_empty());
    assert_eq!(treatment.fragment_max.bytes(), 4_096);
}

#[test]
fn one_period_polls_all_classes_together() {
    let map = map("class_poll = \"10s\"\nunsolicited = false");
    let [poll] = &*map.treatment.config.polls else {
        panic!("{map:?}");
    };
    let mut octets = Vec::new();
    let request = MasterRequest::Read(poll.selections());
    request.encode(Sequence::ZERO, &mut octets).unwrap();
    assert_eq!(octets, [0xC0, 1, 60, 2, 6, 60, 3, 6, 60, 4, 6]);
    assert!(map.treatment.config.enables_unsolicited.is_empty());
}

const DOOR: &str = r#"
[[listener]]
name = "door"
kind = "dnp3-dial-in"
listen = "127.0.0.1:20000"
allow = ["10.0.0.0/8"]
"#;

fn dials_in(name: &str, rest: &str) -> String {
    format!("[[device]]\nname = \"{name}\"\nprofile = \"rtu\"\nlistener = \"door\"\n{rest}\n")
}

#[test]
fn outstations_that_dial_in_are_told_by_their_link_addresses() {
    let devices = dials_in("a", "outstation = 10")
        + &dials_in("b", "outstation = 11")
        + &dials_in("c", "outstation = 10\npeer = \"11.0.0.1\"");
    let arrivals = |door: &str| {
        let config = with_rtu(&format!("{door}{devices}"));
        let fleet = Fleet::of(&config).unwrap();
        let links = fleet
            .devices
            .iter()
            .filter_map(|device| device.dnp3.clone());
        let arrivals = links.map(|link| match link.reach {
            Reach::DialIn(arrival) => arrival,
            Reach::Tcp | Reach::Tls(_) => panic!("{link:?}"),
        });
        (
            arrivals.collect::<Vec<_>>(),
            Bounds::of(&config).connections,
        )
    };
    let (own, connections) = arrivals(DOOR);
    assert_ne!(own[0], own[1]);
    assert_eq!(connections, 3);
    let (shared, connections) = arrivals(&format!("{DOOR}one_connection = true\n"));
    assert_eq!(shared[0], shared[1]);
    assert_eq!(connections, 2);
    let config = with_rtu(&format!("{DOOR}{devices}"));
    let report = Report::of(&config).unwrap().to_string();
    assert!(
        report.contains("'door' at 127.0.0.1:20000: 3 devices dial in, from 10.0.0.0/8"),
        "{report}"
    );
}

#[test]
fn outstations_that_cannot_be_told_apart_are_refused() {
    let text = |other: &str| {
        let devices = dials_in("a", "outstation = 10") + &dials_in("b", other);
        format!("{RTU}{DOOR}{devices}")
    };
    let found = faults(&text("outstation = 10\npeer = \"10.0.0.7\""));
    let what = "device 'b': cannot be told from device 'a' at g.toml:18: at listener 'door', its \
                peer and outstation 10 of master 1 would be both; correct the peer or outstation";
    assert!(found.contains(what), "{found}");
    assert!(parse(&text("outstation = 10\nmaster = 2")).is_ok());
    let found = faults(&text("outstation = 11\naddress = \"h\""));
    assert!(found.contains("address: stands beside listener"), "{found}");
    let door = DOOR.to_owned() + "idle_timeout = \"1min\"\nconfirm = \"durable\"\n";
    let found = faults(&door);
    for what in [
        "listener 'door' idle_timeout: is only for kind = \"modbus-server\" or \"modbus-dial-in\"",
        "listener 'door' confirm: is only for kind = \"modbus-server\"; remove it",
    ] {
        assert!(found.contains(what), "{found}");
    }
}

#[test]
fn the_section_tells_the_engines_own_address() {
    let config = with_rtu(
        "[dnp3]\nmaster = 100\nintegrity_polls_at_once = 3\n\
         [[device]]\nname = \"d\"\nprofile = \"rtu\"\naddress = \"h\"\noutstation = 1",
    );
    assert_eq!(config.dnp3.integrity_polls_at_once, 3);
    let fleet = Fleet::of(&config).unwrap();
    let pair = fleet.devices[0].dnp3.as_ref().unwrap().pair;
    assert_eq!(pair.to_string(), "outstation 1 of master 100");
}
