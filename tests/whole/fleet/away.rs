//! NATS is away: what is polled stays polled as long as the members agree, and nobody takes anything.

use super::site::{Member, Site};
use super::wire::Wire;
use super::{DEVICES, share_out};

const KEEP: &str = "keep = \"10min\"\npeer_listen = \"127.0.0.1:0\"";

fn is_kept(member: &Member) -> bool {
    member.fleet()["kept_by_peers"] == true
}

fn is_reachable(member: &Member) -> bool {
    let fleet = member.fleet();
    fleet["reachable"] == true && fleet["kept_by_peers"] == false
}

#[test]
fn peers_keep_each_other_while_nats_is_away_and_one_that_dies_is_replaced() {
    let Some(mut site) = Site::new(DEVICES) else {
        return;
    };
    site.lease = "6s";
    let wire = Wire::to(site.nats.address(1), &site.runtime);
    let a = site.join_by("a", &site.nats.servers(), KEEP);
    let b = site.join_by("b", &format!("nats://{}", wire.address()), KEEP);
    share_out(&site, "two share all", &[&a, &b]);
    site.until("all is settled", &[&a, &b], || {
        site.ask(&["status"]).0 == Some(0)
    });
    let before = [&a, &b].map(|member| (member.held(), member.owners()));

    // All of NATS goes, for longer than the leases, and comes back.
    (0..3).for_each(|node| site.nats.kill_node(node));
    site.until("both live on by promises", &[&a, &b], || {
        is_kept(&a) && is_kept(&b)
    });
    site.let_poll(30, &[&a, &b]);
    (0..3).for_each(|node| site.nats.start_node(node));
    site.until("NATS is back", &[&a, &b], || {
        is_reachable(&a) && is_reachable(&b)
    });
    site.let_poll(30, &[&a, &b]);
    assert_eq!((a.fences(), b.fences()), (0, 0));
    assert_eq!(
        [&a, &b].map(|member| (member.held(), member.owners())),
        before
    );

    // One is cut off from NATS, and the other is not: the promise holds for longer than the hold-off.
    wire.set_cut(true);
    site.until("one lives on by a promise", &[&a, &b], || is_kept(&b));
    site.let_poll(130, &[&a, &b]);
    assert!(is_kept(&b));
    assert_eq!((a.fences(), b.fences()), (0, 0));
    assert_eq!(
        [&a, &b].map(|member| (member.held(), member.owners())),
        before
    );

    // It dies: nobody renews the promise.
    b.process.kill();
    site.until("the other has all", &[&a], || {
        a.held() == DEVICES as u64 && site.are_all_asked()
    });
    site.check_masters();
}
