//! Listeners, their devices, and how faults of both are told.

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
    let Reach::DialIn(arrival) = &link.reach else {
        panic!("{:?}", link.reach);
    };
    assert_eq!(
        (arrival.listener.as_str(), &*arrival.peers),
        ("modems", &[Peer::Packet(vec![10, 255])][..])
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
    let writes =
        |peer: &str, unit: u8| format!("listener = \"writes\"\npeer = \"{peer}\"\nunit = {unit}");
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
