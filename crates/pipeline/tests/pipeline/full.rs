//! A journal that takes nothing more.

use std::time::Instant;

use super::*;

const FULL_SOON: Options = Options {
    segment_bytes: 65_536,
    bytes_max: 196_608,
};

/// Offers until the journal is at its budget: it is refused again and again, and not for want of a segment that is
/// late.
fn fill(bench: &Bench) -> Vec<Receiver> {
    let failures = || bench.telemetry.journal.write_failures.get();
    let mut receivers = Vec::new();
    let (mut journalled, mut before) = (0, failures());
    while failures() < before + 10 {
        match bench.offer(receivers.len() as i64, 1.0) {
            Ok(receiver) => receivers.push(receiver),
            Err(_) => std::thread::yield_now(),
        }
        let now = bench.telemetry.ledger.snapshot().journalled;
        if now > journalled {
            (journalled, before) = (now, failures());
        }
    }
    receivers
}

/// With the journal at its budget nothing is acknowledged, the ring fills and offers are refused;
/// when there is room again everything goes on and nothing was lost.
#[test]
fn a_full_journal_pushes_back_and_loses_nothing() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        segment_bytes: 65_536,
        bytes_max: 262_144,
    };
    let bench = start(dir.path(), options, SyncOptions::default());
    let mut receivers = Vec::new();
    loop {
        match bench.offer(receivers.len() as i64, 1.0) {
            Ok(receiver) => receivers.push(receiver),
            Err(Refused::JournalStalled) => break,
            Err(_) => std::thread::yield_now(),
        }
    }
    assert!(!*bench.pipeline.failed().borrow());
    let durable = bench.pipeline.durable();
    let offered = receivers.len() as u64;
    assert!(durable.borrow().readings < offered);
    while durable.borrow().readings < offered {
        Journal::trim(dir.path(), durable.borrow().position).unwrap();
        std::thread::yield_now();
    }
    for receiver in receivers {
        block_on(receiver.wait()).unwrap();
    }
    assert_eq!(bench.pipeline.stop().unwrap().readings, offered);
}

/// What could not be journalled is not acknowledged, and is counted as refused.
#[test]
fn stopping_on_a_full_journal_drops_the_receipts() {
    let dir = TempDir::new().unwrap();
    let bench = start(dir.path(), FULL_SOON, SyncOptions::default());
    let mut receivers = fill(&bench);
    let end = bench.pipeline.stop().unwrap();
    let last = receivers.pop().unwrap();
    assert_eq!(block_on(last.wait()), Err(Lost));
    let ledger = bench.telemetry.ledger.snapshot();
    assert_eq!((ledger.in_ring, ledger.journalled), (0, end.readings));
    assert!(ledger.refused_for(Refusal::JournalStalled) > 0 && ledger.is_balanced());
}

/// A control room must see an alarm also when the disk is full.
#[test]
fn alarms_are_raised_while_the_journal_takes_nothing() {
    let dir = TempDir::new().unwrap();
    let bench = start(dir.path(), FULL_SOON, SyncOptions::default());
    let receivers = fill(&bench);
    let later = i64::try_from(receivers.len()).unwrap() + 1;
    // Who polls waits for no receipt. The ring may still be full of what filled the journal.
    let poll = |time, value| {
        while bench.offer_for(None, time, value).is_err() {
            std::thread::yield_now();
        }
    };
    poll(later, 150.0);
    while rig::active(&bench.views.alarms) == 0 {
        std::thread::yield_now();
    }
    poll(later + 1, 50.0);
    while rig::active(&bench.views.alarms) > 0 {
        std::thread::yield_now();
    }
    assert_eq!(bench.telemetry.journal.stalled.get(), 1);
    bench.pipeline.stop().unwrap();
}

/// Nobody sends again what is polled: what is turned away while the journal is full is a gap.
#[test]
fn what_is_turned_away_and_not_sent_again_is_a_gap_of_the_whole_engine() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        segment_bytes: 1 << 20,
        bytes_max: 24 << 20,
    };
    let bench = start(dir.path(), options, SyncOptions::default());
    let layout = bench.directory.devices()[0].whole();
    let mut millis = 0;
    // Whether there was room for it.
    let mut offer = || {
        let Some(mut batch) = bench.intake.take() else {
            std::thread::yield_now();
            return false;
        };
        millis += 1;
        let time = Timestamp::from_millis(millis);
        batch.start_events(layout, time);
        for _ in 0..50 {
            batch.push_event(0, time, 1.0, Quality::GOOD);
        }
        bench.intake.offer(batch, Instant::now(), None).is_ok()
    };
    let turned_away = || {
        let ledger = bench.telemetry.ledger.snapshot();
        ledger.refused_for(Refusal::JournalStalled)
    };
    while turned_away() == 0 {
        let _ = offer();
    }
    assert_eq!(bench.telemetry.journal.full.get(), 1);
    let durable = bench.pipeline.durable();
    let full = *durable.borrow();
    // Not what comes behind it: the gap is looked for there.
    Journal::trim(dir.path(), full.position).unwrap();
    while durable.borrow().readings == full.readings || bench.telemetry.journal.stalled.get() > 0 {
        std::thread::yield_now();
    }
    assert_eq!(bench.telemetry.journal.full.get(), 0);
    // The ring may still hold what was offered before.
    while !offer() {}
    let end = bench.pipeline.stop().unwrap();
    let mut gaps = Vec::new();
    each_record(dir.path(), end, |record| {
        if let Record::Gap(gap) = record {
            gaps.push(gap);
        }
    });
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let gap = gaps[0];
    assert_eq!(gap.device, DeviceId::WHOLE_ENGINE);
    assert_eq!(gap.reason, GapReason::BackPressure);
    assert!(gap.from < gap.until, "{gap:?}");
}

/// A letter goes the way of its readings: who waits for the receipt sends both again.
#[test]
fn a_letter_that_finds_no_room_is_counted() {
    let dir = TempDir::new().unwrap();
    let bench = start(dir.path(), FULL_SOON, SyncOptions::default());
    fill(&bench);
    while bench.intake.room() < SLOTS {
        std::thread::yield_now();
    }
    let unrecorded = &bench.telemetry.journal.letters_unrecorded;
    let stalled = || {
        let ledger = bench.telemetry.ledger.snapshot();
        ledger.refused_for(Refusal::JournalStalled)
    };
    // Some of the single readings that filled it may be counted later, fewer than a letter has.
    let before = stalled();
    let turned_away = || (stalled() - before) / 100_000 * 100_000;
    let mut offered = 0;
    while unrecorded.get() == 0 {
        if bench.intake.room() == SLOTS {
            bench.offer_letter(100_000, &letter(&[1]), None);
            offered += 1;
            assert!(offered < 50, "none was turned away");
        }
        std::thread::yield_now();
    }
    // The last one may still be on its way.
    while turned_away() != unrecorded.get() * 100_000 {
        assert!(turned_away() <= 100_000 * offered);
        std::thread::yield_now();
    }
    bench.pipeline.stop().unwrap();
}
