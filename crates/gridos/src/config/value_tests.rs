//! The keys by which values are judged, expanded, reported and timed.

use std::time::Duration;

use gridos_modbus::{Kind, Order, RegisterPoint, Span, Table};

use super::tests::{NO_VARIABLES, faults, no_files};
use super::*;

/// A profile of these points, and a device of it with what stands behind.
fn text(points: &str, rest: &str) -> String {
    format!(
        "[[profile]]\nname = \"p\"\nprotocol = \"modbus\"\npoint = [\n{points}\n]\n{rest}\n\
         [[device]]\nname = \"d\"\nprofile = \"p\"\naddress = \"h\"\n"
    )
}

fn parse(text: &str) -> Result<Config, Faults> {
    Config::parse(text, "g.toml", NO_VARIABLES, &no_files)
}

fn map(points: &str) -> RegisterMap {
    let config = parse(&text(points, "")).unwrap_or_else(|faults| panic!("{faults}"));
    match &config.profiles[0].protocol {
        Protocol::Modbus(map) => map.clone(),
        Protocol::Dnp3(_) | Protocol::Push(_) => panic!("not modbus"),
    }
}

fn point(line: &str) -> RegisterPoint {
    map(line).plan.points()[0].clone()
}

/// The fault of the one point in `line`.
fn fault(line: &str) -> String {
    let text = parse(&text(line, "")).unwrap_err().to_string();
    text.strip_prefix("g.toml:5: profile 'p' point 'a' ")
        .unwrap_or(&text)
        .to_owned()
}

#[test]
fn codes_are_the_bits_of_the_kind() {
    let invalid = |kind: &str, codes: &str| {
        point(&format!(
            "{{ name = \"a\", holding = 0, type = \"{kind}\", invalid = {codes} }}"
        ))
        .invalid
    };
    assert_eq!(
        invalid("i16", "[0x8000, -32768, -1]"),
        [0x8000, 0x8000, 0xffff]
    );
    assert_eq!(invalid("u32", "[0xffff_ffff]"), [0xffff_ffff]);
    assert_eq!(invalid("u64", "[0xffff_ffff_ffff]"), [0xffff_ffff_ffff]);
    assert_eq!(invalid("i8_low", "[-128]"), [0x80]);
    assert_eq!(
        fault("{ name = \"a\", holding = 0, invalid = [0x10000] }"),
        "invalid: has a code of more than the 16 bits of u16"
    );
    assert_eq!(
        fault("{ name = \"a\", holding = 0, invalid = 5 }"),
        "invalid: must be a list of whole numbers, such as [0x8000, 0xffff]"
    );
}

#[test]
fn states_are_numbers_with_texts() {
    let map = map("{ name = \"a\", holding = 0, states = { 1 = \"closed\", 0 = \"open\" } }");
    assert_eq!(map.plan.points()[0].states, [0, 1]);
    let (position, texts) = &map.states[0];
    let texts: Vec<_> = texts.iter().map(|(n, text)| (*n, &**text)).collect();
    assert_eq!((*position, texts), (0, vec![(0, "open"), (1, "closed")]));
    for (states, expected) in [
        (
            "{ x = \"open\" }",
            "is no whole number; write for example states = { 0 = \"open\" }",
        ),
        (
            "{ 1 = \"a\", 01 = \"b\" }",
            "one number has two texts; remove one",
        ),
        ("{}", "there is none; write for example"),
        ("{ 1 = 2 }", "is a number; write a text in quotes"),
        ("{ 1 = \"\" }", "is no text of 1 to 64 letters"),
    ] {
        let text = fault(&format!(
            "{{ name = \"a\", holding = 0, states = {states} }}"
        ));
        assert!(text.contains(expected), "{expected} not in {text}");
    }
    let scaled = fault("{ name = \"a\", holding = 0, scale = 0.1, states = { 0 = \"open\" } }");
    assert!(
        scaled.contains("remove scale, offset, range and exponent"),
        "{scaled}"
    );
}

#[test]
fn ranges_may_be_mapped_and_clamped() {
    let span = |keys: &str| {
        point(&format!("{{ name = \"a\", holding = 0, {keys} }}"))
            .span
            .unwrap()
    };
    assert_eq!(span("range = [0, 500]"), Span::new(0.0, 500.0));
    let mapped = span("range = [-10.5, 500], raw = [32767, 0], clamp = true");
    let expected = Span {
        raw: Some((32_767.0, 0.0)),
        clamp: true,
        ..Span::new(-10.5, 500.0)
    };
    assert_eq!(mapped, expected);
    for (keys, expected) in [
        (
            "range = [1]",
            "range: must be a list of two numbers, such as [0, 500]",
        ),
        ("range = [1, \"2\"]", "range: must be a list of two numbers"),
        (
            "range = [2, 1]",
            "ends are equal, not finite or the wrong way round",
        ),
        ("raw = [0, 1]", "raw: needs a range beside it"),
        ("clamp = true", "clamp: needs a range beside it"),
        (
            "range = [0, 1], raw = [0, 1], scale = 2",
            "remove one of them",
        ),
    ] {
        let text = fault(&format!("{{ name = \"a\", holding = 0, {keys} }}"));
        assert!(text.contains(expected), "{expected} not in {text}");
    }
}

#[test]
fn named_bits_are_points() {
    let bits = |keys: &str| {
        let map = map(&format!("{{ name = \"a\", holding = 7, {keys} }}"));
        let points = map.plan.points().iter();
        let shown = |p: &RegisterPoint| (p.name.clone(), p.address, p.kind);
        let mut shown: Vec<_> = points.map(shown).collect();
        shown.sort_by(|a: &(String, u16, Kind), b| a.0.cmp(&b.0));
        shown
    };
    let named = |name: &str, address, bit| (name.to_owned(), address, Kind::Bit(bit));
    assert_eq!(
        bits("bits = [\"trip\", \"\", \"earth_fault\"]"),
        [named("a_earth_fault", 7, 2), named("a_trip", 7, 0)]
    );
    let wide = "[\"x\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"\", \"y\"]";
    let wide = |order: &str| {
        bits(&format!(
            "type = \"u32\", order = \"{order}\", bits = {wide}"
        ))
    };
    assert_eq!(wide("abcd"), [named("a_x", 8, 0), named("a_y", 7, 1)]);
    assert_eq!(wide("cdab"), [named("a_x", 7, 0), named("a_y", 8, 1)]);
    for (keys, expected) in [
        ("bits = []", "bits: must name 1 to 16 bits, from bit 0 on"),
        ("bits = [\"\"]", "bits: must name 1 to 16 bits"),
        ("bits = [\"a b\"]", "bits: \"a b\" has the letter ' '"),
        ("bits = [3]", "bits: must be a list of names"),
        (
            "bits = [\"x\"], type = \"f32\"",
            "type: cannot have bits with names; use u16 or u32",
        ),
        (
            "bits = [\"x\"], unit = \"A\"",
            "unit: cannot stand beside bits",
        ),
        (
            "bits = [\"x\", \"x\"]",
            "bits: makes a point 'a_x', which stands at g.toml:5 already",
        ),
    ] {
        let text = fault(&format!("{{ name = \"a\", holding = 7, {keys} }}"));
        assert!(text.contains(expected), "{expected} not in {text}");
    }
}

#[test]
fn an_exponent_is_another_point() {
    let map = map(
        "{ name = \"a\", holding = 0, sf = \"a_sf\" },\n{ name = \"a_sf\", holding = 1, type = \"i16\" }",
    );
    assert_eq!(map.plan.points()[0].exponent.as_deref(), Some("a_sf"));
    let text = parse(&text("{ name = \"a\", holding = 0, sf = \"b\" }", ""))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("point 'a' takes its power of ten from 'b', which is no"),
        "{text}"
    );
    let line_of = |text: &str| text.split(':').nth(1).map(str::to_owned);
    let wrong = "{ name = \"c\", holding = 1, type = \"f32\", sf = \"a\", states = { 0 = \"x\" } }";
    let beside = "{ name = \"a\", holding = 0 }";
    let point = |last: &str| parse(&self::text(&format!("{beside},\n{last}"), "")).unwrap_err();
    let (of_point, of_map) = (
        point(wrong).to_string(),
        point("{ name = \"c\", holding = 1, sf = \"b\" }").to_string(),
    );
    assert_eq!(line_of(&of_point), line_of(&of_map), "{of_point}\n{of_map}");
}

#[test]
fn a_report_knows_the_edges_of_the_alarms() {
    let report = |keys: &str| {
        point(&format!("{{ name = \"a\", holding = 0, {keys} }}"))
            .report
            .unwrap()
    };
    let plain = report("report = {}");
    assert_eq!(
        (plain.deadband, plain.at_least),
        (0.0, Duration::from_secs(600))
    );
    assert!(plain.edges.is_empty());
    let percent =
        report("range = [-100, 100], report = { deadband_percent = 2, at_least = \"1h\" }");
    assert_eq!(
        (percent.deadband, percent.at_least),
        (4.0, Duration::from_secs(3_600))
    );
    let limited = report("limits = { high = 10, deadband = 1 }, report = { deadband = 50 }");
    assert_eq!(*limited.edges, [10.0, 9.0_f64.next_up()]);
    for (keys, expected) in [
        (
            "report = { deadband = -1 }",
            "report deadband: is negative; write 0 to tell every change",
        ),
        (
            "report = { deadband_percent = 1 }",
            "report deadband_percent: needs a range of the point",
        ),
        (
            "range = [0, 1], report = { deadband = 1, deadband_percent = 1 }",
            "stands beside deadband; remove one",
        ),
        (
            "report = { at_least = \"0s\" }",
            "report at_least: 0s is out of range; allowed are 1s to 1d",
        ),
        ("report = 5", "report: must be a table"),
    ] {
        let text = fault(&format!("{{ name = \"a\", holding = 0, {keys} }}"));
        assert!(text.contains(expected), "{expected} not in {text}");
    }
}

const REPORTED: &str = "{ name = \"a\", holding = 0, limits = { high = 10 }, report = { deadband = 5 } },\n\
    { name = \"b\", holding = 1, range = [0, 1], raw = [0, 9], states = { 0 = \"x\" } }";

#[test]
fn what_a_device_has_of_its_own_keeps_its_alarms_seeing() {
    let points = "{ name = \"a\", holding = 0, limits = { high = 10 }, report = { deadband = 5 } },\n\
                  { name = \"b\", holding = 1 }";
    let own = "[device.point.a]\nlimits = { low = 3 }\n";
    let config = parse(&format!("{}{own}", text(points, ""))).unwrap();
    let fleet = Fleet::of(&config).unwrap();
    let plan = &fleet.devices[0].modbus.as_ref().unwrap().plan;
    let a = plan.points().iter().find(|p| p.name == "a").unwrap();
    assert_eq!(
        *a.report.as_ref().unwrap().edges,
        [3.0_f64.next_up(), 3.0_f64.next_up()]
    );
    // One request with one swept point, and one told by exception behind it.
    let names: Vec<_> = plan.points().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    let groups = fleet.directory.devices()[0].groups();
    assert_eq!((groups.len(), groups[0].len()), (1, 1));
    let limits: Vec<_> = fleet
        .limits()
        .map(|(index, _, limits)| (index.get(), limits))
        .collect();
    assert_eq!(limits.len(), 1);
    assert_eq!(limits[0].0, 1);
}

#[test]
fn what_cannot_be_scaled_is_not_scaled_by_a_device() {
    let refused = |points: &str, name: &str| {
        let text = format!("{}[device.point.{name}]\nscale = 2\n", text(points, ""));
        parse(&text).unwrap_err().to_string()
    };
    let mapped = refused(
        "{ name = \"b\", holding = 1, range = [0, 1], raw = [0, 9] }",
        "b",
    );
    assert!(
        mapped.contains("scale: cannot stand beside the raw range"),
        "{mapped}"
    );
    let stated = refused("{ name = \"b\", holding = 1, states = { 0 = \"x\" } }", "b");
    assert!(
        stated.contains("scale: cannot stand beside the states"),
        "{stated}"
    );
    let power = refused(
        "{ name = \"b\", holding = 1, sf = \"c\" }, { name = \"c\", holding = 2 }",
        "c",
    );
    assert!(
        power.contains("scale: would change a power of ten"),
        "{power}"
    );
    assert!(parse(&text(REPORTED, "")).is_err(), "states beside a range");
}

#[test]
fn the_states_of_a_fleet_are_found_by_index() {
    let points = "{ name = \"a\", holding = 0 },\n{ name = \"b\", coil = 1, states = { 0 = \"off\", 1 = \"on\" } }";
    let config = parse(&text(points, "")).unwrap();
    let fleet = Fleet::of(&config).unwrap();
    let states: Vec<_> = fleet.states().collect();
    let b = fleet.directory.find_point("d.b").unwrap();
    assert_eq!((states.len(), states[0].0), (1, b.index));
    assert_eq!(&*states[0].1[1].1, "on");
}

#[test]
fn the_source_time_is_a_clock_of_one_scan_class() {
    let with = |keys: &str| {
        let rest = format!("[profile.source_time]\n{keys}\n");
        parse(&text("{ name = \"a\", holding = 2 }", &rest))
    };
    let config = with("holding = 0\ntype = \"unix32\"\norder = \"cdab\"").unwrap();
    let Protocol::Modbus(map) = &config.profiles[0].protocol else {
        panic!("not modbus")
    };
    let clock = map.clock.as_ref().unwrap();
    assert_eq!(
        (clock.table, clock.address, clock.kind),
        (Table::HoldingRegister, 0, Kind::Unix32)
    );
    assert_eq!((clock.order, clock.is_synchronised), (Order::CDAB, false));
    assert_eq!(clock.tolerance, Duration::from_secs(60));
    assert!(map.plan.requests()[0].has_clock());
    for (keys, expected) in [
        (
            "holding = 0",
            "source_time type: is missing; write type = \"unix32\"",
        ),
        ("type = \"unix32\"", "source_time: says no register"),
        (
            "holding = 0\ntype = \"u32\"",
            "is of no kind of time; use unix32",
        ),
        ("coil = 0\ntype = \"unix32\"", "coil: unknown key"),
        (
            "holding = 900\ntype = \"unix32\"",
            "lies too far from every point of its scan class",
        ),
        (
            "holding = 0\ntype = \"unix32\"\nscan = \"slow\"",
            "lies too far from every point",
        ),
    ] {
        let text = with(keys).unwrap_err().to_string();
        assert!(text.contains(expected), "{expected} not in {text}");
    }
}

#[test]
fn keys_of_registers_are_refused_where_readings_are_pushed() {
    let text = "[[profile]]\nname = \"p\"\nprotocol = \"push\"\n\
                source_time = { holding = 0 }\n\
                point = [{ name = \"a\", range = [0, 1], report = {}, bits = [\"x\"] }]\n";
    let text = parse(text).unwrap_err().to_string();
    for key in ["source_time", "range", "report", "bits"] {
        assert!(
            text.contains(&format!(
                "{key}: is only for protocol = \"modbus\"; remove it"
            )),
            "{text}"
        );
    }
}

#[test]
fn a_text_has_a_length_and_nothing_that_numbers_have() {
    let text = "type = \"string\", registers = 4";
    let serial = point(&format!("{{ name = \"a\", holding = 0, {text} }}"));
    assert_eq!((serial.kind, serial.order), (Kind::Text(4), Order::ABCD));
    let with = |keys: &str| fault(&format!("{{ name = \"a\", holding = 0, {keys} }}"));
    assert_eq!(
        with("type = \"string\""),
        "registers: is missing; write registers = 16 (two letters each)"
    );
    assert_eq!(
        with("type = \"string\", registers = 126"),
        "registers: is out of range; allowed are 1 to 125"
    );
    assert_eq!(
        with("registers = 2"),
        "registers: is only for type = \"string\"; remove it"
    );
    assert_eq!(
        with(&format!("{text}, order = \"cdab\"")),
        "g.toml:5: profile 'p' point 'a': is a text, whose registers are in their own order; use \
         abcd or badc"
    );
    for (key, keys) in [
        ("unit", "unit = \"V\""),
        ("limits", "limits = { high = 1 }"),
        ("scale", "scale = 2"),
        ("offset", "offset = 2"),
        ("invalid", "invalid = [1]"),
        ("states", "states = { 0 = \"x\" }"),
        ("range", "range = [0, 1]"),
        ("sf", "sf = \"b\""),
        ("bits", "bits = [\"x\"]"),
        ("report", "report = {}"),
    ] {
        assert_eq!(
            with(&format!("{text}, {keys}")),
            format!(
                "{key}: cannot stand beside type = \"string\": a text has none, and is told when \
                 it changes; remove it"
            )
        );
    }
    let own = text_of_device(&format!("{{ name = \"a\", holding = 0, {text} }}"));
    let refused = own.unwrap_err().to_string();
    let what = "limits: is of a point whose readings are texts; remove it";
    assert!(refused.ends_with(what), "{refused}");
}

/// A device with limits of its own for the point `a` of `points`.
fn text_of_device(points: &str) -> Result<Config, Faults> {
    let own = "[device.point.a]\nlimits = { high = 1 }\n";
    parse(&(text(points, "") + own))
}

#[test]
fn the_order_of_a_text_is_that_of_bytes_only() {
    let order = |of_profile: &str, own: &str| {
        let line =
            format!("{{ name = \"a\", holding = 0, type = \"string\", registers = 4{own} }}");
        let text = text(&line, "").replace(
            "protocol = \"modbus\"",
            &format!("protocol = \"modbus\"\norder = \"{of_profile}\""),
        );
        let config = parse(&text).unwrap_or_else(|faults| panic!("{faults}"));
        let Protocol::Modbus(map) = &config.profiles[0].protocol else {
            panic!("not modbus");
        };
        map.plan.points()[0].order
    };
    assert_eq!(order("cdab", ""), Order::ABCD);
    assert_eq!(order("dcba", ""), Order::BADC);
    assert_eq!(order("dcba", ", order = \"abcd\""), Order::ABCD);
}

#[test]
fn texts_of_a_fleet_are_points_that_say_so() {
    let push = "[[profile]]\nname = \"w\"\nprotocol = \"push\"\n\
                point = [{ name = \"speed\", unit = \"m/s\" }, { name = \"v\", type = \"string\" }]\n\
                [[device]]\nname = \"e\"\nprofile = \"w\"\n";
    let lines = "{ name = \"serial\", holding = 0, type = \"string\", registers = 4 },\n\
                 { name = \"a\", holding = 4 },";
    let config = parse(&(text(lines, "") + push)).unwrap_or_else(|faults| panic!("{faults}"));
    let fleet = Fleet::of(&config).unwrap();
    let points = fleet.directory.devices().iter();
    let points = points.flat_map(|device| device.whole().points());
    let points: Vec<_> = points.map(|p| (p.name(), p.is_text())).collect();
    let expected = [
        ("a", false),
        ("serial", true),
        ("speed", false),
        ("v", true),
    ];
    assert_eq!(points, expected);
    let groups = fleet.directory.devices()[0].groups();
    assert_eq!((groups.len(), groups[0].len()), (1, 1));
    let refused = parse(&(text(lines, "") + &push.replace("\"string\"", "\"u16\"")));
    let refused = refused.unwrap_err().to_string();
    let what = "type: \"u16\" is only for protocol = \"modbus\"; remove it, or write \"string\"";
    assert!(refused.contains(what), "{refused}");
}

#[test]
fn a_scan_factor_makes_no_period_below_the_shortest() {
    let text = |factor: &str| {
        format!(
            "[scan_class]\nfast = \"1ms\"\n[[profile]]\nname = \"p\"\nprotocol = \"modbus\"\n\
             point = [{{ name = \"a\", input = 0, scan = \"fast\" }}]\n[[device]]\nname = \"d\"\n\
             address = \"h\"\nprofile = \"p\"\nscan_factor = {factor}\n"
        )
    };
    assert_eq!(
        faults(&text("0.01")),
        "g.toml:11: device 'd' scan_factor: makes a scan period of 10µs; the shortest is 1ms"
    );
    assert_eq!(parse(&text("1")).unwrap().devices.len(), 1);
}
