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

/// Whether each has what it shall have, with the canary's share, and all of it is polled.
fn is_shared_out(site: &Site, (a, b): (&Member, &Member)) -> bool {
    (a.held(), b.held()) == (DEVICES as u64 - CANARY, CANARY) && site.are_all_asked()
}

/// Lets NATS lose what the fleet shares, and waits until both gave up what they had and have it again.
fn lose(site: &mut Site, what: &str, (a, b): (&Member, &Member), loss: impl FnOnce(&mut Site)) {
    loss(site);
    // Each to its lease's end; nobody takes anything before a whole hold-off is over.
    site.until("all is given up", &[a, b], || a.held() + b.held() == 0);
    site.until(what, &[a, b], || is_shared_out(site, (a, b)));
    site.check_masters();
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
    site.until("the canary has its share", &[&a, &b], || {
        is_shared_out(&site, (&a, &b))
    });

    lose(&mut site, "all goes on after the loss", (&a, &b), |site| {
        (0..3).for_each(|node| site.nats.wipe_node(node));
        (0..3).for_each(|node| site.nats.start_node(node));
    });
    // The servers live, and no watch ends.
    lose(
        &mut site,
        "all goes on in another bucket",
        (&a, &b),
        |site| {
            delete_bucket(site.nats.address(0));
        },
    );
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
