//! Files of alarms alone: what is replaced, and how faults are told.

use gridos_alarm::Condition;

use super::tests::{fleet, high, text};

#[test]
fn a_file_of_alarms_alone_replaces_and_adds() {
    let mut fleet = fleet(&text("", "limits = { high = 1 }", ""));
    let file = "[alarm.\"d.a:limit\"]\nhigh = 2\n[alarm.\"d.b:deviation\"]\nfrom = \"a\"\n\
                high = 3\n[alarm.\"d:link\"]\nenabled = false\n";
    assert_eq!(fleet.redefine(file, "n.toml"), Ok(3));
    let found: Vec<_> = fleet.alarms().map(|alarm| alarm.defined).collect();
    let shown: Vec<_> = found
        .iter()
        .map(|alarm| {
            (
                alarm.point.map(|p| p.get()),
                alarm.reference.map(|p| p.get()),
            )
        })
        .collect();
    assert_eq!(shown, [(Some(0), None), (Some(1), Some(0)), (None, None)]);
    assert_eq!(found[0].definition.condition, Condition::Limit(high(2.0)));
    assert!(!found[2].definition.is_enabled);
}

#[test]
fn the_faults_of_a_file_of_alarms_are_told_with_their_lines() {
    let faults = |file: &str| {
        let mut fleet = fleet(&text("", "", ""));
        fleet.redefine(file, "n.toml").unwrap_err().to_string()
    };
    let file = "alarm.\"x\".high = 1\nalarm.\"d.a:limt\".high = 1\nalarm.\"e.a:limit\".high = 1\n\
                alarm.\"d.c:limit\".high = 1\nalarm.\"d.t:quality\" = {}\n\
                alarm.\"d.a:stale\" = {}\nalarm.\"a:limit\".high = 1\nalarm.\"f:link\" = {}\n\
                alarm.\"d.a:deviation\" = { from = \"c\", high = 1 }\n\
                alarm.\"d.b:deviation\" = { from = \"b\", high = 1 }\n\
                alarm.\"d.a:limit\" = { kind = \"limit\", high = 1 }\n";
    assert_eq!(
        faults(file),
        "\
n.toml:1: [alarm] x: is no name of an alarm; write it as \"device.point:kind\"
n.toml:2: [alarm] d.a:limt: 'limt' is no kind of alarm; did you mean 'limit'?
n.toml:3: [alarm] e.a:limit: 'e' is no enabled device; did you mean 'd'?
n.toml:4: [alarm] d.c:limit: 'c' is no point of device 'd'; did you mean 'a'?
n.toml:5: [alarm] d.t:quality: the readings of 't' are texts, and have no alarms
n.toml:6: alarm 'd.a:stale' after: is missing; write after = \"5min\"
n.toml:7: [alarm] a:limit: 'a' is no point; write it as \"device.point\"
n.toml:8: [alarm] f:link: 'f' is no enabled device; did you mean 'd'?
n.toml:9: [alarm] d.a:deviation: from 'c' is no point
n.toml:10: [alarm] d.b:deviation: is measured from the point itself; name another one
n.toml:11: alarm 'd.a:limit' kind: unknown key; allowed are high_high, high, low, low_low, \
deadband, deadbands, from, min_interval, abnormal, normal, on_change_only, times, …"
    );
    assert!(faults("").starts_with("n.toml: [alarm]: there is none; write for example [alarm."));
}
