//! Groups of readings into batches, and all of them into the ring or none.

use std::time::Instant;

use gridos_model::{Batch, Directory, Timestamp};
use gridos_ring::{Intake, Receipt, Receiver, Refused};
use gridos_telemetry::Refusal;

use super::sort::{Entry, Group, Value};

/// Why nothing was offered; nothing was counted either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotOffered(pub(super) Refusal);

/// What became of the groups.
#[derive(Debug)]
pub(super) struct Offered {
    /// In the ring, each with the receipt to wait for.
    pub(super) taken: Vec<(Group, Receiver)>,
    /// Left out, because other producers took the room meanwhile; counted as refused.
    pub(super) left: Vec<Group>,
    /// Why they were left out.
    pub(super) why_left: Refusal,
}

/// Puts one batch per group into the ring.
///
/// All batches are taken from the pool, and the ring's room is looked at, before the first one is
/// offered; so a request is cut in two only if other producers fill the ring in just that moment.
pub(super) fn offer(
    intake: &Intake,
    directory: &Directory,
    groups: Vec<Group>,
    wire: Instant,
    received: Timestamp,
) -> Result<Offered, NotOffered> {
    if intake.room() < groups.len() {
        intake.find_full();
        return Err(NotOffered(Refusal::RingFull));
    }
    let mut batches = Vec::with_capacity(groups.len());
    while batches.len() < groups.len() {
        match intake.take() {
            Some(batch) => batches.push(batch),
            None => {
                batches
                    .into_iter()
                    .for_each(|batch| intake.give_back(batch));
                intake.hold_back();
                return Err(NotOffered(Refusal::PoolEmpty));
            }
        }
    }
    Ok(push(
        intake,
        directory,
        groups.into_iter().zip(batches),
        wire,
        received,
    ))
}

fn push(
    intake: &Intake,
    directory: &Directory,
    groups: impl Iterator<Item = (Group, Box<Batch>)>,
    wire: Instant,
    received: Timestamp,
) -> Offered {
    let mut offered = Offered {
        taken: Vec::new(),
        left: Vec::new(),
        why_left: Refusal::RingFull,
    };
    for (group, mut batch) in groups {
        if !offered.left.is_empty() {
            // No later group may overtake: it may be of the same device.
            intake.give_back(batch);
            count_refused(intake, offered.why_left, group.entries.len());
            offered.left.push(group);
            continue;
        }
        let whole = directory.device(group.device).whole();
        if group.is_text {
            batch.start_texts(whole, received);
        } else {
            batch.start_events(whole, received);
        }
        for Entry {
            position,
            time,
            value,
            quality,
            ..
        } in &group.entries
        {
            match value {
                Value::Number(number) => batch.push_event(*position, *time, *number, *quality),
                Value::Text(text) => batch.push_text(*position, *time, &**text, *quality),
            };
        }
        let (receipt, receiver) = Receipt::pair();
        match intake.offer(batch, wire, Some(receipt)) {
            Ok(()) => offered.taken.push((group, receiver)),
            Err(refused) => {
                offered.why_left = match refused {
                    Refused::RingFull => Refusal::RingFull,
                    Refused::JournalStalled => Refusal::JournalStalled,
                    Refused::Fenced => Refusal::Fenced,
                    Refused::Invalid(_) => Refusal::Invalid,
                };
                offered.left.push(group);
            }
        }
    }
    offered
}

/// Counts readings that were received but never offered.
pub(super) fn count_refused(intake: &Intake, why: Refusal, readings: usize) {
    let ledger = &intake.telemetry().ledger;
    ledger.received.add(readings as u64);
    ledger.refuse(why, readings as u64);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use gridos_model::{DirectoryBuilder, Point, Quality};
    use gridos_ring::{Pool, ring};
    use gridos_telemetry::Telemetry;

    /// Other producers take the room after it was looked at.
    #[test]
    fn what_finds_no_room_after_all_is_left_counted_and_not_overtaken() {
        let mut builder = DirectoryBuilder::default();
        let device = builder.add("d", vec![Point::new("a", "")], &[]).unwrap();
        let directory = builder.build();
        let telemetry = Arc::new(Telemetry::new("1", ["d".to_owned()]));
        let (producer, mut consumer) = ring(1);
        let pool = Pool::new(3, 1);
        let intake = Intake::new(pool.clone(), producer, Arc::clone(&telemetry));
        let now = Timestamp::EPOCH;
        let groups = (0..3).map(|index| {
            let entry = Entry {
                index,
                position: 0,
                time: now,
                value: Value::Number(1.0),
                quality: Quality::GOOD,
            };
            Group {
                device,
                is_text: false,
                entries: vec![entry],
            }
        });
        let batches: Vec<_> = (0..3).map(|_| intake.take().unwrap()).collect();
        let offered = push(
            &intake,
            &directory,
            groups.zip(batches),
            Instant::now(),
            now,
        );
        assert_eq!(offered.taken.len(), 1);
        let left: Vec<_> = offered
            .left
            .iter()
            .map(|group| group.entries[0].index)
            .collect();
        assert_eq!(left, [1, 2]);
        assert_eq!(pool.free(), 2);
        assert!(consumer.pop().is_some());
        let snapshot = telemetry.ledger.snapshot();
        assert_eq!(
            (snapshot.received, snapshot.refused, snapshot.offered),
            (3, 2, 1)
        );
        assert!(snapshot.is_balanced());
    }
}
