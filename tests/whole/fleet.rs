//! Several engines share their devices over a real NATS cluster: whatever fails, no device ever has two
//! masters, and each has one again.

mod alarms;
mod away;
mod entry;
mod gate;
mod lost;
mod outstations;
mod site;
mod wire;

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use self::site::{Member, Site};
use self::wire::Wire;

const DEVICES: usize = 12;

fn share_out(site: &Site, what: &str, members: &[&Member]) {
    let all = DEVICES as u64;
    let fair = all / members.len() as u64 / 2;
    site.until(what, members, || {
        let held: Vec<_> = members.iter().map(|member| member.held()).collect();
        held.iter().sum::<u64>() == all && held.iter().all(|held| *held >= fair.min(1))
    });
}

#[test]
fn members_come_go_hang_and_die_and_no_device_has_two_masters() {
    let Some(mut site) = Site::new(DEVICES) else {
        return;
    };
    let a = site.join("a");
    site.until("one member has all", &[&a], || {
        a.held() == DEVICES as u64 && site.are_all_asked()
    });
    let b = site.join("b");
    let c = site.join("c");
    share_out(&site, "three share all", &[&a, &b, &c]);
    assert!(a.owners().iter().all(Option::is_some));
    // Longer than a reading may stay away.
    site.let_poll(60, &[&a, &b, &c]);
    assert_eq!(
        [&a, &b, &c].map(Member::alarms),
        [0; 3],
        "nobody misses what others poll"
    );
    site.check_masters();

    c.process.kill();
    site.until(
        "the devices of one that was killed are asked again",
        &[&a, &b],
        || a.held() + b.held() == DEVICES as u64 && site.are_all_asked(),
    );

    b.process.signal(Signal::STOP);
    site.until(
        "the devices of one that hangs are asked again",
        &[&a],
        || a.held() == DEVICES as u64 && site.are_all_asked(),
    );
    b.process.signal(Signal::CONT);
    site.until("it finds out that its lease was over", &[&a, &b], || {
        b.fences() >= 1
    });
    share_out(&site, "it has devices again", &[&a, &b]);
    site.check_masters();

    site.nats.kill_node(0);
    let c = site.join("c");
    let what = "the one that was killed joins again while a server is down";
    share_out(&site, what, &[&a, &b, &c]);
    site.until("all are asked", &[&a, &b, &c], || site.are_all_asked());
    site.nats.start_node(0);
    assert_eq!((a.fences(), c.fences()), (0, 0));

    let before = site.seen();
    let ended = [c, b].map(Member::end);
    site.until("those of who left are asked by who stays", &[&a], || {
        a.held() == DEVICES as u64 && site.are_all_asked()
    });
    let after = site.seen();
    let handed = before
        .iter()
        .zip(&after)
        .flat_map(|(before, after)| after.changes[before.changes.len()..].to_vec());
    let mut gaps: Vec<Duration> = handed.collect();
    gaps.sort();
    eprintln!("hand-over of devices whose member leaves: {gaps:?}");
    site.check_masters();
    let ended = [ended[0].clone(), ended[1].clone(), a.end()];
    for told in &ended {
        assert_eq!(told["ledger"]["balanced"], Value::Bool(true), "{told}");
    }
}

#[test]
fn a_member_that_is_cut_off_stops_before_others_begin() {
    let Some(site) = Site::new(DEVICES) else {
        return;
    };
    let wire = Wire::to(site.nats.address(1), &site.runtime);
    let a = site.join("a");
    let b = site.join_by("b", &format!("nats://{}", wire.address()), "");
    share_out(&site, "two share all", &[&a, &b]);
    wire.set_cut(true);
    site.until("the one that is cut off gives up", &[&a, &b], || {
        b.fences() >= 1 && b.held() == 0
    });
    site.until("the other has all", &[&a, &b], || {
        a.held() == DEVICES as u64 && site.are_all_asked()
    });
    wire.set_cut(false);
    share_out(&site, "the first is back", &[&a, &b]);
    site.until("all are asked", &[&a, &b], || site.are_all_asked());
    site.check_masters();
}

#[test]
fn the_canary_has_exactly_its_share() {
    let Some(mut site) = Site::small(DEVICES) else {
        return;
    };
    site.lease = "6s";
    let a = site.join("a");
    let b = site.join_by("b", &site.nats.servers(), "role = \"canary\"");
    site.until("the stable member has all", &[&a, &b], || {
        a.held() == DEVICES as u64
    });
    for (percent, canary) in [("25", 3), ("50", 6), ("0", 0)] {
        site.share(percent);
        site.until(&format!("{percent} % are the canary's"), &[&a, &b], || {
            b.held() == canary && a.held() == DEVICES as u64 - canary && site.are_all_asked()
        });
    }
    site.until("all is settled", &[&a, &b], || {
        site.ask(&["status"]).0 == Some(0)
    });
    let (_, told, _) = site.ask(&["status", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let names = told["members"].as_array().unwrap().iter();
    let names: Vec<_> = names
        .map(|member| (&member["name"], &member["role"]))
        .collect();
    assert_eq!(
        format!("{names:?}"),
        r#"[(String("a"), String("stable")), (String("b"), String("canary"))]"#
    );
    assert_ne!(site.ask(&["share", "101"]).0, Some(0));
    let doctor = site.doctor();
    assert!(
        doctor.contains("the bucket is there, with replicas = 1"),
        "{doctor}"
    );
    // Others reckon with how long a member waits for answers.
    let config = site.config("a", &site.nats.servers(), "");
    let text = fs::read_to_string(&config).unwrap();
    let longer = text.replace("address =", "timeout = \"6s\"\naddress =");
    fs::write(&config, longer).unwrap();
    let answer = a.post("/api/v1/config/reload", "");
    let is_refused = answer.body.contains("the fleet reckon with 5s at most");
    assert!(answer.status == 409 && is_refused, "{}", answer.body);
    site.check_masters();
}
