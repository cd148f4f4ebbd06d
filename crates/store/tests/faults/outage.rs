//! An outage of days in fast motion: the journal is full to its budget when the database comes back.

use std::time::{Duration, Instant};

use gridos_journal::{JournalError, Options};

use crate::proxy::Way;
use crate::scene::Scene;

/// Two days at some hundred readings a second, a hundred times smaller.
const OPTIONS: Options = Options {
    segment_bytes: 256 << 10,
    bytes_max: 4 << 20,
};
/// Live readings come in so many records at a time, and so often.
const LIVE_RECORDS: usize = 5;
const LIVE_EVERY: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_full_journal_is_drained_while_readings_go_on_arriving() {
    let Some(mut scene) = Scene::with_options(70, OPTIONS).await else {
        return;
    };
    scene.store_all(100).await;
    scene.proxy.set(Way::Closed);
    let full = fill(&mut scene);
    scene.life.fails().await;
    scene.restart(false).await;
    scene.proxy.set(Way::Open);
    let begun = Instant::now();
    let (mut refused, mut drained) = (0, None);
    let mut live = tokio::time::interval(LIVE_EVERY);
    // What came while the journal had no room waits in memory, as long as the process lives.
    while drained.is_none() || refused > 0 {
        live.tick().await;
        scene.site.append(LIVE_RECORDS);
        let is_drained = scene.life.is_drained();
        match scene.site.try_sync() {
            Ok(end) => {
                scene.life.announce(end);
                refused = 0;
            }
            Err(JournalError::Budget { .. }) if !is_drained => refused += 1,
            Err(JournalError::Budget { .. }) => scene.site.forget_earlier(),
            Err(error) => panic!("{error}"),
        }
        if is_drained {
            drained.get_or_insert_with(|| begun.elapsed());
        } else {
            // Earlier streams come first.
            assert_eq!(scene.life.stored().position.get(), 0);
        }
    }
    let agreement = scene.agree().await;
    assert_eq!(agreement.lost, 0);
    assert!(agreement.stored > full, "{agreement:?}");
    println!("{full} readings in {} ms", drained.unwrap().as_millis());
}

/// Appends until the journal takes no more; returns how many readings it holds.
fn fill(scene: &mut Scene) -> u64 {
    loop {
        scene.site.append(200);
        match scene.site.try_sync() {
            Ok(end) => scene.life.announce(end),
            Err(JournalError::Budget { bytes }) => {
                assert!(bytes > OPTIONS.bytes_max / 2, "{bytes}");
                return scene.life.durable().readings;
            }
            Err(error) => panic!("{error}"),
        }
    }
}
