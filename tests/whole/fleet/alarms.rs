//! Alarms go along with their device: neither raised again nor lost.

use serde_json::{Value, json};

use super::site::{Member, Site};

const NAME: &str = "d0.a:limit";

/// The alarm as a member shows it; null where it does not stand.
fn alarm(member: &Member) -> Value {
    let shown = member.get("/api/v1/alarms");
    let mut all = shown["alarms"].as_array().unwrap().iter();
    all.find(|alarm| alarm["name"] == NAME)
        .cloned()
        .unwrap_or_default()
}

/// Every time that anybody was told of it, by this member.
fn annunciations(member: &Member) -> usize {
    let path = format!("/api/v1/alarms/{NAME}/history?annunciated=1");
    let history = member.get(&path);
    history["records"].as_array().unwrap().len()
}

#[test]
fn an_acknowledged_alarm_stays_so_wherever_its_device_goes() {
    let Some(mut site) = Site::small(2) else {
        return;
    };
    // The device says 7.
    site.points = "{ name = \"a\", holding = 0, limits = { high = 5, deadband = 1 } }";
    site.lease = "6s";
    let a = site.join("a");
    let b = site.join_by("b", &site.nats.servers(), "role = \"canary\"");
    site.until("it is raised", &[&a, &b], || {
        alarm(&a)["state"] == "unacknowledged"
    });
    let occurrence = alarm(&a)["occurrence"].clone();
    let body = json!({ "occurrence": occurrence, "by": "anna", "comment": "seen" });
    let answer = a.post(&format!("/api/v1/alarms/{NAME}/ack"), &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let before = alarm(&a);

    site.share("100");
    site.until("it stands with the canary, confirmed", &[&a, &b], || {
        let there = alarm(&b);
        there["state"] == "acknowledged" && !there["unconfirmed"].as_bool().unwrap_or(false)
    });
    assert_eq!(alarm(&a), Value::Null);
    for key in [
        "occurrence",
        "raised",
        "acknowledged_by",
        "annunciations",
        "state",
    ] {
        assert_eq!(
            alarm(&b)[key],
            before[key],
            "{key}\n{}\n{before}",
            alarm(&b)
        );
    }
    site.until("what happened is stored", &[&a, &b], || {
        let path = format!("/api/v1/alarms/{NAME}/history?action=taken_over");
        !b.get(&path)["records"].as_array().unwrap().is_empty()
    });
    assert_eq!((annunciations(&a), annunciations(&b)), (1, 0));

    // Killed, it cannot tell: what it noted while it lived goes on.
    b.process.kill();
    site.until("it goes on after the death of its engine", &[&a], || {
        alarm(&a)["state"] == "acknowledged"
    });
    assert_eq!(alarm(&a)["occurrence"], occurrence);
    site.until("its device is asked again", &[&a], || site.are_all_asked());
    assert_eq!(annunciations(&a), 1);

    // And so does a restart of all there is.
    a.end();
    let a = site.join("a");
    site.until("it goes on after a restart", &[&a], || {
        alarm(&a)["state"] == "acknowledged"
    });
    site.until("its device is asked again", &[&a], || site.are_all_asked());
    assert_eq!(alarm(&a)["occurrence"], occurrence);
    assert_eq!(annunciations(&a), 1);
    site.check_masters();
}
