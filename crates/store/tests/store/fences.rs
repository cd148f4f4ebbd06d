//! Engines that have a device one after the other: what an earlier one received after a later one had
//! begun is put aside, and nothing else is, whoever writes first.

use std::sync::Arc;

use gridos_store::{PostgresStore, Store, Stored};

use super::postgres::{config, rows};
use crate::support::fixture::{Fixture, at};
use crate::support::postgres::Cluster;

const DATABASE: &str = "fences";

/// Writes all that `fixture` has behind `from`.
async fn write(store: &PostgresStore, fixture: &mut Fixture, from: Stored) -> Stored {
    let chunk = fixture.chunk(from.tail);
    let book = Arc::clone(fixture.book());
    store.write(fixture.stream(), &chunk, &book).await.unwrap()
}

/// The first values of the sweeps that are stored, and how many records were put aside as fenced.
async fn stored(cluster: &Cluster) -> String {
    let sql = "select (select string_agg(value[1]::text, ' ' order by value[1]) from sweep), \
               (select count(*) from quarantine where reason like 'fenced: %')";
    rows(cluster, DATABASE, sql).await.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_holder_received_too_late_is_put_aside() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database(DATABASE).await;
    let stores = [(); 2].map(|()| PostgresStore::new(config(&cluster, DATABASE)));
    let [first, second] = &stores;
    first.migrate().await.unwrap();
    let (mut early, mut late) = (Fixture::new(), Fixture::new());

    early.held_sweep(3, at(0), [1.0, 0.0]);
    let of_early = write(first, &mut early, Stored::default()).await;
    late.held_sweep(7, at(2_000), [2.0, 0.0]);
    let of_late = write(second, &mut late, Stored::default()).await;

    // A backlog of before, and what came when the device had another master.
    early.held_sweep(3, at(1_000), [3.0, 0.0]);
    early.held_sweep(3, at(2_000), [4.0, 0.0]);
    early.held_sweep(3, at(2_500), [5.0, 0.0]);
    let of_early = write(first, &mut early, of_early).await;
    assert_eq!(of_early.quarantined, 4);
    assert_eq!(stored(&cluster).await, "1 2 3|2");

    // It has the device again.
    early.held_sweep(9, at(4_000), [6.0, 0.0]);
    let of_early = write(first, &mut early, of_early).await;
    late.held_sweep(7, at(3_900), [7.0, 0.0]);
    late.held_sweep(7, at(4_100), [8.0, 0.0]);
    // Without a fleet nobody asks.
    late.sweep_received(at(4_200), at(4_200), [9.0, 0.0]);
    let of_late = write(second, &mut late, of_late).await;
    assert_eq!(of_late.quarantined, 2);
    assert_eq!(stored(&cluster).await, "1 2 3 6 7 9|3");
    let sql = "select count(*) from device_epoch";
    assert_eq!(rows(&cluster, DATABASE, sql).await, ["3"]);

    // It let the device go, and its clock is ahead of that of whoever has it now: no clock is asked.
    late.held_sweep(10, at(5_000), [10.0, 0.0]);
    write(second, &mut late, of_late).await;
    early.held_sweep(9, at(6_000), [11.0, 0.0]);
    let of_early = write(first, &mut early, of_early).await;
    assert_eq!(of_early.quarantined, 4);
    assert_eq!(stored(&cluster).await, "1 2 3 6 7 9 10 11|3");
}

/// Whoever is to take a device waits for the transactions that are under way, and these are judged by what
/// they began with.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_write_at_once_one_is_first() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database(DATABASE).await;
    PostgresStore::new(config(&cluster, DATABASE))
        .migrate()
        .await
        .unwrap();
    let writing = (0..6_u64).map(|n| {
        let store = PostgresStore::new(config(&cluster, DATABASE));
        tokio::spawn(async move {
            let mut fixture = Fixture::new();
            let mut at_last = Stored::default();
            for round in 0..20_u32 {
                let millis = i64::from(round) * 10 + i64::try_from(n).unwrap();
                fixture.held_sweep(n + 1, at(millis), [f64::from(round), 0.0]);
                at_last = write(&store, &mut fixture, at_last).await;
            }
            at_last.quarantined
        })
    });
    let writing: Vec<_> = writing.collect();
    let mut quarantined = Vec::new();
    for one in writing {
        quarantined.push(one.await.unwrap());
    }
    // Nobody has it later than the last.
    assert_eq!(quarantined.last(), Some(&0));
    let sql = "select (select count(*) from sweep), \
               (select count(*) from quarantine where reason like 'fenced: %'), \
               (select count(*) from device_epoch)";
    let told = rows(&cluster, DATABASE, sql).await.remove(0);
    let counts: Vec<u64> = told
        .split('|')
        .map(|count| count.parse().unwrap())
        .collect();
    assert_eq!(counts[0] + counts[1], 120);
    assert_eq!(counts[1] * 2, quarantined.iter().sum::<u64>());
    assert_eq!(counts[2], 6);
}
