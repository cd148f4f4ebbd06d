//! Alarms as they are configured: what is read, and how faults are told.

use std::time::Duration;

use gridos_alarm::{
    Condition, CountRule, Definition, Limits, Priorities, Reference, States, WhichStates,
};
use gridos_model::{AlarmId, AlarmKind, Level, Priority};

use super::super::tests::{NO_VARIABLES, faults, no_files};
use super::super::{Config, Fleet, FleetAlarm};

/// A profile with two points, of which the first has `alarms`, and the profile has `keys`; and a
/// device with `rest` behind it. The first point is at line 6.
pub(super) fn text(keys: &str, alarms: &str, rest: &str) -> String {
    format!(
        "[[profile]]\nname = \"p\"\nprotocol = \"modbus\"\n{keys}\npoint = [\n\
         {{ name = \"a\", input = 0, {alarms} }},\n{{ name = \"b\", input = 1 }},\n\
         {{ name = \"t\", input = 2, type = \"string\", registers = 2 }},\n]\n\
         [[device]]\nname = \"d\"\nprofile = \"p\"\naddress = \"h\"\n{rest}\n"
    )
}

pub(super) fn fleet(text: &str) -> Fleet {
    let config = Config::parse(text, "g.toml", NO_VARIABLES, &no_files);
    Fleet::of(&config.unwrap_or_else(|faults| panic!("{faults}\n{text}"))).unwrap()
}

fn alarms(keys: &str, own: &str, rest: &str) -> Vec<FleetAlarm> {
    fleet(&text(keys, own, rest)).alarms().collect()
}

/// The only alarm of the point `a` that has `own`.
fn definition(own: &str) -> Definition {
    let alarms = alarms("link_alarm = false", own, "");
    assert_eq!(alarms.len(), 1, "{own}");
    (*alarms[0].defined.definition).clone()
}

pub(super) fn high(limit: f64) -> Limits {
    Limits::new(None, Some(limit), None, None, 0.0).unwrap()
}

#[test]
fn the_short_form_of_limits_stays_what_it_was() {
    let limits = definition("limits = { high = 380, high_high = 440, deadband = 8 }");
    let expected = Limits::new(Some(440.0), Some(380.0), None, None, 8.0).unwrap();
    assert_eq!(limits, Definition::new(Condition::Limit(expected)));
    assert_eq!(limits.priority.of(Level::HighHigh), Priority::High);
    assert_eq!(limits.priority.of(Level::Low), Priority::Low);
}

#[test]
fn points_that_tell_by_exception_are_named() {
    let reported = |own| {
        let fleet = fleet(&text("link_alarm = false", own, ""));
        fleet.reported_by_exception().count()
    };
    assert_eq!(reported("limits = { high = 380, deadband = 8 }"), 0);
    let own = "limits = { high = 380, deadband = 8 }, report = { deadband = 5 }";
    assert_eq!(reported(own), 1);
}

#[test]
fn a_limit_may_have_a_deadband_of_its_own() {
    let limits = definition(
        "limits = { high = 380, high_high = 440, deadband = 8, deadbands = { high_high = 20 } }",
    );
    let Condition::Limit(limits) = limits.condition else {
        panic!("{limits:?}");
    };
    let deadbands = [Level::High, Level::HighHigh].map(|level| limits.deadband_of(level));
    assert_eq!(deadbands, [8.0, 20.0]);
    let wrong = "limits = { high = 380, deadbands = { low = 1 } }";
    assert_eq!(
        faults(&text("", wrong, "")),
        "g.toml:6: profile 'p' point 'a' limits deadbands low: the deadband of the low limit is 1; \
         it must be a finite number of at least 0, and there must be such a limit"
    );
}

#[test]
fn limits_say_how_they_behave() {
    let limits = definition(
        "limits = { high = 1, priority = \"medium\", on_delay = \"15s\", off_delay = \"1min\", \
         count = { times = 3, within = \"10s\" }, needs_acknowledgement = false, latches = true, \
         re_alarm = \"1h\", enabled = false, response = \"Call the shift.\" }",
    );
    let expected = Definition {
        condition: Condition::Limit(high(1.0)),
        priority: Priorities {
            outer: Priority::Medium,
            inner: Priority::Medium,
        },
        on_delay: Duration::from_secs(15),
        off_delay: Duration::from_secs(60),
        count: Some(CountRule {
            times: 3,
            within: Duration::from_secs(10),
        }),
        needs_acknowledgement: false,
        latches: true,
        re_alarm: Some(Duration::from_secs(3_600)),
        is_enabled: false,
        response: "Call the shift.".to_owned(),
    };
    assert_eq!(limits, expected);
    let priority = definition("limits = { high = 1, priority = { outer = \"urgent\" } }").priority;
    assert_eq!(
        (priority.outer, priority.inner),
        (Priority::Urgent, Priority::Low)
    );
}

#[test]
fn every_kind_is_read() {
    let seconds = Duration::from_secs;
    let states = |which, on_change_only| {
        Condition::State(States {
            which,
            on_change_only,
        })
    };
    let of_kind = |keys: &str| definition(&format!("alarm = [{{ kind = {keys} }}]")).condition;
    for (keys, expected) in [
        ("\"limit\", high = 1", Condition::Limit(high(1.0))),
        (
            "\"deviation\", from = 50, high = 1",
            Condition::Deviation {
                from: Reference::Setpoint(50.0),
                limits: high(1.0),
            },
        ),
        (
            "\"deviation\", from = \"b\", high = 1",
            Condition::Deviation {
                from: Reference::Point("b".to_owned()),
                limits: high(1.0),
            },
        ),
        (
            "\"rate\", high = 1",
            Condition::Rate {
                limits: high(1.0),
                min_interval: seconds(1),
            },
        ),
        (
            "\"rate\", high = 1, min_interval = \"5s\"",
            Condition::Rate {
                limits: high(1.0),
                min_interval: seconds(5),
            },
        ),
        (
            "\"state\", abnormal = [0, 3]",
            states(WhichStates::Abnormal(vec![0, 3]), false),
        ),
        (
            "\"state\", normal = [2], on_change_only = true",
            states(WhichStates::Normal(vec![2]), true),
        ),
        (
            "\"chatter\", times = 5, within = \"1min\"",
            Condition::Chatter(CountRule {
                times: 5,
                within: seconds(60),
            }),
        ),
        ("\"quality\"", Condition::Quality),
        (
            "\"stale\", after = \"5min\"",
            Condition::Stale {
                after: seconds(300),
            },
        ),
        (
            "\"frozen\", after = \"1h\"",
            Condition::Frozen {
                after: seconds(3_600),
            },
        ),
    ] {
        assert_eq!(of_kind(keys), expected, "{keys}");
    }
}

#[test]
fn states_may_be_called_by_their_texts() {
    let states = "states = { 0 = \"open\", 1 = \"closed\", 7 = \"tripped\" }";
    let found = definition(&format!(
        "{states}, alarm = [{{ kind = \"state\", abnormal = [\"tripped\", 0] }}]"
    ));
    let expected = States {
        which: WhichStates::Abnormal(vec![7, 0]),
        on_change_only: false,
    };
    assert_eq!(found.condition, Condition::State(expected));
    let wrong = format!("{states}, alarm = [{{ kind = \"state\", abnormal = [\"triped\"] }}]");
    assert_eq!(
        faults(&text("", &wrong, "")),
        "g.toml:6: profile 'p' point 'a' alarm 'state' abnormal: \"triped\" is no state of the \
         point; did you mean 'tripped'?"
    );
}

#[test]
fn a_polled_device_has_the_alarm_of_its_link() {
    let link = |keys: &str, rest: &str| {
        let found = alarms(keys, "", rest);
        let found = found.iter().map(|alarm| &alarm.defined);
        let found = found.filter(|alarm| alarm.point.is_none());
        let found: Vec<_> = found.collect();
        assert!(found.len() <= 1);
        found.first().map(|alarm| {
            assert_eq!(alarm.id, AlarmId::of("d", AlarmKind::Link));
            (*alarm.definition).clone()
        })
    };
    let default = link("", "").unwrap();
    assert_eq!(default.condition, Condition::Link);
    assert_eq!(default.priority.inner, Priority::Medium);
    assert_eq!(default.on_delay, Duration::from_secs(10));
    assert_eq!(link("link_alarm = true", ""), Some(default.clone()));
    assert_eq!(link("link_alarm = false", ""), None);
    assert_eq!(
        link("link_alarm = false", "link_alarm = true"),
        Some(default.clone())
    );
    assert_eq!(link("", "link_alarm = false"), None);
    let own = link("", "link_alarm = { latches = true }").unwrap();
    assert_eq!(
        own,
        Definition {
            latches: true,
            ..default
        }
    );
    let pushed = "[[profile]]\nname = \"w\"\nprotocol = \"push\"\npoint = [{ name = \"x\" }]\n\
                  [[device]]\nname = \"e\"\nprofile = \"w\"\n";
    assert_eq!(fleet(pushed).alarms().count(), 0);
    assert_eq!(
        faults(&format!("{pushed}link_alarm = false\n")),
        "g.toml:8: device 'e' link_alarm: is only for profiles of protocol = \"modbus\" or \
         \"dnp3\"; remove it"
    );
}

#[test]
fn alarms_for_all_points_are_shared_and_can_be_refused() {
    let defaults =
        "alarm_defaults = [{ kind = \"stale\", after = \"5min\" }, { kind = \"quality\" }]";
    let kinds = |own: &str| {
        let found = alarms(defaults, own, "link_alarm = false");
        let kind = |alarm: &FleetAlarm| (alarm.defined.point.unwrap().get(), alarm.kind());
        found.iter().map(kind).collect::<Vec<_>>()
    };
    let of_b = [(1, AlarmKind::Quality), (1, AlarmKind::Stale)];
    let both = [
        (0, AlarmKind::Quality),
        (0, AlarmKind::Stale),
        of_b[0],
        of_b[1],
    ];
    assert_eq!(kinds(""), both);
    assert_eq!(
        kinds("alarm = [{ kind = \"quality\", latches = true }]"),
        both
    );
    assert_eq!(kinds("alarm_defaults = false"), of_b);
    let found = alarms(defaults, "", "link_alarm = false");
    let is_shared = |one: usize, other: usize| {
        let definition = |at: usize| &found[at].defined.definition;
        std::sync::Arc::ptr_eq(definition(one), definition(other))
    };
    assert!(is_shared(0, 2) && is_shared(1, 3));
    assert_eq!(
        faults(&text(
            "alarm_defaults = [{ kind = \"rate\", high = 1 }]",
            "",
            ""
        )),
        "g.toml:4: profile 'p': alarm_defaults 'rate': is no alarm for every point; allowed are \
         quality, stale and frozen, and the others as alarm of a point"
    );
}

#[test]
fn a_device_has_its_own_alarms_in_the_place_of_its_profiles() {
    let own = "limits = { high = 1 }, alarm = [{ kind = \"quality\" }]";
    let rest = "link_alarm = false\n[device.point.a]\nlimits = { high = 2 }\n[device.point.b]\n\
                alarm = [{ kind = \"stale\", after = \"1h\" }]";
    let other = "\n[[device]]\nname = \"e\"\nprofile = \"p\"\naddress = \"i\"\nlink_alarm = false\n\
                 area = \"north\"\n[[device]]\nname = \"f\"\nprofile = \"p\"\naddress = \"j\"\n\
                 link_alarm = false\narea = \"north\"\n";
    let fleet = fleet(&text("", own, &format!("{rest}{other}")));
    let found: Vec<_> = fleet.alarms().collect();
    let shown: Vec<_> = found
        .iter()
        .map(|alarm| {
            let point = fleet.directory.point_name(alarm.defined.point.unwrap());
            format!("{}:{} {}", point.unwrap(), alarm.kind(), alarm.area)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "d.a:limit control-room",
            "d.a:quality control-room",
            "d.b:stale control-room",
            "e.a:limit north",
            "e.a:quality north",
            "f.a:limit north",
            "f.a:quality north",
        ]
    );
    let condition = |at: usize| &found[at].defined.definition.condition;
    assert_eq!(*condition(0), Condition::Limit(high(2.0)));
    assert_eq!(*condition(3), Condition::Limit(high(1.0)));
    let alarms = |at: usize| &fleet.devices[at].alarms;
    assert!(std::sync::Arc::ptr_eq(alarms(1), alarms(2)));
    let (one, other) = (&found[3].area, &found[5].area);
    assert!(std::sync::Arc::ptr_eq(one, other));
}

#[test]
fn a_deviation_is_measured_from_a_point_of_any_device() {
    let deviation = |from: &str| {
        let own = format!("alarm = [{{ kind = \"deviation\", from = \"{from}\", high = 1 }}]");
        let other = "[[device]]\nname = \"s.e\"\nprofile = \"w\"\n[[device]]\nname = \"off\"\n\
                     profile = \"w\"\nenabled = false\n[[profile]]\nname = \"w\"\nprotocol = \
                     \"push\"\npoint = [{ name = \"x\" }, { name = \"v\", type = \"string\" }]\n";
        text("", &own, other)
    };
    for (from, index) in [("b", 1), ("d.b", 1), ("s.e.x", 3)] {
        let found = fleet(&deviation(from)).alarms().next().unwrap();
        let reference = found.defined.reference.map(|index| index.get());
        assert_eq!(reference, Some(index), "{from}");
    }
    for (from, what) in [
        ("a", "'a' is the point itself; name another one"),
        ("c", "'c' is no point of profile 'p'; did you mean 'a'?"),
        (
            "t",
            "the readings of 't' are texts; name a point with numbers",
        ),
        ("s.e.y", "'y' is no point of profile 'w'; did you mean 'v'?"),
        (
            "s.e.v",
            "the readings of 'v' are texts; name a point with numbers",
        ),
        ("s.f.x", "'s.f' is no device; did you mean 's.e'?"),
        (
            "off.x",
            "device 'off' is not enabled; enable it, or remove this",
        ),
    ] {
        let found = faults(&deviation(from));
        let start = "g.toml:6: profile 'p' point 'a' alarm 'deviation' from: ";
        assert_eq!(found, format!("{start}{what}"));
    }
}

#[test]
fn the_faults_of_alarms_are_told_at_once_with_their_lines() {
    let own = "limits = { high = 1, prority = \"low\", on_delay = \"8d\" },\n\
               # A comment.\n";
    let own = format!(
        "{}alarm = [\n{{ kind = \"stat\" }}, {{ abnormal = [1] }},\n\
         {{ kind = \"stale\", high = 1, priority = \"medum\" }},\n\
         {{ kind = \"chatter\", times = 1, within = \"1min\" }},\n\
         {{ kind = \"state\", abnormal = [] }},\n{{ kind = \"state\", normal = [0.5] }},\n\
         {{ kind = \"deviation\", high = 1 }},\n{{ kind = \"quality\" }}, {{ kind = \"quality\" }}]",
        own.replace('\n', " ").split('#').next().unwrap()
    );
    let line = "profile 'p' point 'a'";
    let rest = "[device.point.t]\nlimits = { high = 1 }";
    assert_eq!(
        faults(&text("", &own, rest)),
        format!(
            "\
g.toml:6: {line} limits on_delay: 8d is out of range; allowed are 0s to 7d
g.toml:6: {line} limits prority: unknown key; did you mean 'priority'?
g.toml:7: {line} alarm kind: \"stat\" is unknown; did you mean 'state'?
g.toml:7: {line} alarm kind: is missing; write kind = \"state\"
g.toml:8: {line} alarm 'stale' after: is missing; write after = \"5min\"
g.toml:8: {line} alarm 'stale' high: is only for kind = \"limit\" or \"deviation\" or \"rate\"; remove it
g.toml:8: {line} alarm 'stale' priority: \"medum\" is unknown; did you mean 'medium'?
g.toml:9: {line} alarm 'chatter' times: is out of range; allowed are 2 to 1000
g.toml:10: {line} alarm 'state' abnormal: no state is named; give at least one, such as abnormal = [3]
g.toml:11: {line} alarm 'state' normal: must be a list of whole numbers, such as [0, 3]; entry 1 is none
g.toml:12: {line} alarm 'deviation' from: is missing; write from = 50, or the name of a point such as from = \"setpoint\"
g.toml:13: {line} alarm 'quality' kind: stands at g.toml:13 already: a point has one alarm of each kind; remove one
g.toml:22: device 'd' point 't' limits: is of a point whose readings are texts; remove it"
        )
    );
}

#[test]
fn texts_have_no_alarms() {
    let own = "type = \"string\", registers = 2, alarm = [{ kind = \"quality\" }]";
    assert!(faults(&text("", own, "")).contains("alarm: cannot stand beside type = \"string\""));
    let rest = "[device.point.t]\nalarm = [{ kind = \"quality\" }]";
    assert!(faults(&text("", "", rest)).contains("alarm: is of a point whose readings are texts"));
}

#[test]
fn a_report_by_exception_may_not_blind_an_alarm() {
    let with = |report: &str, alarm: &str| {
        let own = format!("report = {report}, alarm = [{{ kind = {alarm} }}]");
        text("", &own, "")
    };
    let edges = |text: &str| {
        let fleet = fleet(text);
        let link = fleet.devices[0].modbus.clone().unwrap();
        let mut points = link.plan.points().iter();
        let report = points.find_map(|point| point.report.clone()).unwrap();
        report.edges.to_vec()
    };
    let deviation = "\"deviation\", from = 50, high = 1";
    let found = edges(&with("{ deadband = 5 }", deviation));
    assert_eq!(found, [51.0, 51.0_f64]);
    let own = "[device.point.a]\nlimits = { high = 7 }";
    let state = "\"state\", abnormal = [3]";
    let found = edges(&format!("{}{own}", with("{ deadband = 5 }", state)));
    assert_eq!(found, [7.0, 7.0, 3.0, 3.0_f64.next_up()]);
    for (report, alarm, needs) in [
        ("{}", "\"rate\", high = 1", Some("needs every reading, but")),
        (
            "{ deadband = 1 }",
            "\"deviation\", from = \"b\", high = 1",
            Some("needs every change"),
        ),
        ("{}", "\"deviation\", from = \"b\", high = 1", None),
        (
            "{ deadband = 1 }",
            "\"chatter\", times = 2, within = \"1min\"",
            Some("needs every change"),
        ),
        (
            "{ deadband = 1 }",
            "\"frozen\", after = \"1h\"",
            Some("needs every change"),
        ),
        ("{ deadband = 1 }", "\"stale\", after = \"1h\"", None),
    ] {
        let text = with(report, alarm);
        match needs {
            Some(needs) => assert!(faults(&text).contains(needs), "{alarm}"),
            None => assert_eq!(fleet(&text).alarms().count(), 2, "{alarm}"),
        }
    }
    let own = text(
        "",
        "report = {}",
        "[device.point.a]\nalarm = [{ kind = \"rate\", high = 1 }]",
    );
    assert!(faults(&own).starts_with("g.toml:15: device 'd' point 'a': alarm 'rate': needs every"));
}

#[test]
fn the_area_of_the_engine_has_a_name() {
    let text = text("", "", "");
    let area = |text: &str| fleet(text).alarms().next().unwrap().area.to_string();
    assert_eq!(area(&text), "control-room");
    assert_eq!(area(&format!("[alarms]\narea = \"east\"\n{text}")), "east");
    let variables = [("GRIDOS__ALARMS__AREA", "west")];
    let config = Config::parse(&text, "g.toml", variables, &no_files).unwrap();
    assert_eq!(config.alarms.area.as_str(), "west");
}
