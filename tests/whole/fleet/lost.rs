//! NATS loses all that members share, and they run on.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::DEVICES;
use super::site::{Member, Site};

/// What the weight gives the canary.
const CANARY: u64 = 3;

/// Deletes the bucket of a server, as an operator does.
fn delete_bucket(server: SocketAddr) {
    let mut server = TcpStream::connect(server).unwrap();
    let request = "CONNECT {\"verbose\":false}\r\nSUB answer 1\r\n\
                   PUB $JS.API.STREAM.DELETE.KV_gridos-fleet-gridos answer 0\r\n\r\n";
    server.write_all(request.as_bytes()).unwrap();
    let (mut told, mut octets) = (String::new(), [0; 1_024]);
    while !told.contains("\"success\":true") {
        let read = server.read(&mut octets).unwrap();
        assert!(read > 0, "{told}");
        told += &String::from_utf8_lossy(&octets[..read]);
    }
}

/// Waits until both gave up what they had and have it again, with the canary's share.
fn share_out_again(site: &Site, what: &str, (a, b): (&Member, &Member), fences: u64) {
    site.until(what, &[a, b], || {
        let are_fenced = a.fences() >= fences && b.fences() >= fences;
        let held = (a.held(), b.held());
        are_fenced && held == (DEVICES as u64 - CANARY, CANARY) && site.are_all_asked()
    });
}

#[test]
fn members_that_run_on_share_all_out_again_when_nats_has_lost_everything() {
    let Some(mut site) = Site::new(DEVICES) else {
        return;
    };
    site.lease = "6s";
    let weight = site.folder.path().join("weight");
    fs::write(&weight, "25").unwrap();
    let a = site.join("a");
    let more = format!("role = \"canary\"\nweight_file = {weight:?}");
    let b = site.join_by("b", &site.nats.servers(), &more);
    share_out_again(&site, "the canary has its share", (&a, &b), 0);

    (0..3).for_each(|node| site.nats.wipe_node(node));
    (0..3).for_each(|node| site.nats.start_node(node));
    share_out_again(&site, "all goes on after the loss", (&a, &b), 1);
    site.check_masters();

    // The servers live, and no watch ends.
    let (before_a, before_b) = (a.fences(), b.fences());
    delete_bucket(site.nats.address(0));
    let fences = before_a.max(before_b) + 1;
    share_out_again(&site, "all goes on in another bucket", (&a, &b), fences);
    site.check_masters();
    assert!(
        a.process
            .log()
            .contains("NATS has lost what the fleet shares")
    );
    for member in [a, b] {
        let told = member.end();
        assert_eq!(told["ledger"]["balanced"], Value::Bool(true), "{told}");
    }
}
