//! Outstations: how faults are told.

use super::tests::{RTU, faults};

/// Each point alone, and what is wrong with it.
#[test]
fn points_with_faults_say_what_to_do() {
    for (point, fault) in [
        (
            "name = \"a\"",
            "point 'a': says no index; write for example analog = 0, or binary = \"0..31\"",
        ),
        (
            "name = \"a\", analog = 0, binary = 1",
            "point 'a' analog: stands beside binary, but a point has one index; remove one",
        ),
        (
            "name = \"a\", analog = 65536",
            "point 'a' analog: is out of range; allowed are 0 to 65535",
        ),
        (
            "name = \"a_{n}\", binary = \"7..3\"",
            "binary: \"7..3\" ends before it begins; write the smaller index first",
        ),
        (
            "name = \"a_{n}\", binary = \"0-3\"",
            "binary: \"0-3\" is no range of indexes from 0 to 65535; write for example \"0..31\"",
        ),
        (
            "name = \"a\", binary = \"0..3\"",
            "name: \"a\" must have {n} in it, in place of the index, where binary is a range",
        ),
        (
            "name = \"a_{n}\", binary = 3",
            "name: \"a_{n}\" has {n} in it, but binary is one index; write a range",
        ),
        (
            "name = \"a.{n}\", binary = \"0..3\"",
            "name: \"a.0\" has a dot; only a device's name may have dots",
        ),
        (
            "name = \"a\", counter = 1, scale = 0",
            "scale: is 0, which would make every reading the offset",
        ),
        (
            "name = \"a\", binary = 1, scale = 2, states = { 0 = \"x\" }",
            "scale: cannot stand beside states; remove one",
        ),
        (
            "name = \"a\", octets = 1, unit = \"A\"",
            "unit: cannot stand beside octets, whose readings are texts; remove it",
        ),
        (
            "name = \"a\", analog = 1, type = \"f32\"",
            "type: is only for protocol = \"modbus\" or \"push\"; remove it",
        ),
        (
            "name = \"a\", holding = 1",
            "holding: is only for protocol = \"modbus\"; remove it",
        ),
        (
            "name = \"a\", binary = 1 }, { name = \"b_{n}\", binary = \"0..3\"",
            "point 'b_{n}' binary: binary input 1 is point 'a' at g.toml:4 already; correct one",
        ),
        (
            "name = \"b_1\", analog = 1 }, { name = \"b_{n}\", binary = \"0..3\"",
            "point 'b_{n}' name: makes a point 'b_1', which stands at g.toml:4 already; rename one",
        ),
    ] {
        let text =
            format!("[[profile]]\nname = \"p\"\nprotocol = \"dnp3\"\npoint = [{{ {point} }}]");
        let found = faults(&text);
        assert!(found.contains("g.toml:4: profile 'p' "), "{found}");
        assert!(found.contains(fault), "{fault} not in:\n{found}");
    }
}

#[test]
fn more_points_than_a_layout_has_are_refused() {
    let text = "[[profile]]\nname = \"p\"\nprotocol = \"dnp3\"\npoint = [\n\
                { name = \"a{n}\", binary = \"0..65535\" }, { name = \"b\", analog = 0 }]";
    let found = faults(text);
    let what = "g.toml:1: profile 'p': has more than 65536 points; make it two";
    assert_eq!(found, what);
}

/// Each key of a profile alone, and what is wrong with it.
#[test]
fn profiles_with_faults_say_what_to_do() {
    for (keys, fault) in [
        (
            "unsolicited = [\"class4\"]",
            "unsolicited: must be false, or a list such as [\"class1\", \"class2\", \"class3\"]",
        ),
        (
            "unsolicited = true",
            "unsolicited: must be false, or a list such as",
        ),
        (
            "integrity_period = \"1s\"",
            "integrity_period: 1s is out of range; allowed are 10s to 30d",
        ),
        ("keep_alive = 60", "keep_alive: 60 has no unit"),
        (
            "class_poll = { class4 = \"1s\" }",
            "class_poll class4: unknown key; did you mean 'class1'?",
        ),
        (
            "class_poll = \"1ms\"",
            "class_poll: 1ms is out of range; allowed are 10ms to 1d",
        ),
        ("confirm = \"never\"", "confirm: \"never\" is unknown"),
        ("time_sync = \"wan\"", "time_sync: \"wan\" is unknown"),
        (
            "time_sync = true",
            "time_sync: must be one of \"lan\", \"serial\", \"never\", in quotes",
        ),
        (
            "fragment_max = \"100B\"",
            "fragment_max: 100B is out of range; allowed are 249B to 64KiB",
        ),
        (
            "reads = [{ group = 12, every = \"1s\" }]",
            "reads group: is none that is collected; write that of present values",
        ),
        (
            "reads = [{ group = 30, variation = 9, every = \"1s\" }]",
            "reads variation: 9 is none of group 30; 0 is what the outstation chooses",
        ),
        (
            "reads = [{ group = 60, every = \"1s\" }]",
            "reads variation: must be 1 to 4: class 0, 1, 2 or 3",
        ),
        (
            "reads = [{ group = 32, points = \"0..3\", every = \"1s\" }]",
            "reads points: are only of groups of present values; remove it",
        ),
        (
            "reads = [{ group = 1, at_most = 3, every = \"1s\" }]",
            "reads at_most: is only of events; remove it",
        ),
        (
            "reads = [{ group = 1 }]",
            "reads every: is missing; write every = \"1min\"",
        ),
        (
            "assign_class = { class1 = [\"holding 3\"] }",
            "assign_class class1: must be a list such as [\"binary\", \"analog 0..99\"",
        ),
        (
            "scan = \"fast\"",
            "scan: is only for protocol = \"modbus\"; remove it",
        ),
        (
            "timeout = \"1s\"",
            "timeout: is only for protocol = \"modbus\"; remove it",
        ),
    ] {
        let text = format!(
            "[[profile]]\nname = \"p\"\nprotocol = \"dnp3\"\n{keys}\n\
             point = [{{ name = \"a\", analog = 0 }}]"
        );
        let found = faults(&text);
        let whole = format!("g.toml:4: profile 'p' {fault}");
        assert!(found.contains(&whole), "{whole} not in:\n{found}");
    }
    for (protocol, place) in [("modbus", "holding = 1"), ("push", "unit = \"A\"")] {
        let found = faults(&format!(
            "[[profile]]\nname = \"p\"\nprotocol = \"{protocol}\"\nclass_poll = \"1s\"\n\
             point = [{{ name = \"a\", {place}, analog = 0 }}]"
        ));
        for key in [
            "4: profile 'p' class_poll",
            "5: profile 'p' point 'a' analog",
        ] {
            let what = format!("g.toml:{key}: is only for protocol = \"dnp3\"; remove it");
            assert!(found.contains(&what), "{found}");
        }
    }
}

/// Each set of keys of a device, and what is wrong with it.
#[test]
fn devices_with_faults_say_what_to_do() {
    let listeners = "[[listener]]\nname = \"plc\"\nkind = \"modbus-dial-in\"\n\
                     listen = \"127.0.0.1:502\"\nallow = [\"10.0.0.0/8\"]\n";
    for (keys, fault) in [
        (
            "address = \"h\"",
            "outstation: is missing; write outstation = 10",
        ),
        (
            "outstation = 10",
            "address: is missing; write address = \"10.0.0.7:20000\"",
        ),
        (
            "address = \"fd00::7:2404x\"\noutstation = 10",
            "has no port from 1 to 65535 behind the colon; write for example \"10.0.0.7:20000\"",
        ),
        (
            "address = \"fd00::7:20001\"\noutstation = 10",
            "is an IPv6 address without brackets; write \"[fd00::7]:20001\"",
        ),
        (
            "address = \"h\"\noutstation = 65520",
            "outstation: is out of range; allowed are 0 to 65519",
        ),
        (
            "address = \"h\"\noutstation = 1",
            "outstation: is the engine's own link address (master) as well; correct one",
        ),
        (
            "address = \"h\"\noutstation = 2\nunit = 1",
            "unit: is only for profiles of protocol = \"modbus\"; remove it",
        ),
        (
            "address = \"h\"\noutstation = 2\nscan_factor = 2",
            "scan_factor: is only for profiles of protocol = \"modbus\"; remove it",
        ),
        (
            "listener = \"plc\"\npeer = \"10.0.0.7\"\noutstation = 2",
            "listener: 'plc' is of kind = \"modbus-dial-in\", but profile 'rtu' of protocol = \
             \"dnp3\"; choose another listener",
        ),
        (
            "address = \"h\"\noutstation = 2\npoint = { alarm_4 = { scale = 2 } }",
            "scale: cannot stand beside the states of the profile's point; remove it",
        ),
    ] {
        let text = format!("{RTU}{listeners}[[device]]\nname = \"d\"\nprofile = \"rtu\"\n{keys}");
        let found = faults(&text);
        assert!(found.contains(" device 'd' "), "{found}");
        assert!(found.contains(fault), "{fault} not in:\n{found}");
    }
    let twice = RTU.to_owned()
        + "[[device]]\nname = \"a\"\nprofile = \"rtu\"\naddress = \"h\"\noutstation = 10\n\
           [[device]]\nname = \"b\"\nprofile = \"rtu\"\naddress = \"h:20000\"\noutstation = 10\n";
    let what = "g.toml:17: device 'b': outstation 10 of master 1 at h:20000 is device 'a' at \
                g.toml:12 already; correct the address or outstation of one";
    assert!(faults(&twice).contains(what), "{}", faults(&twice));
    let dials =
        "[[device]]\nname = \"a\"\nprofile = \"rtu\"\nlistener = \"radio\"\noutstation = 10\n";
    let nowhere = faults(&(RTU.to_owned() + dials));
    let what = "device 'a' listener: \"radio\" is no listener; write a [[listener]] of that name";
    assert!(nowhere.contains(what), "{nowhere}");
    let radio = "[[listener]]\nname = \"radio\"\nkind = \"dnp3-dial-in\"\n\
                 listen = \"127.0.0.1:20000\"\nallow = [\"127.0.0.0/8\"]\n";
    let both = faults(&format!(
        "{RTU}{radio}{dials}{}",
        dials.replace("\"a\"", "\"b\"")
    ));
    assert_eq!(both.lines().count(), 1, "{both}");
    assert!(
        both.contains("device 'b': cannot be told from device 'a'"),
        "{both}"
    );
    let modbus = "[[profile]]\nname = \"m\"\nprotocol = \"modbus\"\n\
                  point = [{ name = \"a\", holding = 0 }]\n\
                  [[device]]\nname = \"d\"\nprofile = \"m\"\naddress = \"h\"\noutstation = 3";
    let what = "g.toml:9: device 'd' outstation: is only for profiles of protocol = \"dnp3\"";
    assert!(faults(modbus).contains(what), "{}", faults(modbus));
}
