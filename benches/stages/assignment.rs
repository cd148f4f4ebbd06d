//! 100,000 devices to 50 members: the time it takes, and how many move when one joins or leaves.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridos_fleet::{Candidate, Device, Role, Share, assign};
use gridos_model::DeviceId;

const DEVICES: usize = 100_000;
const MEMBERS: usize = 50;

fn devices() -> Vec<Device> {
    let device = |n| {
        let id = DeviceId::of(&format!("rtu-{n}"));
        Device::new(id, &format!("profile {}", n % 20))
    };
    (0..DEVICES).map(device).collect()
}

/// One in ten is a canary.
fn candidates(names: &[String]) -> Vec<Candidate<'_>> {
    let role = |n| [Role::Stable, Role::Canary][usize::from(n % 10 == 9)];
    let each = names.iter().enumerate();
    each.map(|(n, name)| Candidate {
        name,
        role: role(n),
        capacity: 1,
    })
    .collect()
}

/// How many devices have another owner.
fn moved(devices: &[Device], before: &[Candidate<'_>], after: &[Candidate<'_>]) -> usize {
    let share = Share::from_percent(10.0).unwrap_or_default();
    let owners = |candidates: &[Candidate<'_>]| -> Vec<_> {
        let members = assign(devices, candidates, share).members;
        let name = |place: Option<usize>| place.map(|place| candidates[place].name.to_owned());
        members.into_iter().map(name).collect()
    };
    let (before, after) = (owners(before), owners(after));
    before.iter().zip(&after).filter(|(b, a)| b != a).count()
}

fn assignment(criterion: &mut Criterion) {
    let devices = devices();
    let names: Vec<_> = (0..=MEMBERS).map(|n| format!("engine-{n}")).collect();
    let more = candidates(&names);
    let members = &more[..MEMBERS];
    let mut group = criterion.benchmark_group("assignment");
    group.throughput(Throughput::Elements(DEVICES as u64));
    group.sample_size(10);
    for percent in [10.0, 100.0] {
        let share = Share::from_percent(percent).unwrap_or_default();
        group.bench_function(format!("to {MEMBERS}, canary {percent} %"), |bencher| {
            bencher.iter(|| black_box(assign(black_box(&devices), members, share)));
        });
    }
    group.finish();
    // The one that joins and the one that leaves are two of 46 and 45 stable ones, which have nine tenths.
    let stable = |members: &[Candidate<'_>]| {
        let stable = members.iter().filter(|m| m.role == Role::Stable).count();
        0.9 * DEVICES as f64 / stable as f64
    };
    let joined = moved(&devices, members, &more);
    println!(
        "one joins: {joined} devices move; an even share is {:.0}",
        stable(&more)
    );
    let left = moved(&devices, members, &members[1..]);
    println!(
        "one leaves: {left} devices move; an even share is {:.0}",
        stable(members)
    );
}

criterion_group!(benches, assignment);
criterion_main!(benches);
