//! Several connections, each of which writes some of the devices.

use gridos_journal::Options;

use crate::backups::follows;
use crate::proxy::Strike;
use crate::scene::Scene;

/// Small segments, so that the journal can be trimmed close behind what is stored.
const SMALL_SEGMENTS: Options = Options {
    segment_bytes: 8 << 10,
    bytes_max: 8 << 30,
};

/// A scene whose engine has three connections.
async fn scene(seed: u64) -> Option<Scene> {
    let mut scene = Scene::with_options(seed, SMALL_SEGMENTS).await?;
    scene.restart_with(3, false).await;
    Some(scene)
}

const ROWS: &str = "select shard, shards, position, own_readings from stream_position \
                    order by stream, shard";

#[tokio::test(flavor = "multi_thread")]
async fn each_connection_writes_its_devices_in_order() {
    let Some(mut scene) = scene(90).await else {
        return;
    };
    scene.store_all(500).await;
    let agreement = scene.agree().await;
    assert!(agreement.stored > 1_000 && agreement.quarantined > 10);
    let rows = scene.sql(ROWS).await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    let busy = rows.iter().filter(|row| row[3].as_deref() != Some("0"));
    assert!(busy.count() > 1, "{rows:?}");
    // A device's rows were written by one connection, and those of several at the same time: a
    // transaction has rows of the devices of one of them.
    let mixed = "select s.xmin::text from sweep s join layout on layout.id = s.layout \
                 group by s.xmin::text having count(distinct device % 840 % 3) > 1";
    assert!(scene.sql(mixed).await.is_empty());
    // And one after the other.
    let disorder = "select 1 from (select min(received) as first, lag(max(received)) over \
                    (partition by device order by s.xmin::text::bigint) as before \
                    from sweep s join layout on layout.id = s.layout group by device, s.xmin::text) \
                    rows where first < before";
    assert!(scene.sql(disorder).await.is_empty());
}

/// The commits of some connections go through and those of others do not, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn one_connection_breaks_at_its_commit_and_others_are_ahead() {
    let Some(mut scene) = scene(91).await else {
        return;
    };
    scene.store_all(50).await;
    for nth in 1..=6 {
        let strikes = scene.proxy.strikes();
        let mut left = nth % 3;
        scene.proxy.strike_at(move |message| {
            let is_it = message.is_commit() && left == 0;
            left -= u64::from(message.is_commit() && !is_it);
            is_it.then_some(match nth < 4 {
                true => Strike::ResetInside,
                false => Strike::ResetBehind,
            })
        });
        scene.work(100);
        scene.proxy.struck(strikes + 1).await;
        if nth == 3 {
            scene.restart_with(2, false).await;
        }
        scene.life.settled().await;
        assert_eq!(scene.agree().await.lost, 0);
    }
}

/// Only what no connection has is lost, and it is counted once.
#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_gone_where_one_connection_was_ahead() {
    let Some(mut scene) = scene(92).await else {
        return;
    };
    scene.store_all(300).await;
    // One connection waits for a row that somebody holds, and the others have their part.
    let holder = scene.holder().await;
    let held = "begin; select * from stream_position where shard = 2 for update";
    holder.simple_query(held).await.unwrap();
    let failures = scene.life.failures();
    // In many segments.
    for _ in 0..30 {
        scene.work(20);
    }
    scene.life.failed(failures + 1).await;
    let least = "select min(position), max(position) from stream_position where shards = 3";
    let rows = scene.sql(least).await;
    let places = rows[0]
        .iter()
        .map(|text| text.clone().unwrap().parse().unwrap());
    let places: Vec<u64> = places.collect();
    assert!(places[0] < places[1], "{places:?}");
    let end = scene.site.sync().position;
    assert!(scene.site.trim(end) > 0);
    scene.restart_with(1, false).await;
    drop(holder);
    let agreement = scene.agree().await;
    assert!(agreement.lost > 0, "{agreement:?}");
    assert_eq!(scene.life.ledger().lost, agreement.lost);
}

/// A stream keeps the number of connections it began with, whatever the engine is told later.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_keeps_its_number_of_connections() {
    let Some(mut scene) = scene(93).await else {
        return;
    };
    scene.store_all(100).await;
    for connections in [1, 2, 8] {
        scene.work(300);
        scene.restart_with(connections, false).await;
        assert_eq!(scene.agree().await.lost, 0);
    }
    let sql = "select shards, count(*) from stream_position group by shards order by shards";
    let counts = scene.sql(sql).await;
    let expected = [(1, 1), (2, 2), (3, 3), (8, 8)]
        .map(|(shards, rows): (u8, u8)| vec![Some(shards.to_string()), Some(rows.to_string())]);
    assert_eq!(counts, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_under_several_connections() {
    let Some(mut scene) = scene(94).await else {
        return;
    };
    scene.store_all(300).await;
    let backup = scene.cluster.back_up().await;
    scene.store_all(300).await;
    scene.restart_with(2, true).await;
    scene.store_all(300).await;
    scene.cluster.restore(&backup).await;
    let agreement = scene.agree().await;
    assert_eq!(agreement.lost, 0);
    assert!(scene.life.ledger().carried_over > 0);
}

/// Those that are ahead go on from their own places, and so do the minutes that are open on them.
#[tokio::test(flavor = "multi_thread")]
async fn a_longer_chunk_comes_where_some_connections_are_ahead() {
    let Some(mut scene) = Scene::start(97).await else {
        return;
    };
    scene.restart_with(3, false).await;
    for is_killed in [false, true, false, true] {
        let before = scene.agree().await;
        let counted = scene.life.ledger();
        let holder = scene.holder().await;
        let held = "begin; select * from stream_position where shard = 2 for update";
        holder.simple_query(held).await.unwrap();
        scene.work(40);
        let apart =
            "select 1 from stream_position group by stream having min(position) < max(position)";
        while scene.sql(apart).await.is_empty() {}
        scene.work(100);
        if is_killed {
            scene.restart_with(3, false).await;
        }
        drop(holder);
        scene.life.settled().await;
        let after = scene.agree().await;
        assert_eq!(after.lost, 0);
        if !is_killed {
            let ledger = scene.life.ledger();
            assert_eq!(ledger.carried_over, counted.carried_over);
            assert_eq!(ledger.stored - counted.stored, after.stored - before.stored);
            let quarantined = ledger.quarantined - counted.quarantined;
            assert_eq!(quarantined, after.quarantined - before.quarantined);
        }
    }
}

/// A replica takes over, and one connection is made anew to it, while the others are still to the
/// old server: nothing may be written to both.
#[tokio::test(flavor = "multi_thread")]
async fn connections_lead_to_two_servers() {
    let Some(mut scene) = scene(95).await else {
        return;
    };
    scene.store_all(100).await;
    let mut replica = scene.cluster.replica().await;
    follows(&scene, &replica).await;
    replica.promote().await;
    scene.proxy.lead_to(replica.port());
    let second = "select pg_terminate_backend(pid) from pg_stat_activity \
                  where application_name = 'gridos' order by backend_start offset 1 limit 1";
    assert_eq!(scene.sql(second).await, [[Some("t".to_owned())]]);
    scene.work(50);
    scene.life.settled().await;
    std::mem::swap(&mut scene.cluster, &mut replica);
    assert_eq!(scene.agree().await.lost, 0);
}

/// An engine of before this was possible knows one row of a stream, and touches no other.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_of_before_writes_a_stream_of_its_own() {
    let Some(mut scene) = scene(96).await else {
        return;
    };
    scene.store_all(100).await;
    let rows = scene.sql(ROWS).await;
    for (from, until) in [(0, 64), (64, 128)] {
        let sql = format!(
            "begin isolation level read committed; \
             insert into stream_position (stream, position, readings, quarantined, lost) \
             values (1, 0, 0, 0, 0) on conflict do nothing; \
             update stream_position set position = {until}, readings = {until} \
             where stream = 1 and position = {from} returning position; commit"
        );
        assert_eq!(scene.sql(&sql).await, [[Some(until.to_string())]]);
    }
    let own = scene
        .sql("delete from stream_position where stream = 1 returning shard, shards")
        .await;
    assert_eq!(own, [[Some("0".to_owned()), Some("1".to_owned())]]);
    assert_eq!(scene.sql(ROWS).await, rows);
    assert_eq!(scene.agree().await.lost, 0);
}
