//! Deeds on their way to the journal: at once, in order, bounded.

#![cfg(test)]

#[expect(dead_code, reason = "other tests need more of it")]
mod rig;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_journal::{Chunk, Journal, Options, Read, Reader, Record, Tail};
use gridos_model::{AuditRecord, Deed, DeedOutcome, DirectoryBuilder, Point};
use gridos_pipeline::{AuditLog, Pipeline, SyncOptions, Turn, alarm_commands, audit_log};
use gridos_ring::{Pool, ring};
use gridos_telemetry::Telemetry;
use tempfile::TempDir;

fn deed(action: String) -> Deed {
    Deed {
        principal: "anna".to_owned(),
        kind: "user".to_owned(),
        address: "10.0.0.7".to_owned(),
        action,
        target: String::new(),
        outcome: DeedOutcome::Allowed,
        status: 200,
        detail: "x".repeat(5_000),
    }
}

/// A turn that nobody runs yet, and the way to its audit log.
fn turn(dir: &Path) -> (Turn, AuditLog, Arc<Telemetry>, gridos_ring::Producer) {
    let mut builder = DirectoryBuilder::default();
    builder.add("d", vec![Point::new("a", "")], &[]).unwrap();
    let directory = Arc::new(builder.build());
    let telemetry = Arc::new(Telemetry::new("0", ["d".to_owned()]));
    let (producer, consumer) = ring(8);
    let (alarms, views) = rig::alarms(&directory, Vec::new());
    let (_, commands) = alarm_commands(producer.clone(), Arc::clone(&telemetry));
    let (audit, deeds) = audit_log(producer.clone(), Arc::clone(&telemetry));
    let (journal, _) = Journal::open(dir, Options::default()).unwrap();
    let turn = Turn::new(
        consumer,
        Pool::new(4, 2),
        (alarms, commands),
        journal,
        views,
        Arc::clone(&telemetry),
    );
    (turn.with_audit(deeds), audit, telemetry, producer)
}

fn recorded(dir: &Path, until: Tail) -> Vec<AuditRecord> {
    let (mut reader, mut chunk) = (Reader::new(dir), Chunk::default());
    let (mut at, mut all) = (Tail::default(), Vec::new());
    while reader.read(at, until, 1 << 20, &mut chunk).unwrap() == Read::Frames {
        for (_, record) in chunk.records() {
            if let Record::Audit(records) = record.unwrap() {
                all.extend(records);
            }
        }
        at = chunk.until();
    }
    all
}

#[test]
fn a_deed_is_durable_at_once_although_nothing_else_happens() {
    let dir = TempDir::new().unwrap();
    let (turn, audit, telemetry, producer) = turn(dir.path());
    let pipeline = Pipeline::start(turn, SyncOptions::default(), producer).unwrap();
    let durable = pipeline.durable();
    let began = Instant::now();
    for nth in 1..=3_u32 {
        audit.record(deed(format!("PUT /{nth}")));
        while telemetry.journal.deeds.get() < u64::from(nth)
            || recorded(dir.path(), *durable.borrow()).len() < nth as usize
        {
            assert!(began.elapsed() < Duration::from_secs(60));
            std::thread::yield_now();
        }
    }
    let end = pipeline.stop().unwrap();
    let records = recorded(dir.path(), end);
    let told = records
        .iter()
        .map(|record| (record.sequence, &*record.deed.action));
    assert!(told.eq([(1, "PUT /1"), (2, "PUT /2"), (3, "PUT /3")]));
    assert!(
        records
            .iter()
            .all(|record| record.deed.detail.len() == AuditRecord::TEXT_BYTES_MAX)
    );
}

#[test]
fn more_than_can_wait_are_counted_and_the_first_are_kept() {
    let dir = TempDir::new().unwrap();
    let (turn, audit, telemetry, producer) = turn(dir.path());
    for nth in 1..=3_000 {
        audit.record(deed(format!("PUT /{nth}")));
    }
    let cells = &telemetry.journal;
    assert_eq!(cells.deeds_unrecorded.get(), 3_000 - 1_024);
    let pipeline = Pipeline::start(turn, SyncOptions::default(), producer).unwrap();
    let began = Instant::now();
    while cells.deeds.get() < 1_024 {
        assert!(began.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
    let end = pipeline.stop().unwrap();
    let records = recorded(dir.path(), end);
    let sequences = records.iter().map(|record| record.sequence);
    assert!(sequences.eq(1..=1_024));
    assert_eq!(records[1_023].deed.action, "PUT /1024");
}
