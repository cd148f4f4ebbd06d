//! Who should have which device, against references that do it plainly.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};

use gridos_fleet::{Candidate, Device, Role, Share, assign};
use gridos_model::DeviceId;
use proptest::prelude::*;

fn devices(profiles: &[usize]) -> Vec<Device> {
    let each = profiles.iter().enumerate();
    each.flat_map(|(profile, count)| {
        (0..*count).map(move |n| {
            let name = format!("p{profile}-{n}");
            Device::new(DeviceId::of(&name), &format!("profile {profile}"))
        })
    })
    .collect()
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("engine-{n}")).collect()
}

fn candidates(names: &[String], role: impl Fn(usize) -> Role) -> Vec<Candidate<'_>> {
    let each = names.iter().enumerate();
    each.map(|(n, name)| Candidate {
        name,
        role: role(n),
        capacity: 1,
    })
    .collect()
}

/// Device → name of its member.
fn owners(
    devices: &[Device],
    candidates: &[Candidate<'_>],
    share: Share,
) -> BTreeMap<DeviceId, String> {
    let assignment = assign(devices, candidates, share);
    let members = assignment.members.iter();
    let names = members.map(|place| candidates[place.unwrap()].name.to_owned());
    devices.iter().map(|device| device.id).zip(names).collect()
}

/// The devices of the canary: one member of each role tells them apart.
fn canaries(devices: &[Device], share: Share) -> BTreeSet<DeviceId> {
    let names = names(2);
    let both = candidates(&names, |n| [Role::Stable, Role::Canary][n]);
    let owners = owners(devices, &both, share).into_iter();
    owners
        .filter(|(_, name)| *name == names[1])
        .map(|(device, _)| device)
        .collect()
}

fn shares() -> impl Strategy<Value = Share> {
    (0..=1_000_000_u32).prop_map(|ppm| Share::from_ppm(ppm).unwrap())
}

proptest! {
    #[test]
    fn the_share_is_exact_in_all_and_within_one_in_each_profile(
        profiles in prop::collection::vec(0..40_usize, 1..12),
        share in shares(),
    ) {
        let devices = devices(&profiles);
        let chosen = canaries(&devices, share);
        let exact = devices.len() as f64 * f64::from(share.ppm()) / 1e6;
        prop_assert!((chosen.len() as f64 - exact - 1e-9).abs() <= 0.5);
        for (profile, count) in profiles.iter().enumerate() {
            let of_it = (0..*count).map(|n| DeviceId::of(&format!("p{profile}-{n}")));
            let of_it = of_it.filter(|device| chosen.contains(device)).count();
            let quota = chosen.len() as f64 * *count as f64 / devices.len().max(1) as f64;
            prop_assert!((of_it as f64 - quota).abs() < 1.0, "{} of {}: {}", of_it, count, quota);
        }
    }

    #[test]
    fn a_greater_share_only_adds(
        profiles in prop::collection::vec(0..30_usize, 1..12),
        one in shares(),
        other in shares(),
    ) {
        let devices = devices(&profiles);
        let (less, more) = (one.min(other), one.max(other));
        prop_assert!(canaries(&devices, less).is_subset(&canaries(&devices, more)));
    }

    #[test]
    fn order_does_not_matter(seed in any::<u64>(), share in shares()) {
        let mut devices = devices(&[20, 30, 7]);
        let names = names(6);
        let mut members = candidates(&names, |n| [Role::Stable, Role::Canary][n % 2]);
        let before = owners(&devices, &members, share);
        devices.sort_by_key(|device| device.id.raw().wrapping_mul(seed | 1));
        members.rotate_left(usize::try_from(seed % 6).unwrap());
        members.reverse();
        prop_assert_eq!(owners(&devices, &members, share), before);
    }

    #[test]
    fn the_winner_is_that_of_the_plain_formula(capacities in prop::collection::vec(0..9_u32, 1..8)) {
        let devices = devices(&[50]);
        let names = names(capacities.len());
        let mut members = candidates(&names, |_| Role::Stable);
        for (member, capacity) in members.iter_mut().zip(&capacities) {
            member.capacity = *capacity;
        }
        let assignment = assign(&devices, &members, Share::NONE);
        for (device, place) in devices.iter().zip(assignment.members) {
            let scores = members.iter().enumerate().filter(|(_, m)| m.capacity > 0);
            let scores = scores.map(|(n, m)| (score(*device, m), n));
            let best = scores.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, n)| n);
            prop_assert_eq!(place, best);
        }
    }

    #[test]
    fn who_joins_only_takes_and_who_leaves_only_leaves(count in 2..8_usize, gone in 0..8_usize, share in shares()) {
        let devices = devices(&[60, 40]);
        let names = names(count + 2);
        // One of each role stays.
        let all = candidates(&names, |n| [Role::Stable, Role::Canary][n % 2]);
        let gone = 2 + gone % count;
        let fewer: Vec<_> = all.iter().copied().filter(|c| c.name != names[gone]).collect();
        let (with, without) = (owners(&devices, &all, share), owners(&devices, &fewer, share));
        for (device, owner) in &with {
            prop_assert!(*owner == names[gone] || without[device] == *owner);
        }
    }
}

/// −w / ln(u), with hashes written out once more and the system's logarithm.
fn score(device: Device, member: &Candidate<'_>) -> f64 {
    fn mix(word: u64) -> u64 {
        let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
    let name = member
        .name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let hash = mix(mix(device.id.raw()) ^ mix(name));
    let u = ((hash >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
    -f64::from(member.capacity) / u.ln()
}

#[test]
fn devices_go_by_capacity() {
    let devices = devices(&[10_000]);
    let names = names(4);
    let mut members = candidates(&names, |_| Role::Stable);
    for (n, capacity) in [0, 1, 2, 5].into_iter().enumerate() {
        members[n].capacity = capacity;
    }
    let owners = owners(&devices, &members, Share::NONE);
    let counts = names
        .iter()
        .map(|name| owners.values().filter(|owner| *owner == name).count());
    let counts: Vec<_> = counts.collect();
    assert_eq!(counts[0], 0);
    for (count, expected) in counts[1..].iter().zip([1_250.0, 2_500.0, 6_250.0]) {
        // Five standard deviations.
        assert!(
            (*count as f64 - expected).abs() < 5.0 * f64::sqrt(expected),
            "{counts:?}"
        );
    }
}

#[test]
fn a_role_without_a_member_is_served_by_the_other() {
    let devices = devices(&[10]);
    let names = names(1);
    let half = Share::from_percent(50.0).unwrap();
    for (role, other) in [(Role::Stable, Role::Canary), (Role::Canary, Role::Stable)] {
        let assignment = assign(&devices, &candidates(&names, |_| role), half);
        assert_eq!(assignment.unserved, Some(other));
        assert_eq!(assignment.canary, 5);
        assert!(assignment.members.iter().all(|place| *place == Some(0)));
    }
    let nobody = assign(&devices, &[], half);
    assert!(nobody.members.iter().all(Option::is_none));
}

#[test]
fn a_share_is_from_none_to_all() {
    assert_eq!(Share::from_percent(40.0), Share::from_ppm(400_000));
    assert_eq!(Share::from_percent(100.0), Some(Share::ALL));
    for wrong in [-0.1, 100.1, f64::NAN, f64::INFINITY] {
        assert_eq!(Share::from_percent(wrong), None);
    }
    assert_eq!(Share::from_ppm(1_000_001), None);
    assert_eq!(Share::from_percent(12.5).unwrap().to_string(), "12.5 %");
}
