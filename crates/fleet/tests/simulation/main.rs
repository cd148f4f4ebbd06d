//! Engines of a fleet in a simulated world, with many seeds.
//!
//! `GRIDOS_FLEET_SEEDS=1000 cargo test -p gridos-fleet --test simulation` tries more of them.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test stops at the first surprise"
)]

mod event;
mod node;
mod random;
mod store;
mod watch;
mod world;

use std::collections::BTreeSet;

use gridos_fleet::{Moment, Role, Share, Timing};

use crate::node::{State, secs};
use crate::world::{POLL_TIMEOUT_MS, World};

const LEASE_MS: u64 = 4_000;

fn timing(keep_secs: u64) -> Timing {
    let poll_timeout_max = std::time::Duration::from_millis(POLL_TIMEOUT_MS);
    Timing::new(secs(LEASE_MS / 1_000), poll_timeout_max, secs(keep_secs)).unwrap()
}

fn share(percent: f64) -> Share {
    Share::from_percent(percent).unwrap()
}

/// A fleet that has found its places.
fn settled(seed: u64, nodes: usize, canaries: usize, keep_secs: u64) -> World {
    let mut world = World::new(seed, nodes, canaries, 30, timing(keep_secs));
    world.run_till(20_000);
    assert_all_owned(&world);
    world
}

/// Each device is polled by one engine, and by the role that the share says.
fn assert_all_owned(world: &World) {
    let seed = world.seed;
    let mut canaries = 0;
    for device in &world.devices {
        let owners: Vec<_> = (0..world.nodes.len())
            .filter(|n| {
                let session = world.nodes[*n].devices.get(&device.id);
                session.is_some_and(|s| s.state == State::Polled)
                    && world.nodes[*n].has_lease(world.ms)
            })
            .collect();
        assert_eq!(
            owners.len(),
            1,
            "seed {seed}: {} is polled by {owners:?}",
            device.id
        );
        canaries += usize::from(world.nodes[owners[0]].identity.role == Role::Canary);
    }
    let living = world.nodes.iter().filter(|node| node.is_alive);
    let roles: BTreeSet<_> = living.map(|node| node.identity.role).collect();
    let first = world.nodes.iter().find(|node| node.is_alive).unwrap();
    let status = first.participant.status(first.clock(world.ms));
    if roles.len() == 2 {
        assert_eq!(
            canaries,
            status.share.of(world.devices.len()),
            "seed {seed}"
        );
        assert_eq!(status.unserved, None);
    }
    let plan = world.store.plan().unwrap();
    let moving: Vec<_> = plan
        .holdings
        .values()
        .filter(|h| h.from.is_some())
        .collect();
    assert!(moving.is_empty(), "seed {seed}: {moving:?}");
}

fn epochs(world: &World) -> Vec<u64> {
    world
        .field
        .values()
        .map(|field| field.epoch.raw())
        .collect()
}

fn fences(world: &World) -> u64 {
    world.nodes.iter().map(|node| node.fences).sum()
}

fn forget_gaps(world: &mut World) {
    for field in world.field.values_mut() {
        field.gap_max = 0;
    }
}

fn gap_max(world: &World) -> u64 {
    world
        .field
        .values()
        .map(|field| field.gap_max)
        .max()
        .unwrap()
}

#[test]
fn whatever_happens_there_is_one_master_and_in_the_end_there_is_one() {
    let seeds = std::env::var("GRIDOS_FLEET_SEEDS").ok();
    let seeds = seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(16);
    for seed in 0..seeds {
        rough(seed);
    }
}

fn rough(seed: u64) {
    let keep_secs = [0, 60][seed as usize % 2];
    let mut world = settled(seed, 5, seed as usize % 3, keep_secs);
    world.is_rough = true;
    let mut whole_at = [0; 5];
    let end = 20_000 + 240_000;
    while world.ms < end {
        let till = world.ms + world.random.between(200, 6_000);
        world.run_till(till);
        let n = world.random.between(0, 4) as usize;
        let long = world.ms + world.random.between(100, 30_000);
        match world.random.between(0, 12) {
            0 | 1 => world.nodes[n].paused_till = long,
            2 if world.nodes[n].is_alive => world.crash(n),
            3 | 4 => {
                world.nodes[n].has_store = false;
                world.nodes[n].only_peer = world.random.chance(50).then_some((n + 1) % 5);
                whole_at[n] = long;
            }
            5 => {
                (world.nodes[n].has_store, world.nodes[n].has_peers) = (false, false);
                whole_at[n] = long;
            }
            6 => world.store.is_down = true,
            7 => {
                let percent = world.random.between(0, 100) as f64;
                world.set_share(share(percent));
            }
            8 if world.nodes[n].is_alive => {
                world.nodes[n].participant.handle_leave();
                world.wake(n);
            }
            9 => {
                let role = [Role::Stable, Role::Canary][world.random.between(0, 1) as usize];
                world.nodes[n].identity.role = role;
                world.nodes[n].participant.handle_role(role);
            }
            // Peers that reach nobody but each other would keep each other in a store that is no more.
            10 if keep_secs == 0 => world.store.wipe(),
            _ => world.store.is_down = false,
        }
        for (n, at) in whole_at.iter().enumerate() {
            if world.ms >= *at {
                world.nodes[n].only_peer = None;
                (world.nodes[n].has_store, world.nodes[n].has_peers) = (true, true);
            }
            if !world.nodes[n].is_alive && world.random.chance(30) {
                world.restart(n);
            }
        }
    }
    world.is_rough = false;
    world.store.is_down = false;
    for n in 0..world.nodes.len() {
        (world.nodes[n].has_store, world.nodes[n].has_peers) = (true, true);
        world.nodes[n].only_peer = None;
        world.nodes[n].paused_till = world.ms.min(world.nodes[n].paused_till);
        if !world.nodes[n].is_alive {
            world.restart(n);
        }
        world.wake(n);
    }
    // Longer than any message may be late, and than anybody has to be waited for.
    let quiet = world.ms + 60_000 + (keep_secs + 20) * 1_100;
    world.run_till(quiet);
    for n in 0..world.nodes.len() {
        // Who was told to leave did.
        if !world.nodes[n].is_alive {
            world.restart(n);
        }
    }
    let end = world.ms + 20_000;
    world.run_till(end);
    assert_all_owned(&world);
}

#[test]
fn a_share_moves_exactly_its_devices_and_back() {
    let mut world = settled(1, 4, 1, 0);
    let before = epochs(&world);
    let mut changed = BTreeSet::new();
    for percent in [20.0, 40.0, 60.0, 80.0, 100.0] {
        world.set_share(share(percent));
        let till = world.ms + 5_000;
        world.run_till(till);
        assert_all_owned(&world);
        let now = epochs(&world);
        let moved = (0..30).filter(|n| now[*n] != before[*n]);
        let moved: BTreeSet<_> = moved.collect();
        assert!(moved.is_superset(&changed));
        assert_eq!(moved.len(), share(percent).of(30));
        changed = moved;
    }
    let at_all = epochs(&world);
    world.set_share(share(80.0));
    let till = world.ms + 5_000;
    world.run_till(till);
    assert_all_owned(&world);
    let returned = epochs(&world)
        .iter()
        .zip(&at_all)
        .filter(|(a, b)| a != b)
        .count();
    assert_eq!(returned, 6);
}

#[test]
fn a_hand_over_takes_less_than_two_polls() {
    let mut world = settled(2, 4, 1, 0);
    forget_gaps(&mut world);
    world.set_share(share(50.0));
    let till = world.ms + 5_000;
    world.run_till(till);
    assert_all_owned(&world);
    // A poll's time-out, a poll's pause, and a few messages.
    assert!(
        gap_max(&world) < POLL_TIMEOUT_MS + 200 + 400,
        "{} ms",
        gap_max(&world)
    );
}

#[test]
fn who_leaves_is_missed_for_a_moment_only() {
    let mut world = settled(3, 4, 0, 0);
    forget_gaps(&mut world);
    world.nodes[0].participant.handle_leave();
    world.wake(0);
    let till = world.ms + 5_000;
    world.run_till(till);
    assert!(!world.nodes[0].is_alive);
    assert_all_owned(&world);
    assert!(
        gap_max(&world) < POLL_TIMEOUT_MS + 200 + 400,
        "{} ms",
        gap_max(&world)
    );
}

#[test]
fn who_dies_is_replaced_after_the_hold_off_and_comes_back_at_once() {
    let mut world = settled(4, 4, 0, 60);
    world.crash(1);
    let lost = world.ms + 3_000;
    world.run_till(lost);
    world.restart(1);
    let back = world.ms + 1_000;
    world.run_till(back);
    assert_all_owned(&world);
    world.crash(1);
    let replaced = world.ms + 10_000;
    world.run_till(replaced);
    assert_all_owned(&world);
}

#[test]
fn all_is_kept_while_the_store_is_away_and_peers_agree() {
    let mut world = settled(5, 4, 1, 3_600);
    let before = epochs(&world);
    forget_gaps(&mut world);
    world.store.is_down = true;
    let long = world.ms + 1_200_000;
    world.run_till(long);
    world.store.is_down = false;
    let after = world.ms + 20_000;
    world.run_till(after);
    assert_all_owned(&world);
    assert_eq!(fences(&world), 0);
    assert_eq!(epochs(&world), before);
    assert!(gap_max(&world) < 1_000, "{} ms", gap_max(&world));
}

#[test]
fn without_peers_all_stop_and_go_on_where_they_were() {
    let mut world = settled(6, 4, 1, 0);
    let before = epochs(&world);
    world.store.is_down = true;
    let long = world.ms + 60_000;
    world.run_till(long);
    assert_eq!(fences(&world), 4);
    world.store.is_down = false;
    let after = world.ms + 3_000;
    world.run_till(after);
    assert_all_owned(&world);
    assert_eq!(epochs(&world), before, "nobody took anything from anybody");
}

#[test]
fn who_is_cut_off_from_the_store_alone_is_kept_by_peers() {
    let mut world = settled(7, 4, 0, 3_600);
    let before = epochs(&world);
    world.nodes[2].has_store = false;
    let long = world.ms + 300_000;
    world.run_till(long);
    assert_eq!(fences(&world), 0);
    assert_eq!(epochs(&world), before);
    let node = &world.nodes[2];
    assert!(
        node.participant
            .status(node.clock(world.ms))
            .is_kept_by_peers
    );
}

#[test]
fn who_is_cut_off_from_all_stops_and_is_replaced() {
    let mut world = settled(8, 4, 0, 3_600);
    (world.nodes[2].has_store, world.nodes[2].has_peers) = (false, false);
    let long = world.ms + 12_000;
    world.run_till(long);
    assert_eq!(world.nodes[2].fences, 1);
    assert_all_owned(&world);
    (world.nodes[2].has_store, world.nodes[2].has_peers) = (true, true);
    let after = world.ms + 12_000;
    world.run_till(after);
    assert_all_owned(&world);
    assert!(!world.nodes[2].devices.is_empty());
}

#[test]
fn who_slept_longer_than_its_lease_wakes_up_fenced() {
    let mut world = settled(9, 3, 0, 0);
    let asleep = world.ms + 20_000;
    world.nodes[1].paused_till = asleep;
    world.run_till(asleep - 1);
    let node = &world.nodes[1];
    assert!(node.clock(world.ms) >= node.participant.lease_until());
    assert!(!node.devices.is_empty());
    world.wake(1);
    world.run_till(asleep + 1);
    assert_eq!(world.nodes[1].fences, 1);
    assert!(world.nodes[1].participant.lease_until() > Moment::ZERO);
    let after = world.ms + 12_000;
    world.run_till(after);
    assert_all_owned(&world);
}

#[test]
fn who_has_the_name_of_another_waits() {
    let mut world = settled(10, 4, 0, 0);
    world.crash(3);
    world.nodes[3].identity.name = "n2".to_owned();
    world.restart(3);
    let after = world.ms + 20_000;
    world.run_till(after);
    assert_all_owned(&world);
    assert!(world.nodes[3].devices.is_empty());
    assert_eq!(world.nodes[2].fences, 0);
}

#[test]
fn a_store_that_lost_everything_gives_nothing_twice() {
    let mut world = settled(11, 4, 0, 0);
    // One still has its lease and hears nothing; to the others the new store is told as such.
    world.nodes[0].has_store = false;
    world.store.wipe();
    for n in 1..4 {
        world.crash(n);
        world.restart(n);
    }
    let after = world.ms + 20_000;
    world.run_till(after);
    assert_all_owned(&world);
    assert!(world.nodes[0].devices.is_empty());
    world.nodes[0].has_store = true;
    let back = world.ms + 20_000;
    world.run_till(back);
    assert_all_owned(&world);
    assert!(!world.nodes[0].devices.is_empty());
}

#[test]
fn who_goes_on_in_a_store_that_lost_everything_stops_for_no_longer_than_others_must_wait() {
    for (seed, keep_secs) in [(13, 0), (14, 3_600)] {
        let mut world = settled(seed, 4, 1, keep_secs);
        forget_gaps(&mut world);
        world.store.wipe();
        let after = world.ms + 20_000;
        world.run_till(after);
        assert_all_owned(&world);
        assert_eq!(fences(&world), 4);
        // The lease, and as long again as it takes to notice and to be waited for.
        assert!(gap_max(&world) < 2 * LEASE_MS, "{} ms", gap_max(&world));
        // What the store says counts again.
        world.set_share(share(50.0));
        let after = world.ms + 5_000;
        world.run_till(after);
        assert_all_owned(&world);
        assert_eq!(fences(&world), 4);
    }
}

#[test]
fn who_is_alone_and_kept_for_an_hour_begins_anew_after_a_lease() {
    let mut world = settled(16, 1, 0, 3_600);
    world.store.is_down = true;
    let kept = world.ms + 30_000;
    world.run_till(kept);
    assert_eq!(fences(&world), 0);
    world.store.wipe();
    world.store.is_down = false;
    let after = world.ms + 20_000;
    world.run_till(after);
    assert_eq!(fences(&world), 1);
    assert_all_owned(&world);
}

#[test]
fn nobody_is_kept_by_peers_that_went_on_in_another_store() {
    let mut world = settled(15, 4, 0, 3_600);
    world.nodes[2].has_store = false;
    let kept = world.ms + 10_000;
    world.run_till(kept);
    assert_eq!(world.nodes[2].fences, 0);
    world.store.wipe();
    let after = world.ms + 20_000;
    world.run_till(after);
    assert_eq!(world.nodes[2].fences, 1);
    assert_all_owned(&world);
}

#[test]
fn one_peer_of_several_keeps_nobody() {
    let mut world = settled(12, 4, 0, 3_600);
    world.nodes[2].has_store = false;
    world.nodes[2].only_peer = Some(0);
    let long = world.ms + 30_000;
    world.run_till(long);
    assert_eq!(world.nodes[2].fences, 1);
    assert_all_owned(&world);
}
